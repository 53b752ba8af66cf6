package cloudformation

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/bitops-engine/bitops/environments"
)

// account is AWS as one step sees it. The SDK reads its settings from the variables of the process; a step has its own,
// so they are handed over as options, which beat the process's:
//
//	AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//	AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME
//	AWS_PROFILE, AWS_DEFAULT_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, HOME
//	AWS_REGION, AWS_DEFAULT_REGION
//	AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_CLOUDFORMATION, _S3, _STS
//	AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS
//
// Keys come first, then a web identity, then the profile, and when none says anything the container's credentials and
// the instance's role. What a step cannot have of its own, because the SDK takes it from the process: the
// container's and the instance's endpoints, proxies, the cache of SSO tokens, and of a profile that assumes a role the
// endpoint of STS and `credential_source = Environment`.
type account struct {
	variables environments.Variables
	config    aws.Config
	stacks    *cloudformation.Client
	objects   *s3.Client
}

// attempts is how often a request is sent before it has failed. CloudFormation's limits are low and shared by everybody
// in the account.
const attempts = 6

// connect reads the settings. It sends no request, but for credentials that a profile gets from elsewhere.
func connect(ctx context.Context, c *environments.Call) (*account, error) {
	a := &account{variables: c.Variables}
	options, err := a.options(c)
	if err != nil {
		return nil, err
	}
	a.config, err = config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, environments.Failuref("AWS's settings cannot be used: %v", err)
	}
	a.config.ConfigSources = slices.DeleteFunc(a.config.ConfigSources, func(source any) bool {
		_, process := source.(config.EnvConfig)
		return process // what it says was taken from the step's variables
	})
	if a.config.Region == "" {
		return nil, environments.Failuref("no AWS region is set: set AWS_REGION, in the environment's env or where bitops runs, " +
			"or a region in the AWS profile")
	}
	if web := a.webIdentity(); web != nil {
		a.config.Credentials = aws.NewCredentialsCache(web)
	}
	a.stacks = cloudformation.NewFromConfig(a.config, func(o *cloudformation.Options) {
		o.BaseEndpoint = a.endpoint("CLOUDFORMATION", o.BaseEndpoint)
	})
	a.objects = s3.NewFromConfig(a.config, func(o *s3.Options) {
		o.BaseEndpoint = a.endpoint("S3", o.BaseEndpoint)
		o.UsePathStyle = o.BaseEndpoint != nil // bucket names are no part of a host name that somebody chose
	})
	return a, nil
}

func (a *account) options(c *environments.Call) ([]func(*config.LoadOptions) error, error) {
	limit := attempts
	if text := a.variables["AWS_MAX_ATTEMPTS"]; text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return nil, environments.Failuref("AWS_MAX_ATTEMPTS must be a number of at least 1, not %q", text)
		}
	}
	options := []func(*config.LoadOptions) error{
		config.WithRegion(cmp.Or(a.variables["AWS_REGION"], a.variables["AWS_DEFAULT_REGION"])),
		config.WithRetryMaxAttempts(limit),
		config.WithUseFIPSEndpoint(choice(a.flag("AWS_USE_FIPS_ENDPOINT"), aws.FIPSEndpointStateEnabled, aws.FIPSEndpointStateUnset)),
		config.WithUseDualStackEndpoint(choice(a.flag("AWS_USE_DUALSTACK_ENDPOINT"),
			aws.DualStackEndpointStateEnabled, aws.DualStackEndpointStateUnset)),
	}
	if file := a.variables["AWS_CA_BUNDLE"]; file != "" {
		bundle, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		options = append(options, config.WithCustomCABundle(bytes.NewReader(bundle)))
	}
	id, secret := a.variables["AWS_ACCESS_KEY_ID"], a.variables["AWS_SECRET_ACCESS_KEY"]
	if id != "" && secret != "" {
		keys := credentials.NewStaticCredentialsProvider(id, secret, a.variables["AWS_SESSION_TOKEN"])
		options = append(options, config.WithCredentialsProvider(keys))
	}
	profile, err := a.profile(c)
	return append(options, profile...), err
}

// profile names the profile and the files that it is in. Naming one keeps the SDK from taking keys of the process, so
// there is always one: an empty file of our own makes `default` exist.
func (a *account) profile(c *environments.Call) ([]func(*config.LoadOptions) error, error) {
	configFile, credentialsFile := a.file("AWS_CONFIG_FILE", "config"), a.file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
	files := []string{configFile}
	name := cmp.Or(a.variables["AWS_PROFILE"], a.variables["AWS_DEFAULT_PROFILE"])
	if name == "" {
		name = "default"
		file, err := c.PrivateFile("aws-config", []byte("[default]\n"))
		if err != nil {
			return nil, err
		}
		files = []string{file, configFile}
	}
	return []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(name),
		config.WithSharedConfigFiles(files),
		config.WithSharedCredentialsFiles([]string{credentialsFile}),
	}, nil
}

// file returns the path of a settings file: what the variable says, or its usual place.
func (a *account) file(variable, name string) string {
	if file := a.variables[variable]; file != "" {
		return file
	}
	home := cmp.Or(a.variables["HOME"], a.variables["USERPROFILE"])
	return filepath.Join(home, ".aws", name)
}

// webIdentity returns the credentials that a token stands for, as Kubernetes and CI systems hand out, or nil.
func (a *account) webIdentity() aws.CredentialsProvider {
	file, role := a.variables["AWS_WEB_IDENTITY_TOKEN_FILE"], a.variables["AWS_ROLE_ARN"]
	if file == "" || role == "" || a.variables["AWS_ACCESS_KEY_ID"] != "" && a.variables["AWS_SECRET_ACCESS_KEY"] != "" {
		return nil
	}
	client := sts.NewFromConfig(a.config, func(o *sts.Options) {
		o.Credentials = aws.AnonymousCredentials{}
		o.BaseEndpoint = a.endpoint("STS", o.BaseEndpoint)
	})
	return stscreds.NewWebIdentityRoleProvider(client, role, stscreds.IdentityTokenFile(file),
		func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = cmp.Or(a.variables["AWS_ROLE_SESSION_NAME"], "bitops")
		})
}

// endpoint returns the address that the variables give a service, else the one from the profile, or nil for the usual one.
func (a *account) endpoint(service string, profile *string) *string {
	if a.flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
		return nil
	}
	if url := cmp.Or(a.variables["AWS_ENDPOINT_URL_"+service], a.variables["AWS_ENDPOINT_URL"]); url != "" {
		return aws.String(url)
	}
	return profile
}

func (a *account) flag(name string) bool { return strings.EqualFold(a.variables[name], "true") }

func choice[T any](first bool, yes, no T) T {
	if first {
		return yes
	}
	return no
}

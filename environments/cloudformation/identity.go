package cloudformation

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A step of CloudFormation owns a stack: of a name, in a region of an account.

var _ environments.Owner = (*CloudFormation)(nil)

// Owns implements environments.Owner.
func (*CloudFormation) Owns() bool { return true }

// Declared implements environments.Owner: the account is not known without asking.
func (t *CloudFormation) Declared(c *environments.Call, below schema.Directory) *schema.Identity {
	name := t.stackName(c, below)
	if name == "" {
		return nil
	}
	var key strings.Builder
	key.WriteString("cloudformation stack " + name)
	for _, variable := range []string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL",
		"AWS_ENDPOINT_URL_CLOUDFORMATION",
	} {
		if value := c.Step.Env[variable]; value != "" { // what all steps have in common tells none from another
			fmt.Fprintf(&key, ", %s %s", variable, value)
		}
	}
	return &schema.Identity{Key: key.String() + c.Step.PinnedTo(), Guessed: true}
}

// Identify implements environments.Owner.
func (t *CloudFormation) Identify(ctx context.Context, c *environments.Call, below schema.Directory) (*schema.Identity, error) {
	name := t.stackName(c, below)
	if name == "" {
		return nil, nil
	}
	a, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	return t.identity(ctx, a, name)
}

// stackName returns the name of the stack as the files in the checkout say it, "" where they do not.
func (t *CloudFormation) stackName(c *environments.Call, below schema.Directory) string {
	own := schema.Directory{Root: c.Root(), Name: c.Step.Directory()}
	values, problems := unfinishedSchema().ResolveFor(own, c.ToolVariables())
	if _, there := below.ConfigurationFile(); there {
		defaults, more := unfinishedSchema().Resolve(below, nil)
		values, problems = values.Over(defaults), append(problems, more...)
	}
	if problems = append(problems, values.Expand(c.Scope())...); problems.HasErrors() {
		return ""
	}
	return values.Text(keyStackName)
}

// claim tells what the step owns. Where the account cannot be found out, that stays unknown.
func (t *CloudFormation) claim(ctx context.Context, s *session) error {
	id, err := t.identity(ctx, s.account, s.stackName)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.Log("stderr", fmt.Sprintf("the account could not be found out, so the stack is not compared with what is recorded: %v", err))
		return nil
	}
	return s.Claim(ctx, id)
}

// identity names a stack in the account that the credentials are for.
func (t *CloudFormation) identity(ctx context.Context, a *account, name string) (*schema.Identity, error) {
	number, err := t.accounts.number(ctx, a)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("cloudformation stack %s in account %s, region %s", name, number, a.config.Region)
	if endpoint := a.endpoint("CLOUDFORMATION", a.config.BaseEndpoint); endpoint != nil {
		key += ", at " + *endpoint
	}
	return &schema.Identity{Key: key, Target: map[string]string{schema.TargetAccount: number, schema.TargetRegion: a.config.Region}}, nil
}

// accountPatience is how long AWS may take to tell whose credentials are used.
const accountPatience = 5 * time.Second

// accounts remembers which account credentials are for. It is safe for concurrent use.
type accounts struct{ known sync.Map }

// number returns the number of the account, and asks AWS once for each credentials. Nobody needs a permission for that.
func (n *accounts) number(ctx context.Context, a *account) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, accountPatience)
	defer cancel()
	credentials, err := a.config.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	endpoint := a.endpoint("STS", a.config.BaseEndpoint)
	key := credentials.AccessKeyID + " " + aws.ToString(endpoint)
	if number, known := n.known.Load(key); known {
		return number.(string), nil
	}
	client := sts.NewFromConfig(a.config, func(o *sts.Options) {
		o.BaseEndpoint = endpoint
		o.RetryMaxAttempts = 2
	})
	found, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	n.known.Store(key, aws.ToString(found.Account))
	return aws.ToString(found.Account), nil
}

// Account is an environments.Locator: it returns the number of the account that a step's credentials are for.
func (t *CloudFormation) Account(ctx context.Context, c *environments.Call) (string, error) {
	a, err := connect(ctx, c)
	if err != nil {
		return "", err
	}
	return t.accounts.number(ctx, a)
}

// Region is an environments.Locator: it returns the region that a step's variables and its profile choose.
func (*CloudFormation) Region(ctx context.Context, c *environments.Call) (string, error) {
	a, err := connect(ctx, c)
	if err != nil {
		return "", err
	}
	return a.config.Region, nil
}

package helm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	authentication "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	"k8s.io/client-go/rest"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
)

// credentialsGrace is how long an interrupted program for credentials may take to end.
const credentialsGrace = time.Second

// authenticate replaces the program for credentials that a kubeconfig names, such as `aws eks get-token`, by what it
// prints. The client library would start it itself: with the variables of bitops instead of the step's, and past the
// rules for interrupts.
func (s *session) authenticate(ctx context.Context, config *rest.Config) error {
	plugin := config.ExecProvider
	if plugin == nil {
		return nil
	}
	info, err := execInfo(config)
	if err != nil {
		return err
	}
	extra := map[string]string{"KUBERNETES_EXEC_INFO": string(info)}
	for _, variable := range plugin.Env {
		extra[variable.Name] = variable.Value
	}
	text, err := s.read(ctx, environments.ProgramCall{
		Name: plugin.Command, Args: plugin.Args, Extra: extra, Grace: credentialsGrace,
	})
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return environments.Failuref("the kubeconfig needs the program %s: %v. %s", plugin.Command, missing, plugin.InstallHint)
	} else if err != nil {
		return err
	}
	var answer authentication.ExecCredential
	if err := json.Unmarshal(text, &answer); err != nil || answer.Status == nil {
		return environments.Failuref("%s prints no credentials", plugin.Command) // the error could show a part of them
	}
	s.quiet.learn(map[string]any{"token": answer.Status.Token, "key": answer.Status.ClientKeyData})
	config.ExecProvider = nil
	config.BearerToken = answer.Status.Token
	config.CertData, config.KeyData = []byte(answer.Status.ClientCertificateData), []byte(answer.Status.ClientKeyData)
	return nil
}

// execInfo is what the program for credentials is told of the request.
func execInfo(config *rest.Config) ([]byte, error) {
	plugin := config.ExecProvider
	var info authentication.ExecCredential
	info.Kind, info.APIVersion = "ExecCredential", plugin.APIVersion
	if plugin.ProvideClusterInfo {
		c, err := rest.ConfigToExecCluster(config)
		if err != nil {
			return nil, fmt.Errorf("read the kubeconfig: %w", err)
		}
		info.Spec.Cluster = &authentication.Cluster{
			Server: c.Server, TLSServerName: c.TLSServerName, InsecureSkipTLSVerify: c.InsecureSkipTLSVerify,
			CertificateAuthorityData: c.CertificateAuthorityData, ProxyURL: c.ProxyURL, DisableCompression: c.DisableCompression,
		}
		if unknown, ok := c.Config.(*runtime.Unknown); ok {
			info.Spec.Cluster.Config = runtime.RawExtension{Raw: unknown.Raw}
		}
	}
	return json.Marshal(info)
}

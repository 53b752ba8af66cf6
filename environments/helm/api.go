package helm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"
	_ "k8s.io/client-go/plugin/pkg/client/auth/oidc" // an older way to authenticate, as helm has it
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// api speaks to the API server that helm speaks to, with the same kubeconfig.
type api struct {
	client *http.Client
	base   *url.URL
	kinds  map[string][]kindOf // by version of their API, those that were asked for
}

// api returns the way to the cluster of the kubeconfig in effect. It sends nothing, but may start the program that the
// kubeconfig names for credentials. connect has chosen the kubeconfig.
func (s *session) api(ctx context.Context) (*api, error) {
	if s.server != nil {
		return s.server, nil
	}
	config, err := s.clientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	if err := s.authenticate(ctx, config); err != nil {
		return nil, err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig: %w", err)
	}
	s.server = &api{client: client, base: base, kinds: map[string][]kindOf{}}
	return s.server, nil
}

// clientConfig reads the kubeconfig as helm does: the files that the step's KUBECONFIG names, and over them helm's own
// variables.
func (s *session) clientConfig() (*rest.Config, error) {
	v := s.Variables
	var o clientcmd.ConfigOverrides
	o.CurrentContext = v["HELM_KUBECONTEXT"]
	o.ClusterInfo.Server = v["HELM_KUBEAPISERVER"]
	o.ClusterInfo.CertificateAuthority = v["HELM_KUBECAFILE"]
	o.ClusterInfo.TLSServerName = v["HELM_KUBETLS_SERVER_NAME"]
	o.ClusterInfo.InsecureSkipTLSVerify, _ = strconv.ParseBool(v["HELM_KUBEINSECURE_SKIP_TLS_VERIFY"])
	o.AuthInfo.Token = v["HELM_KUBETOKEN"]
	o.AuthInfo.Impersonate = v["HELM_KUBEASUSER"]
	if groups := strings.Trim(v["HELM_KUBEASGROUPS"], ", "); groups != "" {
		o.AuthInfo.ImpersonateGroups = strings.Split(groups, ",")
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: s.kubeconfigFiles()}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &o).ClientConfig()
	if err == nil && config.Proxy == nil { // the kubeconfig names none
		config.Proxy = s.proxy()
	}
	return config, err
}

// proxy returns the proxy that the step's variables name, or nil for that of bitops: helm goes by the step's.
func (s *session) proxy() func(*http.Request) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(s.Variables[name], s.Variables[strings.ToLower(name)]) }
	c := httpproxy.Config{HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY")}
	if c.HTTPProxy == "" && c.HTTPSProxy == "" {
		return nil
	}
	choose := c.ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
}

// kubeconfigFiles returns the files of the kubeconfig in effect. Some may not exist.
func (s *session) kubeconfigFiles() []string {
	if list := s.Variables["KUBECONFIG"]; list != "" {
		return filepath.SplitList(list)
	}
	return []string{filepath.Join(s.Variables["HOME"], ".kube", "config")}
}

// statusError is an answer of the API server that is no success.
type statusError struct {
	Code    int    `json:"code"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func (e *statusError) Error() string { return e.Message }

// code returns the HTTP status with which the API server refused a request, or 0 for any other error.
func code(err error) int {
	if refused, ok := errors.AsType[*statusError](err); ok {
		return refused.Code
	}
	return 0
}

// largestAnswer is the largest answer that is read, in bytes. The API server keeps no object of more than some megabytes.
const largestAnswer = 64 << 20

// get reads what is at a path of the API.
func (a *api) get(ctx context.Context, path string, into any) error {
	return a.do(ctx, http.MethodGet, path, nil, "", nil, into)
}

// do sends a request and reads the JSON of its answer. An answer that is no success is a *statusError.
func (a *api) do(ctx context.Context, method, path string, query url.Values, typ string, body []byte, into any) error {
	at := a.base.JoinPath(path)
	at.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if typ != "" {
		request.Header.Set("Content-Type", typ)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return refusal(response, text)
	}
	return decodeNumbers(text, into)
}

func refusal(response *http.Response, text []byte) error {
	refused := statusError{}
	_ = json.Unmarshal(text, &refused) // a proxy on the way may answer with something else
	refused.Code = response.StatusCode
	refused.Message = cmp.Or(refused.Message, "the API server answers "+response.Status)
	return &refused
}

// context returns the name of the kubeconfig's context in effect, "" where there is none.
func (s *session) context() string {
	if name := s.Variables["HELM_KUBECONTEXT"]; name != "" {
		return name
	}
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: s.kubeconfigFiles()}
	config, err := rules.Load()
	if err != nil {
		return ""
	}
	return config.CurrentContext
}

package helm

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// connect chooses the cluster, by the first of these that is there, and tells it to helm and the after hooks:
//
//	BITOPS_KUBECONFIG_BASE64, KUBECONFIG_BASE64
//	options.k8s.kubeconfigpath
//	options.k8s.fetch.cluster-name     AWS is asked
//	KUBECONFIG                         the caller's; without it, helm's default
func (s *session) connect(ctx context.Context) error {
	for _, name := range environments.KubeconfigVariables {
		if s.Variables[name] != "" {
			return s.kubeconfigIn(name)
		}
	}
	switch {
	case s.kubeconfig != "":
		return s.kubeconfigAt(s.kubeconfig)
	case s.cluster != "":
		return s.fetchKubeconfig(ctx, s.cluster)
	}
	s.where = "helm's default kubeconfig"
	if list := s.Variables["KUBECONFIG"]; list != "" {
		s.where = "KUBECONFIG"
		s.Variables["KUBECONFIG"] = absolute(list, s.Variables["PWD"])
	}
	return nil
}

func (s *session) use(file, where string) {
	s.where = where
	for _, name := range []string{"KUBECONFIG", "KUBE_CONFIG_FILE", "BITOPS_KUBE_CONFIG_FILE"} {
		s.Variables[name] = file
	}
}

// absolute makes the files of a KUBECONFIG absolute: they are relative to where the caller is, and helm runs elsewhere.
func absolute(list, caller string) string {
	files := filepath.SplitList(list)
	for i, file := range files {
		if file != "" && caller != "" && !filepath.IsAbs(file) {
			files[i] = filepath.Join(caller, file)
		}
	}
	return strings.Join(files, string(filepath.ListSeparator))
}

// kubeconfigIn takes the kubeconfig that a variable holds.
func (s *session) kubeconfigIn(variable string) error {
	text, ok := environments.DecodeBase64(s.Variables[variable])
	if !ok {
		return environments.Failuref("%s is not base64", variable)
	}
	documents, err := schema.ReadYAMLDocuments(text)
	if err != nil || len(documents) != 1 {
		return environments.Failuref("%s holds no kubeconfig", variable)
	}
	if kubeconfig, ok := documents[0].(map[string]any); ok {
		s.quiet.learn(kubeconfig["users"])
	}
	file, err := s.PrivateFile("kubeconfig", text)
	s.use(file, variable)
	return err
}

// kubeconfigAt takes a file of the workspace, the first on the way from the chart's directory up to the root.
func (s *session) kubeconfigAt(name string) error {
	file := name
	if !filepath.IsAbs(name) {
		for dir := s.Directory; ; dir = filepath.Dir(dir) {
			file = filepath.Join(dir, filepath.FromSlash(name))
			if _, err := os.Stat(file); err == nil || dir == s.Root() || dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		return environments.Failuref("%s: there is no file %s (%s)", keyKubeconfig, name, s.from)
	}
	s.use(file, name)
	return nil
}

// fetchKubeconfig has the AWS CLI write the kubeconfig of an EKS cluster. It holds no credentials: helm asks the AWS CLI
// for them.
func (s *session) fetchKubeconfig(ctx context.Context, cluster string) error {
	file := filepath.Join(s.Private, "kubeconfig")
	s.Phase(schema.PhaseInit, "aws eks update-kubeconfig")
	err := s.must(ctx, environments.ProgramCall{
		Name: awsProgram, Args: []string{"eks", "update-kubeconfig", "--name", cluster, "--kubeconfig", file},
	})
	if err != nil {
		return err
	}
	s.use(file, "the EKS cluster "+cluster)
	if err := os.Chmod(file, 0o600); err != nil {
		return environments.Failuref("aws eks update-kubeconfig wrote no kubeconfig")
	}
	return nil
}

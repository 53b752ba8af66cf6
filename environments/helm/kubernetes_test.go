package helm

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/environments/helm/cluster"
)

func TestMain(m *testing.M) {
	if signal.Ignored(os.Interrupt) { // then helm would ignore it too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	code := m.Run()
	if kubernetes.cluster != nil {
		kubernetes.cluster.Stop()
	}
	os.Exit(code)
}

// kubernetes is the one API server of all tests.
var kubernetes struct {
	once    sync.Once
	cluster *cluster.Cluster
	err     error
}

const token = cluster.Token

// requireCluster starts the API server at the first call, and returns its kubeconfig.
func requireCluster(t *testing.T) string {
	t.Helper()
	etcd, apiserver := requireTool(t, "etcd"), requireTool(t, "kube-apiserver")
	kubernetes.once.Do(func() { kubernetes.cluster, kubernetes.err = cluster.Start(etcd, apiserver) })
	if kubernetes.err != nil {
		t.Fatal(kubernetes.err)
	}
	return kubernetes.cluster.Kubeconfig
}

// kubectl asks the cluster, past helm.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, file, requireCluster(t))
	c := exec.Command(requireTool(t, "kubectl"), append([]string{"--kubeconfig", file}, args...)...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func dirOf(t *testing.T, name string) string {
	t.Helper()
	return filepath.Dir(requireTool(t, name))
}

// helmByHand is a start of helm past bitops, in the story's namespace.
func (s *story) helmByHand(args ...string) *exec.Cmd {
	s.T.Helper()
	file := filepath.Join(s.T.TempDir(), "kubeconfig")
	writeFile(s.T, file, requireCluster(s.T))
	c := exec.Command(requireTool(s.T, "helm"), append(args, "--namespace", s.namespace, "--kubeconfig", file)...)
	c.Env = s.Variables.Environ()
	return c
}

func (s *story) byHand(args ...string) {
	s.T.Helper()
	if out, err := s.helmByHand(args...).CombinedOutput(); err != nil {
		s.T.Fatalf("helm %v: %v\n%s", args, err, out)
	}
}

package helm

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if signal.Ignored(os.Interrupt) { // then helm would ignore it too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	code := m.Run()
	cluster.stop()
	os.Exit(code)
}

// tools returns where a program is: installed by make, or on PATH. It skips the test when it is missing, or fails it where
// every program has to be there.
func requireTool(t *testing.T, name string) string {
	t.Helper()
	if file, err := filepath.Abs(filepath.Join("..", "..", ".tools", "bin", name)); err == nil && exists(file) {
		return file
	}
	file, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("BITOPS_TEST_TOOLS") == "required" {
			t.Fatalf("%s is missing: %v", name, err)
		}
		t.Skipf("%s is missing", name)
	}
	return file
}

// cluster is the one Kubernetes API server of all tests: a real one, with etcd behind it and nothing that runs pods.
var cluster kubernetes

type kubernetes struct {
	once       sync.Once
	err        error
	dir        string
	kubeconfig string // its text
	programs   []*exec.Cmd
	keepers    []io.Closer
}

const token = "cluster-token-4711"

// requireCluster starts the API server at the first call, and returns its kubeconfig.
func requireCluster(t *testing.T) string {
	t.Helper()
	etcd, apiserver := requireTool(t, "etcd"), requireTool(t, "kube-apiserver")
	cluster.once.Do(func() { cluster.err = cluster.start(etcd, apiserver) })
	if cluster.err != nil {
		t.Fatal(cluster.err)
	}
	return cluster.kubeconfig
}

func (k *kubernetes) start(etcd, apiserver string) (err error) {
	if k.dir, err = os.MkdirTemp("", "bitops-kubernetes-"); err != nil {
		return err
	}
	var ports [3]int
	for i := range ports {
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	key := filepath.Join(k.dir, "service-account.pem")
	tokens := filepath.Join(k.dir, "tokens.csv")
	if err := writeKey(key); err != nil {
		return err
	}
	if err := os.WriteFile(tokens, []byte(token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return err
	}
	client, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	if err := k.run(etcd, "--name=test", "--data-dir="+filepath.Join(k.dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls="+client, "--advertise-client-urls="+client, "--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer, "--initial-cluster=test="+peer, "--logger=zap"); err != nil {
		return err
	}
	if err := k.run(apiserver, "--etcd-servers="+client, "--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", ports[2]), "--cert-dir="+filepath.Join(k.dir, "certificates"),
		"--token-auth-file="+tokens, "--authorization-mode=AlwaysAllow", "--disable-admission-plugins=ServiceAccount",
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/16",
		"--service-account-issuer=https://localhost", "--service-account-key-file="+key,
		"--service-account-signing-key-file="+key); err != nil {
		return err
	}
	server := fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	k.kubeconfig = fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "%s", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
`, server, token)
	return k.await(server + "/readyz")
}

// run starts a program that ends with this one, however this one ends: a shell kills it when its standard input does.
func (k *kubernetes) run(program string, args ...string) error {
	log, err := os.Create(filepath.Join(k.dir, filepath.Base(program)+".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command("bash", append([]string{"-c", `"$@" </dev/null & read -r; kill -9 $!; wait`, "bash", program}, args...)...)
	c.Stdout, c.Stderr = log, log
	stdin, err := c.StdinPipe()
	if err != nil {
		return err
	}
	k.keepers, k.programs = append(k.keepers, stdin), append(k.programs, c)
	return c.Start()
}

func (k *kubernetes) await(url string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(k.dir, "kube-apiserver.log"))
	return fmt.Errorf("the API server does not become ready:\n%s", log[max(0, len(log)-2000):])
}

func (k *kubernetes) stop() {
	for i, c := range k.programs {
		k.keepers[i].Close()
		c.Wait()
	}
	os.RemoveAll(k.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func writeKey(file string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := pem.Encode(&text, &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}); err != nil {
		return err
	}
	return os.WriteFile(file, text.Bytes(), 0o600)
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
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "kubeconfig")
	writeFile(s.t, file, requireCluster(s.t))
	c := exec.Command(requireTool(s.t, "helm"), append(args, "--namespace", s.namespace, "--kubeconfig", file)...)
	c.Env = s.variables.Environ()
	return c
}

func (s *story) byHand(args ...string) {
	s.t.Helper()
	if out, err := s.helmByHand(args...).CombinedOutput(); err != nil {
		s.t.Fatalf("helm %v: %v\n%s", args, err, out)
	}
}

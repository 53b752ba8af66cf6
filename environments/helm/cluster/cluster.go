// Package cluster is a Kubernetes for tests: a real API server with etcd behind it, and nothing that runs pods. bitops
// itself does not import it.
package cluster

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
	"path/filepath"
	"time"
)

// Token lets its bearer do everything. It is in the kubeconfig.
const Token = "cluster-token-4711"

// Cluster is one API server.
type Cluster struct {
	Kubeconfig string // its text

	dir      string
	programs []*exec.Cmd
	keepers  []io.Closer
}

// Start starts the two programs, which end with this one however it ends, and waits until the API server is ready.
func Start(etcd, apiserver string) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "bitops-cluster-")
	if err != nil {
		return nil, err
	}
	k := &Cluster{dir: dir}
	if err := k.start(etcd, apiserver); err != nil {
		k.Stop()
		return nil, err
	}
	return k, nil
}

func (k *Cluster) start(etcd, apiserver string) error {
	var err error
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
	if err := os.WriteFile(tokens, []byte(Token+",admin,admin,system:masters\n"), 0o600); err != nil {
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
	k.Kubeconfig = fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "%s", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
`, server, Token)
	return k.await(server + "/readyz")
}

// run starts a program that ends with this one, however this one ends: a shell kills it when its standard input does.
func (k *Cluster) run(program string, args ...string) error {
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

func (k *Cluster) await(url string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+Token)
		response, err := client.Do(request)
		if err != nil {
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	log, _ := os.ReadFile(filepath.Join(k.dir, "kube-apiserver.log"))
	return fmt.Errorf("the API server does not become ready:\n%s", log[max(0, len(log)-2000):])
}

// Stop ends it and forgets what was in it.
func (k *Cluster) Stop() {
	for i, c := range k.programs {
		_ = k.keepers[i].Close()
		_ = c.Wait() // it was killed
	}
	_ = os.RemoveAll(k.dir)
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

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// moto starts an imitation of AWS for the story, and lets terraform find its AWS provider on this machine where a mirror
// has it.
func moto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: moto")
	}
	address := freeAddress(ts)
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "moto_server", "-H", "127.0.0.1", "-p", port)
	ts.Check(server.Start())
	ts.Defer(func() {
		cancel()
		_ = server.Wait() // it was killed
	})
	awaitListener(ts, address)
	front := oneAtATime("http://" + address)
	ts.Defer(front.Close)
	ts.Setenv("AWS_ENDPOINT_URL", front.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "test")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	ts.Setenv("AWS_DEFAULT_REGION", "us-east-1")
	ts.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if plugins := os.Getenv("BITOPS_TEST_TF_PLUGINS"); plugins != "" {
		file := filepath.Join(ts.Getenv("HOME"), "terraform.rc")
		config := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", plugins)
		ts.Check(os.WriteFile(file, []byte(config), 0o644))
		ts.Setenv("TF_CLI_CONFIG_FILE", file)
	}
}

// oneAtATime serves what the server at origin serves, one request after the other. moto answers in threads that share
// their models without locks: a busy machine sees it fail a request that it has carried out, and the retry finds a duplicate.
func oneAtATime(origin string) *httptest.Server {
	target, err := url.Parse(origin)
	if err != nil {
		panic(err) // it was made from an address
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}
	var turn sync.Mutex
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		turn.Lock()
		defer turn.Unlock()
		proxy.ServeHTTP(w, r)
	}))
}

// freeAddress returns an address that nobody listens on.
func freeAddress(ts *testscript.TestScript) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer listener.Close()
	return listener.Addr().String()
}

func awaitListener(ts *testscript.TestScript, address string) {
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("nobody listens on %s: %v", address, err)
		}
	}
}

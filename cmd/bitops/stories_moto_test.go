package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
	ts.Setenv("AWS_ENDPOINT_URL", "http://"+address)
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

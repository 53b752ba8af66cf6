package main

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bitops-engine/bitops/environments/helm/cluster"
)

// kubernetes gives the story a kubeconfig of the one API server of all stories, in KUBECONFIG. They share what is in it.
// With a file it writes the kubeconfig of another API server there.
func kubernetes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: kubernetes [FILE]")
	}
	if len(args) == 1 {
		ts.Check(theOtherCluster.start())
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(theOtherCluster.cluster.Kubeconfig), 0o600))
		return
	}
	ts.Check(theCluster.start())
	file := filepath.Join(ts.Getenv("HOME"), "kubeconfig")
	ts.Check(os.WriteFile(file, []byte(theCluster.cluster.Kubeconfig), 0o600))
	ts.Setenv("KUBECONFIG", file)
	ts.Setenv("KUBE_TOKEN", cluster.Token)
}

var theCluster, theOtherCluster sharedCluster

type sharedCluster struct {
	once    sync.Once
	cluster *cluster.Cluster
	err     error
}

func (s *sharedCluster) start() error {
	s.once.Do(func() { s.cluster, s.err = cluster.Start("etcd", "kube-apiserver") })
	return s.err
}

func (s *sharedCluster) stop() {
	if s.cluster != nil {
		s.cluster.Stop()
	}
}

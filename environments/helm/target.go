package helm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/bitops-engine/bitops/environments"
)

// target is what a step of helm owns: a release in a namespace of a cluster.
type target struct {
	Server    string // the URL of the API server
	Cluster   string // the UID of the namespace kube-system, "" where there is none that the user may read
	Namespace string
	Release   string
}

// targetPatience is how long the cluster may take to tell who it is, and changePatience how long where something is to be
// changed in it.
const (
	targetPatience = 5 * time.Second
	changePatience = 30 * time.Second
)

// target finds out what the step's release is in. It asks the cluster once for each kubeconfig; a cluster that does not answer
// in time is a *Failure. connect has chosen the kubeconfig.
func (s *session) target(ctx context.Context) (target, error) {
	server, err := s.apiServer()
	if err != nil {
		return target{}, environments.Failuref("the kubeconfig of %s cannot be used: %v", s.where, err)
	}
	found := target{Server: server, Namespace: s.namespace, Release: s.name}
	key := s.kubeconfigHash()
	if uid, known := s.clusters.Load(key); known {
		found.Cluster, _ = uid.(string)
		return found, nil
	}
	patience := targetPatience
	if s.Claims != nil && !s.Command.Previews() {
		patience = changePatience
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if found.Cluster, err = s.clusterUID(within); err != nil {
		if ctx.Err() != nil {
			return target{}, context.Cause(ctx)
		}
		return target{}, environments.Failuref("the cluster of %s (%s) cannot be identified: %v", s.where, server, err)
	}
	s.clusters.Store(key, found.Cluster)
	return found, nil
}

// apiServer returns the URL of the API server that the kubeconfig names.
func (s *session) apiServer() (string, error) {
	config, err := s.clientConfig()
	if err != nil {
		return "", err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return "", err
	}
	return base.String(), nil
}

// clusterUID returns the UID of the namespace kube-system: no other cluster has it, and the cluster keeps it for life.
func (s *session) clusterUID(ctx context.Context) (string, error) {
	a, err := s.api(ctx)
	if err != nil {
		return "", err
	}
	var namespace struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	err = a.get(ctx, "/api/v1/namespaces/kube-system", &namespace)
	if code(err) == http.StatusForbidden || code(err) == http.StatusNotFound { // a part of a cluster may have none
		return "", nil
	}
	return namespace.Metadata.UID, err
}

// clusters remembers the UIDs of clusters by the hash of their kubeconfig. It is safe for concurrent use.
type clusters = sync.Map

// kubeconfigHash tells kubeconfigs apart: by the content of their files, and by helm's variables that change it.
func (s *session) kubeconfigHash() string {
	h := sha256.New()
	for _, file := range s.kubeconfigFiles() {
		text, _ := os.ReadFile(file) // a file of the list that is not there counts as empty
		fmt.Fprintf(h, "%d\n%s", len(text), text)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Variables)) {
		if strings.HasPrefix(name, "HELM_KUBE") {
			fmt.Fprintf(h, "\n%s=%q", name, s.Variables[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

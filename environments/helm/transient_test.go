package helm

import (
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// TestTransient holds what helm, a cluster and the aws program have said, and which of it passes by itself.
func TestTransient(t *testing.T) {
	for text, passes := range map[string]bool{
		`Error: Kubernetes cluster unreachable: Get "https://10.0.0.1/version": net/http: TLS handshake timeout`:                                     true,
		`Error: Kubernetes cluster unreachable: Get "https://10.0.0.1/version": dial tcp 10.0.0.1:443: i/o timeout`:                                  true,
		`Error: Kubernetes cluster unreachable: Get "https://10.0.0.1/version": EOF`:                                                                 true,
		`Error: query: failed to query with labels: etcdserver: request timed out`:                                                                   true,
		`Error: query: failed to query with labels: etcdserver: leader changed`:                                                                      true,
		`Error: Kubernetes cluster unreachable: the server is currently unable to handle the request`:                                                true,
		`Error: could not download https://charts.example.com/a-1.tgz: failed to fetch https://charts.example.com/a-1.tgz : 503 Service Unavailable`: true,
		`An error occurred (ThrottlingException) when calling the DescribeCluster operation: Rate exceeded`:                                          true,
		`Connect timeout on endpoint URL: "https://eks.eu-west-1.amazonaws.com/clusters/prod"`:                                                       true,

		`Error: Kubernetes cluster unreachable: Get "http://localhost:8080/version": dial tcp [::1]:8080: connect: connection refused`: false,
		`Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials`:                            false,
		`Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress`:                                           false,
		`Error: UPGRADE FAILED: context deadline exceeded`:                                                                             false,
		`Error: INSTALLATION FAILED: timed out waiting for the condition`:                                                              false,
		`An error occurred (AccessDeniedException) when calling the DescribeCluster operation`:                                         false,
		`Error: failed to fetch https://charts.example.com/a-1.tgz : 404 Not Found`:                                                    false,
	} {
		found := false
		for _, p := range New().Transient() {
			found = found || p.MatchString(text)
		}
		if found != passes {
			t.Errorf("%s: passes %t", text, found)
		}
	}
}

// TestUntouched: whoever tries again has to know whether helm was told to change a release.
func TestUntouched(t *testing.T) {
	s := tell(t, chart).fake("helm", fakeVersion+`case "$*" in
*dry-run*) echo '{"name":"backend-app"}' ;;
upgrade*) echo "Error: UPGRADE FAILED: etcdserver: request timed out" >&2; exit 1 ;;
status*) echo "Error: etcdserver: request timed out" >&2; exit 1 ;;
esac`)
	if failure := s.Fails(schema.CommandApply); !failure.Untouched {
		t.Errorf("asking for the status: %+v", failure)
	}
	s.fake("helm", fakeVersion+`case "$*" in
*dry-run*) echo '{"name":"backend-app"}' ;;
upgrade*) echo "Error: UPGRADE FAILED: etcdserver: request timed out" >&2; exit 1 ;;
status*) echo "Error: release: not found" >&2; exit 1 ;;
esac`)
	if failure := s.Fails(schema.CommandApply); failure.Untouched {
		t.Errorf("upgrading: %+v", failure)
	}
}

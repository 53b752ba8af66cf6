package helm

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

func TestAChartRepositoryThatDoesNotAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	closed := "http://" + listener.Addr().String() + "/charts"
	listener.Close()
	s := tellReal(t, with(chart, map[string]string{
		"Chart.yaml": chart["Chart.yaml"] + "dependencies:\n- {name: common, version: 0.x.x, repository: \"" + closed + "\"}\n",
	}))
	failure := s.Fails(schema.CommandPlan)
	contains(t, "message", failure.Message, "helm dependency failed: the chart repository "+closed+" does not answer: ", "connection refused")
	lacks(t, "message", failure.Message, "cached", "helm repo update")
	contains(t, "lines", strings.Join(failure.Lines, "\n"), "no cached repository")
	equal(t, "it can be tried again", failure.Untouched, true)

	// Another one answers and has no such chart.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("apiVersion: v1\nentries: {}\n"))
	}))
	t.Cleanup(server.Close)
	s.Write(map[string]string{"Chart.yaml": chart["Chart.yaml"] + "dependencies:\n- {name: common, version: 0.x.x, repository: \"" + server.URL + "\"}\n"})
	contains(t, "message", s.Fails(schema.CommandPlan).Message, "common chart not found in repo "+server.URL)
}

func TestSilentRepositoriesAreBlamed(t *testing.T) {
	var r silentRepositories
	r.read("Hang tight while we grab the latest from your chart repositories...")
	r.read(`...Unable to get an update from the "stable" chart repository (https://charts.example.org):`)
	r.read("\tfailed to fetch https://charts.example.org/index.yaml : 503 Service Unavailable")
	r.read("Saving 1 charts")
	const silent = "the chart repository stable (https://charts.example.org) does not answer: " +
		"failed to fetch https://charts.example.org/index.yaml : 503 Service Unavailable"
	blamed := func(message string) string { return r.blame(environments.Failuref("%s", message)).Error() }
	equal(t, "the cause", blamed("helm dependency failed: no cached repository for x found."), "helm dependency failed: "+silent)
	equal(t, "beside another", blamed("helm dependency failed: oh no"), "helm dependency failed: oh no; "+silent)
	other := errors.New("interrupted")
	equal(t, "no failure", r.blame(other), other)
	check(t, (&silentRepositories{}).blame(nil))
	if r.blame(nil) != nil {
		t.Error("blamed for nothing")
	}
}

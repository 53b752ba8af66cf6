package helm

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// releases returns the releases in the story's namespace.
func (s *story) releases() string {
	s.T.Helper()
	out, err := s.helmByHand("list", "--all", "--short").CombinedOutput()
	check(s.T, err)
	return strings.Join(strings.Fields(string(out)), " ")
}

// BitOps v2 named a release like the chart's directory, whatever options.release-name said: its helm plugin
// (bitops-plugins/helm, scripts/helm_handle_chart.sh) sets HELM_RELEASE_NAME to HELM_CHART, the directory, where the key
// has set it, and scripts/helm_deploy_chart.sh upgrades and installs HELM_RELEASE_NAME.
func TestDeployNamesAReleaseLikeTheDirectory(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"bitops.config.yaml": ""}))
	s.configure("  options: {release-name: web}\n")
	s.Do(schema.CommandDeploy)
	equal(t, "releases", s.releases(), "api")
	contains(t, "notices", s.Texts(schema.EventNotice),
		"BitOps ignored options.release-name, which is web (backend/helm/api/bitops.config.yaml:4:27), and so does deploy: "+
			"the release is api, like the chart's directory")
	s.Do(schema.CommandDeploy)
	equal(t, "releases", s.releases(), "api")

	s.configure("")
	s.Variables["HELM_RELEASE_NAME"] = "other"
	s.Do(schema.CommandDeploy)
	equal(t, "releases", s.releases(), "api")
	contains(t, "notices", s.Texts(schema.EventNotice), "which is other (variable HELM_RELEASE_NAME)")
}

func TestNoReleaseBesideTheOneThatBitOpsMade(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"bitops.config.yaml": ""}))
	s.configure("  options: {release-name: web}\n")
	s.Do(schema.CommandDeploy)
	for _, command := range []schema.Command{schema.CommandPlan, schema.CommandApply, schema.CommandPlanDestroy, schema.CommandDestroy} {
		failure := s.Fails(command)
		contains(t, string(command), failure.Message, "options.release-name is web (backend/helm/api/bitops.config.yaml:4",
			"namespace "+s.namespace+" has a release api", "a second one would come beside it")
		equal(t, "ways out of "+string(command), failure.Lines, []string{
			"To keep the release api, remove options.release-name.",
			"To begin with a release web, remove the other one first: helm uninstall api --namespace " + s.namespace,
		})
	}
	equal(t, "releases", s.releases(), "api")

	s.configure("") // one way
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)

	s.configure("  options: {release-name: web}\n") // the other
	s.byHand("uninstall", "api")
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "releases", s.releases(), "web")
	s.processes()
	s.Apply()
	equal(t, "processes", s.processes(), "status upgrade(dry)")
}

// The other release can belong to somebody else: one that has the configured name goes on.
func TestAReleaseOfTheConfiguredNameGoesOn(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{"bitops.config.yaml": ""}))
	s.configure("  options: {release-name: web}\n")
	s.Apply()
	s.Write(map[string]string{"/other/Chart.yaml": "apiVersion: v2\nname: other\nversion: 1.0.0\n"})
	s.byHand("install", "api", s.Repository+"/other")
	equal(t, "unchanged", s.Apply().Changes.Empty(), true)
	counts(t, s.Destroy().Changes, 0, 0, 1)
	equal(t, "releases", s.releases(), "api")
}

func TestDepartures(t *testing.T) {
	for name, test := range map[string]struct{ options, want string }{
		"no key":                    {"", ""},
		"the directory's name":      {"  options: {release-name: api}\n", ""},
		"another name":              {"  options: {release-name: web}\n", "backend/helm/api/bitops.config.yaml:4:27"},
		"a name that cannot be one": {"  options: {release-name: W_W}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, with(chart, map[string]string{"bitops.config.yaml": ""}))
			s.configure(test.options)
			var places []string
			for _, d := range New().Departures(schema.Directory{Root: s.Repository, Name: "backend/helm/api"}) {
				places = append(places, d.Where)
			}
			equal(t, "places", strings.Join(places, " "), test.want)
		})
	}
	var _ environments.Departing = New()
}

package helm

import (
	_ "embed"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

//go:embed bitops.schema.yaml
var schemaText []byte

// configurationSchema is the schema of the tool's configuration.
var configurationSchema = sync.OnceValue(func() *schema.ToolSchema { return schema.BuiltInSchema(schemaText) })

// unfinishedSchema is the schema for a configuration that before hooks may still complete: nothing is required.
var unfinishedSchema = sync.OnceValue(func() *schema.ToolSchema {
	s := *configurationSchema()
	s.Root = optional(s.Root)
	return &s
})

func optional(p schema.Property) schema.Property {
	p.Required = false
	p.Properties = slices.Clone(p.Properties)
	for i := range p.Properties {
		p.Properties[i] = optional(p.Properties[i])
	}
	return p
}

// The paths of values that messages name.
const (
	keyNamespace  = "cli.namespace"
	keySkip       = "options.skip-deploy"
	keyName       = "options.release-name"
	keyUninstall  = "options.uninstall"
	keyRemoved    = "options.uninstall-charts"
	keyKubeconfig = "options.k8s.kubeconfigpath"
	keyFetch      = "options.k8s.fetch.kubeconfig"
	keyCluster    = "options.k8s.fetch.cluster-name"
)

// onlyChart are the variables that limit a run to one of the charts, the second one of BitOps v1.
var onlyChart = []string{"BITOPS_ENVIRONMENT_HELM_SUBDIRECTORY", "ENVIRONMENT_HELM_SUBDIRECTORY"}

// settings are the configuration with the variables over it.
type settings struct {
	name       string // of the release
	named      naming
	namespace  string
	timeout    string
	set        []string
	atomic     bool
	force      bool
	debug      bool
	dryRun     bool
	skipped    string // why the step is left out, or ""
	noPreview  string // why it is not previewed, or ""
	uninstall  string // why apply removes the release, or ""
	defaults   defaults
	kubeconfig string
	from       string // where kubeconfig is written
	cluster    string // whose kubeconfig AWS has, or ""
	s3Region   string
}

// defaults say where default values are.
type defaults struct {
	common bool   // in the repository's default folder
	folder string // else
	chart  string // where in the folder, when it is not where the chart is in the environment
}

// settingsOf reads the chart's configuration, or where it has none, that of all charts, in the directory above. It reads
// in the workspace, where hooks may have edited it.
func settingsOf(c *environments.Call, s *schema.ToolSchema) (settings, error) {
	d := configurationDirectory(schema.Directory{Root: c.Root(), Name: c.Step.Directory()})
	values, err := c.ConfigureFrom(s, d.Name)
	if err != nil {
		return settings{}, err
	}
	read, problems := settingsFrom(values, path.Base(c.Step.Directory()), !c.Deploys())
	if err := problems.Err(); err != nil {
		return settings{}, err
	}
	for _, name := range onlyChart {
		if only := path.Clean(c.Variables[name]); only != "." && read.skipped == "" &&
			only != path.Base(c.Step.Directory()) && only != c.Step.Deployment {
			read.skipped = name + " is " + only
		}
	}
	return read, nil
}

// settingsOfFiles reads the configuration in the checkout, without variables.
func settingsOfFiles(d schema.Directory) (settings, schema.Problems) {
	values, problems := unfinishedSchema().Resolve(configurationDirectory(d), nil)
	if problems.HasErrors() {
		return settings{}, problems
	}
	s, more := settingsFrom(values, path.Base(d.Name), true)
	for i := range more {
		if more[i].File == "" { // nobody wrote it: the directory's name is meant
			more[i].File = d.Name
		}
	}
	return s, append(problems, more...)
}

// configurationDirectory returns the directory whose configuration a chart has: its own, else the one above.
func configurationDirectory(d schema.Directory) schema.Directory {
	if _, own := d.ConfigurationFile(); own {
		return d
	}
	if _, common := above(d).ConfigurationFile(); common {
		return above(d)
	}
	return d
}

func above(d schema.Directory) schema.Directory {
	return schema.Directory{Root: d.Root, Name: path.Dir(d.Name)}
}

// settingsFrom reads the values of a chart's configuration. The name of the release that it sets counts where obeys says
// so.
func settingsFrom(v *schema.ToolValues, chart string, obeys bool) (settings, schema.Problems) {
	named := namingOf(v, chart)
	s := settings{
		name:       named.release(obeys),
		named:      named,
		namespace:  v.Text(keyNamespace),
		timeout:    v.Text("cli.timeout"),
		set:        words(v.List("cli.set")),
		atomic:     v.Flag("cli.atomic"),
		force:      v.Flag("cli.force"),
		debug:      v.Flag("cli.debug"),
		dryRun:     v.Flag("cli.dry-run"),
		skipped:    reason(v, keySkip),
		noPreview:  environments.NoPreview(v),
		uninstall:  reason(v, keyUninstall),
		kubeconfig: v.Text(keyKubeconfig),
		from:       v.From(keyKubeconfig),
		cluster:    v.Text(keyCluster),
		s3Region:   v.Text("plugins.s3.region"),
	}
	s.defaults = defaults{v.Flag("options.default-dir-flag"), v.Text("options.default-root-dir"), v.Text("options.default-sub-dir")}
	if plainNumber.MatchString(s.timeout) {
		s.timeout += "s"
	}
	for _, list := range v.List(keyRemoved) {
		if listed := words(strings.Split(list, ",")); s.uninstall == "" && (slices.Contains(listed, s.name) || slices.Contains(listed, chart)) {
			s.uninstall = "uninstall-charts names it"
		}
	}
	problems := s.check(v, chart)
	if v.Has(keyFetch) && !v.Flag(keyFetch) {
		s.cluster = ""
	}
	return s, problems
}

var (
	plainNumber = regexp.MustCompile(`^\d+$`)
	// A release is named like a DNS subdomain of at most 53 characters, since its name becomes part of others.
	releaseName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

const longestReleaseName = 53

func (s *settings) check(v *schema.ToolValues, chart string) schema.Problems {
	var problems schema.Problems
	if !releaseName.MatchString(s.name) || len(s.name) > longestReleaseName {
		p := schema.Errorf(v.Position(keyName), "%q cannot be the name of a release", s.name)
		if s.name == chart {
			p = p.WithHint("set %s: lower case letters, digits, - and ., at most %d", keyName, longestReleaseName)
		}
		problems = append(problems, p)
	}
	if v.Has(keyNamespace) && s.namespace == "" {
		problems = append(problems, schema.Errorf(v.Position(keyNamespace), "%s is required and empty", keyNamespace))
	}
	if v.Flag(keyFetch) && s.cluster == "" {
		problems = append(problems, schema.Errorf(v.Position(keyFetch), "%s is true, but %s is not set", keyFetch, keyCluster).
			WithHint("name the cluster, or set it to false"))
	}
	return problems
}

// reason says why a flag is true: the variable that set it, or its key. It is "" when the flag is not.
func reason(v *schema.ToolValues, key string) string {
	if !v.Flag(key) {
		return ""
	}
	if name, ok := strings.CutPrefix(v.From(key), "variable "); ok {
		return name + " is set"
	}
	return strings.TrimPrefix(key, "options.") + " is set"
}

// words returns the items of a list that are not empty, without the spaces around them.
func words(list []string) []string {
	var kept []string
	for _, item := range list {
		if item = strings.TrimSpace(item); item != "" {
			kept = append(kept, item)
		}
	}
	return kept
}

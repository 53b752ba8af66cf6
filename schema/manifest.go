package schema

import (
	"reflect"
	"slices"
	"strings"
)

// ManifestName is the file name of the manifest, of an environment's configuration and of a tool's configuration.
const ManifestName = "bitops.config.yaml"

// OtherManifestName is another name that it may have.
const OtherManifestName = "bitops.config.yml"

// DefaultFolder is the directory whose tool directories are defaults for every environment.
const DefaultFolder = "_default"

// Manifest is the root `bitops.config.yaml` with everything it includes: the settings of a run, and the environments
// in the order they are written.
type Manifest struct {
	File         string   // relative to the repository
	Root         string   // the repository's directory: absolute, symbolic links resolved
	Files        []string // that were read: File and what it includes, sorted
	Settings     Settings
	Plans        Plans
	Review       Review
	Environments []Environment
	Damaged      []EnvironmentName // declared, but so that they cannot be planned: that was said once and is enough
	Incomplete   bool              // a file could not be read, so nobody knows which environments there are
	Discover     bool              // no environments are declared: every directory with a tool in it is one
}

// manifestDocument is the file as it is written.
type manifestDocument struct {
	Bitops manifestBody `yaml:"bitops" doc:"What bitops deploys and how."`
}

type manifestBody struct {
	Settings
	Plans        Plans            `yaml:"plans" doc:"Which plan files may be applied."`
	Review       Review           `yaml:"review" doc:"What is shown of changes to those who review them elsewhere."`
	Environments Map[Environment] `yaml:"environments" doc:"The environments by name. Without this key every directory that holds a tool's directory is one."`
	Include      []Located        `yaml:"include" doc:"More manifests whose environments belong to this one; patterns relative to this file."`
}

// Plans says which plan files may be applied.
type Plans struct {
	Position Position

	Signers  Located `yaml:"signers" doc:"A file in the repository with the keys that may sign plans: allowed_signers of ssh-keygen."`
	Required bool    `yaml:"required" doc:"Apply nothing but plan files that one of the signers signed."`
}

// Review says what others are shown of changes.
type Review struct {
	Values string `yaml:"values" enum:"all,none" doc:"With none, the values of attributes are left out of comments, pages and journals. Default all."`
}

// WithholdsValues reports whether the values of attributes are for the plan file and the screen alone.
func (r Review) WithholdsValues() bool { return strings.EqualFold(r.Values, "none") }

// includedDocument is a file that `include` names. Settings belong into the root manifest: here nothing would read them.
type includedDocument struct {
	Bitops includedBody `yaml:"bitops"`
}

type includedBody struct {
	Environments Map[Environment] `yaml:"environments"`
	Include      []Located        `yaml:"include"`
}

func (includedBody) misplaced(key string) string {
	if slices.ContainsFunc(fieldsOf(reflect.TypeFor[Settings]()), func(f field) bool { return f.name == key }) {
		return "settings belong into the root manifest"
	}
	return ""
}

// Settings are the keys that the root manifest and an environment's own configuration share.
type Settings struct {
	FailFast      *bool           `yaml:"fail_fast" doc:"Start nothing new after a failure; steps that run finish. Default true."`
	RunMode       string          `yaml:"run_mode" doc:"For bitops deploy: with validate_config nothing is deployed. Anything else has no effect."`
	Parallelism   Count           `yaml:"parallelism" doc:"The most steps that run at once. Default 10."`
	Timeout       Duration        `yaml:"timeout" doc:"The longest a step may take, like 20m; a plain number is seconds."`
	Retry         Retry           `yaml:"retry" doc:"When a tool that failed is tried again."`
	DefaultFolder string          `yaml:"default_folder" doc:"The directory that holds defaults for every environment. Default _default."`
	OlderFolder   string          `yaml:"opsrepo_root_default_dir" doc:"The older name of default_folder."`
	Store         string          `yaml:"store" doc:"Where runs, records and locks are shared with other machines: a URL like s3://bucket/prefix, or a directory. Default: only in .bitops."`
	History       Count           `yaml:"history" doc:"How many runs are remembered. Default 50."`
	Logging       Logging         `yaml:"logging" doc:"What is written about a run, and what is never shown."`
	Limits        Map[Count]      `yaml:"limits" doc:"Named limits: at most so many steps at once among the environments that name one."`
	Deployments   Map[Deployment] `yaml:"deployments" doc:"Which tools run, in which order, when an environment does not say. The key is a path under the environment."`
	Plugins       Map[Plugin]     `yaml:"plugins" doc:"Tools beyond the built-in ones."`
}

// Logging is v2's logging section.
type Logging struct {
	Level    string `yaml:"level" enum:"trace,debug,info,warn,warning,error,critical,off" doc:"Level of the debug log on standard error."`
	Color    Color  `yaml:"color" doc:"Colours on a terminal."`
	Filename string `yaml:"filename" doc:"The name of a file, without .log, that what tools print is added to at the end of each step."`
	Err      string `yaml:"err" doc:"Accepted for BitOps repositories."`
	Path     string `yaml:"path" doc:"The directory of that file, relative to the repository. Default .bitops/logs."`
	Masks    []Mask `yaml:"masks" doc:"Patterns whose matches are never shown or written."`
}

// Color switches colours on a terminal.
type Color struct {
	Enabled *bool `yaml:"enabled" doc:"Default true; never in a file."`
}

// Mask replaces every match of a regular expression.
type Mask struct {
	Search  string `yaml:"search" doc:"A regular expression."`
	Replace string `yaml:"replace" doc:"What stands in its place, default ***. \\1 is the first group."`
}

// Deployment says which tool a directory of an environment is for.
type Deployment struct {
	Plugin string `yaml:"plugin" doc:"The tool. Default: the first word of the path."`
	Retry  Retry  `yaml:"retry" doc:"When the tool of this deployment is tried again."`
}

// Plugin is v2's declaration of a plugin. Those of the built-in tools are accepted and need nothing.
type Plugin struct {
	Source    string `yaml:"source" doc:"Where the plugin comes from."`
	SourceTag string `yaml:"source_tag" doc:"The tag to use."`
	Branch    string `yaml:"source_branch" doc:"The branch to use."`
}

// Environment is one entry of `environments`.
type Environment struct {
	Name     EnvironmentName
	Position Position

	Path        Located         `yaml:"path" doc:"The environment's directory, relative to this file. Default: its name."`
	DependsOn   []Located       `yaml:"depends_on" doc:"Environments, or steps such as backend/terraform, that come first."`
	Inputs      Map[Expression] `yaml:"inputs" doc:"Values for the environment's tools. Texts are templates: ${outputs.network.vpc_id}."`
	Inherit     *bool           `yaml:"inherit" doc:"Offer the outputs of direct dependencies by their own names. Default true."`
	Env         Map[string]     `yaml:"env" doc:"Environment variables for the environment's tools and hooks."`
	Tags        []string        `yaml:"tags" doc:"Words to select environments by."`
	Limit       Located         `yaml:"limit" doc:"The name of one of the limits."`
	Timeout     Duration        `yaml:"timeout" doc:"The longest a step of this environment may take."`
	Retry       Retry           `yaml:"retry" doc:"When a tool of this environment that failed is tried again."`
	Mock        Map[Expression] `yaml:"mock" doc:"Values to preview with while the real ones are not known. Never applied."`
	Approval    bool            `yaml:"approval" doc:"apply plans this environment, shows the plan, and changes it only when a person approved that plan."`
	Protect     bool            `yaml:"protect" doc:"destroy refuses this environment."`
	RenamedFrom Located         `yaml:"renamed_from" doc:"The name that the environment had when it was deployed last: its records move with the next apply."`
	Target      Target          `yaml:"target" doc:"Where the environment is deployed. A step that would go elsewhere is refused."`
}

// Located is a text with its place in the file.
type Located struct {
	Text     string
	Position Position
}

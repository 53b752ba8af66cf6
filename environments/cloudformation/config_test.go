package cloudformation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

func settle(t *testing.T, text string, variables environments.Variables) (settings, schema.Problems) {
	t.Helper()
	s := tell(t, "", map[string]string{"bitops.config.yaml": text})
	values, problems := configurationSchema().Resolve(schema.Directory{Root: s.Repository, Name: "net/cloudformation"}, func(name string) string { return variables[name] })
	if problems.HasErrors() {
		return settings{}, problems
	}
	got, more := settingsFrom(values)
	for _, from := range []*source{&got.template, &got.parameters, &got.merged} {
		from.at = schema.Position{}
	}
	return got, append(problems, more...)
}

func TestSettings(t *testing.T) {
	v2 := `cloudformation:
  cli: {validate-cfn: true, stack-action: deploy}
  options:
    cfn-stack-name: app
    capabilities: CAPABILITY_NAMED_IAM
    s3bucket: b
    s3prefix: /p/q/
    cfn-files: {template-file: t.yaml, parameters: {template-param-flag: true, template-param-file: p.json}}`
	full := settings{
		action: "deploy", validate: true, stackName: "app", capabilities: []string{"CAPABILITY_NAMED_IAM"},
		bucket: "b", prefix: "p/q", template: source{name: "t.yaml"}, parameters: source{name: "p.json"},
	}
	changed := func(change func(*settings)) settings { s := full; change(&s); return s }
	tests := map[string]struct {
		text      string
		variables environments.Variables
		want      settings
	}{
		"v2": {v2, nil, full},
		"v1": {`cloudformation:
  cli: {validate-cfn: false, cfn-stack-action: delete}
  options:
    cfn-stack-name: app
    cfn-files: {template-file: t.yaml, parameters: {enabled: true, template-param-file: p.json}}
    cfn-merge-parameters: {enabled: true}`, nil, settings{
			action: "delete", stackName: "app", template: source{name: "t.yaml"}, parameters: source{name: "p.json"},
			merged: source{name: "parameters"}, capabilities: []string{},
		}},
		"v1 as its documentation has it": {`cloudformation:
  cli: {cfn-stack-action: deploy}
  options:
    cfn-stack-name: app
    cfn-s3-bucket: b
    cfn-s3-prefix: p
    cfn-files: {template-file: t.yaml}
    cfn-merge-parameters: {parameters: {enabled: true, directory: more}}`, nil, settings{
			action: "deploy", validate: true, stackName: "app", template: source{name: "t.yaml"},
			merged: source{name: "more"}, capabilities: []string{}, bucket: "b", prefix: "p",
		}},
		"the flag turns the file off": {
			strings.Replace(v2, "flag: true", "flag: 'false'", 1), nil,
			changed(func(s *settings) { s.parameters = source{} }),
		},
		"without the flag the file is used": {strings.Replace(v2, "template-param-flag: true,", "", 1), nil, full},
		"no file, everything from v2's variables": {"", environments.Variables{
			"CFN_STACK_NAME": "app", "CFN_TEMPLATE_FILENAME": "t.yaml", "CFN_TEMPLATE_PARAMS_FILENAME": "p.json",
			"CFN_PARAMS_FLAG": "True", "CFN_CAPABILITY": "CAPABILITY_NAMED_IAM", "CFN_TEMPLATE_S3_BUCKET": "b", "CFN_S3_PREFIX": "p/q",
		}, full},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, problems := settle(t, test.text, test.variables)
			equal(t, "problems", problems.Error(), "")
			equal(t, "settings", got, test.want)
		})
	}
}

const named1 = "cloudformation: {options: {cfn-stack-name: app, cfn-files: {template-file: t.yaml}"

// A text is a list of one, and may hold several with commas (was: split into characters).
func TestWasAStringSplitIntoCharacters(t *testing.T) {
	for text, want := range map[string][]string{
		"CAPABILITY_IAM":                      {"CAPABILITY_IAM"},
		"[CAPABILITY_IAM, X]":                 {"CAPABILITY_IAM", "X"},
		"'CAPABILITY_IAM, X  Y'":              {"CAPABILITY_IAM", "X", "Y"},
		`["CAPABILITY_IAM,X", "Y"]`:           {"CAPABILITY_IAM", "X", "Y"},
		"\n      - CAPABILITY_IAM\n      - X": {"CAPABILITY_IAM", "X"},
	} {
		got, problems := settle(t, "cloudformation:\n  options:\n    cfn-stack-name: app\n    cfn-files: {template-file: t}\n"+
			"    capabilities: "+text+"\n", nil)
		equal(t, "problems", problems.Error(), "")
		equal(t, text, got.capabilities, want)
	}
}

// false is a value (was: ignored, so that nothing could override a true default).
func TestWasNothingCouldOverrideATrueDefault(t *testing.T) {
	got, _ := settle(t, named1+"}, cli: {validate-cfn: false}}", nil)
	equal(t, "from the file", got.validate, false)
	got, _ = settle(t, named1+"}}", environments.Variables{"CFN_TEMPLATE_VALIDATION": "0"})
	equal(t, "from a variable", got.validate, false)
}

// "false" is false (was: true).
func TestWasFalseInQuotesWasTrue(t *testing.T) {
	s := tell(t, "", map[string]string{"bitops.config.yaml": named1 + ", skip-deploy: 'false'}}"})
	reason, err := s.tool.Skip(s.Call(t.Context(), schema.CommandApply))
	check(t, err)
	equal(t, "skipped", reason, "")
}

// The documented variable overrides (was: only an undocumented one did).
func TestWasOnlyAnUndocumentedVariableOverrode(t *testing.T) {
	for _, name := range []string{"CFN_STACK_NAME", "BITOPS_CFN_STACK_NAME", "BITOPS_CLOUDFORMATION_CFN_STACK_NAME"} {
		got, _ := settle(t, named1+"}}", environments.Variables{name: "other"})
		equal(t, name, got.stackName, "other")
	}
}

// A wrong type is told with its place (was: a traceback).
func TestWasAWrongTypeWasATraceback(t *testing.T) {
	_, problems := settle(t, "cloudformation:\n  cli:\n    validate-cfn: perhaps\n    stack-action: explode\n  options:\n    skipdeploy: 1\n", nil)
	equal(t, "problems", problems.Error(), `net/cloudformation/bitops.config.yaml:2:3: options.cfn-stack-name is required and has no value (set it, or the variable BITOPS_CLOUDFORMATION_CFN_STACK_NAME)
net/cloudformation/bitops.config.yaml:2:3: options.cfn-files.template-file is required and has no value (set it, or the variable BITOPS_CLOUDFORMATION_TEMPLATE_FILE)
net/cloudformation/bitops.config.yaml:3:19: cli.validate-cfn must be true or false, not "perhaps"
net/cloudformation/bitops.config.yaml:4:19: cli.stack-action cannot be "explode" (one of deploy, delete)
net/cloudformation/bitops.config.yaml:6:5: warning: unknown key "skipdeploy" (did you mean "skip-deploy"?)`)
	_, problems = settle(t, "cloudformation: {options: {cfn-stack-name: '', cfn-files: {template-file: t, parameters: {enabled: true}}}}", nil)
	contains(t, "problems", problems.Error(), "cfn-stack-name is required and empty", "template-param-flag is true, but")
}

// What hooks write counts (was: edits ignored), also what the configuration cannot do without.
func TestWasEditsOfHooksIgnored(t *testing.T) {
	aws, s := scripted(t, map[string]string{"bitops.config.yaml": "cloudformation: {}"})
	c := s.Call(t.Context(), schema.CommandApply)
	reason, err := s.tool.Skip(c)
	check(t, err)
	equal(t, "skipped before the hooks", reason, "")
	s.AfterSync = func(dir string) {
		check(t, writeFile(dir+"/bitops.config.yaml", strings.ReplaceAll(minimal, "app", "of-the-hook")))
	}
	aws.on("DescribeStacks", stack("CREATE_COMPLETE"))
	aws.on("CreateChangeSet", refusal("ValidationError", "No updates are to be performed."))
	s.Apply()
	equal(t, "stack", aws.asked("DescribeStacks")[0].Get("StackName"), "of-the-hook")
}

func TestSkipDeploy(t *testing.T) {
	for name, variables := range map[string]environments.Variables{
		"skip-deploy":                       nil,
		"CFN_SKIP_DEPLOY":                   {"CFN_SKIP_DEPLOY": "TRUE"},
		"SKIP_DEPLOY_CLOUDFORMATION":        {"SKIP_DEPLOY_CLOUDFORMATION": "1"},
		"BITOPS_CLOUDFORMATION_SKIP_DEPLOY": {"BITOPS_CLOUDFORMATION_SKIP_DEPLOY": "yes"},
	} {
		s := tell(t, "http://127.0.0.1:1", map[string]string{"bitops.config.yaml": "cloudformation: {options: {skip-deploy: false}}"})
		if variables == nil {
			s.Write(map[string]string{"bitops.config.yaml": "cloudformation: {options: {skip-deploy: true}}"})
		}
		s.Variables = s.Variables.With(variables)
		equal(t, "reason", s.Apply().Skipped, name+" is set")
	}
}

func TestValuesReachHooks(t *testing.T) {
	s := tell(t, "", map[string]string{})
	c := s.Call(t.Context(), schema.CommandApply)
	_, err := s.tool.Skip(c)
	check(t, err)
	equal(t, "CFN_STACK_NAME", c.Variables["CFN_STACK_NAME"], "app")
	equal(t, "BITOPS_CFN_TEMPLATE_FILENAME", c.Variables["BITOPS_CFN_TEMPLATE_FILENAME"], "template.yaml")
	equal(t, "CFN_STACK_ACTION", c.Variables["CFN_STACK_ACTION"], "deploy")
	c = s.Call(t.Context(), schema.CommandDestroy)
	_, err = s.tool.Skip(c)
	check(t, err)
	equal(t, "CFN_STACK_ACTION", c.Variables["CFN_STACK_ACTION"], "delete")
}

func TestConfigurationSchema(t *testing.T) {
	text, err := New().ConfigurationSchema()
	check(t, err)
	equal(t, "it is JSON", json.Valid(text), true)
	contains(t, "schema", string(text), `"cfn-stack-name"`, `"template-param-file"`)
}

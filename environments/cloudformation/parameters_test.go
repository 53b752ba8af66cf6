package cloudformation

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

const parameterTemplate = `
Parameters:
  A: {Type: String}
  B: {Type: String, Default: b}
  L: {Type: List<String>, Default: ''}
Resources:
  T: {Type: AWS::SNS::Topic}
`

// parameterStory is a story of a stack that has no changes, so that a plan only asks for a change set.
func parameterStory(t *testing.T, before answer, files map[string]string, more string) (*service, *story) {
	t.Helper()
	if files["template.yaml"] == "" {
		files["template.yaml"] = parameterTemplate
	}
	files["bitops.config.yaml"] = "cloudformation:\n  options:\n    cfn-stack-name: app\n    cfn-files:\n" +
		"      template-file: template.yaml\n      parameters: {template-param-file: parameters/app.json}\n" + more
	if _, ok := files["parameters/app.json"]; !ok {
		files["parameters/app.json"] = "{}"
	}
	aws, s := scripted(t, files)
	aws.on("DescribeStacks", before)
	aws.on("CreateChangeSet", refusal("ValidationError", "No updates are to be performed."))
	return aws, s
}

func fromJSON(t *testing.T, text string) schema.Value {
	t.Helper()
	v, err := schema.FromJSON([]byte(text))
	check(t, err)
	return v
}

func TestPrecedenceOfValues(t *testing.T) {
	input, offered := schema.Values{"A": schema.Text("input")}, schema.Values{"A": schema.Text("offered"), "B": schema.Text("offered")}
	tests := map[string]struct {
		inputs, offered schema.Values
		file            string
		before          answer
		want            string
	}{
		"an input beats the file":               {input, offered, `{"A": "file", "B": "file"}`, missing, "A=input B=file"},
		"the file beats what is offered":        {nil, offered, `{"A": "file"}`, missing, "A=file B=offered"},
		"what is offered beats the default":     {nil, offered, `{}`, missing, "A=offered B=offered"},
		"null is no value":                      {schema.Values{"A": fromJSON(t, "null")}, schema.Values{"A": fromJSON(t, "null")}, `{"A": "file"}`, missing, "A=file"},
		"an empty text is a value":              {schema.Values{"A": schema.Text("")}, nil, `{"A": "file"}`, missing, "A="},
		"the stack's value where there is none": {nil, nil, `{}`, stack("CREATE_COMPLETE", parameters("A", "B")), "A=(previous)"},
		"the default beats the stack's value":   {input, nil, `{}`, stack("CREATE_COMPLETE", parameters("A", "B")), "A=input"},
		"an announced stack has no values":      {input, nil, `{}`, stack("REVIEW_IN_PROGRESS"), "A=input"},
		"only what the template declares":       {schema.Values{"A": schema.Text("x"), "Other": schema.Text("y")}, nil, `{}`, missing, "A=x"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			aws, s := parameterStory(t, test.before, map[string]string{"parameters/app.json": test.file}, "")
			s.Inputs, s.Offered = test.inputs, test.offered
			s.Plan()
			equal(t, "given", aws.given(), test.want)
		})
	}
}

func TestFormsOfParameterFiles(t *testing.T) {
	for name, file := range map[string]string{
		"aws create-stack":    `[{"ParameterKey": "A", "ParameterValue": "x"}, {"ParameterKey": "L", "ParameterValue": "1,2"}, {"ParameterKey": "B", "UsePreviousValue": true}]`,
		"CodePipeline":        `{"Parameters": {"A": "x", "L": [1, 2]}}`,
		"aws deploy":          `["A=x", "L=1,2"]`,
		"plain":               `{"A": "x", "L": "1,2"}`,
		"YAML":                "A: x\nL: [1, '2']\nB:\n",
		"a list in a mapping": `{"Parameters": [{"ParameterKey": "A", "ParameterValue": "x"}, {"ParameterKey": "L", "ParameterValue": ["1", "2"]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			aws, s := parameterStory(t, missing, map[string]string{"parameters/app.json": file}, "")
			s.Plan()
			equal(t, "given", aws.given(), "A=x L=1,2")
		})
	}
}

func TestValuesAreWrittenAsCloudFormationTakesThem(t *testing.T) {
	for value, want := range map[string]string{
		`"text"`: "text", `3`: "3", `2.50`: "2.5", `true`: "true", `["a", "b"]`: "a,b", `[1, true]`: "1,true", `[]`: "",
		`{"k": [1]}`: `{"k":[1]}`, `[{"k": 1}]`: `[{"k":1}]`, `["a,b"]`: "a,b",
	} {
		aws, s := parameterStory(t, missing, map[string]string{}, "")
		s.Inputs = schema.Values{"A": fromJSON(t, value)}
		s.Plan()
		equal(t, value, aws.given(), "A="+want)
	}
	aws, s := parameterStory(t, missing, map[string]string{"parameters/app.json": `{"A": {"k": [1.50, "<a>", null, true]}, "B": 1.50}`}, "")
	s.Plan()
	equal(t, "given", aws.given(), `A={"k":[1.50,"<a>",null,true]} B=1.50`)
	s.Inputs = schema.Values{"A": schema.Text("x"), "L": fromJSON(t, `["a", "b,c"]`)}
	contains(t, "error", s.Fails(schema.CommandPlan), "template.yaml:5:3: parameter L: item 2 of the list holds a comma")
}

func TestMergedParameterFiles(t *testing.T) {
	aws, s := parameterStory(t, missing, map[string]string{
		"parameters/app.json": `{"A": "file", "B": "file"}`,
		"more/1.json":         `[{"ParameterKey": "A", "ParameterValue": "first"}, {"ParameterKey": "B", "ParameterValue": "first"}]`,
		"more/2.yaml":         "A: second",
		"more/README.md":      "not one",
	}, "    cfn-merge-parameters: {enabled: true, directory: more}\n")
	s.Plan()
	equal(t, "given", aws.given(), "A=second B=first")
}

func TestWhatIsWrongWithParameters(t *testing.T) {
	tests := map[string]struct {
		files  map[string]string
		more   string
		inputs schema.Values
		want   []string
	}{
		"no value": {map[string]string{"parameters/app.json": `{"a": "x"}`}, "", nil, []string{
			`net/cloudformation/template.yaml:3:3: parameter A has no value (give the environment an input A, or set it in parameters/app.json; there is a value for "a")`,
		}},
		"no file": {map[string]string{"parameters/ap.json": "{}"}, "    cfn-merge-parameters: {enabled: true, directory: no}\n", nil, nil},
		"no directory": {
			map[string]string{},
			"    cfn-merge-parameters: {enabled: true, directory: no}\n", nil,
			[]string{"bitops.config.yaml:7:54: the directory no of parameter files cannot be read"},
		},
		"a text":                  {map[string]string{"parameters/app.json": `"x"`}, "", nil, []string{"parameters/app.json:1:1: is no parameter file"}},
		"entries without a name":  {map[string]string{"parameters/app.json": `[{"Key": "A"}, {"ParameterKey": "A"}, "A"]`}, "", nil, []string{"1:2: an entry without ParameterKey", "1:16: parameter A has no ParameterValue", "1:39: an entry that is not a parameter"}},
		"several values together": {map[string]string{"template.yaml": strings.Replace(parameterTemplate, ", Default: b", "", 1)}, "", nil, []string{"parameter A has no value", "parameter B has no value"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			aws, s := parameterStory(t, missing, test.files, test.more)
			s.Inputs = test.inputs
			contains(t, "error", s.Fails(schema.CommandApply), test.want...)
			equal(t, "requests", aws.actions(), "")
		})
	}
}

func TestUnknownKeysInAParameterFileAreWarnings(t *testing.T) {
	aws, s := parameterStory(t, missing, map[string]string{"parameters/app.json": `{"Parameters": {"A": "x", "l": "y"}, "Tags": {}}`}, "")
	s.Plan()
	equal(t, "given", aws.given(), "A=x")
	contains(t, "notices", s.notices(), `parameters/app.json:1:27: warning: the template has no parameter "l" (did you mean "L"?)`,
		"Tags in a parameter file is not used")
}

package cloudformation

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func writeFile(file, text string) error { return os.WriteFile(file, []byte(text), 0o644) }

func describe(i schema.Interface) string {
	var b strings.Builder
	for _, p := range i.Inputs {
		fmt.Fprintf(&b, "in %s %s required=%t sensitive=%t\n", p.Position, p.Name, p.Required, p.Sensitive)
	}
	for _, p := range i.Outputs {
		fmt.Fprintf(&b, "out %s %s sensitive=%t\n", p.Position, p.Name, p.Sensitive)
	}
	return strings.ReplaceAll(b.String(), "net/cloudformation/", "")
}

func TestInspect(t *testing.T) {
	tests := map[string]struct{ file, text, want string }{
		"YAML with short tags": {"template.yaml", `Parameters:
  Size: {Type: Number, Default: 3}
  Empty: {Type: String, Default: ''}
  Vpc:
    Type: AWS::EC2::VPC::Id
  Password: &hidden {Type: String, NoEcho: true}
  Key: {<<: *hidden}
Resources:
  A:
    Type: AWS::SNS::Topic
    Properties:
      Name: !Join ['-', [!Ref Vpc, !Select [0, !GetAZs '']]]
      Code: !If [Yes, !GetAtt A.B, !Sub '${AWS::Region}']
Outputs:
  Arn: {Value: !GetAtt A.Arn, Export: {Name: !Sub '${Vpc}-arn'}}
  One: {Value: !Ref Password}
  Two: {Value: !Sub ['${Login}@${x}', {x: !Join ['', [a, !Ref Key]]}]}
  Three: {Value: !Sub '${!Password}'}
  Four: {Value: {'Fn::Sub': 'a-${ Password }'}}
  Fn::ForEach::X: [N, [a], {}]
`, `in template.yaml:2:3 Size required=false sensitive=false
in template.yaml:3:3 Empty required=false sensitive=false
in template.yaml:4:3 Vpc required=true sensitive=false
in template.yaml:6:3 Password required=true sensitive=true
in template.yaml:7:3 Key required=true sensitive=true
out template.yaml:15:3 Arn sensitive=false
out template.yaml:16:3 One sensitive=true
out template.yaml:17:3 Two sensitive=true
out template.yaml:18:3 Three sensitive=false
out template.yaml:19:3 Four sensitive=true
`},
		"JSON with tabs": {
			"template.json", "{\n\t\"Parameters\": {\n\t\t\"P\": {\"Type\": \"String\", \"NoEcho\": \"true\"}\n\t},\n" +
				"\t\"Resources\": {},\n\t\"Outputs\": {\"O\": {\"Value\": {\"Ref\": \"P\"}}}\n}\n",
			"in template.json:3:3 P required=true sensitive=true\nout template.json:6:14 O sensitive=true\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, "", map[string]string{test.file: test.text, "bitops.config.yaml": strings.ReplaceAll(minimal, "template.yaml", test.file)})
			got, problems := s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "net/cloudformation"})
			equal(t, "problems", problems.Error(), "")
			equal(t, "interface", describe(got), test.want)
			equal(t, "any input", got.AnyInput, false)
		})
	}
}

func TestInspectTellsWhatIsWrong(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"no template": {
			map[string]string{"templat.yaml": ""},
			`net/cloudformation/bitops.config.yaml:1:76: the template template.yaml does not exist (did you mean "templat.yaml"?)`,
		},
		"a template that hooks make": {map[string]string{"bitops.before-deploy.d/make.sh": ""}, ""},
		"nothing is set": {
			map[string]string{"bitops.config.yaml": "cloudformation: {}"},
			`net/cloudformation/bitops.config.yaml: warning: options.cfn-stack-name is not set (the step needs it, from here or from the variable CFN_STACK_NAME)
net/cloudformation/bitops.config.yaml: warning: options.cfn-files.template-file is not set (the step needs it, from here or from the variable CFN_TEMPLATE_FILENAME)`,
		},
		"it is left out": {map[string]string{"bitops.config.yaml": "cloudformation: {options: {skip-deploy: true}}"}, ""},
		"not a template": {
			map[string]string{"template.yaml": "a: b"},
			"net/cloudformation/template.yaml: is no CloudFormation template: it has no Resources",
		},
		"not YAML": {map[string]string{"template.yaml": "a: [b"}, "net/cloudformation/template.yaml:1:1: is not valid YAML: did not find expected ',' or ']'"},
		"empty":    {map[string]string{"template.yaml": ""}, "net/cloudformation/template.yaml: is no CloudFormation template: it has no Resources"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, "", test.files)
			_, problems := s.tool.Inspect(schema.Directory{Root: s.Repository, Name: "net/cloudformation"})
			equal(t, "problems", problems.Error(), test.want)
		})
	}
}

func TestTooLargeATemplate(t *testing.T) {
	aws, s := scripted(t, map[string]string{"template.yaml": topics + "#" + strings.Repeat("x", mostInRequest)})
	contains(t, "failure", s.Fails(schema.CommandPlan), "CloudFormation takes more than 51200 only from a bucket: set options.s3bucket")
	s.Write(map[string]string{"template.yaml": topics + "#" + strings.Repeat("x", mostInBucket)})
	contains(t, "failure", s.Fails(schema.CommandPlan), "CloudFormation takes at most 1048576")
	equal(t, "requests", aws.actions(), "")
}

func TestTheAddressOfAnUploadedTemplate(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":  "https://my-bucket.s3.eu-west-1.amazonaws.com/p/",
		"cn-north-1": "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/p/",
	} {
		s := tell(t, "", map[string]string{"template.yaml": topics})
		s.Variables["AWS_REGION"] = region
		a := s.real()
		address, err := a.address(t.Context(), "my-bucket", "p/x y.yaml")
		check(t, err)
		equal(t, "address", address, want+"x%20y.yaml")
	}
}

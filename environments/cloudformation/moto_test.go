package cloudformation

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// What moto_server imitates as AWS does is tested against it: that resources really come and go. It forgets the outputs
// of a stack that a change set made; they are tested against the scripted service.

const bucketTemplate = `
Parameters:
  Name: {Type: String}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Ref Name}
Outputs:
  BucketName: {Value: !Ref Bucket}
`

const topic = `
  Topic:
    Type: AWS::SNS::Topic
Outputs:
`

func named(stack string, more ...string) string {
	return "cloudformation:\n  options:\n    cfn-stack-name: " + stack +
		"\n    cfn-files: {template-file: template.yaml}\n" + strings.Join(more, "")
}

// real returns the clients that a test looks with.
func (s *story) real() *account {
	s.T.Helper()
	a, err := connect(s.T.Context(), s.Call(s.T.Context(), schema.CommandPlan))
	check(s.T, err)
	return a
}

func (s *story) bucketExists(name string) bool {
	s.T.Helper()
	_, err := s.real().objects.HeadBucket(s.T.Context(), &s3.HeadBucketInput{Bucket: aws.String(name)})
	return err == nil
}

func TestLifeOfAStack(t *testing.T) {
	s := tell(t, moto(t), map[string]string{
		"template.yaml":      bucketTemplate,
		"bitops.config.yaml": named("life") + "  cli: {validate-cfn: false}\n", // that takes moto seconds
	})
	s.Inputs = schema.Values{"Name": schema.Text("life-of-a-stack")}

	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes), "create Bucket")
	equal(t, "outputs", shows(planned.Outputs), "BucketName=(known after apply)")
	equal(t, "deployed by the plan", s.Deployed(), false)
	stacks, err := s.real().stacks.ListStacks(t.Context(), &cloudformation.ListStacksInput{})
	check(t, err)
	for _, left := range stacks.StackSummaries {
		if aws.ToString(left.StackName) == "life" && left.StackStatus != "DELETE_COMPLETE" {
			t.Errorf("the plan left a stack in %s", left.StackStatus)
		}
	}

	counts(t, s.Apply().Changes, 1, 0, 0)
	contains(t, "log", s.log(), "create Bucket (AWS::S3::Bucket)", "CREATE_COMPLETE life")
	equal(t, "deployed", s.Deployed(), true)
	equal(t, "bucket", s.bucketExists("life-of-a-stack"), true)

	equal(t, "a plan without changes is empty", s.Plan().Changes.Empty(), true)
	equal(t, "an apply without changes is empty", s.Apply().Changes.Empty(), true)

	s.Write(map[string]string{"template.yaml": strings.Replace(bucketTemplate, "Outputs:\n", topic[1:], 1)})
	contains(t, "planned", addresses(s.Plan().Changes), "create Topic")
	contains(t, "applied", addresses(s.Apply().Changes), "create Topic")

	removal := s.Do(schema.CommandPlanDestroy)
	equal(t, "planned removal", addresses(removal.Changes), "delete Bucket, delete Topic")
	equal(t, "deployed", s.Deployed(), true)
	counts(t, s.Destroy().Changes, 0, 0, 2)
	equal(t, "deployed", s.Deployed(), false)
	equal(t, "bucket", s.bucketExists("life-of-a-stack"), false)
	equal(t, "another removal is empty", s.Destroy().Changes.Empty(), true)
}

func TestOutputsOfAStackThatExists(t *testing.T) {
	s := tell(t, moto(t), map[string]string{"template.yaml": bucketTemplate, "bitops.config.yaml": named("exists")})
	s.Inputs = schema.Values{"Name": schema.Text("it-exists")}
	equal(t, "outputs before", shows(s.Outputs()), "")
	_, err := s.real().stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String("exists"), TemplateBody: aws.String(bucketTemplate),
		Parameters: []types.Parameter{{ParameterKey: aws.String("Name"), ParameterValue: aws.String("it-exists")}},
	})
	check(t, err)
	equal(t, "outputs", shows(s.Outputs()), `BucketName="it-exists"`)
	result := s.Apply()
	equal(t, "changes", result.Changes.Empty(), true)
	equal(t, "outputs", shows(result.Outputs), `BucketName="it-exists"`)
	s.Destroy()
}

func TestAnInvalidTemplateIsToldBeforeAnythingElse(t *testing.T) {
	s := tell(t, moto(t), map[string]string{
		"template.yaml":      "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Propertys: {}\n",
		"bitops.config.yaml": named("invalid"),
	})
	contains(t, "error", s.Fails(schema.CommandApply), "net/cloudformation/template.yaml is not valid: ", "Propertys")
	s.Write(map[string]string{"bitops.config.yaml": named("invalid") + "  cli: {validate-cfn: false}\n"})
	counts(t, s.Plan().Changes, 1, 0, 0)
}

func TestALargeTemplateGoesThroughTheBucket(t *testing.T) {
	large := bucketTemplate + "# " + strings.Repeat("x", mostInRequest) + "\n"
	url := strings.Replace(moto(t), "127.0.0.1", "localhost", 1) // there it knows buckets in paths
	s := tell(t, url, map[string]string{
		"template.yaml": large, "nested/child.yaml": "Resources: {}", "parameters.json": `{"Name": "large-made"}`,
		"bitops.config.yaml": named("large", "    s3bucket: large-templates\n    s3prefix: /some/folder/\n"),
	})
	s.Inputs = schema.Values{"Name": schema.Text("large-made")}
	contains(t, "error without a bucket", s.Fails(schema.CommandApply), "NoSuchBucket", "options.s3bucket has to exist")

	_, err := s.real().objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("large-templates")})
	check(t, err)
	s.Plan()
	equal(t, "objects of a plan", len(s.objects("large-templates")), 1)
	counts(t, s.Apply().Changes, 1, 0, 0)
	equal(t, "bucket", s.bucketExists("large-made"), true)
	objects := strings.Join(s.objects("large-templates"), " ")
	contains(t, "objects", objects, "some/folder/nested/child.yaml", "some/folder/template.yaml")
	lacks(t, "objects", objects, "bitops.config.yaml")
}

func (s *story) objects(bucket string) []string {
	s.T.Helper()
	out, err := s.real().objects.ListObjectsV2(s.T.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	check(s.T, err)
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys
}

// A step has AWS settings of its own (was: os.environ shared by all steps).
func TestWasEnvironShared(t *testing.T) {
	url := moto(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:1")
	t.Setenv("AWS_REGION", "xx-nowhere-1")
	t.Setenv("AWS_PROFILE", "of-the-process")
	t.Setenv("AWS_ACCESS_KEY_ID", "process")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "process")
	s := tell(t, url, map[string]string{"template.yaml": bucketTemplate, "bitops.config.yaml": named("own")})
	equal(t, "deployed", s.Deployed(), false)
	a := s.real()
	equal(t, "region", a.config.Region, "us-east-1")
	keys, err := a.config.Credentials.Retrieve(t.Context())
	check(t, err)
	equal(t, "key", keys.AccessKeyID, "test")

	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"} {
		delete(s.Variables, name)
	}
	s.Write(map[string]string{"../../aws": "[default]\nregion=eu-west-1\naws_access_key_id=file\naws_secret_access_key=x\n" +
		"[profile other]\nregion=eu-west-2\naws_access_key_id=other\naws_secret_access_key=x\n"})
	s.Variables["AWS_CONFIG_FILE"] = s.Repository + "/aws"
	s.Variables["AWS_REGION"] = "eu-west-1"
	keys, err = s.real().config.Credentials.Retrieve(t.Context())
	check(t, err)
	equal(t, "key", keys.AccessKeyID, "file")

	s.Variables["AWS_PROFILE"], s.Variables["AWS_REGION"] = "other", "eu-west-2"
	keys, err = s.real().config.Credentials.Retrieve(t.Context())
	check(t, err)
	equal(t, "key", keys.AccessKeyID, "other")

	s.Variables["AWS_PROFILE"] = "misspelled"
	_, err = connect(t.Context(), s.Call(t.Context(), schema.CommandPlan))
	contains(t, "error", err.Error(), "AWS's settings cannot be used", "misspelled")
}

func TestWebIdentity(t *testing.T) {
	s := tell(t, moto(t), map[string]string{"template.yaml": bucketTemplate, "token": "a.b.c"})
	s.Variables = environments.Variables{
		"HOME": s.Repository, "AWS_ENDPOINT_URL": motoURL, "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci", "AWS_WEB_IDENTITY_TOKEN_FILE": s.Source() + "/token",
	}
	keys, err := s.real().config.Credentials.Retrieve(t.Context())
	check(t, err)
	contains(t, "key", keys.AccessKeyID, "ASIA")
}

package cloudformation

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// session is one call on its way, from the configuration to the answer.
type session struct {
	*environments.Call
	*account
	settings
	template *template
	given    given           // the values that the environment's files set
	problems schema.Problems // of the template and of these files: a stack can be removed without them
	hidden   *secret.Redactor
	poll     time.Duration
	touched  bool // something of the stack may have been changed
}

// operate runs body, unless the configuration leaves the step out.
func (t *CloudFormation) operate(
	ctx context.Context, c *environments.Call, body func(*session) (environments.Result, error),
) (environments.Result, error) {
	if reason, err := t.Skip(c); reason != "" || err != nil {
		return environments.Result{Skipped: reason}, err
	}
	return t.with(ctx, c, body)
}

// with reads what the files in the workspace say, and runs body.
func (t *CloudFormation) with(
	ctx context.Context, c *environments.Call, body func(*session) (environments.Result, error),
) (environments.Result, error) {
	c.Phase(schema.PhaseConfigure, "reading the configuration")
	values, err := configure(c, configurationSchema())
	if err != nil {
		return environments.Result{}, err
	}
	s := &session{Call: c, hidden: &secret.Redactor{}, poll: t.poll}
	var problems schema.Problems
	if s.settings, problems = settingsFrom(values); problems.HasErrors() {
		return environments.Result{}, problems
	}
	s.readFiles()
	if s.account, err = connect(ctx, c); err != nil {
		return environments.Result{}, err
	}
	if err := t.claim(ctx, s); err != nil {
		return environments.Result{}, err
	}
	result, err := body(s)
	return result, s.retryable(s.explain(err))
}

// readFiles reads the template and the parameter files.
func (s *session) readFiles() {
	dir := s.Step.Directory()
	root := strings.TrimSuffix(s.Directory, "/"+dir) // laid out like the repository
	var more schema.Problems
	s.template, s.problems = readTemplate(root, dir, s.settings.template)
	s.given, more = readParameters(root, dir, &s.settings)
	s.problems = append(s.problems, more...)
	if !s.problems.HasErrors() {
		s.problems = append(s.problems, s.given.undeclared(s.template)...)
	}
	s.hidden.Add(s.secrets()...)
	s.Hide(s.secrets()...)
}

// ready says what is wrong with the files: all of it as an error, or what is only worth knowing as notices.
func (s *session) ready() error {
	if err := s.problems.Err(); err != nil {
		return err
	}
	for _, p := range s.problems.Sorted() {
		s.Notice("%s", p)
	}
	for i := range s.template.parameters {
		p := &s.template.parameters[i]
		if input := s.Inputs[p.Name]; input.Sensitive && !p.Sensitive {
			s.Notice("%s: the input %s is sensitive, but the template shows the parameter to everybody who may see the stack; "+
				"NoEcho: true hides it", p.Position, p.Name)
		}
	}
	return nil
}

// say logs a line of what goes on in AWS, and shows it as progress.
func (s *session) say(text string) {
	text = s.hidden.String(text)
	s.Progress("%s", text)
	s.Log("stdout", text)
}

// token is the request token of an operation that this step begins. CloudFormation keeps it with the events, by which
// a later run knows its own.
func (s *session) token() *string { return aws.String(s.tokenPrefix() + random()) }

func (s *session) tokenPrefix() string {
	sum := sha256.Sum256([]byte(s.Step.Name))
	return "bitops-" + hex.EncodeToString(sum[:6]) + "-"
}

func random() string { return strings.ToLower(rand.Text()[:12]) }

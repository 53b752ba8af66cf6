package helm

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// session is one call on its way through helm, from the configuration to the answer.
type session struct {
	*environments.Call
	settings
	quiet *quiet
	found *version.Version // of helm
	where string           // which cluster it is, in words

	clusters *clusters // those that are known by now
	server   *api      // nil before it is needed

	touched bool // something may have been changed
}

func newSession(c *environments.Call, read settings) *session {
	s := &session{Call: c, settings: read, quiet: &quiet{Runner: c.Runner, tell: c.Hide}}
	c.Runner = s.quiet
	return s
}

// with runs body with the configuration read, helm found, and the cluster chosen, unless the configuration leaves the
// step out.
func (t *Helm) with(
	ctx context.Context, c *environments.Call, body func(*session) (environments.Result, error),
) (environments.Result, error) {
	c.Phase(schema.PhaseConfigure, "reading the configuration")
	if reason, err := t.Skip(c); reason != "" || err != nil {
		return environments.Result{Skipped: reason}, err
	}
	read, err := settingsOf(c, configurationSchema())
	if err != nil {
		return environments.Result{}, err
	}
	s := newSession(c, read)
	s.clusters = &t.clusters
	s.export()
	if c.Deploys() {
		s.tellIgnoredName()
	}
	if s.found, err = t.versions.check(ctx, s); err != nil {
		return environments.Result{}, err
	}
	if err := s.connect(ctx); err != nil {
		return environments.Result{}, s.retryable(err)
	}
	if err := s.claim(ctx); err != nil {
		return environments.Result{}, err
	}
	result, err := body(s)
	return result, s.retryable(err)
}

// export tells hooks and helm's plugins what the configuration leaves to bitops.
func (s *session) export() {
	for _, name := range []string{"HELM_RELEASE_NAME", "BITOPS_HELM_RELEASE_NAME"} {
		s.Variables[name] = s.name
	}
	if s.s3Region != "" && s.Variables["HELM_S3_REGION"] == "" {
		s.Variables["HELM_S3_REGION"] = s.s3Region // what the s3 plugin reads
	}
}

// grace is how long an interrupted helm may take to write down that the release failed. One that is killed leaves it
// pending.
const grace = 2 * time.Minute

// helm is one start of helm.
func (s *session) helm(args ...string) environments.ProgramCall {
	return environments.ProgramCall{Name: program, Args: args, Grace: grace, Warns: s.warns}
}

// inNamespace is one start of helm that is about the step's release.
func (s *session) inNamespace(command string, args ...string) environments.ProgramCall {
	return s.helm(slices.Concat([]string{command, s.name}, args, []string{"--namespace=" + s.namespace})...)
}

// must runs a program that has to succeed.
func (s *session) must(ctx context.Context, p environments.ProgramCall) error {
	return s.explain(p, s.Must(ctx, p))
}

// read runs a program whose standard output is an answer, for bitops alone.
func (s *session) read(ctx context.Context, p environments.ProgramCall) ([]byte, error) {
	var out strings.Builder
	p.Stdout = func(line string) {
		out.WriteString(line)
		out.WriteByte('\n')
	}
	s.quiet.reading = true
	defer func() { s.quiet.reading = false }()
	err := s.must(ctx, p)
	return []byte(out.String()), err
}

// explain turns what went wrong into what a person needs: where to get the program, or its text from the first error on.
func (s *session) explain(p environments.ProgramCall, err error) error {
	get := map[string]string{program: howToGet, awsProgram: howToGetAWS}[p.Name]
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok && get != "" {
		return &environments.Failure{Message: missing.Error() + "; " + get, ExitCode: 127}
	}
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok {
		return err
	}
	first := slices.IndexFunc(failure.Lines, func(l string) bool { return strings.HasPrefix(l, errorPrefix) })
	if p.Name != program || first < 0 {
		return err
	}
	failure.Lines = withoutDumps(failure.Lines[first:])
	failure.Message = "helm " + p.Args[0] + " failed: " + summary(failure.Lines)
	if s.where != "" && strings.Contains(failure.Message, "cluster unreachable") {
		failure.Lines = append(failure.Lines, "The cluster is that of "+s.where+".")
	}
	return failure
}

// decode reads a JSON value. Lines before and after it are passed over: some wrappers of helm greet.
func decode(text []byte, target any) error {
	for len(text) > 0 && text[0] != '{' && text[0] != '[' {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return decodeNumbers(text, target)
}

package terraform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// session is one call on its way through terraform, from the configuration to the answer.
type session struct {
	*environments.Call
	settings
	module *module
	found  *version.Version // of the program
	owns   *schema.Identity // the state, once it is claimed; nil where it is not known which

	early early // where OpenTofu finds what variables choose the backend

	missingWorkspace string // the workspace of this call, where it does not exist
	data             string // the data directory, "" for the usual one

	touched bool // something may have been changed
}

// operate runs body in an initialised directory, unless the configuration leaves the step out.
func (t *Terraform) operate(
	ctx context.Context, c *environments.Call, body func(*session) (environments.Result, error),
) (environments.Result, error) {
	read, err := settingsOf(c)
	if read.skipped != "" || err != nil {
		return environments.Result{Skipped: read.skipped}, err
	}
	if err := read.tellTargets(c); err != nil {
		return environments.Result{}, err
	}
	return t.with(ctx, c, true, body)
}

// with runs body in an initialised directory. values says that the call has the values of the step.
func (t *Terraform) with(
	ctx context.Context, c *environments.Call, values bool, body func(*session) (environments.Result, error),
) (environments.Result, error) {
	s, err := t.configure(c)
	if err == nil && values {
		err = s.keepEarly()
	}
	if err != nil {
		return environments.Result{}, err
	}
	if err := t.prepare(ctx, s); err != nil {
		return environments.Result{}, s.retryable(err)
	}
	skipped, result, err := t.initialised(ctx, s, false, body)
	if skipped && s.wantsInit(err) {
		_, result, err = t.initialised(ctx, s, true, body)
	}
	return result, s.retryable(err)
}

// initialised runs body once the directory is initialised, and tells whether that was so already.
func (t *Terraform) initialised(
	ctx context.Context, s *session, force bool, body func(*session) (environments.Result, error),
) (skipped bool, result environments.Result, err error) {
	if skipped, err = t.initialise(ctx, s, force); err == nil {
		err = s.selectWorkspace(ctx)
	}
	if err == nil {
		err = s.claim(ctx)
	}
	if err == nil {
		result, err = body(s)
		s.learnLineage()
	}
	return skipped, result, err
}

// configure reads what the files in the workspace say. Syntax errors in them are terraform's to tell.
func (t *Terraform) configure(c *environments.Call) (*session, error) {
	c.Phase(schema.PhaseConfigure, "reading the configuration")
	read, err := settingsOf(c)
	if err != nil {
		return nil, err
	}
	if c.Variables["TF_DATA_DIR"] != "" {
		c.Notice("TF_DATA_DIR is not passed on: every step has a %s directory of its own", dataDirectory)
	}
	delete(c.Variables, "TF_DATA_DIR")
	module := t.parser.readModule(schema.Directory{Root: c.Root(), Name: c.Step.Directory()}, read.binary)
	s := &session{Call: c, settings: read, module: module}
	s.hideVariables()
	return s, nil
}

// prepare makes the directory ready for init.
func (t *Terraform) prepare(ctx context.Context, s *session) error {
	var err error
	if s.found, err = t.versions.check(ctx, s); err != nil {
		return err
	}
	if err := s.placeState(); err != nil {
		return err
	}
	s.tellLeftState()
	if s.planned() { // with the providers it was made with
		return s.copyLock(s.Artifact, s.Directory)
	}
	return nil
}

func (s *session) init(ctx context.Context, variables map[string]string) error {
	s.Phase(schema.PhaseInit, s.binary+" init")
	args := []string{"-input=false"}
	if s.upgrade {
		args = append(args, "-upgrade")
	}
	backend, err := s.backendArguments()
	if err != nil {
		return err
	}
	p := s.program("init", append(args, backend...)...)
	maps.Copy(p.Extra, variables)
	if !s.remoteWorkspaces() { // init refuses a workspace that does not exist, and needs none
		p = s.withoutWorkspace(p)
	}
	_ = os.Remove(s.inDataDirectory(seenWorkspace)) // it may have been in another backend
	if err := s.must(ctx, p); err != nil {
		return s.explainInit(err)
	}
	if err := s.Publish(lockFile); err != nil {
		s.Notice("%s stays as it is in the checkout: %v", lockFile, err)
	}
	return nil
}

// explainInit adds what to do when the backend is another one than at the last run, or variables of OpenTofu may be missing.
func (s *session) explainInit(err error) error {
	failure, ok := errors.AsType[*environments.Failure](err)
	if ok && s.binary == tofu && len(s.module.early()) > 0 {
		failure.Lines = append(failure.Lines, earlyHint)
	}
	if ok && strings.Contains(strings.Join(failure.Lines, "\n"), "Backend configuration changed") {
		failure.Lines = append(failure.Lines, "To begin with what the new backend holds, delete "+
			filepath.Join(s.Directory, dataDirectory)+"; to move the state, see terraform's text above.")
	}
	return err
}

// grace is how long an interrupted terraform may take to finish the requests in flight and save its state. One that is
// killed forgets what it was just creating.
const grace = 10 * time.Minute

// program is one start of terraform. An interrupt is for terraform alone: it stops its providers, which ignore interrupts, and
// ends the programs of provisioners. One of the whole group can reach terraform twice, when it comes while terraform is
// starting a program (in 2 of 60 runs of 1.11.4; probably by way of the copy of itself in the same memory that a Go program
// is for a moment then), and at a second interrupt terraform gives its state up.
func (s *session) program(command string, args ...string) environments.ProgramCall {
	words := strings.Fields(command)
	p := environments.ProgramCall{
		Name:  s.binary,
		Args:  slices.Concat(words, []string{"-no-color"}, args),
		Extra: s.dataVariable(map[string]string{"TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}),
		Grace: grace, InterruptAlone: true,
	}
	if readsBackend[command] {
		return s.withEarly(p, len(words))
	}
	return p
}

// readsBackend are the commands that need the backend and get no values of the step otherwise.
var readsBackend = map[string]bool{
	"init": true, "output": true, "state pull": true, "show": true, "workspace select": true, "workspace list": true, "workspace new": true,
}

// must runs a program that has to succeed.
func (s *session) must(ctx context.Context, p environments.ProgramCall) error {
	return s.explain(s.Must(ctx, p))
}

// read runs a program whose standard output is an answer, for bitops alone.
func (s *session) read(ctx context.Context, p environments.ProgramCall) ([]byte, error) {
	var out bytes.Buffer
	p.Stdout = func(line string) {
		out.WriteString(line)
		out.WriteByte('\n')
	}
	err := s.must(ctx, p)
	return out.Bytes(), err
}

// explain turns what went wrong into what a person needs: where to get the program, or its text from the first error on.
func (s *session) explain(err error) error {
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return &environments.Failure{Message: fmt.Sprintf("%v; %s", missing, howToGet(s.binary)), ExitCode: 127}
	}
	if failure, ok := errors.AsType[*environments.Failure](err); ok {
		failure.Lines = fromFirstError(failure.Lines)
		return s.tellErroredState(failure)
	}
	return err
}

func fromFirstError(lines []string) []string {
	first := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Error: ") })
	return slices.DeleteFunc(slices.Clone(lines[max(first, 0):]), func(l string) bool { return strings.TrimSpace(l) == "" })
}

// tellErroredState says where terraform left a state that it could not save: in the workspace, where nobody looks.
func (s *session) tellErroredState(failure *environments.Failure) error {
	file := filepath.Join(s.Directory, erroredState)
	if _, err := os.Stat(file); err == nil {
		failure.Lines = append(failure.Lines, "A state that could not be saved is in "+file+"; see `terraform state push`.")
	}
	return failure
}

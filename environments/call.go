package environments

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/workspace"
	"github.com/bitops-engine/bitops/schema"
)

// CallOptions are what a Call is made of.
type CallOptions struct {
	Step      *schema.Step
	Command   schema.Command
	Directory string // the step's directory in the workspace, absolute
	Source    string // the step's directory in the checkout, absolute
	Orphan    bool   // the step is no longer in the manifest, and its directory may not be in the checkout
	Variables Variables
	Caller    Variables     // those in which bitops was started, which Variables hold too; not changed
	Inputs    schema.Values // from the manifest: they win over what the environment's files set
	Offered   schema.Values // from dependencies and earlier steps, by name: whatever the environment sets wins
	Workspace *workspace.Workspace
	Cache     string // a directory that all steps of all runs in this checkout share, "" for none; it may not exist yet
	Private   string // an existing directory for files of mode 0600; whoever made it removes it

	// Real resolves the symbolic links of a path, as far as it exists. It may remember directories for the time of a command.
	Real func(name string) string

	// Artifact is an existing private directory in which a plan leaves what applying it needs, or "" where nobody wants to
	// apply it. Planned says that it holds a plan of this step: Apply and Destroy do what that says and nothing else. A tool
	// whose plans are no more than a preview leaves nothing there, and does what its files and inputs say.
	Artifact string
	Planned  bool
	Review   Review // of what is left, when Planned is only what comes first

	// Claims is told what the step owns, and whether that is only looked at. It returns an error when the step may not have
	// it. May be nil.
	Claims func(ctx context.Context, id *schema.Identity, previews bool) error

	// Owed is what applies of the step have left to do that no file shows, in the tool's own words. A tool that knows of
	// such things sees to them, and says here what is left then.
	Owed []string

	Runner  process.Runner
	Observe func(schema.Event)
	Secrets func(texts ...string) // told what must not be shown; may be nil
}

// Call is one step on its way through a tool: where it runs, what it is given, and whom it tells. It belongs to one
// goroutine.
type Call struct {
	CallOptions

	tool           Tool // that the step is taken through; nil in a call of no run
	deploys        bool // the run's command is deploy, and the configuration says what is done
	backwards      bool // the run takes down, and so goes from an environment's last step to the first
	phase          schema.Phase
	stderr, stdout tail // of the phase; some programs complain on standard output
	warnings       schema.Warnings

	configured *schema.ToolValues      // what Configure read last; nil where it could not
	exported   map[string]exported     // the variables that Configure set
	within     context.Context         // of the step; nil for none
	source     sourced                 // what ReadVariables sourced last
	read       map[string]readVariable // those that ReadVariables set
	hooked     map[string]bool         // those that hooks set
	told       map[string]bool         // what was told once
	mask       *maskFile               // nil where no hook could write to it
	owned      *schema.Identity        // what the step owns, once its tool said so
}

// RealPath resolves the symbolic links of a path, as far as it exists.
func (c *Call) RealPath(name string) string {
	if c.Real == nil {
		return (&realPaths{}).of(name)
	}
	return c.Real(name)
}

// NewCall returns the call of a step that is about to begin.
func NewCall(o CallOptions) *Call {
	return &Call{CallOptions: o, deploys: o.Command == schema.CommandDeploy, backwards: o.Command.Destroys()}
}

// Hide makes texts known that must not be shown from now on.
func (c *Call) Hide(texts ...string) {
	if c.Secrets != nil {
		c.Secrets(texts...)
	}
}

// Claim says what the step owns. It must be called before anything is changed, and fails when the step may not have that.
func (c *Call) Claim(ctx context.Context, id *schema.Identity) error {
	c.owned = id
	if id == nil {
		return nil
	}
	if err := c.checkPins(id); err != nil || c.Claims == nil {
		return err
	}
	return c.Claims(ctx, id, c.Command.Previews())
}

// Removes tells that the step is taken down in an apply, because its configuration says so. It is remembered as destroyed
// then. A protected environment is a *Failure.
func (c *Call) Removes() error {
	if c.Step.Protect {
		return Failuref("the configuration says to remove this step, and environment %q is protected", c.Step.Environment)
	}
	c.Command = schema.CommandDestroy
	return nil
}

// Phase tells that a part of the step begins; what says what runs, in a few words.
func (c *Call) Phase(phase schema.Phase, what string) {
	c.phase = phase
	c.stderr, c.stdout = tail{}, tail{}
	c.Observe(schema.Event{Type: schema.EventPhaseStarted, Step: c.Step.Name, Phase: phase, Text: what})
}

// Progress tells what the tool is doing right now. The log has a line that says so too.
func (c *Call) Progress(format string, args ...any) {
	c.Observe(schema.Event{Type: schema.EventProgress, Step: c.Step.Name, Phase: c.phase, Text: fmt.Sprintf(format, args...)})
}

// Notice tells something worth knowing that stops nothing.
func (c *Call) Notice(format string, args ...any) {
	c.Observe(schema.Event{Type: schema.EventNotice, Step: c.Step.Name, Text: fmt.Sprintf(format, args...)})
}

// Warn counts a warning of the tool, which the log has already.
func (c *Call) Warn(w schema.Warning) { c.warnings.Add(w) }

// Warning is Notice for what a person has to look at: it counts as a warning.
func (c *Call) Warning(format string, args ...any) {
	c.Notice(format, args...)
	c.Warn(schema.Warning{Text: fmt.Sprintf(format, args...)})
}

// warned returns the warnings so far, nil for none.
func (c *Call) warned() *schema.Warnings {
	if c.warnings.Count == 0 {
		return nil
	}
	return &c.warnings
}

// Log writes one line to the step's log. stream is stdout or stderr.
func (c *Call) Log(stream, text string) { c.line(stream, process.Line{Text: text}) }

func (c *Call) line(stream string, l process.Line) {
	if stream == "stderr" {
		c.stderr.add(l)
	} else {
		c.stdout.add(l)
	}
	c.Observe(schema.Event{
		Type: schema.EventOutputLine, Step: c.Step.Name, Phase: c.phase, Stream: stream, Text: l.Text, Partial: l.Partial,
	})
}

// ProgramCall is one start of a program within a step.
type ProgramCall struct {
	Name   string
	Args   []string
	Dir    string            // default: the step's directory
	Extra  map[string]string // variables for this start only
	Stdout func(line string) // instead of the log: the tool reads the lines and logs what a person should see
	Grace  time.Duration     // from the interrupt to the kill, when the usual one is too short

	InterruptAlone bool // the program ends its children itself when it is interrupted

	Prints func(process.Line) // sees what goes to the log from standard output; may be nil

	Warns func(line string) // sees each line of standard error, for warnings; may be nil
}

// Run starts a program in the step's directory with the step's variables, and writes its output to the log. A program
// that exits with another code than 0 is no error here.
func (c *Call) Run(ctx context.Context, p ProgramCall) (process.Result, error) {
	dir := p.Dir
	if dir == "" {
		dir = c.Directory
	}
	var out lineJoiner
	command := process.Command{
		Name: p.Name, Args: p.Args, Dir: dir, Env: c.Variables.With(p.Extra).Environ(), Grace: p.Grace,
		InterruptAlone: p.InterruptAlone,
	}
	command.Arrived = c.mask.read
	command.Stderr = func(l process.Line) {
		c.line("stderr", l)
		if p.Warns != nil && !l.Partial {
			p.Warns(l.Text)
		}
	}
	command.Stdout = func(l process.Line) {
		if p.Stdout == nil {
			c.line("stdout", l)
			if p.Prints != nil {
				p.Prints(l)
			}
		} else if text, whole := out.add(l); whole {
			p.Stdout(text)
		}
	}
	return c.Runner.Run(ctx, command)
}

// lineJoiner puts the pieces of a long line together again: a JSON document on one line must stay whole.
type lineJoiner struct{ pieces strings.Builder }

func (j *lineJoiner) add(l process.Line) (string, bool) {
	if j.pieces.Len() == 0 && !l.Partial {
		return l.Text, true
	}
	j.pieces.WriteString(l.Text)
	if l.Partial {
		return "", false
	}
	text := j.pieces.String()
	j.pieces.Reset()
	return text, true
}

// Must is Run for a program that has to succeed: another exit code is a *Failure with the program's last lines.
func (c *Call) Must(ctx context.Context, p ProgramCall) error {
	result, err := c.Run(ctx, p)
	if err != nil {
		return err
	}
	if result.ExitCode != 0 {
		return c.Failed(p, result)
	}
	return nil
}

// Failed returns the failure of a program that has ended.
func (c *Call) Failed(p ProgramCall, result process.Result) *Failure {
	lines := c.stderr.lines
	if len(lines) == 0 {
		lines = c.stdout.lines
	}
	what := strings.TrimSpace(filepath.Base(p.Name) + " " + firstWord(p.Args))
	message := fmt.Sprintf("%s exited with code %d", what, result.ExitCode)
	if result.Signal != 0 {
		message = fmt.Sprintf("%s was ended by signal %d (%s)", what, int(result.Signal), result.Signal)
	}
	return &Failure{Message: message, ExitCode: result.ExitCode, Lines: lines}
}

func firstWord(args []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") && !strings.Contains(arg, "/") {
			return arg
		}
	}
	return ""
}

// PrivateFile writes a file that only the user can read and that is removed when the step ends, and returns its
// absolute path. Values that can be sensitive are handed over this way, never as arguments.
func (c *Call) PrivateFile(name string, content []byte) (string, error) {
	file := filepath.Join(c.Private, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return file, nil
}

// Publish copies a file of the step's directory back to the checkout, when it differs there.
func (c *Call) Publish(name string) error {
	rel, err := filepath.Rel(c.Workspace.Directory, filepath.Join(c.Directory, name))
	if err != nil {
		return err
	}
	_, err = c.Workspace.Publish(filepath.ToSlash(rel))
	return err
}

package environments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/bitops-engine/bitops/schema"
)

// Tool drives one deployment tool. An implementation keeps no state between calls and is safe for concurrent use; the
// calls of one environment never overlap.
//
// Plan, Apply and Destroy return a *Failure when the program failed. Any other error is a failure too, with less to
// show. When ctx is done they return soon, with whatever error.
type Tool interface {
	// Name is the name that manifests use.
	Name() schema.ToolName

	// Inspect reads what the files of a directory declare. It starts no process and needs no program. The positions of
	// the problems are relative to the repository.
	Inspect(d schema.Directory) (schema.Interface, schema.Problems)

	// Private reports whether a file belongs to the tool alone, such as its caches and local state: it is copied neither
	// into a workspace nor out of it. The name is relative to the environment's directory, with slashes.
	Private(name string, isDir bool) bool

	// Plan finds out what Apply would change, and changes nothing. Outputs that are not known before Apply are unknown
	// values in the Result.
	Plan(ctx context.Context, c *Call) (Result, error)

	// Apply makes it so.
	Apply(ctx context.Context, c *Call) (Result, error)

	// PlanDestroy finds out what Destroy would remove.
	PlanDestroy(ctx context.Context, c *Call) (Result, error)

	// Destroy takes everything of the step down. Nothing to take down is no failure.
	Destroy(ctx context.Context, c *Call) (Result, error)

	// Outputs reads what the step left behind earlier, sensitive values included. A step that is not deployed has none.
	Outputs(ctx context.Context, c *Call) (schema.Values, error)

	// Deployed asks the tool whether anything of the step exists. ErrCannotTell means that nobody can be asked.
	Deployed(ctx context.Context, c *Call) (bool, error)

	// Programs names the programs that the step needs, for doctor.
	Programs(repository, dir string) []Program
}

// ErrCannotTell is the answer of a tool that keeps no account of what it deployed.
var ErrCannotTell = errors.New("the tool keeps no account of what is deployed")

// Skipper is a Tool whose configuration can say that a step is left out, hooks and all.
type Skipper interface {
	// Skip returns why the step is left out, or "".
	Skip(c *Call) (reason string, err error)
}

// Expander is a Tool that makes several steps of one directory, such as one for each chart in it.
type Expander interface {
	// Deployments returns the directories of the steps, relative to dir and sorted: "." for dir itself, none where there is
	// nothing to deploy. It starts no process. dir is relative to the repository, and so are the positions of the problems.
	Deployments(repository, dir string) ([]string, schema.Problems)
}

// Checker is a Tool that can find out before a run whether its programs will do.
type Checker interface {
	// Check returns a *Failure when a program that the step needs is missing or too old, or when the step's configuration
	// cannot be obeyed by the call's command. The call's workspace may not
	// exist yet; its Directory is the step's directory in the checkout.
	Check(ctx context.Context, c *Call) error
}

// Preparer is a Tool that can get a step's directory ready before its values are known and before anything that it depends
// on has run.
type Preparer interface {
	// Prepare does what Plan, Apply and Destroy would otherwise begin with, and which they find done. It changes nothing but
	// the workspace.
	Prepare(ctx context.Context, c *Call) error
}

// Keeper is a Tool whose files in a workspace can be all that there is of something.
type Keeper interface {
	// Keeps looks at a workspace, and returns a function that reports whether a file in it must stay, named relative to the
	// workspace with slashes.
	Keeps(workspace string) func(name string) bool
}

// Configured is a Tool with a configuration file of its own.
type Configured interface {
	// ConfigurationSchema returns the JSON Schema of the tool's bitops.config.yaml.
	ConfigurationSchema() ([]byte, error)
}

// Layered is a Tool that is given some files of the defaults and of the environment one after the other.
type Layered interface {
	// Layers reports whether a file, by its name relative to the environment's directory, is such a file and must not be
	// merged with its default.
	Layers(name string) bool
}

// Hooked is a Tool that can keep the hooks of its steps from running.
type Hooked interface {
	// Hooks reports whether the before and the after hooks run.
	Hooks() (before, after bool)
}

// Choosy is a Tool of whose hooks BitOps left some out.
type Choosy interface {
	// LeftOut returns why BitOps did not run a hook of a step's directory, or "".
	LeftOut(hook fs.FileMode) string
}

// Owner is a Tool whose steps own something in the world by name: a state, a stack, a release.
//
// A tool that is one calls [Call.Claim] in Plan, Apply, PlanDestroy and Destroy, as soon as it knows what the step owns and
// before it changes anything.
type Owner interface {
	// Owns reports whether the tool can say what its steps own.
	Owns() bool

	// Declared returns what the files and variables of a step say that it owns, nil where they do not tell. It starts no
	// process and asks nobody. The call's workspace does not exist: its Directory is the one in the checkout, and defaults
	// that lie under it are in below, which may not exist.
	Declared(c *Call, below schema.Directory) *schema.Identity

	// Identify is Declared with what the caller's settings add, for which it may ask the network. It returns nil where the
	// tool cannot tell before the step runs.
	Identify(ctx context.Context, c *Call, below schema.Directory) (*schema.Identity, error)
}

// Historian is an Owner that can tell from files here which history a thing has, wherever it was before.
type Historian interface {
	// Lineage returns the lineage of what an identity names, "" where files here do not tell.
	Lineage(id *schema.Identity) string
}

// Resident is a Tool that is itself made of files, which can lie in the repository.
type Resident interface {
	// Directory returns the directory of the tool's files, absolute, or "".
	Directory() string
}

// Program is a program that a tool starts.
type Program struct {
	Name        string   // as looked up in PATH
	VersionArgs []string // that make it print its version
	Minimum     string   // the oldest version that works, or ""
	Install     string   // how to get it, a sentence without a full stop

	// Unfit returns why a version is not the one that the step's configuration asks for, "" where it is, and At where it
	// asks for it. Asked for its version it must be in the step's directory, where a version manager may choose. Unfit is
	// nil where any version from Minimum on will do.
	Unfit func(version string) string
	At    schema.Position
}

// Result is what a tool did, or in a plan would do.
type Result struct {
	Changes *schema.Changes // nil when the tool cannot tell
	Told    []string        // what it printed as its plan, where people have to read that; see schema.Told
	Outputs schema.Values
	Skipped string // why the tool was not run at all, or ""

	// Deferred is why a plan cannot be made before something upstream is applied, though all inputs are known, or "":
	// the tool needs a file that an earlier step has still to write. With Changes that come first, it is why the rest
	// cannot be planned before they are made, and Error, if there is one, how planning it failed.
	Deferred string
	Error    error
}

// Failure is a program that failed: an expected thing, with what a person needs to see of it.
type Failure struct { //nolint:errname // the field's word: a step fails, bitops errs
	Message  string
	ExitCode int      // of the program
	Lines    []string // its last error lines
	Cause    error    // where it was no program that failed; may be nil

	// What trying again has to know. Errors are the program's errors one by one, where the tool can tell them apart: else
	// Message and Lines are one. Untouched says that the program had not changed anything yet, Final that to begin anew could
	// do harm.
	Errors    []string
	Untouched bool
	Final     bool
}

func (f *Failure) Error() string { return f.Message }
func (f *Failure) Unwrap() error { return f.Cause }

// StaleError says that a plan cannot be applied any more, because what it was made for has moved on. Nothing was changed.
type StaleError struct{ Reason string }

func (e *StaleError) Error() string { return e.Reason }

// HeldError says that a step stopped in the middle: what is left of it was planned just now, and a person has to look at that.
// Something was changed before.
type HeldError struct {
	Reason  string
	Changes *schema.Changes // that are left
}

func (e *HeldError) Error() string { return e.Reason }

// RefusedError says that a step may not touch what it is about to touch, because that belongs to something else. Nothing
// was changed.
type RefusedError struct {
	Reason string
	Hint   string // what to do; "" for nothing
}

func (e *RefusedError) Error() string {
	if e.Hint == "" {
		return e.Reason
	}
	return e.Reason + "; " + e.Hint
}

// Failuref returns a Failure without a program behind it.
func Failuref(format string, args ...any) *Failure {
	return &Failure{Message: fmt.Sprintf(format, args...)}
}

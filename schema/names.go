package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/bitops-engine/bitops/schema/terminal"
)

// EnvironmentName names an environment: a path-like word such as `backend` or `prod/backend`.
type EnvironmentName string

// StepName names a step by its path: environment, slash, deployment, as in `backend/terraform`.
type StepName string

// ToolName names a tool: terraform, ansible, helm, cloudformation or a plugin.
type ToolName string

// RunID names a run. In a run store, ids sort as the runs began; they are safe in file names.
type RunID string

// String returns the name as messages show it: on one line, and obeyed by no terminal. Files that others wrote can hold any
// name.
func (n EnvironmentName) String() string { return terminal.Visible(string(n)) }

// String returns the name as messages show it, like EnvironmentName.String.
func (n StepName) String() string { return terminal.Visible(string(n)) }

// String returns the id as messages show it, like EnvironmentName.String.
func (n RunID) String() string { return terminal.Visible(string(n)) }

// Command is what a run does to its steps.
type Command string

// The commands a run can execute.
const (
	CommandPlan    Command = "plan"
	CommandApply   Command = "apply"
	CommandDestroy Command = "destroy"
	// CommandPlanDestroy previews a destroy.
	CommandPlanDestroy Command = "plan-destroy"
	// CommandDrift previews an apply of what should be there already.
	CommandDrift Command = "drift"
	// CommandDeploy does with each step what its configuration says: plan, apply or destroy.
	CommandDeploy Command = "deploy"
)

// Effective returns what hooks are told: a preview of any kind is a plan.
func (c Command) Effective() Command {
	if c == CommandPlanDestroy {
		return CommandPlan
	}
	return c
}

// Previews reports whether the command changes nothing.
func (c Command) Previews() bool {
	return c == CommandPlan || c == CommandPlanDestroy || c == CommandDrift
}

// Destroys reports whether the command takes things down: dependents come first then.
func (c Command) Destroys() bool { return c == CommandDestroy || c == CommandPlanDestroy }

// longestName bounds an environment's name, in bytes.
const longestName = 200

// Valid reports whether the name can be used for an environment: words of letters, digits, `.`, `_` and `-` that begin
// with a letter or digit, joined by slashes, and not longer than 200 bytes.
func (n EnvironmentName) Valid() bool {
	if len(n) > longestName {
		return false
	}
	for word := range strings.SplitSeq(string(n), "/") {
		first, size := utf8.DecodeRuneInString(word)
		if !letterOrDigit(first) || strings.ContainsFunc(word[size:], func(r rune) bool {
			return !letterOrDigit(r) && r != '.' && r != '_' && r != '-'
		}) {
			return false
		}
	}
	return true
}

// Deployable reports whether `bitops deploy` can be given the name: as in BitOps any directory of the repository, such as _prod,
// .prod, eu+west or a@b. What means something in a pattern or a path, or cannot be shown, is not in it.
func (n EnvironmentName) Deployable() bool {
	if len(n) > longestName || !filepath.IsLocal(filepath.FromSlash(string(n))) || path.Clean(string(n)) != string(n) || n == "." {
		return false
	}
	return !strings.ContainsFunc(string(n), func(r rune) bool {
		return strings.ContainsRune(`\*?[]{}!:~"'<>|`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
}

// Composed returns a name in Unicode's composed form (NFC), in which a letter and its accent are one character. A name that
// looks the same can be written otherwise: macOS names files so.
func Composed[T ~string](name T) T { return T(norm.NFC.String(string(name))) }

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// Step returns the name of the environment's step for a deployment.
func (n EnvironmentName) Step(deployment string) StepName {
	return StepName(string(n) + "/" + deployment)
}

// longestFileName leaves room for endings within the 255 bytes that file systems allow.
const longestFileName = 200

// FileName returns the step's name as one file name: slashes become tildes, which no name holds, and a name that is too
// long for a file ends in its hash.
func (n StepName) FileName() string {
	name := strings.ReplaceAll(string(n), "/", "~")
	if len(name) <= longestFileName {
		return name
	}
	sum := sha256.Sum256([]byte(n))
	return strings.ToValidUTF8(name[:longestFileName-40], "") + "~~" + hex.EncodeToString(sum[:16])
}

// DefaultTools are the tools whose directories make an environment, in the order in which they run when nothing else
// is said.
var DefaultTools = []ToolName{"terraform", "ansible", "helm", "cloudformation"}

// ImageTools are the same tools in the order in which the image of BitOps v2 ran them, and `bitops deploy` does.
var ImageTools = []ToolName{"cloudformation", "terraform", "helm", "ansible"}

package environments

import (
	"context"
	"maps"
	"os"

	"github.com/bitops-engine/bitops/schema"
)

// Versioned is a Tool that can tell which version of its program a step would run.
type Versioned interface {
	// Version returns program and version, as in "terraform 1.11.4". It asks the program at most once a run. The call's
	// workspace may not exist yet; its Directory is the step's directory in the checkout.
	Version(ctx context.Context, c *Call) (string, error)
}

// Fingerprint returns what a step would run with now. Inputs are all values it is given, by any way. Like is an earlier
// fingerprint that this one will be compared with; it may be nil. An environment's files count as they are when the run first
// asks for them; what they refer to counts as it is now where there is something to compare with.
func (l *Lifecycle) Fingerprint(
	ctx context.Context, step *schema.Step, inputs schema.Values, like *schema.Fingerprint,
) (*schema.Fingerprint, error) {
	compared := like != nil
	if !compared {
		like = &schema.Fingerprint{}
	}
	f := schema.Fingerprint{Version: schema.FingerprintVersion}
	var err error
	if f.Manifest, err = schema.HashOf([]string{step.EnvironmentPath, step.Deployment, string(step.Tool)}); err != nil {
		return nil, err
	}
	if f.Files, f.Locks, err = l.files().of(step.EnvironmentPath, step.Deployment, l.Default, compared, like.Files); err != nil {
		return nil, err
	}
	if f.Inputs, err = lasting(step, inputs).Hashes(like.Inputs); err != nil {
		return nil, err
	}
	if f.Variables, err = l.variableHashes(step, like); err != nil {
		return nil, err
	}
	f.Tool = l.version(ctx, step)
	return &f, context.Cause(ctx)
}

// lasting returns the values as they count. Those of ephemeral inputs are others each time by nature: where no hook may use
// them, no more counts than that there is one.
func lasting(step *schema.Step, inputs schema.Values) schema.Values {
	if step.Interface.AnyInput {
		return inputs
	}
	all := maps.Clone(inputs)
	for name := range all {
		if declared, ok := step.Interface.Input(name); ok && declared.Ephemeral {
			all[name] = schema.Text("set")
		}
	}
	return all
}

// Files returns the files that a step is made of, with slashes and relative to the repository, sorted.
func (l *Lifecycle) Files(step *schema.Step) ([]string, error) {
	return l.files().names(step.EnvironmentPath, step.Deployment, l.Default)
}

// after returns the fingerprint of a step that has run: its tool may have written lock files into the checkout. What counts
// is both, because the next one to compare may be in this checkout, or in a fresh one of the same commit.
func (l *Lifecycle) after(r Request) *schema.Fingerprint {
	if r.Fingerprint == nil {
		return nil
	}
	f := *r.Fingerprint
	if locks, err := l.files().locks(r.Step.Directory()); err == nil && !maps.Equal(locks, f.Locks) {
		f.Written = locks
	}
	return &f
}

// files returns what hashes the checkout's files in this run.
func (l *Lifecycle) files() *sources {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sources == nil {
		l.sources = l.newSources()
	}
	return l.sources
}

func (l *Lifecycle) newSources() *sources {
	return &sources{
		repository: l.Repository, files: os.DirFS(l.Repository), exclude: l.private, environment: func(path string) bool { return l.Paths[path] },
	}
}

// version returns the version of the step's program, or "" where its tool has none or cannot say: then it is the tool's
// to complain, if the step runs at all.
func (l *Lifecycle) version(ctx context.Context, step *schema.Step) string {
	versioned, ok := l.tool(step.Tool).(Versioned)
	if !ok {
		return ""
	}
	found, err := versioned.Version(ctx, l.outside(step))
	if err != nil {
		return ""
	}
	return found
}

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/term"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/executor/signing"
	"github.com/bitops-engine/bitops/schema"
)

// clockSkew is how far the clock of a machine that signs may be ahead.
const clockSkew = 5 * time.Minute

// signingKey returns what signs with a key. Done ends its use.
func (g *global) signingKey(ctx context.Context, file string) (signer ssh.Signer, done func(), err error) {
	keys := signing.Keys{Agent: g.variable("SSH_AUTH_SOCK")}
	if g.interactive() {
		keys.Passphrase = g.passphrase
	}
	return keys.Signer(ctx, g.at(file))
}

// passphrase asks for the passphrase of a key, without showing it.
func (g *global) passphrase(file string) ([]byte, error) {
	in, ok := g.In.(*os.File)
	if !ok {
		return nil, errors.New("there is no terminal")
	}
	fmt.Fprintf(g.Err, "Passphrase of %s: ", file)
	defer fmt.Fprintln(g.Err)
	return term.ReadPassword(int(in.Fd()))
}

// sign returns the signature of a plan.
func (s *session) sign(ctx context.Context, plan *schema.SavedPlan, digest string) (*archive.Signature, error) {
	statement := s.statement(ctx, plan, digest)
	statement.Time = time.Now().UTC()
	text, err := json.MarshalIndent(statement, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	armor, err := signing.Sign(text, s.seal.signer)
	return &archive.Signature{Statement: text, Armor: armor}, err
}

// statement returns what the signature of a plan says in this repository, but for its time.
func (r *repository) statement(ctx context.Context, plan *schema.SavedPlan, digest string) *schema.PlanStatement {
	return &schema.PlanStatement{
		Version: schema.PlanStatementVersion, Digest: digest, Repository: r.origin(ctx), Command: plan.Command, Selection: stepsOf(plan.Report),
	}
}

// demandsSignature reports whether only signed plan files may be applied: the manifest of this checkout says so, or the flag.
func (r *repository) demandsSignature(o *pinOptions) bool {
	return r.manifest.Plans.Required || o.signers != ""
}

// trusted checks the signature of a plan file: by the signers of this checkout's manifest, and by those of the flag. A plan
// without one is an error where one is demanded.
func (r *repository) trusted(ctx context.Context, o *pinOptions, f *planFile) error {
	if f.Signature == nil {
		if !r.demandsSignature(o) {
			return nil
		}
		return r.unsigned(f, "it is not signed, and only signed plans may be applied here")
	}
	lists, err := r.signers(o)
	for _, list := range lists {
		if reason := r.judge(ctx, list, f); reason != "" {
			return r.unsigned(f, reason)
		}
	}
	return err
}

func (r *repository) unsigned(f *planFile, reason string) error {
	return &PlanUnfitError{
		File: f.name, Reasons: []string{reason},
		Instead: fmt.Sprintf("Make a new plan with the key of an allowed signer: bitops plan -o %s --sign KEY", shellWord(f.name)),
	}
}

// signers reads the files of allowed signers.
func (r *repository) signers(o *pinOptions) (lists []*signing.Signers, err error) {
	if file := r.manifest.Plans.Signers; file.Text != "" {
		list, err := r.signersOf(file.Text)
		if err != nil {
			return nil, r.placed(schema.Problems{schema.Errorf(file.Position, "plans.signers: %v", err)})
		}
		lists = append(lists, list)
	}
	if o.signers != "" {
		text, err := os.ReadFile(r.at(o.signers))
		if err != nil {
			return nil, &UsageError{Command: "bitops apply", Err: fmt.Errorf("--signers: %w", err)}
		}
		list, err := signing.ParseSigners(o.signers, text)
		if err != nil {
			return nil, &UsageError{Command: "bitops apply", Err: fmt.Errorf("--signers: %w", err)}
		}
		lists = append(lists, list)
	}
	return lists, nil
}

// signersOf reads a file of allowed signers in the repository: nothing outside of it, also not by a symbolic link.
func (r *repository) signersOf(file string) (*signing.Signers, error) {
	root, err := os.OpenRoot(r.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	text, err := root.ReadFile(filepath.FromSlash(file))
	if err != nil {
		return nil, err
	}
	return signing.ParseSigners(file, text)
}

// judge says why a list of signers does not let a plan file be applied, or "".
func (r *repository) judge(ctx context.Context, list *signing.Signers, f *planFile) string {
	var statement schema.PlanStatement
	if err := json.Unmarshal(f.Signature.Statement, &statement); err != nil {
		return fmt.Sprintf("what is signed cannot be read: %v", err)
	}
	now := time.Now()
	if _, err := list.Verify(f.Signature.Statement, f.Signature.Armor, now, statement.Time); err != nil {
		return err.Error()
	}
	differences := statement.Differences(r.statement(ctx, f.Plan, f.Digest))
	if !f.Complete() {
		differences = append(differences, "an older bitops made it, so its signature does not cover what it applies")
	}
	if statement.Time.After(now.Add(clockSkew)) {
		differences = append(differences, "it was signed in the future: "+statement.Time.Format(time.RFC3339))
	}
	return strings.Join(differences, "; ")
}

// unplanned refuses a command that applies no plan file where only signed ones may be applied.
func (r *repository) unplanned(act schema.Command) error {
	if !r.manifest.Plans.Required {
		return nil
	}
	plan := "bitops plan"
	if act.Destroys() {
		plan += " --destroy"
	}
	problem := schema.Errorf(r.manifest.Plans.Position, "only signed plan files may be applied in this repository, so %s needs one", act).
		WithHint("make it: %s -o plan.bitops --sign KEY, and apply it: bitops apply plan.bitops", plan)
	return r.placed(schema.Problems{problem})
}

// origin says which repository this is, whatever the checkout: the host and path of git's origin, and the directory in it. It is
// "" where git does not know.
func (r *repository) origin(ctx context.Context) string {
	remote := r.gitLine(ctx, "config", "--get", "remote.origin.url")
	if remote == "" {
		return ""
	}
	name := schema.RepositoryName(remote)
	if prefix := r.gitLine(ctx, "rev-parse", "--show-prefix"); prefix != "" {
		name += "//" + strings.Trim(prefix, "/")
	}
	return name
}

// gitLine returns the line that git prints, "" where it fails.
func (r *repository) gitLine(ctx context.Context, args ...string) string {
	var found string
	result, err := r.Runner.Run(ctx, process.Command{
		Name: "git", Args: args, Dir: r.root, Env: r.Environ,
		Stdout: func(l process.Line) { found = l.Text }, Stderr: func(process.Line) {},
	})
	if err != nil || result.ExitCode != 0 {
		return ""
	}
	return found
}

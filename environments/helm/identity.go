package helm

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A step of helm owns a release: of a name, in a namespace of a cluster.

var _ environments.Owner = (*Helm)(nil)

// Owns implements environments.Owner.
func (*Helm) Owns() bool { return true }

// Declared implements environments.Owner: the cluster is not known without asking.
func (t *Helm) Declared(c *environments.Call, below schema.Directory) *schema.Identity {
	read, ok := declared(c, below)
	if !ok {
		return nil
	}
	var key strings.Builder
	fmt.Fprintf(&key, "helm release %s in namespace %s", read.name, read.namespace)
	for _, where := range []struct{ name, value string }{
		{"kubeconfig", read.kubeconfig}, {"cluster", read.cluster},
	} {
		if where.value != "" {
			fmt.Fprintf(&key, ", %s %s", where.name, where.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Step.Env)) { // what all steps have in common tells none from another
		if strings.Contains(name, "KUBE") || strings.HasPrefix(name, "AWS_") {
			fmt.Fprintf(&key, ", %s %s", name, schema.HashBytes([]byte(c.Step.Env[name])))
		}
	}
	return &schema.Identity{Key: key.String() + c.Step.PinnedTo(), Guessed: true}
}

// Identify implements environments.Owner.
func (t *Helm) Identify(ctx context.Context, c *environments.Call, below schema.Directory) (*schema.Identity, error) {
	read, ok := declared(c, below)
	if !ok {
		return nil, nil
	}
	s := newSession(c, read)
	s.clusters = &t.clusters
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s.identity(ctx)
}

// declared reads what the files in the checkout say.
func declared(c *environments.Call, below schema.Directory) (settings, bool) {
	d := configurationDirectory(schema.Directory{Root: c.Root(), Name: c.Step.Directory()})
	values, problems := unfinishedSchema().ResolveFor(d, c.ToolVariables())
	lower := configurationDirectory(below)
	if _, there := lower.ConfigurationFile(); there {
		defaults, more := unfinishedSchema().Resolve(lower, nil)
		values, problems = values.Over(defaults), append(problems, more...)
	}
	if problems = append(problems, values.Expand(c.Scope())...); problems.HasErrors() {
		return settings{}, false
	}
	read, more := settingsFrom(values, path.Base(c.Step.Directory()), !c.Deploys())
	return read, !more.HasErrors() && read.namespace != ""
}

// claim tells what the step owns. Where the cluster does not tell who it is, a preview goes on, and helm says what is wrong;
// nothing is changed in a cluster that is not known. The context needs no cluster.
func (s *session) claim(ctx context.Context) error {
	if err := s.CheckPin(schema.TargetContext, s.context()); err != nil {
		return err
	}
	id, err := s.identity(ctx)
	switch {
	case err == nil:
		return s.Claim(ctx, id)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.Command.Previews() || s.Claims == nil:
		return nil
	}
	return s.retryable(err)
}

func (s *session) identity(ctx context.Context) (*schema.Identity, error) {
	found, err := s.target(ctx)
	if err != nil {
		return nil, err
	}
	cluster := cmp.Or(found.Cluster, found.Server)
	id := &schema.Identity{
		Key:    fmt.Sprintf("helm release %s in namespace %s of cluster %s", found.Release, found.Namespace, cluster),
		Target: map[string]string{schema.TargetCluster: found.Server},
	}
	if name := s.context(); name != "" {
		id.Target[schema.TargetContext] = name
	}
	return id, nil
}

// Context is an environments.Locator: it returns the context of the kubeconfig that a step's variables choose. A step of
// helm itself may choose another one in its configuration, which it tells with what it owns.
func (*Helm) Context(_ context.Context, c *environments.Call) (string, error) {
	if c.Step.Tool == "helm" {
		return c.Step.Target[schema.TargetContext], nil
	}
	return (&session{Call: c}).context(), nil
}

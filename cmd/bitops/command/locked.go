package command

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/executor/store"
	"github.com/bitops-engine/bitops/schema"
)

// lockOptions are the flags of the commands that need an environment for themselves.
type lockOptions struct {
	lockTimeout time.Duration
	lockLease   time.Duration
}

// shortestLease leaves time for a few requests to a bucket.
const shortestLease = 2 * time.Second

func (o *lockOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&o.lockTimeout, "lock-timeout", 0,
		"wait up to this `DURATION`, like 10m, for another bitops that runs in one of the environments")
	cmd.Flags().DurationVar(&o.lockLease, "lock-lease", store.DefaultLease,
		"how long a lock in a shared run store stays valid after its holder was heard of last")
}

// holder says who this process is, and what it wants.
func holder(command schema.Command, names ...schema.EnvironmentName) store.Holder {
	host, _ := os.Hostname()
	return store.Holder{Command: command, Process: os.Getpid(), Host: host, User: userName(), Since: time.Now(), Environments: names}
}

// userName is the name of the user that this process runs as, or the number of one without a name.
var userName = sync.OnceValue(func() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
})

// selectedEnvironments returns the environments that a plan runs.
func selectedEnvironments(plan *schema.Plan) []schema.EnvironmentName {
	var names []schema.EnvironmentName
	seen := map[schema.EnvironmentName]bool{}
	for i := range plan.Steps {
		if step := &plan.Steps[i]; step.Selected && !seen[step.Environment] {
			seen[step.Environment] = true
			names = append(names, step.Environment)
		}
	}
	return names
}

// lock takes environments for this process, and says so when it has to wait for them.
func (r *repository) lock(ctx context.Context, o *lockOptions, s *store.Store, h store.Holder) (store.Lock, error) {
	if o.lockLease != 0 && o.lockLease < shortestLease {
		return nil, &UsageError{Command: "bitops", Err: fmt.Errorf("--lock-lease must be at least %s, not %s", shortestLease, o.lockLease)}
	}
	h.Marker = r.Marker
	return s.Lock(ctx, h, store.LockOptions{
		Timeout: o.lockTimeout, Lease: o.lockLease,
		Waiting: func(e *store.LockedError, upTo time.Duration) {
			r.say("bitops: waiting up to %s for another bitops, which is at work in %s: %s", upTo, e.Where(), e.Holder)
		},
		Alone: func() { environments.RemoveLeftovers(r.store()) },
		Keep:  r.Keep,
	})
}

// locked is a sink that fails when nothing new may start, because somebody else could be at work there by now.
func (s *session) locked(e schema.Event) error {
	if e.Type != schema.EventStepStarted {
		return nil
	}
	return s.lock.Assured()
}

// whileLocked returns a context that ends as well when somebody else takes the lock.
func (s *session) whileLocked(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	gone := s.lock.Gone()
	stop := context.AfterFunc(gone, func() { cancel(context.Cause(gone)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// runner returns what takes the steps of a plan through their lifecycle.
func (s *session) runner(id schema.RunID, plan *schema.Plan) guarded {
	return guarded{Lifecycle: s.lifecycle(id, plan), session: s, command: plan.Command}
}

// guarded is a lifecycle that asks the tools of environments that the session has not locked too, each while it holds the lock
// of that environment: their workspaces may be somebody else's at the moment.
type guarded struct {
	*environments.Lifecycle
	session *session
	command schema.Command
}

var _ executor.Runner = guarded{}

// Outputs implements executor.Runner.
func (g guarded) Outputs(ctx context.Context, step *schema.Step, observe func(schema.Event)) (schema.Values, error) {
	leave, err := g.enter(ctx, step)
	if err != nil {
		return nil, err
	}
	defer leave()
	return g.Lifecycle.Outputs(ctx, step, observe)
}

// Deployed implements executor.Runner.
func (g guarded) Deployed(ctx context.Context, step *schema.Step, observe func(schema.Event)) (bool, error) {
	leave, err := g.enter(ctx, step)
	if err != nil {
		return false, err
	}
	defer leave()
	return g.Lifecycle.Deployed(ctx, step, observe)
}

// enter takes the lock of a step's environment, unless the session has it already, and returns what gives it back.
func (g guarded) enter(ctx context.Context, step *schema.Step) (leave func(), err error) {
	s := g.session
	end := s.lock.turn(step.Environment)
	if s.lock.has(step.Environment) {
		end()
		return func() {}, nil
	}
	lock, err := s.repository.lock(ctx, &s.options.lockOptions, s.store, holder(g.command, step.Environment))
	if err != nil {
		end()
		return nil, fmt.Errorf("ask %s what it left behind: %w", step.Name, err)
	}
	return func() {
		_ = lock.Release() // at worst it goes with the process
		end()
	}, nil
}

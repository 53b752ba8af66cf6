package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/terminal"
)

// Holder is who is at work, and where: a process, and the environments that nobody else may touch meanwhile.
type Holder struct {
	Run          schema.RunID             `json:"run,omitempty"` // the one it is executing, or "" between runs
	Command      schema.Command           `json:"command"`
	Process      int                      `json:"process"`
	Host         string                   `json:"host"`
	User         string                   `json:"user,omitempty"` // "" when it is not known
	Since        time.Time                `json:"since"`
	Environments []schema.EnvironmentName `json:"environments,omitempty"`
	Heard        time.Time                `json:"-"`                    // of a holder on another machine: the last sign of life, by its clock
	Everything   bool                     `json:"everything,omitempty"` // all environments, whatever their names
	Marker       string                   `json:"marker,omitempty"`     // by which the processes are known that it has started
	Left         []string                 `json:"-"`                    // of these, the living ones, where nothing else of it lives
	Silent       bool                     `json:"-"`                    // of a holder on another machine: not heard of for the length of its lease, by its clock
	Lost         bool                     `json:"-"`                    // the same, measured by this process; or its process is gone
}

// String says who it is in one line.
func (h Holder) String() string {
	what := cmp.Or(string(h.Command), "bitops")
	if h.Run != "" {
		what += ", run " + string(h.Run)
	}
	where := fmt.Sprintf("process %d on %s", h.Process, h.Host)
	if h.User != "" {
		where += ", user " + h.User
	}
	text := fmt.Sprintf("%s, %s, since %s", what, where, h.Since.Local().Format(time.DateTime))
	if len(h.Left) > 0 {
		text += ", which was killed together with its guard, while what it had started goes on: " + h.left()
	} else if h.dead() {
		text += ", which was killed; what it had started is being ended"
	}
	if !h.Heard.IsZero() {
		text += ", last heard of at " + h.Heard.Local().Format(time.TimeOnly)
	}
	return terminal.Visible(text)
}

// left names what it has left, or the first of it.
func (h Holder) left() string {
	text := strings.Join(h.Left[:min(mostNamed, len(h.Left))], ", ")
	if more := len(h.Left) - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// survived finds out what is alive of what a holder of this machine has started, and reports whether anything is.
func (h *Holder) survived(find func(marker string) []string) bool {
	host, _ := os.Hostname()
	if find != nil && h.Host == host && h.Marker != "" {
		h.Left = find(h.Marker)
	}
	return len(h.Left) > 0
}

// dead reports whether the process of this machine is known to be gone. Its lock is there for as long as something that it
// started is.
func (h Holder) dead() bool {
	return h.Heard.IsZero() && h.missing()
}

// missing reports whether this machine has the name of the holder's, and not its process.
func (h Holder) missing() bool {
	host, _ := os.Hostname()
	return h.Host == host && h.Process > 0 && errors.Is(syscall.Kill(h.Process, 0), syscall.ESRCH)
}

// is reports whether two are the same process at the same work.
func (h Holder) is(o Holder) bool {
	return h.Process == o.Process && h.Host == o.Host && h.Since.Equal(o.Since)
}

// overlap returns the environments that both want, and whether there is anything at all that both do.
func (h Holder) overlap(o Holder) (shared []schema.EnvironmentName, overlaps bool) {
	switch {
	case h.Everything && o.Everything:
		return nil, true
	case h.Everything:
		return o.Environments, true
	case o.Everything:
		return h.Environments, true
	}
	mine := make(map[schema.EnvironmentName]bool, len(h.Environments))
	for _, name := range h.Environments {
		mine[name] = true
	}
	for _, name := range o.Environments {
		if mine[name] {
			shared = append(shared, name)
		}
	}
	slices.Sort(shared)
	return shared, len(shared) > 0
}

// LockedError says that somebody else is at work in an environment.
type LockedError struct {
	Holder       Holder
	Environments []schema.EnvironmentName // that both want; none means the whole repository
}

func (e *LockedError) Error() string {
	if len(e.Holder.Left) > 0 {
		return fmt.Sprintf("no lock for %s: %v", e.Where(), &LeftError{Holder: e.Holder})
	}
	return fmt.Sprintf("another bitops is at work in %s: %s", e.Where(), e.Holder)
}

// LeftError says that a lock cannot be had while what its dead holder has started is alive.
type LeftError struct{ Holder Holder }

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s. The lock ends with that: wait for it with --lock-timeout 10m, or end it with `kill -INT PROCESS`", e.Holder)
}

// mostNamed is how many environments are named in one line.
const mostNamed = 3

// Where says in which environments.
func (e *LockedError) Where() string {
	if len(e.Environments) == 0 {
		return "this repository"
	}
	var names []string
	for _, name := range e.Environments[:min(mostNamed, len(e.Environments))] {
		names = append(names, string(name))
	}
	if more := len(e.Environments) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

package process

import (
	"crypto/rand"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Marker is the variable by which the descendants of a Command are recognised. Its value is a path of tokens: that
// of a bitops run by a program of another bitops comes after the outer one's.
const Marker = "BITOPS_PROCESS"

// patience bounds the time spent on waiting for killed processes to be gone.
const patience = 2 * time.Second

// A family knows which children of bitops are programs it started, and to which Command the others belong.
type family struct {
	prefix string // of every token issued by this process
	adopt  sync.Once

	mu      sync.Mutex
	issued  int
	running map[string]bool // the tokens of the Commands that run
	guard   int             // the process that outlives this one, or 0
	leaders map[int]bool    // the programs that os/exec waits for: nobody else may reap them
	// starting counts Commands whose program may exist already and is not in leaders yet.
	starting int
	// doomed are the orphans that were killed and not reaped yet, so their numbers are still theirs. The value tells
	// whether waiting for them makes sense.
	doomed map[int]bool
}

// children is the family of this process. There is one, as the kernel has one list of children.
var children = family{
	prefix:  rand.Text(),
	running: map[string]bool{},
	leaders: map[int]bool{},
	doomed:  map[int]bool{},
}

// Token returns what the programs that this process starts are known by: see Left.
func Token() string { return children.prefix }

// Survivors ends whatever programs that have finished left behind, which Run has done already unless it could not,
// and returns the ids of the processes that are still alive, in ascending order: programs that still run, and
// orphans that cannot be killed (another user's, or stuck in the kernel). After the last Run has returned, an empty
// result means that nothing bitops started is alive. Elsewhere than on Linux it knows running programs only.
func Survivors() []int {
	children.sweep()
	f := &children
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(union(f.leaders, f.doomed)))
}

// begin issues the token of a Command about to be started.
func (f *family) begin() string {
	f.adopt.Do(adoptOrphans)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.issued++
	f.starting++
	token := f.prefix + "." + strconv.Itoa(f.issued)
	f.running[token] = true
	return token
}

// guardedBy remembers the guard, which is a child and no program.
func (f *family) guardedBy(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.guard = pid
}

// abandon takes back a token whose program could not be started.
func (f *family) abandon(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starting--
	delete(f.running, token)
}

// started records the program of a Command.
func (f *family) started(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.starting--
	f.leaders[pid] = true
}

// finish forgets a Command whose program is reaped, and ends the orphans it left.
func (f *family) finish(token string, pid int) {
	f.mu.Lock()
	delete(f.running, token)
	delete(f.leaders, pid)
	f.mu.Unlock()
	f.sweep()
}

// sweep kills and reaps orphans until a pass finds none or patience ends. What it cannot end it does not wait for
// a second time.
func (f *family) sweep() {
	begin, pause := time.Now(), 50*time.Microsecond
	for number := 0; f.pass(number); number++ {
		if time.Since(begin) > patience {
			f.giveUp()
			return
		}
		time.Sleep(pause)
		pause = min(2*pause, 10*time.Millisecond)
	}
}

// giveUp stops waiting for the orphans that do not die.
func (f *family) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for pid := range f.doomed {
		f.doomed[pid] = false
	}
}

// owner returns the token of this process that is in an environment, or "". Entries end in a zero byte.
func (f *family) owner(environ string) string {
	for entry := range strings.SplitSeq(environ, "\x00") {
		value, ok := strings.CutPrefix(entry, Marker+"=")
		if !ok {
			continue
		}
		for token := range strings.SplitSeq(value, "/") {
			if strings.HasPrefix(token, f.prefix+".") {
				return token
			}
		}
	}
	return ""
}

// marked returns env with the token added to those that are there.
func marked(env []string, token string) []string {
	if outer := variable(env, Marker); outer != "" {
		token = outer + "/" + token
	}
	return append(slices.Clone(env), Marker+"="+token) // of equal names os/exec passes the last one on
}

func union(a, b map[int]bool) map[int]bool {
	u := maps.Clone(a)
	maps.Copy(u, b)
	return u
}

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	runjournal "github.com/bitops-engine/bitops/executor/journal"
	"github.com/bitops-engine/bitops/schema"
)

var (
	crashes    = flag.Int("crashes", 200, "how many times TestKilledAtAnyMoment kills")
	everyEvent = flag.Bool("every-event", false, "TestKilledAtEveryEvent kills at every event, which takes minutes")
)

// crashed is a repository of 30 steps whose runs are killed. Its tool leaves a line in effects/<environment> each time
// it is at work, and one in overlaps when another was at work in the same environment.
type crashed struct {
	*testing.T
	dir   string
	runs  int
	begun map[schema.StepName]int          // in how many runs
	done  map[schema.StepName]schema.RunID // in which its end reached the journal
	seen  map[string]bool                  // the runs that were looked at
}

const crashSteps = 30

const crashTool = `set -u
world=$BITOPS_SOURCE_DIR/world
case ${1:-apply} in
apply)
  exec 9>>"$world/lock-$BITOPS_ENVIRONMENT"
  flock -n 9 || [ $? != 1 ] || echo "$BITOPS_ENVIRONMENT" >>"$world/overlaps" # else it was killed itself, before it was flock
  trap 'sleep 0.1; exit 1' INT # it takes its time to end
  echo "$BITOPS_RUN_ID" >>"$world/effects-$BITOPS_ENVIRONMENT"
  sum=1
  # A subshell could be killed alone.
  for name in "${!BITOPS_INPUT_E@}"; do sum=$((sum + ${!name})); done
  sleep 0.01
  echo "sum=$sum" >"$world/state-$BITOPS_ENVIRONMENT.new"
  mv "$world/state-$BITOPS_ENVIRONMENT.new" "$world/state-$BITOPS_ENVIRONMENT" ;;
outputs) cat "$world/state-$BITOPS_ENVIRONMENT" ;;
esac
`

// dependencies of the nth environment.
func crashEdges(n int) []int {
	var on []int
	for _, m := range []int{n - 3, n - 5, n / 2} {
		if m >= 0 && m < n && !slices.Contains(on, m) {
			on = append(on, m)
		}
	}
	return on
}

func newCrashed(t *testing.T) *crashed {
	t.Helper()
	c := &crashed{
		T: t, dir: t.TempDir(), begun: map[schema.StepName]int{}, done: map[schema.StepName]schema.RunID{}, seen: map[string]bool{},
	}
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  parallelism: 4\n  plugins:\n    tool: {source: ./tool}\n  environments:\n")
	for n := range crashSteps {
		fmt.Fprintf(&manifest, "    e%d:\n      inputs: {", n)
		for _, on := range crashEdges(n) {
			fmt.Fprintf(&manifest, "e%d: \"${outputs.e%d.sum}\", ", on, on)
		}
		manifest.WriteString("}\n")
		c.write(fmt.Sprintf("e%d/tool/bitops.config.yaml", n), "tool: {}\n")
	}
	c.write("bitops.config.yaml", manifest.String())
	c.write("tool/plugin.config.yaml", "plugin:\n  deployment: {language: bash, deployment_script: deploy.sh, outputs: true}\n")
	c.write("tool/deploy.sh", crashTool)
	c.write("world/overlaps", "")
	t.Cleanup(func() { c.alone() })
	return c
}

func (c *crashed) write(name, text string) {
	c.Helper()
	file := filepath.Join(c.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
		c.Fatal(err)
	}
}

// start starts a run: the first one, or one that goes on.
func (c *crashed) start(variables ...string) (*exec.Cmd, *bytes.Buffer) {
	c.Helper()
	args := []string{"apply", "--auto-approve", "--lock-timeout", "2m"}
	if len(c.begun) > 0 {
		args = append(args, "--resume")
	}
	cmd := exec.Command("bitops", args...)
	cmd.Dir = c.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, mark + "=" + c.dir}, variables...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	c.runs++
	return cmd, &out
}

// ended waits for a run, reads its journal, and reports whether everything is done.
func (c *crashed) ended(cmd *exec.Cmd, out *bytes.Buffer) bool {
	c.Helper()
	err := cmd.Wait()
	exit, failed := errors.AsType[*exec.ExitError](err)
	killed := failed && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if err != nil && !killed && exit.ExitCode() != 1 {
		c.Fatalf("%v\n%s", err, out)
	}
	c.look()
	if len(c.done) == crashSteps && err == nil {
		return true
	}
	if err == nil {
		c.Fatalf("the run succeeded, and %d of %d steps are done:\n%s", len(c.done), crashSteps, out)
	}
	return false
}

// look reads the journals that are new. What is done must not begin again.
func (c *crashed) look() {
	c.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, ".bitops", "runs", "*", runjournal.FileName))
	if err != nil {
		c.Fatal(err)
	}
	for _, file := range files {
		if c.seen[file] {
			continue
		}
		c.seen[file] = true
		text, err := os.ReadFile(file)
		if err != nil {
			c.Fatal(err)
		}
		events, err := runjournal.Read(bytes.NewReader(text))
		if err != nil {
			c.Errorf("%s: %v", file, err)
		}
		for _, e := range events {
			c.event(e)
		}
	}
}

func (c *crashed) event(e schema.Event) {
	c.Helper()
	switch {
	case e.Type == schema.EventStepStarted:
		if in, done := c.done[e.Step]; done {
			c.Errorf("%s was done in run %s, and begins again in run %s", e.Step, in, e.Run)
		}
		c.begun[e.Step]++
	case e.Type == schema.EventStepFinished && e.Outcome == schema.Succeeded:
		c.done[e.Step] = e.Run
	}
}

// check compares the world with what it must be when everything is done.
func (c *crashed) check() {
	c.Helper()
	c.alone()
	want := make([]int, crashSteps)
	for n := range crashSteps {
		want[n] = 1
		for _, on := range crashEdges(n) {
			want[n] += want[on]
		}
		name := schema.StepName(fmt.Sprintf("e%d/tool", n))
		effects := strings.Count(c.read(fmt.Sprintf("world/effects-e%d", n)), "\n")
		if effects < 1 || effects > c.begun[name] {
			c.Errorf("%s was at work %d times, in %d runs it began", name, effects, c.begun[name])
		}
		if got := c.read(fmt.Sprintf("world/state-e%d", n)); got != fmt.Sprintf("sum=%d\n", want[n]) {
			c.Errorf("%s is %q, want %d", name, got, want[n])
		}
		record := c.read(fmt.Sprintf(".bitops/records/e%d~tool.json", n))
		if !strings.Contains(record, `"state": "deployed"`) || !strings.Contains(record, fmt.Sprintf(`"value": "%d"`, want[n])) {
			c.Errorf("the record of %s, which is %d:\n%s", name, want[n], record)
		}
	}
	if overlaps := c.read("world/overlaps"); overlaps != "" {
		c.Errorf("two were at work at once in %s", strings.Fields(overlaps))
	}
}

func (c *crashed) read(name string) string {
	c.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.Error(err)
	}
	return string(text)
}

// tools returns the processes of the tool.
func (c *crashed) tools() []int {
	c.Helper()
	all, err := marked(c.dir)
	if err != nil {
		c.Fatal(err)
	}
	maps.DeleteFunc(all, func(_ int, command string) bool { return !strings.Contains(command, "deploy.sh") })
	return slices.Collect(maps.Keys(all))
}

// alone waits until no process of the repository is left.
func (c *crashed) alone() {
	c.Helper()
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := marked(c.dir)
		if err != nil || len(all) > 0 && time.Now().After(end) {
			c.Fatalf("still alive: %v, %v", all, err)
		}
		if len(all) == 0 {
			return
		}
	}
}

// However often bitops or one of its tools is killed, and at whatever moment: the rest is done, and only the rest.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	killed, runs := 0, 0
	for killed < *crashes {
		c := newCrashed(t)
		for {
			ctx, cancel := context.WithCancel(t.Context())
			cmd, out := c.start()
			// On a slow machine a run needs longer to come anywhere.
			latest := 400*time.Millisecond + time.Duration(c.runs)*30*time.Millisecond
			moment := time.Duration(rand.Int64N(int64(latest)))
			tool := rand.IntN(4) == 0
			went := make(chan struct{})
			go func() {
				defer close(went)
				select {
				case <-ctx.Done():
				case <-time.After(moment):
					if tool {
						for _, id := range c.tools() {
							_ = syscall.Kill(id, syscall.SIGKILL)
							return
						}
					}
					_ = cmd.Process.Kill()
				}
			}()
			finished := c.ended(cmd, out)
			cancel()
			<-went
			if finished {
				break
			}
			if killed++; c.runs > 1000 || t.Failed() {
				t.Fatalf("it never ends:\n%s", out)
			}
		}
		c.check()
		runs += c.runs
		if t.Failed() {
			break
		}
	}
	t.Logf("%d kills in %d runs", killed, runs)
}

// The same at each event, in the moment in which it is in the journal and nothing has come of it yet. Without -every-event
// each fifteenth is tried, and others each time.
func TestKilledAtEveryEvent(t *testing.T) {
	t.Parallel()
	stride, at := 1, 1
	if !*everyEvent {
		stride, at = 15, 1+rand.IntN(15)
	}
	kills := 0
	for ; ; at += stride {
		c := newCrashed(t)
		if c.ended(c.start(killAt + "=" + strconv.Itoa(at))) {
			break // there is no such event
		}
		kills++
		for !c.ended(c.start()) {
			t.Fatalf("killed at event %d, and the next run did not do the rest", at)
		}
		if c.check(); t.Failed() {
			t.Fatalf("killed at event %d", at)
		}
	}
	t.Logf("%d kills, the last at event %d", kills, at-stride)
}

// A run that goes on is killed too, one event later than the one before it.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	c := newCrashed(t)
	for at := 1; !c.ended(c.start(killAt + "=" + strconv.Itoa(at))); at++ {
		if at > 5000 || t.Failed() {
			t.Fatal("it never ends")
		}
	}
	c.check()
	t.Logf("%d kills", c.runs-1)
}

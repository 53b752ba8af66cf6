package workspace_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/workspace"
)

const victimVariable = "WORKSPACE_TEST_VICTIM"

// TestMain runs one Sync instead of the tests in the processes that the tests below start to kill.
func TestMain(m *testing.M) {
	if request := os.Getenv(victimVariable); request != "" {
		os.Exit(beVictim(request))
	}
	os.Exit(m.Run())
}

type victimRequest struct {
	Repository, Store, Name, Path string
	KillAt                        int // number of the step before which the process dies; 0 never
}

func beVictim(request string) int {
	var r victimRequest
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		return 3
	}
	ctx := &deadlyContext{Context: context.Background(), left: r.KillAt}
	_, _, err := workspace.Sync(ctx, workspace.Options{Repository: r.Repository, Store: r.Store, Name: r.Name, Path: r.Path})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// A deadlyContext kills the process, as kill -9 does, when it is asked for its error for the nth time:
// Sync asks before every step.
type deadlyContext struct {
	context.Context
	left int
}

func (c *deadlyContext) Err() error {
	c.left--
	if c.left == 0 {
		self, _ := os.FindProcess(os.Getpid())
		_ = self.Kill()
		select {}
	}
	return c.Context.Err()
}

// victim is a process that syncs the fixture's workspace.
func (f *fixture) victim(killAt int) *exec.Cmd {
	f.tb.Helper()
	request, err := json.Marshal(victimRequest{f.Repository, f.Store, f.Name, f.Path, killAt})
	f.must(err)
	cmd := exec.CommandContext(f.tb.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimVariable+"="+string(request))
	cmd.Stderr = os.Stderr
	return cmd
}

func TestSyncSurvivesAKillBeforeEveryStep(t *testing.T) {
	for step := 1; ; step++ {
		f := newFixture(t, "apps/e")
		f.Exclude = nil
		f.arrange()
		cmd := f.victim(step)
		_ = cmd.Run()
		survived := cmd.ProcessState.Success()
		f.remove("apps/e/new") // what the killed one was about to copy is gone again
		f.write("apps/e/c", "3")
		f.sync()
		f.verify()
		if survived || t.Failed() {
			t.Logf("killed at each of %d steps", step-1)
			return
		}
	}
}

// arrange makes a workspace and then changes the source in every way.
func (f *fixture) arrange() {
	for _, name := range []string{"a", "b", "c", "d/x", "d/y", "e/x", "f/x", "gone/x", "gone/y"} {
		f.write("apps/e/"+name, "1")
	}
	f.write("modules/m", "")
	f.sync()
	f.generate("apps/e/gone/generated", "g")
	f.generate("apps/e/generated", "g")
	for _, name := range []string{"b", "d", "e", "gone"} {
		f.remove("apps/e/" + name)
	}
	f.write("apps/e/a", "2")
	f.write("apps/e/b/deep", "2")
	f.write("apps/e/d", "2")
	f.must(os.Symlink("f", filepath.Join(f.repo, "apps/e/e"))) // what was e/x would be found in f now
	f.write("apps/e/new", "2")
	f.write("other/new", "2")
	f.remove("modules")
}

func (f *fixture) verify() {
	f.tb.Helper()
	f.expectMirror()
	for _, name := range []string{"new", "gone/x", "gone/y", "d/x"} {
		if _, err := os.Lstat(filepath.Join(f.root(), "apps/e", name)); err == nil {
			f.tb.Errorf("%s is still there", name)
		}
	}
	f.expect("apps/e/gone/generated", "g")
	f.expect("apps/e/generated", "g")
	f.expect("apps/e/f/x", "1")
	if data, err := os.ReadFile(filepath.Join(f.repo, "apps/e/f/x")); err != nil || string(data) != "1" {
		f.tb.Errorf("the source has %q at f/x, %v", data, err)
	}
}

func TestSyncSurvivesKillsAtRandomMoments(t *testing.T) {
	f := newFixture(t, "apps/e")
	f.Exclude = nil
	f.generate("apps/e/generated", "g")
	f.sync()
	f.generate("apps/e/generated", "g")
	killed, clock := 0, time.Now().Add(-time.Hour)
	for round := range 60 {
		for range 40 {
			name := "apps/e/" + strconv.Itoa(rand.IntN(150))
			switch rand.IntN(4) {
			case 0:
				f.remove(name)
			case 1:
				f.remove(name)
				f.write(name+"/inside", strconv.Itoa(round))
			default:
				f.remove(name)
				f.write(name, fmt.Sprint(round, string(make([]byte, rand.IntN(300_000)))))
				clock = clock.Add(1)
				f.must(os.Chtimes(filepath.Join(f.repo, name), clock, clock)) // long ago: no wait for the clock
			}
		}
		cmd := f.victim(0)
		f.must(cmd.Start())
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		if round%10 == 9 {
			f.sync()
			f.expectMirror()
			f.expect("apps/e/generated", "g")
			f.expectNothingStale()
		}
	}
	t.Logf("killed %d of 60", killed)
}

// expectNothingStale checks that the workspace has nothing but the source's files and the generated one.
func (f *fixture) expectNothingStale() {
	f.tb.Helper()
	source := snapshot(f.tb, filepath.Join(f.repo, f.Path), contents)
	for name := range snapshot(f.tb, filepath.Join(f.root(), f.Path), contents) {
		if _, ok := source[name]; !ok && name != "generated" {
			f.tb.Errorf("%s is stale", name)
		}
	}
}

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bitops-engine/bitops/environments/process"
)

// TestMain lets the test binary be bitops itself when a story starts it under that name, exit code and signals included.
func TestMain(m *testing.M) {
	if process.Guarding() { // a bitops of a story started its guard
		process.GuardMain()
		return
	}
	// Stories wait for programs more than they compute. A -parallel on the command line is read later, and wins.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(stories{m}, map[string]func(){"bitops": killMyself})
}

// stories ends what its stories shared.
type stories struct{ *testing.M }

func (s stories) Run() int {
	defer theCluster.stop()
	defer theOtherCluster.stop()
	return s.M.Run()
}

// TestStories runs the stories in testdata/script: one file one story, which its first line tells. Beside testscript's
// own commands (https://pkg.go.dev/github.com/rogpeppe/go-internal/testscript) they use those of the tables below.
//
//	go test ./cmd/bitops -run 'TestStories/apply_'
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUp,
		Cmds:                commands,
		Condition:           condition,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
	})
}

// mark is the variable that every process of a story carries; its value is the story's directory.
const mark = "STORY_MARK"

// setUp gives a story an environment of its own: testscript passes on nothing but PATH, so that no BITOPS_ or TF_
// variable of the caller plays a part.
func setUp(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, ".home")
	env.Setenv("HOME", home)
	env.Setenv(mark, env.WorkDir)
	env.Setenv("CHECKPOINT_DISABLE", "1") // terraform asks nobody for newer versions of itself
	env.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	env.Setenv("LC_ALL", "C.UTF-8")
	env.Values[runner{}] = env.T()
	env.Values[inBackground{}] = background{}
	env.Values[inBucket{}] = &storage{}
	return os.MkdirAll(home, 0o755)
}

// condition knows [namespaces]: file systems can be mounted for one program.
func condition(name string) (bool, error) {
	if name != "namespaces" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	return namespaces() == nil, nil
}

var namespaces = sync.OnceValue(works("unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"))

// runner is the key of the testscript.T of a story.
type runner struct{}

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// commands are what stories can do beside testscript's own commands.
var commands = map[string]scriptCommand{
	// Programs that run to their end.
	"exits":      exits,      // exits CODE PROGRAM...: runs it; its exit code is that, and stdout and stderr can be matched
	"terminal":   terminal,   // terminal CODE QUESTION ANSWER PROGRAM...: the same on a terminal, where a question gets an answer, or several, as in 'A|B'
	"requires":   requires,   // requires TOOL...: skips the story when one is missing
	"example":    example,    // example NAME: copies docs/examples/NAME here
	"kubernetes": kubernetes, // kubernetes [FILE]: a Kubernetes for KUBECONFIG, or another one for FILE, shared by all stories
	"moto":       moto,       // moto: an AWS of its own for this story, with the variables that lead there

	"bucket": bucket, // bucket: an S3 with the bucket "shared"; bucket away|back: it goes and comes; bucket save DIR

	// Programs in the background.
	"start":  start,      // start NAME PROGRAM...
	"await":  await,      // await FILE: waits until it is there
	"signal": sendSignal, // signal NAME INT|TERM|HUP|KILL
	"ends":   ends,       // ends NAME CODE [SECONDS]: waits for it, as exits does, but not longer than that
	"gone":   gone,       // gone [soon]: no process of the story is alive; soon waits for that

	// What is left.
	"runs":      runs,      // runs N DIR: so many runs are recorded in the repository
	"journal":   journal,   // journal DIR: stdout holds the journal of the last run in the repository
	"jsonlines": jsonlines, // jsonlines FILE: events, whose seq counts from 1, and at the end a report
	"json":      isJSON,    // json FILE: one JSON document
	"canary":    canary,    // canary VALUE PATH...: it is nowhere in these files, not in base64 either; states excepted
	"unseen":    unseen,    // unseen VALUE [SHOWN...]: no form in which bitops shows a run, a plan, or two plans has it
	"keep":      keep,      // keep VARIABLE: it is set to what stdout holds
	"mode":      mode,      // mode PERMISSIONS FILE...
	"lines":     lines,     // lines N FILE
	"order":     order,     // order FILE PATTERN...: their first matches come in this order
}

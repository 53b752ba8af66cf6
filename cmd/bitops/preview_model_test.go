package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/executor/archive"
	"github.com/bitops-engine/bitops/schema"
)

var previewed = flag.Int("previewed", 6, "how many random graphs TestPreviewsTellWhatTheyCannotKnow plans and applies")

// foreseen is a random repository whose tool reads by itself what other environments made, and an oracle of it: what a plan
// says of each environment, and what is then applied.
type foreseen struct {
	*testing.T
	dir     string
	on      [][]int // what the nth environment depends on
	reads   [][]int // and what of that its tool reads
	version []int   // of its files
	made    []string
	broken  []bool // it cannot be reached

	failed, shown []bool // in the plan: it could not be planned; its changes were shown
	unchanged     []bool // in the plan: and nothing above it changes
	done, held    []bool // by the runs that applied the plan
}

const foreseenTool = `set -u
world=$BITOPS_SOURCE_DIR/world me=$BITOPS_ENVIRONMENT
[ ! -e "$world/broken-$me" ] || { echo "$me cannot be reached" >&2; exit 1; }
makes=$(cat version)
for other in $(cat reads); do
  [ -e "$world/$other" ] || { echo "there is no state of $other" >&2; exit 1; }
  makes+=" $(cksum <"$world/$other")"
done
if [ ! -e "$world/$me" ]; then
  echo add=1 >>"$BITOPS_CHANGES"
elif [ "$makes" = "$(cat "$world/$me")" ]; then
  echo add=0 >>"$BITOPS_CHANGES"
else
  echo change=1 >>"$BITOPS_CHANGES"
fi
[ "$1" = plan ] || echo "$makes" >"$world/$me"
`

// Random graphs with random changes to apply and random failures are planned, and the file is always there: it says who
// failed, who is deferred, and who is planned again. What is then applied is what was shown or may go on unseen, until a
// new plan is empty.
func TestPreviewsTellWhatTheyCannotKnow(t *testing.T) {
	for n := range *previewed {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			t.Logf("seed %d", seed)
			f := newForeseen(t, rand.New(rand.NewPCG(seed, seed)))
			deferral := []schema.Deferral{schema.DeferSafe, schema.DeferNone, schema.DeferAll}[seed%3]
			f.plan()
			clear(f.broken)
			f.write()
			f.apply(deferral, "apply", "plan.bitops", "--deferred", string(deferral))
			for range f.on {
				f.apply(deferral, "apply", "--resume", "--auto-approve", "--deferred", string(deferral))
			}
			f.bitops(0, "plan", "--detailed-exitcode")
		})
	}
}

func newForeseen(t *testing.T, r *rand.Rand) *foreseen {
	t.Helper()
	n := 3 + r.IntN(3)
	f := &foreseen{
		T: t, dir: t.TempDir(), on: make([][]int, n), reads: make([][]int, n), version: make([]int, n), made: make([]string, n),
		broken: make([]bool, n), failed: make([]bool, n), shown: make([]bool, n), unchanged: make([]bool, n),
		done: make([]bool, n), held: make([]bool, n),
	}
	for i := range n {
		for on := range i {
			if r.IntN(2) == 0 {
				f.on[i] = append(f.on[i], on)
				if r.IntN(2) == 0 {
					f.reads[i] = append(f.reads[i], on)
				}
			}
		}
	}
	f.write()
	if r.IntN(3) > 0 {
		f.bitops(0, "apply", "--auto-approve")
		for i := range n {
			f.made[i] = f.makes(i)
			f.version[i] += r.IntN(3) / 2
		}
	}
	for i := range n {
		f.broken[i] = r.IntN(4) == 0
	}
	f.write()
	return f
}

// write writes everything but what was made.
func (f *foreseen) write() {
	f.Helper()
	files := map[string]string{
		"tool/plugin.config.yaml": "plugin:\n  deployment: {language: bash, deployment_script: deploy.sh, plan: true}\n",
		"tool/deploy.sh":          foreseenTool,
	}
	manifest := "bitops:\n  parallelism: 3\n  plugins:\n    tool: {source: ./tool}\n  environments:\n"
	for i := range f.on {
		var on, reads []string
		for _, other := range f.on[i] {
			on = append(on, fmt.Sprint("e", other))
		}
		for _, other := range f.reads[i] {
			reads = append(reads, fmt.Sprint("e", other))
		}
		manifest += fmt.Sprintf("    e%d: {depends_on: [%s]}\n", i, strings.Join(on, ", "))
		files[fmt.Sprintf("e%d/tool/version", i)] = fmt.Sprint(f.version[i])
		files[fmt.Sprintf("e%d/tool/reads", i)] = strings.Join(reads, " ")
		sign := filepath.Join(f.dir, "world", fmt.Sprint("broken-e", i))
		_ = os.Remove(sign)
		if f.broken[i] {
			files["world/"+filepath.Base(sign)] = ""
		}
	}
	files["bitops.config.yaml"], files["world/.gitkeep"] = manifest, ""
	for name, text := range files {
		file := filepath.Join(f.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			f.Fatal(err)
		}
	}
}

func (f *foreseen) bitops(code int, args ...string) {
	f.Helper()
	cmd := exec.Command("bitops", args...)
	cmd.Dir, cmd.Env = f.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.dir}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		f.Fatalf("bitops %s: %v, want exit code %d\n%s\n%+v", strings.Join(args, " "), err, code, out, f)
	}
}

// makes is what an environment would make now.
func (f *foreseen) makes(i int) string {
	makes := fmt.Sprint(f.version[i])
	for _, other := range f.reads[i] {
		makes += "(" + f.made[other] + ")"
	}
	return makes
}

// cannot reports whether an environment can neither be planned nor applied now.
func (f *foreseen) cannot(i int) bool {
	for _, other := range f.reads[i] {
		if f.made[other] == "" {
			return true
		}
	}
	return f.broken[i]
}

// plan plans, and compares the plan file with the oracle.
func (f *foreseen) plan() {
	f.Helper()
	want, code := make([]string, len(f.on)), 0
	below, pending := make([]bool, len(f.on)), make([]bool, len(f.on))
	for i := range f.on {
		above := false
		for _, on := range f.on[i] {
			above, below[i] = above || pending[on], below[i] || below[on] || f.failed[on]
		}
		switch {
		case below[i], f.cannot(i) && above:
			want[i] = "deferred"
		case f.cannot(i):
			want[i], f.failed[i] = "failed", true
		case f.made[i] != f.makes(i):
			want[i], f.shown[i] = "succeeded", true
		case above:
			want[i] = "unchanged, and planned again"
		default:
			want[i], f.unchanged[i] = "unchanged", true
		}
		pending[i] = want[i] != "unchanged"
		if f.failed[i] {
			code = 1
		} else if pending[i] && code == 0 {
			code = 2
		}
	}
	f.bitops(code, "plan", "-o", "plan.bitops", "--detailed-exitcode")
	content, err := os.ReadFile(filepath.Join(f.dir, "plan.bitops"))
	if err != nil {
		f.Fatal(err)
	}
	file, err := archive.Read("plan.bitops", content)
	if err != nil {
		f.Fatal(err)
	}
	for i := range want {
		step := file.Plan.Report.Step(schema.StepName(fmt.Sprintf("e%d/tool", i)))
		got := string(step.Outcome)
		if len(step.ReplannedAfter) > 0 {
			got += ", and planned again"
		}
		if got != want[i] {
			f.Errorf("e%d is %s in the plan, and should be %s: %s\n%+v", i, got, want[i], step.Reason, f)
		}
	}
}

// apply applies the plan, or resumes that, and compares what was made with the oracle.
func (f *foreseen) apply(deferral schema.Deferral, args ...string) {
	f.Helper()
	code, before := 0, f.world()
	changed, stopped := make([]bool, len(f.on)), make([]bool, len(f.on))
	for i := range f.on {
		for _, on := range f.on[i] {
			stopped[i] = stopped[i] || stopped[on]
		}
		if stopped[i] || f.done[i] {
			continue
		}
		changes := f.made[i] != f.makes(i)
		unseen := !f.shown[i] && !f.unchanged[i] && !f.held[i]
		if unseen && changes && (f.failed[i] || deferral == schema.DeferNone) {
			stopped[i], f.held[i], code = true, true, 3
			continue
		}
		f.made[i], f.done[i], changed[i] = f.makes(i), true, changes
	}
	f.bitops(code, args...)
	for i, is := range f.world() {
		if (is != before[i]) != changed[i] {
			f.Errorf("bitops %s changed e%d: %v, and should have: %v\n%+v", strings.Join(args, " "), i, is != before[i], changed[i], f)
		}
	}
}

// world returns what each environment has made.
func (f *foreseen) world() []string {
	made := make([]string, len(f.on))
	for i := range made {
		text, _ := os.ReadFile(filepath.Join(f.dir, "world", fmt.Sprint("e", i))) // none is nothing
		made[i] = string(text)
	}
	return made
}

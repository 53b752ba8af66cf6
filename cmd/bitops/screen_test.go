package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/environments/testkit"
)

// pane is a terminal that tmux plays, with what a person sees on it.
type pane struct {
	*testing.T
	dir    string // a repository
	socket string
}

// newPane opens a terminal of a size, on which a shell stands in a repository of so many environments. Their tool prints
// escape sequences; environment n waits until there is a file go, and then n tenths of a second.
func newPane(t *testing.T, width, height, environments int) *pane {
	t.Helper()
	if err := tools["tmux"](); err != nil {
		testkit.Missing(t, "tmux is missing")
	}
	sockets, err := os.MkdirTemp("", "tmux") //nolint:usetesting // its path is short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	p := &pane{T: t, dir: filepath.Join(sockets, "repository"), socket: filepath.Join(sockets, "s")}
	t.Cleanup(func() {
		p.touch("go")
		_ = exec.CommandContext(context.Background(), "tmux", "-S", p.socket, "kill-server").Run()
		for end := time.Now().Add(patience); os.RemoveAll(sockets) != nil && time.Now().Before(end); { // bitops may still be ending
			time.Sleep(100 * time.Millisecond)
		}
	})
	p.write("plugins/wait/plugin.config.yaml", "plugin:\n  deployment: {language: bash, deployment_script: deploy.sh, plan: true}\n")
	p.write("plugins/wait/deploy.sh", paneTool)
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  parallelism: 40\n  plugins:\n    wait: {source: file://./plugins/wait}\n  environments:\n")
	for n := range environments {
		fmt.Fprintf(&manifest, "    %s: {}\n", paneEnvironment(n))
		p.write(paneEnvironment(n)+"/wait/bitops.config.yaml", "wait: {}\n")
	}
	p.write("bitops.config.yaml", manifest.String())
	p.write("tmux.conf", "set -g history-limit 5000\nset -g status off\nset -g remain-on-exit on\nset -g default-terminal screen-256color\n")
	shell := "cd " + p.dir + " && exec env -i PATH=\"$PATH\" HOME=" + p.dir + " TERM=screen-256color LANG=C.UTF-8 HISTFILE= PS1='ready> ' bash --norc --noprofile"
	p.tmux("-f", filepath.Join(p.dir, "tmux.conf"), "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), shell)
	p.until("the shell", func(screen string) bool { return strings.Contains(screen, "ready>") })
	return p
}

const paneTool = `cd "$BITOPS_SOURCE_DIR"
case $1 in
plan) printf '\e[2J\e[H\rplanning\e[1A\n' ;;
*)
  printf '\e[2J\e[10;10Hodd \e]0;title\a\e[31mred\e[0m\n'
  until test -e go; do printf 'waiting\r\e[1A'; sleep 0.05; done
  number=${BITOPS_ENVIRONMENT##*-}
  sleep "$((10#$number / 10)).$((10#$number % 10))"
  printf 'progress 10%%\rprogress 100%%\n'
  ;;
esac
echo add=1 >>"$BITOPS_CHANGES"
`

// paneEnvironment is the name of the nth environment; some are wide, and one is long.
func paneEnvironment(n int) string {
	switch n {
	case 2:
		return "環境-の名前-02"
	case 3:
		return "an-environment-whose-name-is-longer-than-a-column-of-any-terminal-here-03"
	default:
		return fmt.Sprintf("env-%02d", n)
	}
}

func (p *pane) write(name, text string) {
	p.Helper()
	file := filepath.Join(p.dir, name)
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		p.Fatal(err)
	}
}

func (p *pane) touch(name string) { p.write(name, "") }

func (p *pane) tmux(args ...string) string {
	p.Helper()
	out, err := exec.CommandContext(p.Context(), "tmux", append([]string{"-S", p.socket}, args...)...).CombinedOutput()
	if err != nil {
		p.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// keys types keys, by the names that tmux gives them.
func (p *pane) keys(keys ...string) {
	p.Helper()
	p.tmux(append([]string{"send-keys"}, keys...)...)
}

// screen returns what is visible, and all what scrolled away before that too, as lines that were not wrapped.
func (p *pane) screen() string { return p.tmux("capture-pane", "-p") }
func (p *pane) all() string    { return p.tmux("capture-pane", "-p", "-J", "-S", "-") }

// until waits until the screen looks as it should.
func (p *pane) until(what string, looks func(screen string) bool) string {
	p.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		screen := p.screen()
		if looks(screen) {
			return screen
		}
		if time.Now().After(deadline) {
			p.Fatalf("%s did not come within %s; the screen is\n%s", what, patience, screen)
		}
	}
}

func (p *pane) untilShows(pattern string) string {
	p.Helper()
	return p.until(pattern, regexp.MustCompile("(?m)"+pattern).MatchString)
}

// rowsOfRegion are the rows of a region.
var rowsOfRegion = regexp.MustCompile(`(?m)^(── .*|  \S+/wait +[0-9]+s( .*)?|  and [0-9]+ more)\n`)

// lines fails unless every line is one that bitops writes, whole, and each step has its lines once. A frame that is on its
// way while the terminal changes its size can stay in the scrollback: of so many, no more than that many headings may.
func (p *pane) lines(text string, environments, frames int) {
	p.Helper()
	if n := strings.Count(text, "── "); n > frames {
		p.Errorf("%d headings stayed", n)
	}
	if frames > 0 {
		text = rowsOfRegion.ReplaceAllString(text, "")
	}
	known := regexp.MustCompile(`^(|ready>.*|  (start|done) +\S+/wait( +\+1 ~0 -0 +[0-9.ms]+)?|Changed|  \+1 ~0 -0 +\S+ +[0-9.ms]+|` +
		`[0-9]+ environments? deployed: \+[0-9]+ ~0 -0 in [0-9.ms]+|Logs: \S+| +\+1 ~0 -0 +[0-9.ms]+|  and 20 more.*)$`)
	count := map[string]int{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if !known.MatchString(line) {
			p.Errorf("torn: %q", line)
		}
		if fields := strings.Fields(line); len(fields) > 1 && (fields[0] == "start" || fields[0] == "done") {
			count[fields[0]+" "+fields[1]]++
		}
	}
	if len(count) != 2*environments {
		p.Errorf("%d lines of %d steps: %v", len(count), environments, count)
	}
	for what, n := range count {
		if n != 1 {
			p.Errorf("%d times %s", n, what)
		}
	}
	if p.Failed() {
		p.Log(text)
	}
}

// On terminals of several sizes, and on one whose size changes, 40 steps run at once whose tool prints escape sequences. The
// region shows them, nothing is torn, and at the end every line is there once.
func TestScreen(t *testing.T) {
	for _, c := range []struct {
		name    string
		w, h    int
		resized [][2]int
	}{
		{"as most are", 80, 24, nil},
		{"small", 60, 15, nil},
		{"large", 200, 50, nil},
		{"resized", 100, 30, [][2]int{{50, 30}, {50, 12}, {120, 40}, {40, 10}, {80, 24}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPane(t, c.w, c.h, 40)
			p.keys("bitops apply --auto-approve", "Enter")
			p.untilShows(`── 40 running · .*0 of 40 done`)
			p.until("a row of a step", func(s string) bool { return strings.Contains(s, "/wait  ") && strings.Contains(s, "more") })
			for _, size := range c.resized {
				p.tmux("resize-window", "-x", fmt.Sprint(size[0]), "-y", fmt.Sprint(size[1]))
				p.until("one heading of the new width", func(s string) bool {
					rows := strings.Split(s, "\n")
					headings := 0
					for i, row := range rows {
						if strings.HasPrefix(row, "── ") && i+1 < len(rows) {
							headings++
						}
					}
					return headings == 1
				})
			}
			p.touch("go")
			p.untilShows(`^Logs: `)
			p.lines(p.all(), 40, min(1, len(c.resized)))
		})
	}
}

// Ctrl-Z takes the region away and stops bitops, fg brings it back, Ctrl-C ends the run, and nothing of the region is left.
func TestScreenStoppedAndContinued(t *testing.T) {
	p := newPane(t, 80, 24, 3)
	p.keys("bitops apply --auto-approve", "Enter")
	p.untilShows(`^── 3 running `)
	p.keys("C-z")
	if stopped := p.untilShows(`Stopped`); strings.Contains(stopped, "──") {
		t.Errorf("the region is still there:\n%s", stopped)
	}
	p.keys("echo between", "Enter")
	p.untilShows(`^between$`)
	p.keys("fg", "Enter")
	p.untilShows(`^── 3 running `)
	p.keys("C-c")
	p.untilShows(`^Go on with: bitops apply --resume=`)
	all := p.all()
	if strings.Contains(all, "──") || strings.Count(all, "\nbetween") != 1 || strings.Count(all, "  interrupted  ") != 3 {
		t.Errorf("the screen is\n%s", all)
	}
}

// Where no shell could continue it, as in a container, Ctrl-Z does not stop bitops: it would stand still for good.
func TestScreenWithoutAShell(t *testing.T) {
	p := newPane(t, 80, 24, 3)
	p.keys("exec bitops apply --auto-approve", "Enter")
	p.untilShows(`^── 3 running `)
	p.keys("C-z")
	p.touch("go")
	p.untilShows(`^3 environments deployed`)
}

// The question stands on the last line, nothing is drawn over it or over the answer, and a preview has no start lines.
func TestScreenAsks(t *testing.T) {
	p := newPane(t, 80, 24, 3)
	p.touch("go")
	p.keys("bitops apply", "Enter")
	asked := p.untilShows(`goes on: *$`)
	if strings.Contains(asked, "  start ") || strings.Contains(asked, "──") {
		t.Errorf("the screen is\n%s", asked)
	}
	time.Sleep(300 * time.Millisecond) // longer than two draws
	if now := p.screen(); now != asked {
		t.Errorf("the question is drawn over:\n%s", now)
	}
	p.keys("yes", "Enter")
	p.untilShows(`^3 environments deployed`)
	if all := p.all(); !strings.Contains(all, "goes on: yes\n") || strings.Contains(all, "──") {
		t.Errorf("the screen is\n%s", all)
	}
}

// When the terminal goes away, the run is interrupted as SIGHUP does it, and ends.
func TestScreenGoesAway(t *testing.T) {
	p := newPane(t, 80, 24, 3)
	p.keys("bitops apply --auto-approve", "Enter")
	p.untilShows(`^── 3 running `)
	p.tmux("kill-server")
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		cmd := exec.CommandContext(t.Context(), "bitops", "runs", "--json", "-C", p.dir)
		cmd.Env = append(os.Environ(), mark+"="+p.dir)
		out, err := cmd.Output()
		var runs []struct{ Outcome, State string }
		if err == nil {
			err = json.Unmarshal(out, &runs)
		}
		if err != nil || len(runs) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		if runs[0].Outcome == "interrupted" {
			return
		}
		if runs[0].State == "killed" || time.Now().After(deadline) {
			t.Fatalf("the run is %s", out)
		}
	}
}

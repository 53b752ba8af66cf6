package process_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bitops-engine/bitops/environments/process"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", process.MaxLine)
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"nothing":                               {`true`, nil},
		"lines":                                 {`printf 'a\n\nb\n'`, []string{"a", "", "b"}},
		"the last line needs no line end":       {`printf 'a\nb'`, []string{"a", "b"}},
		"a line end may be two bytes":           {`printf 'a\r\nb\rc\r\n\r\nd\r'`, []string{"a", "b\rc", "", "d"}},
		"bytes that are not UTF-8 stay":         {`printf 'a\xff\xfe\x00b\n'`, []string{"a\xff\xfe\x00b"}},
		"a line of the maximum is one":          {`head -c 1048576 /dev/zero | tr '\0' x; printf '\r\nb'`, []string{long, "b"}},
		"a longer one comes in pieces":          {`head -c 2097155 /dev/zero | tr '\0' x; printf '\nb'`, []string{long + "+", long + "+", "xxx", "b"}},
		"also when it is the last":              {`head -c 1048577 /dev/zero | tr '\0' x`, []string{long + "+", "x"}},
		"a line in several writes is still one": {`printf a; sleep 0.02; printf b; sleep 0.02; echo`, []string{"ab"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := script(t, c.script).ran(t)
			if got, want := strings.Join(s.Out, "\n"), strings.Join(c.want, "\n"); got != want {
				t.Errorf("%d lines %.60q, want %d lines %.60q", len(s.Out), got, len(c.want), want)
			}
		})
	}
}

func TestStreamsAreApartAndNeverConcurrent(t *testing.T) {
	s := script(t, "for i in {1..2000}; do echo $i; echo $i >&2; done")
	var inside atomic.Int32
	alone := func(deliver func(process.Line)) func(process.Line) {
		return func(l process.Line) {
			if inside.Add(1) != 1 {
				t.Error("two callbacks at once")
			}
			deliver(l)
			inside.Add(-1)
		}
	}
	s.Stdout, s.Stderr = alone(s.Stdout), alone(s.Stderr)
	s.ran(t)
	for _, got := range [][]string{s.Out, s.Log} {
		equal(t, "lines", len(got), 2000)
		for i, text := range got {
			if text != strconv.Itoa(i+1) {
				t.Fatalf("line %d = %q", i+1, text)
			}
		}
	}
}

func TestDiscardedOutput(t *testing.T) {
	s := script(t, "seq 100000; echo $? >&2")
	s.Stdout = nil
	lines(t, s.ran(t).Log, "0")
}

func TestFloodIsCompleteAndInOrder(t *testing.T) {
	const count = 6_000_000 // 47 MB
	s := script(t, "seq "+strconv.Itoa(count)+"; sleep 60 & setsid sleep 60 & exit 0")
	next, wrong := 1, ""
	s.Stdout = func(l process.Line) {
		if n, err := strconv.Atoi(l.Text); (err != nil || n != next) && wrong == "" {
			wrong = fmt.Sprintf("line %d is %q", next, l.Text)
		}
		next++
	}
	s.ran(t)
	equal(t, "lines", next-1, count)
	equal(t, "the first wrong line", wrong, "")
}

func TestSlowReaderLosesNothing(t *testing.T) {
	s := script(t, "seq 10000; sleep 60 & setsid sleep 60 & exit 0")
	deliver := s.Stdout
	first := true
	s.Stdout = func(l process.Line) {
		if first {
			time.Sleep(300 * time.Millisecond) // the program is long gone, the rest is in the pipe
			first = false
		}
		deliver(l)
	}
	s.ran(t)
	equal(t, "lines", len(s.Out), 10000)
	equal(t, "the last one", s.Out[len(s.Out)-1], "10000")
}

// TestPipeHeldByAStranger has the pipe held open by a process that the package cannot know of: the test.
func TestPipeHeldByAStranger(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("opens a pipe through /proc")
	}
	s := script(t, "echo $BASHPID; read -r line; echo $line")
	stdin, goOn := io.Pipe()
	s.Stdin = stdin
	deliver := s.Stdout
	var stranger *os.File
	s.Stdout = func(l process.Line) {
		deliver(l)
		if len(s.Out) == 1 {
			var err error
			if stranger, err = os.OpenFile("/proc/"+l.Text+"/fd/1", os.O_WRONLY, 0); err != nil {
				t.Error(err)
			}
			go func() { _, _ = io.WriteString(goOn, "go on\n") }()
		}
	}
	begin := time.Now()
	s.ran(t)
	if err := stranger.Close(); err != nil {
		t.Error(err)
	}
	lines(t, s.Out[1:], "go on")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func BenchmarkOutput(b *testing.B) {
	const script = `head -c 100000000 /dev/zero | tr '\0' x | fold -w 99`
	for name, text := range map[string]string{"short lines": "seq 12400000", "99 bytes": script} {
		b.Run(name, func(b *testing.B) {
			var bytes int
			for b.Loop() {
				bytes = 0
				_, err := process.Local{}.Run(b.Context(), process.Command{
					Name: "bash", Args: []string{"-c", text}, Env: []string{path},
					Stdout: func(l process.Line) { bytes += len(l.Text) + 1 },
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(bytes))
		})
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		if _, err := (process.Local{}).Run(b.Context(), process.Command{Name: "/bin/true"}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestReadsMakeNoDifference: however a stream is cut into reads, the Lines are the same.
func TestReadsMakeNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a\r\n]{0,60}`).Draw(t, "text")
		limit := rapid.IntRange(1, 9).Draw(t, "limit")
		got := process.SplitReads(text, rapid.IntRange(1, 12).Draw(t, "read"), limit)
		var want []string
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
			for ; len(line) > limit; line = line[limit:] {
				want = append(want, line[:limit]+"+")
			}
			want = append(want, line)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q became %q, want %q", text, got, want)
		}
	})
}

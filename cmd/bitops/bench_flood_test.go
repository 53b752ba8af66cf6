package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkFlood tells how much memory bitops takes at the most while 1,000 steps, ten at once, print 10 MB each, and looks
// whether every line is in its log. It takes 10 GB of disk for a while.
func BenchmarkFlood(b *testing.B) {
	const steps, lines = 1_000, 100_000
	line := strings.Repeat("x", 92)
	r := benchRepository{TB: b, dir: b.TempDir()}
	bitops := buildBitops(b, b.TempDir())
	r.write("plugins/flood/plugin.config.yaml", "plugin:\n  deployment:\n    language: bash\n    deployment_script: deploy.sh\n")
	r.write("plugins/flood/deploy.sh", fmt.Sprintf("seq -f '%%07.0f%s' %d\n", line, lines))
	r.write("bitops.config.yaml", "bitops:\n  plugins:\n    flood: {source: file://./plugins/flood}\n  deployments:\n    flood: {plugin: flood}\n")
	for n := range steps {
		r.write(fmt.Sprintf("e%04d/flood/bitops.config.yaml", n), "")
	}
	var peak float64
	for b.Loop() {
		cmd := exec.Command(bitops, "apply", "--auto-approve", "--parallelism", "10")
		cmd.Dir = r.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		peak = max(peak, peakMB(cmd))
		logs, err := filepath.Glob(filepath.Join(r.dir, ".bitops", "runs", "*", "logs", "e*.log"))
		if err != nil || len(logs) != steps {
			b.Fatalf("%d logs, %v", len(logs), err)
		}
		for _, log := range logs {
			text, err := os.ReadFile(log)
			if err != nil {
				b.Fatal(err)
			}
			last := fmt.Sprintf("%07d%s\n", lines, line)
			if n := bytes.Count(text, []byte(line+"\n")); n != lines || !bytes.Contains(text, []byte(last)) {
				b.Errorf("%s has %d lines of %d", log, n, lines)
			}
		}
		if err := os.RemoveAll(filepath.Join(r.dir, ".bitops")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(peak, "MB-peak")
}

// peakMB returns how much memory a program that has ended took at the most.
func peakMB(cmd *exec.Cmd) float64 {
	used, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return float64(used.Maxrss) / 1024 // Linux counts KB
}

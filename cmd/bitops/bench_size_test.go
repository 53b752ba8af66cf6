package main

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclparse"
	"gopkg.in/yaml.v3"

	"github.com/bitops-engine/bitops/schema/parallel"
)

// BenchmarkSize tells how long validate and graph take for a chain of environments, each with a file of its own: the best
// of all rounds in seconds, and as a part of what nobody can do without, which is listing the directories, reading the files
// and parsing them with the same libraries, on as many processors.
func BenchmarkSize(b *testing.B) {
	for _, n := range []int{2_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkSize(b, n) })
	}
}

func benchmarkSize(b *testing.B, n int) {
	r := benchRepository{TB: b, dir: b.TempDir()}
	bitops := buildBitops(b, b.TempDir())
	writeChain(r, n)
	commands := []string{"validate", "graph"}
	limit, best, peak := math.Inf(1), map[string]float64{"validate": math.Inf(1), "graph": math.Inf(1)}, map[string]float64{}
	for b.Loop() {
		begun := time.Now()
		readChain(b, r.dir, n)
		limit = min(limit, time.Since(begun).Seconds())
		for _, command := range commands {
			cmd := exec.Command(bitops, command)
			cmd.Dir = r.dir
			begun := time.Now()
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			best[command] = min(best[command], time.Since(begun).Seconds())
			peak[command] = max(peak[command], peakMB(cmd))
		}
	}
	b.ReportMetric(limit, "limit-s")
	for _, command := range commands {
		b.ReportMetric(best[command], command+"-s")
		b.ReportMetric(best[command]/limit, command+"-ratio")
		b.ReportMetric(peak[command], command+"-MB")
	}
}

func writeChain(r benchRepository, n int) {
	var manifest strings.Builder
	manifest.WriteString("bitops:\n  environments:\n    e0: {}\n")
	for i := range n {
		r.write(fmt.Sprintf("e%d/terraform/main.tf", i), fmt.Sprintf(`variable "up" {
  type    = string
  default = "none"
}

resource "terraform_data" "it" {
  input = "e%d:${var.up}"
}

output "id" {
  value = terraform_data.it.output
}
`, i))
		if i > 0 {
			fmt.Fprintf(&manifest, "    e%d: {depends_on: [e%d], inputs: {up: '${outputs.e%d.id}'}}\n", i, i-1, i-1)
		}
	}
	r.write("bitops.config.yaml", manifest.String())
}

// readChain does no more than must be done.
func readChain(b *testing.B, root string, n int) {
	b.Helper()
	var manifest yaml.Node
	if err := yaml.Unmarshal(readFile(b, root, "bitops.config.yaml"), &manifest); err != nil {
		b.Fatal(err)
	}
	parallel.Each(n, func(i int) {
		environment := filepath.Join(root, fmt.Sprintf("e%d", i))
		for _, tool := range list(b, environment) {
			dir := filepath.Join(environment, tool.Name())
			for _, file := range list(b, dir) {
				if _, diags := hclparse.NewParser().ParseHCL(readFile(b, dir, file.Name()), ""); diags.HasErrors() {
					b.Error(diags)
				}
			}
		}
	})
}

func readFile(b *testing.B, dir, name string) []byte {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		b.Error(err)
	}
	return text
}

func list(b *testing.B, dir string) []fs.DirEntry {
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Error(err)
	}
	return entries
}

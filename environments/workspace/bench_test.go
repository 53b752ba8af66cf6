package workspace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func BenchmarkSync(b *testing.B) {
	for _, files := range []int{5, 1000} {
		for _, siblings := range []int{3, 1000} {
			name := fmt.Sprintf("files=%d/siblings=%d", files, siblings)
			b.Run(name+"/cold", func(b *testing.B) {
				f := benchFixture(b, files, siblings)
				for n := 0; b.Loop(); n++ {
					f.Name = fmt.Sprint("e", n)
					f.sync()
				}
			})
			b.Run(name+"/warm", func(b *testing.B) {
				f := benchFixture(b, files, siblings)
				f.sync()
				for b.Loop() {
					f.sync()
				}
			})
		}
	}
}

func benchFixture(b *testing.B, files, siblings int) *fixture {
	f := newFixture(b, "apps/e")
	old := time.Now().Add(-time.Hour)
	for n := range files {
		name := fmt.Sprintf("apps/e/%d/%d.tf", n/10, n)
		f.write(name, fmt.Sprintf("%1000d", n))
		f.must(os.Chtimes(filepath.Join(f.repo, name), old, old))
	}
	for n := range siblings {
		f.must(os.Mkdir(filepath.Join(f.repo, "apps", fmt.Sprint("s", n)), 0o755))
	}
	return f
}

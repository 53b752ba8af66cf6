package terraform

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/environments/testkit"
	"github.com/bitops-engine/bitops/schema"
)

// tellMirrored begins a story with a real provider, from the mirror that BITOPS_TEST_TF_PLUGINS names.
func tellMirrored(t *testing.T) *story {
	t.Helper()
	mirror := os.Getenv("BITOPS_TEST_TF_PLUGINS")
	if mirror == "" {
		testkit.Missing(t, "BITOPS_TEST_TF_PLUGINS names no mirror of providers")
	}
	s := tellReal(t, map[string]string{"main.tf": `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
output "ready" { value = true }`})
	cli := filepath.Join(t.TempDir(), "cli.tfrc")
	writeFile(t, cli, `provider_installation {
  filesystem_mirror { path = "`+mirror+`" }
}`)
	s.Variables["TF_CLI_CONFIG_FILE"] = cli
	return s
}

// A real provider, so that the lock file is terraform's own.
func TestLockFileOfARealProvider(t *testing.T) {
	s := tellMirrored(t)
	s.Apply()
	lock := filepath.Join(s.Source(), lockFile)
	text, err := os.ReadFile(lock)
	check(t, err)
	contains(t, "lock file", string(text), "registry.terraform.io/hashicorp/aws", "h1:")

	before, err := os.Stat(lock)
	check(t, err)
	check(t, os.RemoveAll(filepath.Join(s.Repository, ".bitops"))) // another machine
	s.Plan()
	after, err := os.Stat(lock)
	check(t, err)
	equal(t, "lock file written anew", os.SameFile(before, after), true)
	equal(t, "notices", s.Texts(schema.EventNotice), "")
}

// Environments that begin at once with a real provider of some hundred megabytes take no disk for it: a package that is
// unpacked already is linked, with a lock file or without.
func TestARealProviderTakesTheDiskOfOne(t *testing.T) {
	var stories []*story
	var all sync.WaitGroup
	cache := filepath.Join(t.TempDir(), "cache")
	for range 4 {
		s := tellMirrored(t)
		s.Cache = cache
		stories = append(stories, s)
		all.Go(func() {
			if _, err := s.Try(t.Context(), schema.CommandApply); err != nil {
				t.Error(err, failureLines(err))
			}
		})
	}
	all.Wait()
	for _, s := range stories {
		equal(t, "processes", s.processes(), "version init apply")
		if size := diskOf(t, s.Repository); size > 1<<20 {
			t.Errorf("an environment takes %d bytes", size)
		}
	}
	if size := diskOf(t, cache); size > 1<<20 {
		t.Errorf("the cache takes %d bytes", size)
	}
}

// diskOf returns the bytes of the files below a directory; links are not followed.
func diskOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	}))
	return size
}

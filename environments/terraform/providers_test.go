package terraform

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// tinyMirror serves a provider that is nothing but a file, by terraform's network mirror protocol
// (https://developer.hashicorp.com/terraform/internals/provider-network-mirror-protocol), and counts downloads.
type tinyMirror struct {
	variables map[string]string // that lead there
	downloads atomic.Int32
}

func newTinyMirror(t *testing.T) *tinyMirror {
	t.Helper()
	m := &tinyMirror{}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "terraform-provider-tiny_v1.0.0", ExternalAttrs: 0o755 << 16})
	check(t, err)
	_, err = w.Write([]byte("#!/bin/sh\nexit 1\n"))
	check(t, err)
	check(t, z.Close())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".json") {
			w.Header().Set("Content-Type", "application/json")
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/index.json"):
			fmt.Fprint(w, `{"versions": {"1.0.0": {}}}`)
		case strings.HasSuffix(r.URL.Path, "/1.0.0.json"):
			fmt.Fprintf(w, `{"archives": {"%s_%s": {"url": "tiny.zip"}}}`, runtime.GOOS, runtime.GOARCH)
		case strings.HasSuffix(r.URL.Path, "/tiny.zip"):
			if r.Method == http.MethodGet { // it is asked for its size first
				m.downloads.Add(1)
			}
			_, _ = w.Write(archive.Bytes())
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	writeFile(t, filepath.Join(dir, "ca.pem"), string(certificate))
	writeFile(t, filepath.Join(dir, "cli.tfrc"), "provider_installation {\n  network_mirror { url = \""+server.URL+"/\" }\n}\n")
	m.variables = map[string]string{"SSL_CERT_FILE": filepath.Join(dir, "ca.pem"), "TF_CLI_CONFIG_FILE": filepath.Join(dir, "cli.tfrc")}
	return m
}

const tinyConfiguration = `terraform {
  required_providers {
    tiny = { source = "registry.example.test/acme/tiny" }
  }
}
output "ready" { value = true }`

// tiny is a story whose step needs the provider.
func (m *tinyMirror) tiny(t *testing.T, cache string) *story {
	t.Helper()
	s := tellReal(t, map[string]string{"main.tf": tinyConfiguration})
	s.Cache = cache
	maps.Copy(s.Variables, m.variables)
	return s
}

// initialise gets the step ready and no further: the provider cannot be started.
func (s *story) initialise() error {
	s.T.Helper()
	c := s.Call(s.T.Context(), schema.CommandPlan)
	defer os.RemoveAll(c.Private)
	return s.tool.Prepare(s.T.Context(), c)
}

// again makes the next init a first one.
func (s *story) again() {
	s.T.Helper()
	check(s.T, os.RemoveAll(filepath.Join(s.Workspace(), dataDirectory)))
}

func TestProvidersAreDownloadedOnce(t *testing.T) {
	m := newTinyMirror(t)
	cache := filepath.Join(t.TempDir(), "cache")
	s := m.tiny(t, cache)
	for n, want := range []int32{1, 2, 2, 2} { // without a lock file; into the cache; from there
		check(t, s.initialise())
		if got := m.downloads.Load(); got != want {
			t.Fatalf("init %d: %d downloads, want %d\n%s", n, got, want, s.Texts(schema.EventOutputLine))
		}
		s.again()
	}
	check(t, s.initialise())
	installed := filepath.Join(s.Workspace(), dataDirectory, "providers", "registry.example.test", "acme", "tiny", "1.0.0",
		runtime.GOOS+"_"+runtime.GOARCH)
	target, err := filepath.EvalSymlinks(installed)
	check(t, err)
	inside, err := filepath.EvalSymlinks(cache)
	check(t, err)
	contains(t, "package", target, inside)

	// Whoever has a cache, or packages, of his own keeps them.
	for name, variable := range map[string]string{cacheVariable: t.TempDir(), "TF_CLI_CONFIG_FILE": ""} {
		own := m.tiny(t, filepath.Join(t.TempDir(), "cache"))
		if variable == "" {
			text, err := os.ReadFile(m.variables[name])
			check(t, err)
			variable = filepath.Join(t.TempDir(), "cli.tfrc")
			writeFile(t, variable, string(text)+"plugin_cache_dir = \""+t.TempDir()+"\"\n")
		}
		own.Variables[name] = variable
		check(t, own.initialise())
		own.again()
		check(t, own.initialise())
		equal(t, "a cache beside "+name, exists(filepath.Join(own.Cache, "providers")), false)
	}
}

// Many steps of many runs begin at once. One downloads; nobody writes what another reads.
func TestProvidersOfManyAtOnce(t *testing.T) {
	m := newTinyMirror(t)
	cache := filepath.Join(t.TempDir(), "cache")
	first := m.tiny(t, "")
	check(t, first.initialise())
	lock, err := os.ReadFile(filepath.Join(first.Source(), lockFile))
	check(t, err)
	before := m.downloads.Load()
	var all sync.WaitGroup
	for range 8 {
		s := m.tiny(t, cache)
		s.Write(map[string]string{lockFile: string(lock)})
		all.Go(func() {
			if err := s.initialise(); err != nil {
				t.Error(err, failureLines(err))
			}
		})
	}
	all.Wait()
	if n := m.downloads.Load() - before; n != 1 {
		t.Errorf("%d downloads", n)
	}
}

// The cache is only shared when terraform finds there what the lock file says: else it would write.
func TestWhatTheCacheHas(t *testing.T) {
	dir := t.TempDir()
	l := locked{address: "h/n/t", version: "1.0.0", hashes: []string{"zh:1", "h1:of another platform"}}
	p := &providers{dir: dir, session: &session{}}
	check(t, os.MkdirAll(l.below(filepath.Join(dir, "providers")), 0o755))
	check(t, os.Mkdir(filepath.Join(dir, "hashes"), 0o755))
	equal(t, "without a note", p.has([]locked{l}), false)
	writeFile(t, p.hashFile(l), "h1:mine")
	equal(t, "with another hash", p.has([]locked{l}), false)
	l.hashes = append(l.hashes, "h1:mine")
	equal(t, "with this one", p.has([]locked{l}), true)
	equal(t, "with another one beside it", p.has([]locked{l, {address: "h/n/u", version: "1"}}), false)
	check(t, os.RemoveAll(filepath.Join(dir, "providers")))
	equal(t, "without the package", p.has([]locked{l}), false)
}

package terraform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/sys/unix"
)

// Providers that a lock file names are downloaded once and shared: terraform is given a plugin cache in the run store. Two
// things about that cache are not safe, and are kept from happening here:
//
//   - terraform writes it without looking whether somebody else does. So an init that can have something to write holds
//     it alone, and inits of which everything is there share it.
//   - without an entry in the lock file, terraform downloads the provider again and writes it anew. So only what is locked
//     uses the cache. (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache)
//
// Everything is there when the lock file has the very hash of the package in the cache, which terraform itself compares:
// a hash of another platform would make it download again.
//
//	cache/providers/<host>/<namespace>/<type>/<version>/<platform>/   laid out by terraform
//	cache/hashes/<the same, joined by ~>                              of packages that were downloaded to their end
const (
	cacheVariable = "TF_PLUGIN_CACHE_DIR"
	cacheLock     = "lock"
)

// cacheable is the first version that compares what is in the cache with the lock file.
var cacheable = version.Must(version.NewVersion("1.4.0"))

// locked is an entry of the lock file.
type locked struct {
	address string // host/namespace/type
	version string
	hashes  []string
}

func (l locked) below(dir string) string {
	return filepath.Join(dir, filepath.FromSlash(l.address), l.version, runtime.GOOS+"_"+runtime.GOARCH)
}

// providers are the shared ones, and how a step's init may use them.
type providers struct {
	session *session
	dir     string // "" when the step does not use them
	lock    *os.File
	alone   bool
}

// shareProviders returns the shared providers once the step's init may use them. A caller with a cache of his own, or
// with packages on a file system, has decided otherwise.
func (s *session) shareProviders(ctx context.Context) (*providers, error) {
	p := &providers{session: s}
	wanted := s.lockedProviders()
	if s.Cache == "" || s.upgrade || len(wanted) == 0 || s.ownPackages() || s.binary != tofu && s.found.Core().LessThan(cacheable) {
		return p, nil
	}
	for _, dir := range []string{"providers", "hashes"} {
		if err := os.MkdirAll(filepath.Join(s.Cache, dir), 0o755); err != nil {
			return nil, fmt.Errorf("share providers: %w", err)
		}
	}
	f, err := os.OpenFile(filepath.Join(s.Cache, cacheLock), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("share providers: %w", err)
	}
	p.dir, p.lock = s.Cache, f
	err = p.take(ctx, unix.LOCK_SH)
	if err == nil && !p.has(wanted) {
		p.alone = true
		err = p.take(ctx, unix.LOCK_EX)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return p, nil
}

// take waits for the lock.
func (p *providers) take(ctx context.Context, how int) error {
	for {
		err := unix.Flock(int(p.lock.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// variables are those that init is given for the shared providers.
func (p *providers) variables() map[string]string {
	if p.dir == "" {
		return nil
	}
	return map[string]string{cacheVariable: filepath.Join(p.dir, "providers")}
}

// release lets others use the cache. After an init that went well, what it downloaded is known to be whole.
func (p *providers) release(initialised bool) {
	if p.dir == "" {
		return
	}
	if initialised && p.alone {
		p.note()
	}
	_ = p.lock.Close()
}

// has reports whether all packages are in the cache, and are what the lock file says.
func (p *providers) has(wanted []locked) bool {
	return !slices.ContainsFunc(wanted, func(l locked) bool {
		hash := content(p.hashFile(l))
		_, err := os.Stat(l.below(filepath.Join(p.dir, "providers")))
		return err != nil || hash == "" || !slices.Contains(l.hashes, hash)
	})
}

func (p *providers) hashFile(l locked) string {
	return filepath.Join(p.dir, "hashes", strings.ReplaceAll(l.address, "/", "~")+"~"+l.version+"~"+runtime.GOOS+"_"+runtime.GOARCH)
}

// note remembers the hashes of packages that were not known before. What cannot be noted is looked at again.
func (p *providers) note() {
	for _, l := range p.session.lockedProviders() {
		file, dir := p.hashFile(l), l.below(filepath.Join(p.dir, "providers"))
		if content(file) != "" {
			continue
		}
		if target, err := filepath.EvalSymlinks(dir); err == nil {
			if hash, err := dirhash.HashDir(target, "", dirhash.Hash1); err == nil {
				_ = os.WriteFile(file, []byte(hash), 0o644)
			}
		}
	}
}

var (
	lockSchema     = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "provider", LabelNames: []string{"address"}}}}
	providerSchema = attributes("version", "hashes")
)

// lockedProviders returns what the step's lock file names, or nothing when it cannot be read.
func (s *session) lockedProviders() []locked {
	text, err := os.ReadFile(filepath.Join(s.Directory, lockFile))
	if err != nil {
		return nil
	}
	file, diagnostics := parse(text, lockFile)
	if diagnostics.HasErrors() {
		return nil
	}
	body, _, _ := file.Body.PartialContent(lockSchema)
	var all []locked
	for _, block := range body.Blocks {
		l := locked{address: block.Labels[0]}
		attributes, _, _ := block.Body.PartialContent(providerSchema)
		l.version = strings.Join(texts(attributes.Attributes["version"]), "")
		l.hashes = texts(attributes.Attributes["hashes"])
		if !filepath.IsLocal(filepath.FromSlash(l.address)) || l.version == "" || !filepath.IsLocal(l.version) {
			return nil
		}
		all = append(all, l)
	}
	return all
}

// texts returns the plain texts of an attribute: one, or a list of them.
func texts(a *hcl.Attribute) []string {
	if a == nil {
		return nil
	}
	v, diagnostics := a.Expr.Value(nil)
	if diagnostics.HasErrors() || !v.IsWhollyKnown() || v.IsNull() {
		return nil
	}
	if v.Type() == cty.String {
		return []string{v.AsString()}
	}
	var all []string
	if v.CanIterateElements() {
		for _, item := range v.AsValueSlice() {
			if item.Type() == cty.String && !item.IsNull() {
				all = append(all, item.AsString())
			}
		}
	}
	return all
}

// ownPackages reports whether the caller says himself where packages are.
func (s *session) ownPackages() bool {
	if s.Variables[cacheVariable] != "" {
		return true
	}
	for _, file := range s.configurationFiles() {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for _, word := range []string{"plugin_cache_dir", "filesystem_mirror", "dev_overrides"} {
			if err != nil || strings.Contains(string(text), word) {
				return true
			}
		}
	}
	return false
}

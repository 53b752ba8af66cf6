package terraform

import (
	"os"
	"path/filepath"
	"regexp"
)

// A caller can have a plugin cache, named by a variable or by the file that configures terraform. It is no safer than any
// (providers.go): one init at a time uses it, and none without a lock file, which would download each package again all the
// same, and write it anew while programs of other steps run from it.

// breakLock lets terraform use what is in its cache without an entry in the lock file.
const breakLock = "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"

// ownPackagesDirectory is the cache of a step alone, in its data directory.
const ownPackagesDirectory = "bitops.packages"

var (
	configuredCache = regexp.MustCompile(`(?m)^[^#/\n]*\bplugin_cache_dir"?\s*[=:]\s*"([^"]+)"`)
	configuredBreak = regexp.MustCompile(`(?m)^[^#/\n]*\bplugin_cache_may_break_dependency_lock_file"?\s*[=:]\s*true`)
)

// callersCache is a plugin cache that the caller has chosen.
type callersCache struct {
	dir        string // "" for none
	configured bool   // by a file: an empty variable does not take it back
	breaks     bool   // it is used without an entry in the lock file
}

// callersCache returns the caller's cache. A variable beats a file.
func (s *session) callersCache() callersCache {
	c := callersCache{dir: s.Variables[cacheVariable], breaks: s.Variables[breakLock] != ""}
	for _, file := range s.configurationFiles() {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		c.breaks = c.breaks || configuredBreak.Match(text)
		if found := configuredCache.FindSubmatch(text); found != nil && !c.configured {
			c.configured = true
			if c.dir == "" {
				c.dir = os.Expand(string(found[1]), func(name string) string { return s.Variables[name] })
			}
		}
	}
	return c
}

// withoutCallersCache returns the variables that keep the caller's cache from an init without a lock file.
func (s *session) withoutCallersCache(c callersCache) (map[string]string, error) {
	if c.dir == "" || c.breaks || len(s.lockedProviders()) > 0 {
		return nil, nil
	}
	if !c.configured {
		return map[string]string{cacheVariable: ""}, nil
	}
	own := filepath.Join(s.Directory, dataDirectory, ownPackagesDirectory)
	return map[string]string{cacheVariable: own}, os.MkdirAll(own, 0o755)
}

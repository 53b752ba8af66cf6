package terraform

import (
	"maps"
	"testing"
)

// Without a lock file, terraform writes a package into its cache anew, whoever runs from it.
func TestCallersCacheIsForInitsWithALockFile(t *testing.T) {
	const lock = "provider \"registry.terraform.io/hashicorp/null\" {\n  version = \"3.0.0\"\n  hashes = [\"h1:x\"]\n}\n"
	for name, c := range map[string]struct {
		files     map[string]string
		variables map[string]string
		want      string
	}{
		"without a lock file": {map[string]string{"main.tf": ""}, nil, ""},
		"with one":            {map[string]string{"main.tf": "", lockFile: lock}, nil, "/the/cache"},
		"without one, and the caller says that it may": {
			map[string]string{"main.tf": ""}, map[string]string{breakLock: "1"}, "/the/cache",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, c.files).fake(`[ "$1" = init ] && { mkdir -p .terraform; printf %s "$TF_PLUGIN_CACHE_DIR" >.terraform/cache; }
` + version1 + `[ "$1" = output ] && echo '{}'; exit 0`)
			s.variables[cacheVariable] = "/the/cache"
			maps.Copy(s.variables, c.variables)
			s.apply()
			equal(t, "cache of init", content(s.workspace()+"/.terraform/cache"), c.want)
		})
	}
}

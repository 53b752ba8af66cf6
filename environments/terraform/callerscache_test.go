package terraform

import (
	"maps"
	"path/filepath"
	"testing"
)

// Without a lock file, terraform writes a package into its cache anew, whoever runs from it.
func TestCallersCacheIsForInitsWithALockFile(t *testing.T) {
	const lock = "provider \"registry.terraform.io/hashicorp/null\" {\n  version = \"3.0.0\"\n  hashes = [\"h1:x\"]\n}\n"
	for name, c := range map[string]struct {
		files     map[string]string
		variables map[string]string
		want      string
		file      string // the configuration of terraform
	}{
		"without a lock file": {files: map[string]string{"main.tf": ""}, want: ""},
		"with one":            {files: map[string]string{"main.tf": "", lockFile: lock}, want: "/the/cache"},
		"without one, and the caller says that it may": {
			files: map[string]string{"main.tf": ""}, variables: map[string]string{breakLock: "1"}, want: "/the/cache",
		},
		"configured, without a lock file": {
			files: map[string]string{"main.tf": ""}, file: "plugin_cache_dir = \"$HOME/cache\"\n", want: "its own",
		},
		"configured beside a variable": {
			files: map[string]string{"main.tf": ""}, variables: map[string]string{cacheVariable: "/the/cache"},
			file: "plugin_cache_dir = \"$HOME/cache\"\n", want: "its own",
		},
		"configured, with a lock file": {
			files: map[string]string{"main.tf": "", lockFile: lock}, file: "plugin_cache_dir = \"$HOME/cache\"\n", want: "",
		},
		"configured, and that it may": {
			files: map[string]string{"main.tf": ""},
			file:  "plugin_cache_dir = \"$HOME/cache\"\nplugin_cache_may_break_dependency_lock_file = true\n", want: "",
		},
		"configured in a comment": {files: map[string]string{"main.tf": ""}, file: "# plugin_cache_dir = \"x\"\n", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := tell(t, c.files).fake(`[ "$1" = init ] && { mkdir -p .terraform; printf %s "$TF_PLUGIN_CACHE_DIR" >.terraform/cache; }
` + version1 + `[ "$1" = output ] && echo '{}'; exit 0`)
			delete(s.Variables, cacheVariable)
			if c.file == "" {
				s.Variables[cacheVariable] = "/the/cache"
			} else {
				s.Variables["TF_CLI_CONFIG_FILE"] = filepath.Join(t.TempDir(), "cli.tfrc")
				writeFile(t, s.Variables["TF_CLI_CONFIG_FILE"], c.file)
			}
			maps.Copy(s.Variables, c.variables)
			s.Apply()
			if c.want == "its own" {
				c.want = filepath.Join(s.Workspace(), dataDirectory, ownPackagesDirectory)
				equal(t, "its own cache is there", exists(c.want), true)
			}
			equal(t, "cache of init", content(s.Workspace()+"/.terraform/cache"), c.want)
		})
	}
}

// What terraform expands in the path of its cache, bitops expands too: inits with one cache wait for each other by its path.
func TestCallersCacheIsOneByItsPath(t *testing.T) {
	s := tell(t, map[string]string{"main.tf": ""})
	file := filepath.Join(t.TempDir(), "cli.tfrc")
	for text, want := range map[string]callersCache{
		"plugin_cache_dir = \"$HOME/cache\"\n":                                          {dir: "/home/me/cache", configured: true},
		"  plugin_cache_dir=\"/c\" // ours":                                             {dir: "/c", configured: true},
		"{\"plugin_cache_dir\": \"/c\"}":                                                {dir: "/c", configured: true},
		"# plugin_cache_dir = \"/c\"\n":                                                 {},
		"my_plugin_cache_dir = \"/c\"\n":                                                {},
		"disable_checkpoint = true\n":                                                   {},
		"plugin_cache_may_break_dependency_lock_file = true\nplugin_cache_dir = \"/c\"": {dir: "/c", configured: true, breaks: true},
	} {
		writeFile(t, file, text)
		got := session{Call: s.Call(t.Context(), "plan")}
		got.Variables = map[string]string{"HOME": "/home/me", "TF_CLI_CONFIG_FILE": file}
		equal(t, text, got.callersCache(), want)
	}
}

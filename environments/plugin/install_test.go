package plugin

import (
	"context"
	"errors"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// greets is a plugin that says which version it is.
func greets(version string) map[string]string {
	return map[string]string{"deploy.sh": "echo version " + version}
}

// says is what the plugin prints when it is applied.
func (s *story) says() string {
	s.t.Helper()
	s.apply()
	return s.log()
}

func TestWasTheTagAlwaysIgnored(t *testing.T) {
	s := tell(t, nil)
	url := s.git(greets("one"), greets("two"), greets("three"))
	s.declared = schema.Plugin{Source: url, SourceTag: "v2"}
	equal(t, "installed", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "version two")

	s.declared.SourceTag = "v1"
	contains(t, "another tag than installed", s.fails(schema.CommandApply).Message,
		"plugin hello is installed as "+url+", tag v2, and the manifest asks for "+url+", tag v1: run `bitops plugin install hello`")
	equal(t, "installed", states(s.install("hello")), "hello installed, changed")
	equal(t, "says", s.says(), "version one")
	equal(t, "versions kept", len(versions(t, s)), 1)
}

func TestTagBeatsBranch(t *testing.T) {
	s := tell(t, nil)
	s.declared = schema.Plugin{Source: s.git(greets("one"), greets("two")), SourceTag: "v1", Branch: "main"}
	s.install()
	equal(t, "says", s.says(), "version one")
}

func TestBranches(t *testing.T) {
	s := tell(t, nil)
	url := s.git(greets("main"))
	s.push(url, "next", greets("next"), "")
	s.declared = schema.Plugin{Source: url}
	s.install()
	equal(t, "says", s.says(), "version main")
	s.declared.Branch = "next"
	s.install()
	equal(t, "says", s.says(), "version next")

	equal(t, "again", states(s.install()), "hello installed")
	s.push(url, "next", greets("newer"), "")
	equal(t, "still", s.says(), "version next")
	equal(t, "when the branch moves", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "version newer")
}

func TestAMovedTagIsInstalledAnew(t *testing.T) {
	s := tell(t, nil)
	url := s.git(greets("one"))
	s.declared = schema.Plugin{Source: url, SourceTag: "v1"}
	s.install()
	equal(t, "again", states(s.install()), "hello installed")
	s.push(url, "main", greets("moved"), "v1")
	equal(t, "moved", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "version moved")
}

func TestReferencesThatAreNotThere(t *testing.T) {
	s := tell(t, nil)
	url := s.git(greets("one"))
	for name, d := range map[string]schema.Plugin{
		"tag v9":         {Source: url, SourceTag: "v9"},
		"branch release": {Source: url, Branch: "release"},
		"tag --upload-pack=touch pwned": {
			Source: url, SourceTag: "--upload-pack=touch pwned",
		},
	} {
		s.declared = d
		_, err := s.tryInstall(t.Context())
		contains(t, name, errorText(err), "plugin hello: there is no "+name+" in "+url)
	}
	s.declared = schema.Plugin{Source: "file://" + filepath.Join(t.TempDir(), "no.git"), SourceTag: "v1"}
	_, err := s.tryInstall(t.Context())
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok || failure.ExitCode != 128 || len(failure.Lines) == 0 {
		t.Errorf("error %+v, want git's failure with its lines", err)
	}
}

func TestInstalledPluginsWorkOffline(t *testing.T) {
	s := tell(t, nil)
	url := s.git(greets("one"))
	s.declared = schema.Plugin{Source: url, SourceTag: "v1"}
	s.install()
	check(t, os.RemoveAll(strings.TrimPrefix(url, "file://")))
	all := s.install()
	equal(t, "installed", states(all), "hello installed")
	contains(t, "note", all[0].Note, "it could not be seen whether there is something newer: cannot fetch "+url)
	equal(t, "says", s.says(), "version one")
}

func TestUninstalledPluginsAreTold(t *testing.T) {
	s := tell(t, nil)
	s.declared = schema.Plugin{Source: "https://git.example/hello", SourceTag: "v1"}
	const want = "plugin hello (https://git.example/hello, tag v1) is not installed: run `bitops plugin install hello`"
	equal(t, "problems", s.problems(), "bitops.config.yaml:3:5: warning: "+want)
	equal(t, "check", errorText(s.lifecycle().Check(t.Context(), s.step(), schema.CommandApply)), want)
	equal(t, "failure", s.fails(schema.CommandApply).Message, want)
	equal(t, "status", s.status(), Status{
		Name: "hello", State: StateMissing, Source: "https://git.example/hello", Reference: "tag v1", Note: want,
	})
	equal(t, "processes", len(s.runner.Commands()), 0)
}

func TestInstallScripts(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/plugin.config.yaml": "plugin: {install: {language: sh, install_script: setup.sh}}",
		"plugins/hello/setup.sh": `set -e
echo "installing $BITOPS_PLUGIN_NAME in $BITOPS_INSTALLED_PLUGIN_DIR"
[ "$PWD" = "$BITOPS_INSTALLED_PLUGIN_DIR" ]
echo 'echo made by install' > generated.sh`,
		"plugins/hello/deploy.sh": `. "$BITOPS_INSTALLED_PLUGIN_DIR/generated.sh"`,
	})
	contains(t, "problems", s.problems(), `warning: plugin "hello": its setup.sh has not run since the plugin's files changed (run `)
	equal(t, "before", s.status().State, StateUnprepared)
	equal(t, "installed", states(s.install()), "hello installed, changed")
	contains(t, "log", s.log(), "installing hello in "+s.path(".bitops", "plugins", ".versions"))
	equal(t, "problems", s.problems(), "")
	equal(t, "says", s.says(), "made by install")
	if _, err := os.Stat(s.path("plugins", "hello", "generated.sh")); err == nil {
		t.Error("the install script wrote to the checkout")
	}

	equal(t, "again", states(s.install()), "hello installed")
	s.write(map[string]string{"plugins/hello/deploy.sh": "echo edited"})
	equal(t, "edited", s.status().State, StateUnprepared)
	equal(t, "an edited plugin", s.says(), "edited")
	equal(t, "after an edit", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "edited")
}

func TestAPluginWithoutInstallScriptIsUsedInPlace(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": "echo here"})
	equal(t, "installed", states(s.install()), "hello in place")
	equal(t, "store", exists(s.path(".bitops", "plugins")), false)
	equal(t, "says", s.says(), "here")
}

func TestALinkedDirectoryIsSummedUpWhereItLeads(t *testing.T) {
	s := tell(t, map[string]string{"real/deploy.sh": "echo one", "real/install.sh": "", "plugins/x": ""})
	check(t, os.Symlink("../real", s.path("plugins", "hello")))
	s.install()
	s.write(map[string]string{"real/deploy.sh": "echo two"})
	equal(t, "installed", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "two")
}

func TestTheRepositoryIsNoPlugin(t *testing.T) {
	s := tell(t, map[string]string{"deploy.sh": "", "install.sh": ""})
	s.declared = schema.Plugin{Source: "file://."}
	_, err := s.tryInstall(t.Context())
	contains(t, "error", errorText(err), "put the plugin into a directory of its own")
}

func TestAFailedInstallLeavesTheVersionBefore(t *testing.T) {
	s := tell(t, nil)
	broken := greets("two")
	broken["install.sh"] = "echo no such package >&2; exit 7"
	s.declared = schema.Plugin{Source: s.git(greets("one"), broken), SourceTag: "v1"}
	s.install()

	s.declared.SourceTag = "v2"
	_, err := s.tryInstall(t.Context())
	failure, ok := errors.AsType[*environments.Failure](err)
	if !ok || failure.ExitCode != 7 || !slices.Equal(failure.Lines, []string{"no such package"}) {
		t.Fatalf("error %+v, want the script's failure", err)
	}
	equal(t, "message", failure.Message, "plugin hello: install.sh exited with code 7")
	contains(t, "what is half installed is not used", s.fails(schema.CommandApply).Message, "run `bitops plugin install hello`")
	equal(t, "versions kept", len(versions(t, s)), 1)

	s.declared.SourceTag = "v1"
	equal(t, "says", s.says(), "version one")
}

func TestAnInstallThatIsKilledIsDoneAgain(t *testing.T) {
	s := tell(t, nil)
	s.declared = schema.Plugin{Source: s.git(map[string]string{"deploy.sh": "echo done", "install.sh": ""}), SourceTag: "v1"}
	// What a killed bitops leaves behind: files without a record, and a link that was not put in its place.
	half := s.path(".bitops", "plugins", ".versions", "hello~killed", "hello")
	writeFiles(t, half, map[string]string{"deploy.sh": "echo half"})
	check(t, os.Symlink("nowhere", s.path(".bitops", "plugins", ".hello.link")))
	contains(t, "failure", s.fails(schema.CommandApply).Message, "is not installed")
	// Not even with a link to it, which is only made once there is a record.
	check(t, os.Symlink(half, s.path(".bitops", "plugins", "hello")))
	contains(t, "failure", s.fails(schema.CommandApply).Message, "is not installed")

	equal(t, "installed", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "done")
	equal(t, "versions kept", len(versions(t, s)), 1)
}

// The install script kills bitops, as a machine that goes down would.
func TestAKilledInstall(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh":  "cat \"$BITOPS_INSTALLED_PLUGIN_DIR/made\"",
		"plugins/hello/install.sh": "echo half > made; if [ -n \"$PLUGIN_TEST_INSTALL\" ]; then kill -9 $PPID; sleep 1; fi; echo whole > made",
	})
	install := exec.Command(os.Args[0])
	install.Env = append(s.variables.Environ(), "PLUGIN_TEST_INSTALL="+s.repository)
	if out, err := install.CombinedOutput(); err == nil || err.Error() != "signal: killed" {
		t.Fatalf("%v\n%s", err, out)
	}
	equal(t, "left behind", len(versions(t, s)), 1)
	equal(t, "state", s.status().State, StateUnprepared)
	equal(t, "installed", states(s.install()), "hello installed, changed")
	equal(t, "says", s.says(), "whole")
	equal(t, "versions kept", len(versions(t, s)), 1)
}

func TestAnInterruptedInstallIsNoInstall(t *testing.T) {
	s := tell(t, map[string]string{
		"plugins/hello/deploy.sh": "", "plugins/hello/install.sh": "echo begun; trap 'exit 0' INT; sleep 60 & wait",
	})
	ctx, cancel := context.WithCancel(t.Context())
	s.runner.Answer = func(ctx context.Context, c process.Command) (process.Result, error) {
		show := c.Stdout
		c.Stdout = func(l process.Line) { show(l); cancel() }
		return process.Local{}.Run(ctx, c)
	}
	if _, err := s.tryInstall(ctx); err == nil {
		t.Error("no error")
	}
	equal(t, "state", s.status().State, StateUnprepared)
	equal(t, "versions", len(versions(t, s)), 0)
}

func TestProblemsOfInstalling(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  string
	}{
		"the script that it names is not there": {
			map[string]string{"plugin.config.yaml": "plugin: {install: {install_script: no.sh}}", "deploy.sh": "", "install.sh": ""},
			"plugin hello: its plugin.config.yaml names the install script no.sh, and there is no such file",
		},
		"the language is not here": {
			map[string]string{"plugin.config.yaml": "plugin: {install: {language: cobol85}}", "deploy.sh": "", "install.sh": ""},
			"plugin hello: install.sh cannot run: cobol85: not found in PATH",
		},
		"the configuration is broken": {
			map[string]string{"plugin.config.yaml": "plugin: [", "deploy.sh": ""},
			"hello/plugin.config.yaml:1",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := tell(t, nil)
			s.declared = schema.Plugin{Source: s.git(test.files)}
			_, err := s.tryInstall(t.Context())
			contains(t, "error", errorText(err), test.want)
			equal(t, "versions", len(versions(t, s)), 0)
		})
	}
}

func TestOneFailureDoesNotStopTheOthers(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": "", "plugins/hello/install.sh": ""})
	o := s.options()
	o.Declared = append(schema.Map[schema.Plugin]{{Key: "bad", Value: schema.Plugin{Source: "./no/such"}}}, o.Declared...)
	all, err := Install(t.Context(), InstallOptions{Options: o, Runner: s.runner})
	equal(t, "states", states(all), "bad unavailable; hello installed, changed")
	contains(t, "error", errorText(err), `plugin "bad": there is no directory `+s.path("no", "such"))
	_, err = s.tryInstall(t.Context(), "helo")
	equal(t, "a wrong name", errorText(err), `the manifest declares no plugin "helo" (did you mean "hello"?)`)
}

func TestPluginsOfTheImage(t *testing.T) {
	s := tell(t, nil)
	writeFiles(t, s.image, map[string]string{
		"hello/deploy.sh": "echo of the image", "gcp/plugin.config.yaml": "", "terraform/deploy.sh": "", "config/cli.py": "",
	})
	s.declared = schema.Plugin{}
	equal(t, "says", s.says(), "of the image")
	equal(t, "all", states(List(s.options())), "gcp in the image; hello in the image")
	equal(t, "installed", states(s.install()), "gcp in the image; hello in the image")

	s.declared = schema.Plugin{Source: "https://git.example/hello"}
	equal(t, "says", s.says(), "of the image")

	other := t.TempDir()
	writeFiles(t, other, map[string]string{"hello/deploy.sh": "echo of BITOPS_PLUGIN_DIR"})
	s.variables["BITOPS_PLUGIN_DIR"] = other + "/"
	equal(t, "says", s.says(), "of BITOPS_PLUGIN_DIR")

	s.declared = schema.Plugin{Source: s.git(greets("one"))}
	s.install()
	equal(t, "the image's comes first while nothing is installed", s.says(), "of BITOPS_PLUGIN_DIR")
}

func TestSources(t *testing.T) {
	s := tell(t, map[string]string{"plugins/hello/deploy.sh": "", "bare.git/HEAD": "", "half/HEAD": "", "half/objects/x": "", "half/refs/x": ""})
	tests := map[string]struct {
		declared schema.Plugin
		want     source
	}{
		"a directory of the repository":   {schema.Plugin{Source: "file://./plugins/hello"}, source{directory: s.path("plugins/hello")}},
		"without a dot":                   {schema.Plugin{Source: "file://plugins/hello"}, source{directory: s.path("plugins/hello")}},
		"a path":                          {schema.Plugin{Source: "plugins/hello/"}, source{directory: s.path("plugins/hello")}},
		"an absolute directory":           {schema.Plugin{Source: "file:///opt/hello"}, source{directory: "/opt/hello"}},
		"an absolute path":                {schema.Plugin{Source: "/opt/hello"}, source{directory: "/opt/hello"}},
		"a directory that ends in .git":   {schema.Plugin{Source: "./bare.git"}, source{repository: "file://" + s.path("bare.git"), reference: "HEAD"}},
		"a bare repository":               {schema.Plugin{Source: "half"}, source{repository: "file://" + s.path("half"), reference: "HEAD"}},
		"a directory with a tag":          {schema.Plugin{Source: "plugins/hello", SourceTag: "v1"}, source{repository: "file://" + s.path("plugins/hello"), reference: "refs/tags/v1"}},
		"a URL":                           {schema.Plugin{Source: "https://github.com/a/b", Branch: "dev"}, source{repository: "https://github.com/a/b", reference: "refs/heads/dev"}},
		"an ssh URL keeps its user":       {schema.Plugin{Source: "ssh://git@host/a"}, source{repository: "ssh://git@host/a", reference: "HEAD"}},
		"the short form of an ssh URL":    {schema.Plugin{Source: "git@github.com:a/b.git"}, source{repository: "git@github.com:a/b.git", reference: "HEAD"}},
		"none":                            {schema.Plugin{SourceTag: "v1"}, source{}},
		"a path with a colon further off": {schema.Plugin{Source: "./a:b"}, source{directory: s.path("a:b")}},
	}
	for name, test := range tests {
		got, err := s.options().source(declaration{Plugin: test.declared})
		check(t, err)
		equal(t, name, got, test.want)
	}
}

// The password of a URL reaches git, and nobody else: not the arguments, the log, the record, nor a message.
func TestPasswordsOfSources(t *testing.T) {
	s := tell(t, nil)
	bare := strings.TrimPrefix(s.git(greets("one")), "file://")
	backend, err := exec.Command("git", "--exec-path").Output()
	check(t, err)
	program := filepath.Join(strings.TrimSpace(string(backend)), "git-http-backend")
	requireTool(t, program)
	handler := &cgi.Handler{
		Path: program, InheritEnv: []string{"PATH"},
		Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(bare), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=" + os.DevNull},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "pa$$ word's" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	s.declared = schema.Plugin{Source: "http://me:pa$$%20word's@" + host + "/hello.git", SourceTag: "v1"}
	all := s.install()
	equal(t, "says", s.says(), "version one")
	equal(t, "source", all[0].Source, "http://"+host+"/hello.git")
	for _, c := range s.runner.Commands() {
		lacks(t, "arguments", strings.Join(c.Args, " "), "word's", "me:")
	}
	equal(t, "files", holding(t, s.path(".bitops"), "pa$$"), []string(nil))

	s.declared.Source = "http://me:wrong@" + host + "/hello.git"
	s.declared.SourceTag = "v2"
	_, err = s.tryInstall(t.Context())
	contains(t, "error", errorText(err), "cannot fetch http://"+host+"/hello.git, tag v2")
	lacks(t, "error", errorText(err)+s.log(), "wrong")

	s.declared.Source = "https://me:hunter2@[bad/x"
	lacks(t, "problems", s.problems(), "hunter2")
	contains(t, "problems", s.problems(), `bitops.config.yaml:3:5: plugin "hello": the source is not a URL that git can fetch`)
}

func TestDeclarationsThatLeadNowhere(t *testing.T) {
	s := tell(t, nil)
	equal(t, "a directory that is not there", s.problems(),
		`bitops.config.yaml:3:5: plugin "hello": there is no directory `+s.path("plugins", "hello"))
	s.declared = schema.Plugin{}
	equal(t, "no source", s.problems(), `bitops.config.yaml:3:5: plugin "hello": it has no source, and is not part of the image`)
	o := s.options()
	o.Declared = schema.Map[schema.Plugin]{{Key: "../hello", Value: schema.Plugin{Source: "https://git.example/x"}}}
	_, problems := New(o)[0].Inspect(schema.Directory{Root: s.repository, Name: "net/hello"})
	equal(t, "a name that is a path", problems.Error(), `plugin "../hello": a name is letters, digits, '.', '_' and '-'`)
}

func versions(t *testing.T, s *story) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(s.path(".bitops", "plugins", ".versions"))
	check(t, err)
	return entries
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

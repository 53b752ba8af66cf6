package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments/testkit"
)

var edits = flag.Int("edits", 4, "how many rounds of random edits TestWhatDiffersFromACommit makes; 300 is the long form")

// edited is a repository of many environments, each a terraform module without providers, that is edited at random. What
// differs is known by terraform: one plan of all of them, in a copy that has what bitops would lay and run beside them.
type edited struct {
	*testing.T
	*rand.Rand
	dir, library string
	environments []*editedEnvironment
	made         int // environments, and names of new files
	comments     int // in the manifest
	edits        []string
}

type editedEnvironment struct {
	name, dir, renamedFrom string
	kind                   int
	input, module          int
	open                   bool // nobody can tell what it reads
	depends                bool // on the first one
}

// The kinds of environments, by what they read beside their own files.
const (
	readsModule = iota
	readsDeepModule
	readsByLinkedDirectory
	readsByLinkedFile
	readsDirectory
	readsByHook
	readsByOpenHook
	readsOtherEnvironment
	readsSubmodule
	readsIgnored
	readsWhatMayBe
	readsNothing
	kinds
)

const (
	editedEnvironments = 60
	editedModules      = 6
	manyFiles          = 600
)

// TestWhatDiffersFromACommit edits a repository at random and compares what changed:REF selects with what terraform plans: what
// plans otherwise is selected, always. What is selected beside that is counted: at most one in twenty, where what a step reads
// can be told at all.
func TestWhatDiffersFromACommit(t *testing.T) {
	for _, program := range []string{"terraform", "git"} {
		testkit.Tool(t, program)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := newEdited(t, rand.New(rand.NewPCG(seed, seed)))
	was := r.planned()
	differ, extra, open := 0, 0, 0
	var earlier, earlierThere []string // what the round before selected, and the environments of then with their directories
	for range *edits {
		r.edits = nil
		for range 1 + r.IntN(3) {
			r.edit()
		}
		r.writeManifest()
		is := r.planned()
		selected := r.list("changed:HEAD")
		r.git(r.dir, "add", "-A")
		r.git(r.dir, "commit", "-q", "--allow-empty", "-m", strings.Join(r.edits, ", "))
		for _, args := range [][]string{{"changed:HEAD~1", "--committed"}, {"changed:HEAD~1..HEAD"}} {
			if again := r.list(args...); !slices.Equal(again, selected) {
				t.Errorf("%q: %q selects %q, and before the commit it was %q", r.edits, args, again, selected)
			}
		}
		if earlierThere != nil {
			r.compareEarlier(earlier, earlierThere)
		}
		earlier, earlierThere = selected, r.there()
		for _, env := range r.environments {
			before, existed := was[first(env.renamedFrom, env.name)]
			differs := !existed || before != is[env.name]
			found := slices.Contains(selected, env.name)
			switch {
			case differs && !found:
				t.Errorf("%q: %s is missed\nwas %s\nis  %s", r.edits, env.name, before, is[env.name])
			case differs:
				differ++
			case found && env.open:
				open++
			case found:
				extra++
				t.Logf("%q: %s is selected and plans the same", r.edits, env.name)
			}
			env.renamedFrom = ""
		}
		r.writeManifest()
		r.git(r.dir, "commit", "-q", "--allow-empty", "-a", "-m", "renamed")
		was = is
	}
	t.Logf("%d rounds: %d environments differed and were selected, %d more were selected, and %d of which nobody can tell what they read", *edits, differ, extra, open)
	if extra*20 > differ && extra > 2 {
		t.Errorf("%d environments were selected that plan the same, beside %d", extra, differ)
	}
}

// there returns the environments with their directories.
func (r *edited) there() []string {
	var all []string
	for _, env := range r.environments {
		all = append(all, env.name+" "+env.dir)
	}
	return all
}

// compareEarlier holds that two commits that are not checked out differ as they did when they were: for the environments that
// are still what they were.
func (r *edited) compareEarlier(was, there []string) {
	r.Helper()
	again := r.list("changed:HEAD~3..HEAD~2")
	for _, env := range r.environments {
		if !slices.Contains(there, env.name+" "+env.dir) || env.renamedFrom != "" {
			continue
		}
		if slices.Contains(was, env.name) != slices.Contains(again, env.name) {
			r.Errorf("%q: %s was selected: %t, and between commits that are not checked out it is: %t", r.edits, env.name, slices.Contains(was, env.name), slices.Contains(again, env.name))
		}
	}
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func newEdited(t *testing.T, random *rand.Rand) *edited {
	t.Helper()
	r := &edited{T: t, Rand: random, dir: t.TempDir(), library: t.TempDir()}
	r.git(r.library, "init", "-q", "-b", "main")
	r.writeIn(r.library, "m/main.tf", "output \"m\" {\n  value = 0\n}\n", 0o644)
	r.commit(r.library)
	r.git(r.dir, "init", "-q", "-b", "main")
	r.git(r.dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", r.library, "vendor/library")
	r.write(".gitattributes", "* text=auto\n")
	r.write(".gitignore", "secret.txt\n.bitops/\n")
	r.write("_default/terraform/common.tf", "output \"common\" {\n  value = 0\n}\n")
	r.writeIn(r.dir, "scripts/tool.sh", "echo 0\n", 0o755)
	for i := range editedModules {
		r.write(fmt.Sprintf("modules/m%d/main.tf", i), "output \"m\" {\n  value = 0\n}\n")
		r.write(fmt.Sprintf("modules/deep%d/main.tf", i), fmt.Sprintf("module \"m\" {\n  source = \"../m%d\"\n}\noutput \"m\" {\n  value = module.m.m\n}\n", i))
		r.write(fmt.Sprintf("shared/s%d.txt", i), "0")
		r.write(fmt.Sprintf("data/d%d/one", i), "0")
		r.link(fmt.Sprintf("modules/current%d", i), fmt.Sprintf("m%d", i))
	}
	for range editedEnvironments {
		r.add()
	}
	r.writeManifest()
	r.commit(r.dir)
	return r
}

// add adds an environment.
func (r *edited) add() {
	e := &editedEnvironment{name: fmt.Sprintf("e%d", r.made), kind: r.made % kinds, module: r.IntN(editedModules), input: r.IntN(100)}
	e.dir = []string{"", "stage/", "stage/deep/"}[r.IntN(3)] + e.name
	e.depends = r.made%5 == 4
	r.made++
	r.environments = append(r.environments, e)
	r.writeEnvironment(e)
	if e.kind == readsNothing && r.made <= kinds {
		for i := range manyFiles {
			r.write(fmt.Sprintf("%s/terraform/many/f%d", e.dir, i), "0")
		}
	}
}

// writeEnvironment writes the files that an environment has because of its kind.
func (r *edited) writeEnvironment(e *editedEnvironment) {
	up := strings.Repeat("../", strings.Count(e.dir, "/")+2)
	reads, hook := `""`, ""
	module := func(source string) string {
		reads = "module.m.m"
		return fmt.Sprintf("module \"m\" {\n  source = %q\n}\n", up+source)
	}
	text := "variable \"value\" {}\nlocals {\n  own = 0\n}\n"
	switch e.kind {
	case readsModule:
		text += module(fmt.Sprintf("modules/m%d", e.module))
		reads = "\"${module.m.m} ${file(\"${path.module}/shared.txt\")}\""
		r.write(e.dir+"/terraform/shared.txt", "0")
	case readsDeepModule:
		text += module(fmt.Sprintf("modules/deep%d", e.module))
	case readsByLinkedDirectory:
		text += module(fmt.Sprintf("modules/current%d", e.module))
	case readsByLinkedFile:
		r.link(e.dir+"/terraform/linked.txt", fmt.Sprintf("%sshared/s%d.txt", up, e.module))
		reads = "file(\"${path.module}/linked.txt\")"
	case readsDirectory:
		at := fmt.Sprintf("${path.module}/%sdata/d%d", up, e.module)
		reads = fmt.Sprintf("join(\",\", [for f in fileset(%q, \"**\") : \"${f} ${file(\"%s/${f}\")}\"])", "@", "@")
		reads = strings.ReplaceAll(strings.ReplaceAll(reads, `"@"`, `"`+at+`"`), "@", at)
	case readsByHook:
		hook = fmt.Sprintf("{ test -x %sscripts/tool.sh && sh %[1]sscripts/tool.sh; } > made.txt || true\n", up)
	case readsByOpenHook:
		e.open = true
		hook = fmt.Sprintf("cat $BITOPS_TEMPDIR/scripts/tool.sh $BITOPS_TEMPDIR/data/d%d/* > made.txt\n", e.module)
	case readsOtherEnvironment:
		reads = fmt.Sprintf("file(\"${path.module}/%s%s/terraform/shared.txt\")", up, r.environments[0].dir)
	case readsSubmodule:
		text += module("vendor/library/m")
	case readsIgnored:
		reads = "fileexists(\"${path.module}/secret.txt\") ? \"there\" : \"\""
	case readsWhatMayBe:
		e.open = true
		reads = fmt.Sprintf("fileexists(\"${path.module}/%sflags/f%d\") ? \"there\" : \"\"", up, e.module)
	}
	if hook != "" {
		r.writeIn(r.dir, e.dir+"/terraform/bitops.before-deploy.d/make.sh", hook, 0o755)
		reads = "file(\"${path.module}/made.txt\")"
	}
	text += fmt.Sprintf("output \"all\" {\n  value = [var.value, local.own, %s, [for f in fileset(path.module, \"many/*\") : \"${f} ${file(\"${path.module}/${f}\")}\"]]\n}\n", reads)
	r.write(e.dir+"/terraform/main.tf", text)
}

func (r *edited) writeManifest() {
	var text strings.Builder
	fmt.Fprintf(&text, "bitops:\n  environments:\n    # comment %d\n", r.comments)
	for _, e := range r.environments {
		fmt.Fprintf(&text, "    %s: {path: %s, inputs: {value: %d}, tags: [t%d]", e.name, e.dir, e.input, r.comments%7)
		if e.renamedFrom != "" {
			fmt.Fprintf(&text, ", renamed_from: %s", e.renamedFrom)
		}
		if e.depends {
			fmt.Fprintf(&text, ", depends_on: [%s]", r.environments[0].name)
		}
		text.WriteString("}\n")
	}
	r.write("bitops.config.yaml", text.String())
}

// edit changes something.
func (r *edited) edit() {
	e := r.environments[1+r.IntN(len(r.environments)-1)] // others read the first one's files
	m := r.IntN(editedModules)
	value := r.IntN(1_000_000)
	type change struct {
		name string
		make func()
	}
	all := []change{
		{"value of " + e.name, func() { r.replace(e.dir+"/terraform/main.tf", "own = ", fmt.Sprint(value)) }},
		{"input of " + e.name, func() { e.input = value }},
		{"comment in the manifest", func() { r.comments++ }},
		{fmt.Sprintf("module %d", m), func() { r.replace(fmt.Sprintf("modules/m%d/main.tf", m), "value = ", fmt.Sprint(value)) }},
		{fmt.Sprintf("shared %d", m), func() { r.write(fmt.Sprintf("shared/s%d.txt", m), fmt.Sprint(value)) }},
		{fmt.Sprintf("data %d", m), func() { r.write(fmt.Sprintf("data/d%d/n%d", m, value), "new") }},
		{fmt.Sprintf("no data %d", m), func() { r.removeNewest(fmt.Sprintf("data/d%d", m)) }},
		{"what the first one has", func() { r.write(r.environments[0].dir+"/terraform/shared.txt", fmt.Sprint(value)) }},
		{fmt.Sprintf("link %d", m), func() { r.link(fmt.Sprintf("modules/current%d", m), fmt.Sprintf("m%d", r.IntN(editedModules))) }},
		{"other module for " + e.name, func() { e.module = m; r.writeEnvironment(e) }},
		{"script", func() { r.writeIn(r.dir, "scripts/tool.sh", fmt.Sprintf("echo %d\n", value), 0o755) }},
		{"mode of the script", func() { r.must(os.Chmod(r.at("scripts/tool.sh"), []os.FileMode{0o644, 0o755}[r.IntN(2)])) }},
		{"submodule", func() {
			r.writeIn(r.at("vendor/library"), "m/main.tf", fmt.Sprintf("output \"m\" {\n  value = %d\n}\n", value), 0o644)
			r.commit(r.at("vendor/library"))
		}},
		{"line endings of " + e.name, func() { r.lineEndings(e.dir + "/terraform/main.tf") }},
		{"one of many files", func() { r.write(fmt.Sprintf("%s/terraform/many/f%d", e.dir, r.IntN(manyFiles)), fmt.Sprint(value)) }},
		{fmt.Sprintf("flag %d", m), func() { r.toggle(fmt.Sprintf("flags/f%d", m)) }},
		{"nothing that is read", func() { r.write("docs/readme.md", fmt.Sprint(value)); r.write(".github/x.yml", fmt.Sprint(value)) }},
		{"new " + fmt.Sprint(r.made), r.add},
		{"move of " + e.name, func() { r.move(e, fmt.Sprintf("moved/m%d", value)) }},
		{"name of " + e.name, func() { e.renamedFrom, e.name = first(e.renamedFrom, e.name), fmt.Sprintf("n%d", value) }},
	}
	if r.IntN(4) == 0 {
		all = []change{{"defaults", func() { r.replace("_default/terraform/common.tf", "value = ", fmt.Sprint(value)) }}}
		if r.IntN(2) == 0 && len(r.environments) > editedEnvironments/2 && e.kind != readsModule {
			all = []change{{"no " + e.name, func() {
				r.must(os.RemoveAll(r.at(e.dir)))
				r.environments = slices.DeleteFunc(r.environments, func(other *editedEnvironment) bool { return other == e })
			}}}
		}
	}
	one := all[r.IntN(len(all))]
	one.make()
	r.edits = append(r.edits, one.name)
}

// move moves an environment, and writes it again: its references have another way.
func (r *edited) move(e *editedEnvironment, dir string) {
	from := r.at(e.dir)
	e.dir = dir
	r.must(os.MkdirAll(filepath.Dir(r.at(dir)), 0o755))
	r.must(os.Rename(from, r.at(dir)))
	r.writeEnvironment(e)
}

func (r *edited) replace(name, behind, with string) {
	text := r.read(name)
	head, tail, _ := strings.Cut(text, behind)
	_, tail, _ = strings.Cut(tail, "\n")
	r.write(name, head+behind+with+"\n"+tail)
}

func (r *edited) removeNewest(dir string) {
	entries, err := os.ReadDir(r.at(dir))
	r.must(err)
	if len(entries) > 1 {
		r.must(os.Remove(r.at(dir + "/" + entries[0].Name())))
	}
}

func (r *edited) lineEndings(name string) {
	text := strings.ReplaceAll(r.read(name), "\r\n", "\n")
	if r.IntN(2) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	r.write(name, text)
}

func (r *edited) toggle(name string) {
	if os.Remove(r.at(name)) != nil {
		r.write(name, "")
	}
}

// planned returns what terraform plans for each environment, and where it is: a text for each that differs where a plan does.
func (r *edited) planned() map[string]string {
	r.Helper()
	copied := r.TempDir()
	r.run(r.dir, nil, "cp", "-a", r.dir+"/.", copied)
	var root strings.Builder
	for _, e := range r.environments {
		step := filepath.Join(copied, e.dir, "terraform")
		r.run(copied, nil, "cp", "-a", "_default/terraform/common.tf", step)
		if hook := filepath.Join(step, "bitops.before-deploy.d", "make.sh"); exists(hook) {
			r.run(step, []string{"BITOPS_TEMPDIR=" + copied}, "sh", hook)
		}
		fmt.Fprintf(&root, "module %q {\n  source = \"../%s/terraform\"\n  value = %d\n}\noutput %[1]q {\n  value = module.%[1]s\n}\n", e.name, e.dir, e.input)
	}
	r.writeIn(copied, "root/main.tf", root.String(), 0o644)
	dir := filepath.Join(copied, "root")
	r.run(dir, nil, "terraform", "init", "-no-color", "-input=false")
	r.run(dir, nil, "terraform", "plan", "-no-color", "-input=false", "-out=it")
	var plan struct {
		PlannedValues struct {
			Outputs map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"outputs"`
		} `json:"planned_values"`
	}
	r.must(json.Unmarshal(r.run(dir, nil, "terraform", "show", "-json", "it"), &plan))
	all := map[string]string{}
	for _, e := range r.environments {
		all[e.name] = e.dir + " " + string(plan.PlannedValues.Outputs[e.name].Value)
	}
	r.must(os.RemoveAll(copied))
	return all
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// list returns the environments that selectors select.
func (r *edited) list(args ...string) []string {
	r.Helper()
	var document struct {
		Environments []struct {
			Name string `json:"name"`
		} `json:"environments"`
	}
	r.must(json.Unmarshal(r.run(r.dir, nil, "bitops", append([]string{"list", "--json"}, args...)...), &document))
	var names []string
	for _, env := range document.Environments {
		names = append(names, env.Name)
	}
	return names
}

func (r *edited) at(name string) string { return filepath.Join(r.dir, name) }

func (r *edited) read(name string) string {
	r.Helper()
	text, err := os.ReadFile(r.at(name))
	r.must(err)
	return string(text)
}

func (r *edited) write(name, text string) { r.writeIn(r.dir, name, text, 0o644) }

func (r *edited) writeIn(dir, name, text string, mode os.FileMode) {
	r.Helper()
	file := filepath.Join(dir, name)
	r.must(os.MkdirAll(filepath.Dir(file), 0o755))
	r.must(os.WriteFile(file, []byte(text), mode))
	r.must(os.Chmod(file, mode))
}

func (r *edited) link(name, target string) {
	r.Helper()
	_ = os.Remove(r.at(name))
	r.must(os.MkdirAll(filepath.Dir(r.at(name)), 0o755))
	r.must(os.Symlink(target, r.at(name)))
}

func (r *edited) commit(dir string) {
	r.Helper()
	r.git(dir, "add", "-A")
	r.git(dir, "commit", "-q", "--allow-empty", "-m", "one")
}

func (r *edited) git(dir string, args ...string) {
	r.Helper()
	r.run(dir, nil, "git", args...)
}

func (r *edited) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%q: %v", r.edits, err)
	}
}

// run runs a program and returns what it prints.
func (r *edited) run(dir string, env []string, program string, args ...string) []byte {
	r.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.library, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "CHECKPOINT_DISABLE=1",
	}, env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		r.Fatalf("%q: %s %s: %v\n%s%s", r.edits, program, strings.Join(args, " "), err, out.String(), said.String())
	}
	return out.Bytes()
}

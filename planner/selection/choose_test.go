package selection

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// shop is a small repository: an environment a line, its steps behind the colon, each with what it depends on in
// parentheses beside the step before it.
func shop(t *testing.T) *Repository {
	t.Helper()
	r := &Repository{Here: "."}
	for line := range strings.Lines(`
network @dev/network #base: terraform
cache @dev/cache: terraform(network/terraform)
dev/web @dev/web #web: terraform(network/terraform) helm(cache/terraform)
prod/web @live/prod/web #web: terraform(network/terraform) helm
prod/old @live/prod/old: terraform(prod/web/helm)
prod/a/deep @live/prod/a/deep #web: ansible(prod/web/terraform)
failed @failed: terraform
2 @2: terraform(failed/terraform)
empty @empty #later:
`) {
		if line = strings.TrimSpace(line); line != "" {
			r.Environments = append(r.Environments, drawnAs(t, line))
		}
	}
	return r
}

func drawnAs(t *testing.T, line string) Environment {
	t.Helper()
	head, tail, _ := strings.Cut(line, ":")
	words := strings.Fields(head)
	env := Environment{Environment: &schema.Environment{Name: schema.EnvironmentName(words[0])}}
	for _, word := range words[1:] {
		if dir, ok := strings.CutPrefix(word, "@"); ok {
			env.Directory, env.Path.Text = dir, dir
		} else {
			env.Tags = append(env.Tags, word[1:])
		}
	}
	for word := range strings.FieldsSeq(tail) {
		deployment, on, _ := strings.Cut(strings.TrimSuffix(word, ")"), "(")
		step := &schema.Step{
			Name: env.Name.Step(deployment), Environment: env.Name, EnvironmentPath: env.Directory, Deployment: deployment,
			Tool: schema.ToolName(deployment), Tags: env.Tags,
		}
		if n := len(env.Steps); n > 0 {
			step.DependsOn = append(step.DependsOn, env.Steps[n-1].Name)
		}
		if on != "" {
			step.DependsOn = append(step.DependsOn, schema.StepName(on))
		}
		env.Steps = append(env.Steps, step)
	}
	return env
}

func TestChoose(t *testing.T) {
	everything := "2/terraform cache/terraform dev/web/helm dev/web/terraform failed/terraform network/terraform " +
		"prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"
	for name, test := range map[string]struct{ selectors, want string }{
		"nothing selects everything":            {"", everything},
		"a name":                                {"dev/web", "dev/web/helm dev/web/terraform"},
		"a step":                                {"dev/web/helm", "dev/web/helm"},
		"several are a union":                   {"network|cache", "cache/terraform network/terraform"},
		"a star does not cross a slash":         {"prod/*", "prod/old/terraform prod/web/helm prod/web/terraform"},
		"two stars cross it":                    {"prod/**", "prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"two stars match nothing too":           {"dev/web/**", "dev/web/helm dev/web/terraform"},
		"two stars in front":                    {"**/web", "dev/web/helm dev/web/terraform prod/web/helm prod/web/terraform"},
		"a slash behind is for all below":       {"prod/", "prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"alternatives":                          {"{network,cache}", "cache/terraform network/terraform"},
		"a tag":                                 {"tag:base", "network/terraform"},
		"a tag of an environment without steps": {"tag:later", ""},
		"a tool":                                {"tool:helm", "dev/web/helm prod/web/helm"},
		"a directory":                           {"path:live", "prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"a directory by a pattern":              {"path:*/*/web", "prod/web/helm prod/web/terraform"},
		"the directory of a step":               {"path:dev/web/helm", "dev/web/helm"},
		"the root":                              {"path:.", everything},
		"an environment that is called like a state": {"env:failed", "failed/terraform"},
		"dependents":                                         {"cache+", "cache/terraform dev/web/helm"},
		"dependents of dependents":                           {"prod/web+", "prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"dependents at a distance":                           {"network+1", "cache/terraform dev/web/helm dev/web/terraform network/terraform prod/web/helm prod/web/terraform"},
		"a distance of none":                                 {"network+0", "network/terraform"},
		"dependents of a step":                               {"prod/web/helm+", "prod/old/terraform prod/web/helm"},
		"dependencies":                                       {"+dev/web", "cache/terraform dev/web/helm dev/web/terraform network/terraform"},
		"dependencies of a step":                             {"+prod/web/terraform", "network/terraform prod/web/terraform"},
		"dependencies at a distance":                         {"1+prod/old", "prod/old/terraform prod/web/helm prod/web/terraform"},
		"both directions, not there and back":                {"+cache+", "cache/terraform dev/web/helm network/terraform"},
		"an environment called by a number":                  {"2", "2/terraform"},
		"its dependents":                                     {"2+", "2/terraform"},
		"its dependencies":                                   {"+env:2", "2/terraform failed/terraform"},
		"one exclamation mark starts from everything":        {"!prod/**", "2/terraform cache/terraform dev/web/helm dev/web/terraform failed/terraform network/terraform"},
		"an exclamation mark takes away":                     {"prod/**|!prod/old", "prod/a/deep/ansible prod/web/helm prod/web/terraform"},
		"wherever it is":                                     {"!prod/old|prod/**", "prod/a/deep/ansible prod/web/helm prod/web/terraform"},
		"what an exclamation mark takes away can be reached": {"network+|!prod/web+", "cache/terraform dev/web/helm dev/web/terraform network/terraform"},
		"an ampersand intersects":                            {"tag:web & prod/*", "prod/web/helm prod/web/terraform"},
		"spaces around it do not matter":                     {"tag:web&prod/*", "prod/web/helm prod/web/terraform"},
		"it binds behind a plus":                             {"network+ & tool:helm", "dev/web/helm prod/web/helm"},
		"an exclamation mark behind it":                      {"tag:web & !prod/*", "dev/web/helm dev/web/terraform prod/a/deep/ansible"},
		"a state":                                            {"held", "cache/terraform"},
		"a state by its property":                            {"is:failed", "dev/web/helm"},
		"a state with dependencies":                          {"+is:failed & tool:terraform", "cache/terraform dev/web/terraform network/terraform"},
		"a state that no step is in":                         {"drifted", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			r.Remembered = func(state string) (map[schema.StepName]string, error) {
				return map[string]map[schema.StepName]string{
					Held: {"cache/terraform": "held in the last run", "gone/terraform": "held in the last run"}, Failed: {"dev/web/helm": "failed in the last run"},
				}[state], nil
			}
			choice, problems := Choose(r, Query{Selectors: words(test.selectors)})
			if problems.HasErrors() {
				t.Fatal(problems.Err())
			}
			if got := strings.Join(names(choice), " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestWhatSelectsNothingIsSaid(t *testing.T) {
	for name, test := range map[string]struct{ selectors, want string }{
		"an empty one":                                 {" |", `the selector is empty (leave it out to select every environment)`},
		"an unknown name":                              {"netwrk", `no environment matches "netwrk" (did you mean "network"?)`},
		"an unknown step":                              {"dev/web/hlem", `no environment matches "dev/web/hlem" (did you mean "dev/web/helm"?)`},
		"an unknown step, said to be one":              {"step:dev/web/hlem", `no step is called "dev/web/hlem" (did you mean "dev/web/helm"?)`},
		"a directory of names":                         {"prod", `no environment matches "prod" (did you mean 'prod/**'?)`},
		"an unknown tag":                               {"tag:wbe", `no environment has the tag "wbe" (did you mean "web"?)`},
		"an unknown tool":                              {"tool:hem", `no step is one of "hem" (did you mean "helm"?)`},
		"an unknown directory":                         {"path:lib", `no environment lies in lib`},
		"an unknown property":                          {"tags:web", `"tags:web": nothing is selected by "tags:" (did you mean "tag"?)`},
		"a property without a value":                   {"tag:", `"tag:" lacks something after "tag:"`},
		"a commit without a name":                      {"changed:()", `"changed:()" lacks something after "changed:"`},
		"a line that ends":                             {"a\nb", `no environment matches "a\nb" (known: network, cache, dev/web, prod/web, prod/old, prod/a/deep, failed, 2, empty)`},
		"an unknown state":                             {"is:broken", `"is:broken": no state is called "broken" (known: changed, failed, held, drifted, orphaned)`},
		"a plus without a name":                        {"+", `"+" lacks a name`},
		"an ampersand without a name":                  {"network &", `"network &" lacks a name`},
		"an exclamation mark without a name":           {"!", `"!" lacks a name`},
		"two numbers":                                  {"1+2", `"1+2": either 1 or 2 is a name (write ` + "`env:` before the name, as in 1+env:2)"},
		"a state that is an environment too":           {"failed", `"failed" can mean two things (write is:failed or env:failed)`},
		"a pattern that is none":                       {"[", `"[" is no pattern ([ and { have to be closed; behind a backslash they stand for themselves)`},
		"a directory that is none":                     {"path:{live", `"{live" is no pattern ([ and { have to be closed; behind a backslash they stand for themselves)`},
		"a place from there where none lies":           {"../docs", `no environment lies in docs ('**' selects all of them)`},
		"an intersection of nothing":                   {"cache & tag:web", `the selectors select nothing: "cache & tag:web"`},
		"everything that is taken away":                {"cache|!tool:terraform", `the selectors select nothing: "cache" "!tool:terraform"`},
		"an exclamation mark in front of an ampersand": {"!cache & tag:web", `"!cache & tag:web" can mean two things (put what begins with ! last, as in 'a & !b', or in a selector of its own, as in 'a' '!b')`},
		"a state where nothing is remembered":          {"held", `what is held is not known here`},
		"a place where no environment lies":            {".", `no environment lies in modules ('**' selects all of them)`},
		"several things that are wrong at once":        {"netwrk|tag:wbe", `no environment matches "netwrk" (did you mean "network"?)` + "\n" + `no environment has the tag "wbe" (did you mean "web"?)`},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			r.Here = "modules"
			_, problems := Choose(r, Query{Selectors: words(test.selectors)})
			var got []string
			for _, p := range problems {
				got = append(got, strings.TrimSpace(p.String()))
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

func TestWhereOneStands(t *testing.T) {
	for name, test := range map[string]struct{ here, want string }{
		"the root":                            {".", "2/terraform cache/terraform dev/web/helm dev/web/terraform failed/terraform network/terraform prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"an environment's directory":          {"dev/web", "dev/web/helm dev/web/terraform"},
		"a directory of environments":         {"live/prod", "prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"a directory in an environment":       {"dev/web/helm/templates", "dev/web/helm dev/web/terraform"},
		"a name that begins like a directory": {"live/prod/a", "prod/a/deep/ansible"},
		"an environment that has no steps":    {"empty", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			r.Here = test.here
			choice, problems := Choose(r, Query{Selectors: []string{"."}})
			if problems.HasErrors() && test.want != "" {
				t.Fatal(problems.Err())
			}
			if got := strings.Join(names(choice), " "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A path that begins with a dot goes from there.
func TestPathsFromWhereOneStands(t *testing.T) {
	for selector, want := range map[string]string{
		"./web": "prod/web/helm prod/web/terraform", "./a/": "prod/a/deep/ansible", "./web/helm/templates": "prod/web/helm prod/web/terraform",
		"..": "prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform", "../../dev/network": "network/terraform",
		"./old+": "prod/old/terraform", "1+./old": "prod/old/terraform prod/web/helm prod/web/terraform", "!./web|prod/*": "prod/old/terraform",
	} {
		r := shop(t)
		r.Here = "live/prod"
		choice, problems := Choose(r, Query{Selectors: words(selector)})
		if got := strings.Join(names(choice), " "); got != want {
			t.Errorf("%s selects %s, want %s; %v", selector, got, want, problems.Err())
		}
	}
}

func TestWhereOneStandsInNestedDirectories(t *testing.T) {
	for name, test := range map[string]struct{ here, want string }{
		"deep in one below the root's": {"a/modules", "a/terraform"},
		"in nothing but the root's":    {"docs", "root/terraform"},
		"deep in one that two share":   {"shared/modules", "one/terraform two/terraform"},
		"deep in one within another":   {"a/deep/modules", "a/deep/terraform"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Repository{Here: test.here}
			for _, line := range []string{
				"root @.: terraform", "a/deep @a/deep: terraform", "a @a: terraform", "one @shared: terraform", "two @shared: terraform",
			} {
				r.Environments = append(r.Environments, drawnAs(t, line))
			}
			choice, problems := Choose(r, Query{Selectors: []string{"."}})
			if got := strings.Join(names(choice), " "); got != test.want {
				t.Errorf("got  %s\nwant %s, %v", got, test.want, problems.Err())
			}
		})
	}
}

func TestReasons(t *testing.T) {
	choice, _ := Choose(shop(t), Query{Selectors: []string{"cache+", "tag:base"}})
	want := Reasons{"cache/terraform": {Text: "named"}, "dev/web/helm": {Text: "depends on cache/terraform"}, "network/terraform": {Text: "has the tag base"}}
	if !maps.Equal(choice.Reasons, want) {
		t.Error(choice.Reasons)
	}
	choice, _ = Choose(shop(t), Query{Selectors: []string{"1+cache"}})
	want = Reasons{"cache/terraform": {Text: "named"}, "network/terraform": {Text: "cache/terraform depends on it"}}
	if !maps.Equal(choice.Reasons, want) {
		t.Error(choice.Reasons)
	}
}

// What depends on nothing but changed steps is selected with a question mark here.
func TestWhatMayHaveNoReasonToRun(t *testing.T) {
	for name, test := range map[string]struct {
		query Query
		want  string
	}{
		"what changed runs":                          {Query{Selectors: []string{"changed"}}, "cache/terraform network/terraform"},
		"what depends on it may":                     {Query{Selectors: []string{"changed+ & dev/*"}}, "dev/web/helm? dev/web/terraform?"},
		"what it depends on runs":                    {Query{Selectors: []string{"+is:changed"}}, "cache/terraform network/terraform"},
		"at a distance too":                          {Query{Selectors: []string{"changed+1 & tag:web"}}, "dev/web/helm? dev/web/terraform? prod/web/helm? prod/web/terraform?"},
		"what depends on something else runs":        {Query{Selectors: []string{"cache+"}}, "cache/terraform dev/web/helm"},
		"both ways, it runs":                         {Query{Selectors: []string{"changed+ & dev/*", "cache+"}}, "cache/terraform dev/web/helm dev/web/terraform?"},
		"both ways, in the other order":              {Query{Selectors: []string{"cache+", "changed+ & dev/*"}}, "cache/terraform dev/web/helm dev/web/terraform?"},
		"named, it runs":                             {Query{Selectors: []string{"changed+", "prod/**", "dev/web/helm"}}, "cache/terraform dev/web/helm dev/web/terraform? network/terraform prod/a/deep/ansible prod/old/terraform prod/web/helm prod/web/terraform"},
		"a property does not make it run":            {Query{Selectors: []string{"tag:web & changed+ & tool:helm"}}, "dev/web/helm? prod/web/helm?"},
		"a flag for dependents is like a plus":       {Query{Selectors: []string{"changed & cache"}, Dependents: true}, "cache/terraform dev/web/helm?"},
		"and what depends on something else runs":    {Query{Selectors: []string{"changed & network", "cache"}, Dependents: true, Exclude: []string{"prod/**"}}, "cache/terraform dev/web/helm dev/web/terraform? network/terraform"},
		"what is named runs although it has changed": {Query{Selectors: []string{"changed", "cache"}, Dependents: true, Exclude: []string{"network"}}, ""},
		"all but what changed runs":                  {Query{Selectors: []string{"path:dev & !changed"}}, "dev/web/helm dev/web/terraform"},
		"everything runs":                            {Query{Selectors: []string{"changed+", "**"}, Exclude: []string{"prod/**", "2", "env:failed"}}, "cache/terraform dev/web/helm dev/web/terraform network/terraform"},
	} {
		t.Run(name, func(t *testing.T) {
			r := shop(t)
			r.Remembered = func(string) (map[schema.StepName]string, error) {
				return map[schema.StepName]string{"network/terraform": "a file changed", "cache/terraform": "a file changed"}, nil
			}
			choice, problems := Choose(r, test.query)
			if problems.HasErrors() {
				t.Fatal(problems.Err())
			}
			got := names(choice)
			for i, name := range got {
				if choice.Reasons[schema.StepName(name)].Maybe {
					got[i] += "?"
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), test.want)
			}
		})
	}
}

// words takes selectors apart that a bar divides: they may have spaces in them.
func words(selectors string) []string {
	if selectors == "" {
		return nil
	}
	if selectors == " |" {
		return []string{""}
	}
	return strings.Split(selectors, "|")
}

func names(c Choice) []string {
	var all []string
	for name := range c.Reasons {
		all = append(all, string(name))
	}
	slices.Sort(all)
	return all
}

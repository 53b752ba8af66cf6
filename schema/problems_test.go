package schema

import (
	"strings"
	"testing"
)

// TestManifestProblems holds what a person is told about a manifest that is wrong: every problem, a line each.
func TestManifestProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a correct manifest has none", "bitops:\n  environments:\n    a: {}\n", ""},
		{"a key with nothing behind it is as good as absent", "bitops:\n  timeout:\n  environments:\n    a:\n", ""},
		{"an empty file", "", "m: the manifest is empty (write `bitops: {}` to deploy every directory that holds a tool's directory, or run bitops init)"},
		{"a file of comments", "# nothing\n", "m: the manifest is empty (write `bitops: {}` to deploy every directory that holds a tool's directory, or run bitops init)"},
		{"a file that is one null", "---\n", "m: the manifest is empty (write `bitops: {}` to deploy every directory that holds a tool's directory, or run bitops init)"},
		{"a binary file", "bitops:\n  \x00\x01", "m:2:3: is a binary file, not YAML"},
		{"a file in Latin-1", "bitops: \xe4\n", "m:1:9: is not UTF-8 text"},
		{"a control character", "bitops:\n  a: \x07\n", "m:2:6: holds the control character U+0007, which YAML does not allow"},
		{"a text instead of a mapping", "hello\n", `m:1:1: the file must be a mapping, not "hello"`},
		{"a list instead of a mapping", "- a\n", `m:1:1: the file must be a mapping, not a list`},
		{"two documents", "bitops: {}\n---\na: b\n", "m:2:1: a second YAML document begins here; only one is read (put everything into one document)"},
		{"a tab as indentation", "bitops:\n  environments:\n\ta: {}\n", "m:3:1: a tab is used for indentation; YAML allows only spaces"},
		{"a tab in a text is no indentation", "bitops:\n  environments:\n    a: {env: {X: \"a\tb\"}}\n", ""},
		{
			"a tab elsewhere is not blamed", "bitops:\n  environments:\n    a:\n      env:\n        X: |\n          a\n          \tb\n    b: @\n",
			"m:8:5: is not valid YAML: found character that cannot start any token",
		},
		{"a wrong indentation", "bitops:\n  environments:\n    a: {}\n   b: {}\n", "m:4:4: is not valid YAML: did not find expected key"},
		{
			"a wrong indentation far below the first line of its mapping", "bitops:\n" + strings.Repeat("  # c\n", 20) + "  fail_fast: true\n  timeout: 1\n run_mode: x\n",
			"m:24:2: is not valid YAML: did not find expected key",
		},
		{"a list that goes on as a mapping", "bitops:\n  include:\n    - a\n    b: c\n", "m:4:5: is not valid YAML: did not find expected '-' indicator"},
		{"a quote that is never closed", "bitops:\n  run_mode: 'x\n  timeout: 1\n", "m:2:3: is not valid YAML: found unexpected end of stream"},
		{"a bracket that is never closed", "bitops:\n  include: [a\n  timeout: 1\n", "m:2:3: is not valid YAML: did not find expected ',' or ']'"},
		{"an unknown anchor", "bitops:\n  timeout: 1\n  environments: *x\n", "m:3:3: is not valid YAML: unknown anchor 'x' referenced"},
		{"a misspelled key at the root", "bitop: {}\n", `m:1:1: unknown key "bitop" (did you mean "bitops"?)`},
		{"a misspelled setting", "bitops:\n  fial_fast: true\n", `m:2:3: unknown key "fial_fast" (did you mean "fail_fast"?)`},
		{"a misspelled key of an environment", "bitops:\n  environments:\n    a: {dependson: [b]}\n", `m:3:9: unknown key "dependson" (did you mean "depends_on"?)`},
		{"a key like no other", "bitops:\n  environments:\n    a: {zzz: 1}\n", `m:3:9: unknown key "zzz" (known: path, depends_on, inputs, inherit, env, tags, limit, timeout, retry, mock, approval, protect, renamed_from, target)`},
		{"every problem in one go, in the order of the file", "bitops:\n  fail_fast: maybe\n  parallelism: many\n  timeout: soon\n  environments:\n    a: {tagz: x}\n", `m:2:14: fail_fast must be true or false, not "maybe"
m:3:16: parallelism must be a whole number of at least 1, not "many"
m:4:12: timeout must be a duration like 90s, 20m or 1h30m, or a number of seconds, not "soon"
m:6:9: unknown key "tagz" (did you mean "tags"?)`},
		{"no parallelism", "bitops:\n  parallelism: 0\n", `m:2:16: parallelism must be a whole number of at least 1, not "0"`},
		{"parallelism as a fraction", "bitops:\n  parallelism: 10.0\n", `m:2:16: parallelism must be a whole number of at least 1, not "10.0"`},
		{"parallelism in quotes is a number", "bitops:\n  parallelism: \"3\"\n", ""},
		{"a limit of nothing", "bitops:\n  limits: {a: , b: -1, c: 1}\n", "m:2:15: a must be a whole number of at least 1, not nothing\nm:2:20: b must be a whole number of at least 1, not \"-1\""},
		{"a negative timeout", "bitops:\n  timeout: -5s\n", `m:2:12: timeout must be a duration like 90s, 20m or 1h30m, or a number of seconds, not "-5s"`},
		{"retry as the documentation writes it", "bitops:\n  retry: {attempts: 3, backoff: 5s, on: ['TLS handshake timeout', 'code [45]7']}\n", ""},
		{"one pattern stands for a list of one, and no pause is a pause", "bitops:\n  environments: {a: {retry: {backoff: 0, on: timeout}}}\n", ""},
		{"no attempts at all", "bitops:\n  retry: {attempts: 0}\n", `m:2:21: attempts must be a whole number of at least 1, not "0"`},
		{"retry as a number", "bitops:\n  retry: 3\n", `m:2:10: retry must be a mapping, not "3"`},
		{
			"what is no regular expression, of a deployment", "bitops:\n  deployments:\n    terraform: {retry: {on: [fine, 'a(b']}}\n",
			"m:3:36: \"a(b\" in on is not a regular expression: missing closing ): `a(b`",
		},
		{
			"what matches everything", "bitops:\n  environments:\n    a:\n      retry:\n        on:\n          - .*\n",
			`m:6:13: ".*" in on matches everything (name the errors that pass by themselves, such as 'TLS handshake timeout')`,
		},
		{"a misspelled key of retry", "bitops:\n  retry: {atempts: 2}\n", `m:2:11: unknown key "atempts" (did you mean "attempts"?)`},
		{"words of YAML 1.1 for true and false", "bitops:\n  fail_fast: yes\n  environments: {a: {protect: off, inherit: \"no\"}}\n", ""},
		{"an unknown log level", "bitops:\n  logging: {level: loud}\n", `m:2:20: level cannot be "loud" (one of trace, debug, info, warn, warning, error, critical, off)`},
		{"a log level in capitals", "bitops:\n  logging: {level: DEBUG}\n", ""},
		{"a list where a mapping is wanted", "bitops:\n  environments: [a, b]\n", "m:2:17: environments must be a mapping, not a list"},
		{"a mapping where a text is wanted", "bitops:\n  environments: {a: {path: {b: c}}}\n", "m:2:28: path must be a text, not a mapping"},
		{"one text stands for a list of one", "bitops:\n  environments: {a: {tags: web}}\n", ""},
		{"an empty entry of a list", "bitops:\n  environments:\n    a:\n      depends_on:\n      -\n      - ~\n", "m:5:8: an entry of depends_on is empty\nm:6:9: an entry of depends_on is empty"},
		{"a key given twice", "bitops:\n  timeout: 1\n  timeout: 2\n", `m:3:3: key "timeout" is given twice; first in line 2`},
		{"an environment given twice", "bitops:\n  environments:\n    a: {}\n    b: {}\n    a: {}\n", `m:5:5: key "a" is given twice; first in line 3`},
		{"a key that is a template of another language", "bitops:\n  environments:\n    {{ name }}: {}\n", "m:3:5: a key must be a word, not a mapping"},
		{"a key that is an alias", "bitops:\n  environments:\n    &a x: {}\n    *a : {}\n", "m:4:5: a key must be a word, not an alias"},
		{"names that no environment can have", "bitops:\n  environments:\n    -a: {}\n    a b: {}\n    ../a: {}\n    a//b: {}\n    ~: {}\n    é/日本.x: {}\n", `m:3:5: "-a" cannot name an environment (at most 200 of letters, digits, '.', '_', '-', and '/' between words; ` + "`path`" + ` can name any directory)
m:4:5: "a b" cannot name an environment (at most 200 of letters, digits, '.', '_', '-', and '/' between words; ` + "`path`" + ` can name any directory)
m:5:5: "../a" cannot name an environment (at most 200 of letters, digits, '.', '_', '-', and '/' between words; ` + "`path`" + ` can name any directory)
m:6:5: "a//b" cannot name an environment (at most 200 of letters, digits, '.', '_', '-', and '/' between words; ` + "`path`" + ` can name any directory)
m:7:5: "~" cannot name an environment (at most 200 of letters, digits, '.', '_', '-', and '/' between words; ` + "`path`" + ` can name any directory)`},
		{"paths that leave the repository", "bitops:\n  environments:\n    a: {path: ../x}\n    b: {path: /etc}\n    c: {path: x/../../y}\n    d: {path: ..}\n    e: {path: x/..}\n", `m:3:15: path "../x" of environment "a" leaves the repository
m:4:15: path "/etc" of environment "b" leaves the repository
m:5:15: path "x/../../y" of environment "c" leaves the repository
m:6:15: path ".." of environment "d" leaves the repository`},
		{"variables that no program can be given", "bitops:\n  environments:\n    a: {env: {\"\": x, \"A=B\": x, C: \"\\0\", D: \"\"}}\n", `m:3:15: "" cannot name a variable
m:3:22: "A=B" cannot name a variable
m:3:32: the value of C holds a NUL character`},
		{"an input without a name", "bitops:\n  environments:\n    a: {inputs: {\"\": x}}\n", "m:3:18: an input needs a name"},
		{"inputs may have any name", "bitops:\n  environments:\n    a: {inputs: {image.tag: x, 2x: y, \"a b\": z}}\n", ""},
		{"a number out of all proportion", "bitops:\n  environments:\n    a: {inputs: {x: 1e999999999, y: \"${1e99999999}\", z: 1e300}}\n", "m:3:40: a number is out of all proportion"},
		{"an unknown function", "bitops:\n  environments:\n    a: {inputs: {x: \"${uper(1)}\"}}\n", `m:3:24: there is no function "uper" (did you mean "upper"?)`},
		{"an unknown name in an expression", "bitops:\n  environments:\n    a: {inputs: {x: \"${output.b.c}\"}}\n", `m:3:24: unknown name "output" in an expression (did you mean "outputs"?)`},
		{"an unknown field of the environment", "bitops:\n  environments:\n    a: {inputs: {x: \"${environment.tag}\"}}\n", `m:3:24: environment has no "tag" (known: environment.name, environment.path, environment.tags)`},
		{"a reference without an environment", "bitops:\n  environments:\n    a: {inputs: {x: \"${outputs}\", y: \"${outputs.1.x}\", z: \"${steps.b.x}\"}}\n", `m:3:24: outputs needs the name of an environment (like outputs.network.vpc_id, or outputs["a/b"].vpc_id for a name that is not one word)
m:3:41: outputs needs the name of an environment (like outputs.network.vpc_id, or outputs["a/b"].vpc_id for a name that is not one word)
m:3:62: steps needs the name of a step and .outputs (like steps["network/terraform"].outputs.vpc_id)`},
		{"a name with a slash after a dot", "bitops:\n  environments:\n    a: {inputs: {x: \"${outputs.prod/backend.x}\"}}\n", `m:3:37: unknown name "backend" in an expression (a name with a slash is written like outputs["prod/backend"])`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := load(t, c.text)
			if got := problems.Error(); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

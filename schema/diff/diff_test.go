package diff_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

func decode(t testing.TB, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

// told returns changes as a person could write them down.
func told(changes []diff.Change) []string {
	var all []string
	for _, c := range changes {
		before, after := string(c.Before), string(c.After)
		if c.Before == nil {
			before = "nothing"
		}
		if c.After == nil {
			after = "nothing"
		}
		line := fmt.Sprintf("%s: %s -> %s", c.Path, before, after)
		for i, is := range []bool{c.Sensitive, c.Unknown, c.Forces} {
			if is {
				line += []string{" sensitive", " unknown", " forces"}[i]
			}
		}
		all = append(all, line)
	}
	return all
}

func TestCompare(t *testing.T) {
	statements := func(first, second string) string {
		text, err := json.Marshal(fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Read","Action":[%s]},{"Sid":"Write","Action":"s3:PutObject","Resource":%q}]}`, first, second))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	many := `"s3:GetObject","s3:ListBucket","s3:GetObjectVersion","s3:GetBucketLocation","s3:GetObjectAcl"`
	for name, c := range map[string]struct {
		before, after, unknown, wasSensitive, sensitive string
		forces                                          [][]any
		want                                            []string
	}{
		"what is equal is not told":       {before: `{"a":1,"b":[{"c":"d"}]}`, after: `{"b":[{"c":"d"}],"a":1}`},
		"plain values":                    {before: `{"a":1,"b":true,"c":"x"}`, after: `{"a":2,"b":true,"c":"y"}`, want: []string{`a: 1 -> 2`, `c: "x" -> "y"`}},
		"null is nothing":                 {before: `{"a":null,"b":1}`, after: `{"a":1,"b":null}`, want: []string{`a: nothing -> 1`, `b: 1 -> nothing`}},
		"large numbers keep every digit":  {before: `{"a":12345678901234567890}`, after: `{"a":12345678901234567891}`, want: []string{`a: 12345678901234567890 -> 12345678901234567891`}},
		"a short list is one value":       {before: `{"a":["10.40.0.0/16"]}`, after: `{"a":["0.0.0.0/0"]}`, want: []string{`a: ["10.40.0.0/16"] -> ["0.0.0.0/0"]`}},
		"an element of a long list":       {before: `{"a":[` + many + `]}`, after: `{"a":[` + many + `,"s3:*"]}`, want: []string{`a[5]: nothing -> "s3:*"`}},
		"one element takes another place": {before: `{"a":[` + many + `]}`, after: `{"a":[` + strings.Replace(many, "s3:ListBucket", "s3:*", 1) + `]}`, want: []string{`a[1]: "s3:ListBucket" -> "s3:*"`}},
		"a type changes":                  {before: `{"a":{"b":1}}`, after: `{"a":[1]}`, want: []string{`a: {"b":1} -> [1]`}},
		"odd names are quoted":            {before: `{"tags":{}}`, after: `{"tags":{"a b":"c","kubernetes.io/name":"d"}}`, want: []string{`tags["a b"]: nothing -> "c"`, `tags["kubernetes.io/name"]: nothing -> "d"`}},
		"an inserted element with a name": {
			before: `{"rule":[{"name":"a","port":1},{"name":"b","port":2}]}`, after: `{"rule":[{"name":"new","port":9},{"name":"a","port":1},{"name":"b","port":3}]}`,
			want: []string{`rule[name="new"].name: nothing -> "new"`, `rule[name="new"].port: nothing -> 9`, `rule[name="b"].port: 2 -> 3`},
		},
		"an inserted element without one": {
			before: `{"rule":[{"port":1},{"port":2}]}`, after: `{"rule":[{"port":9},{"port":1},{"port":2}]}`, want: []string{`rule[0].port: nothing -> 9`},
		},
		"a list that is sorted otherwise": {
			before: `{"rule":[{"name":"a"},{"name":"b"}]}`, after: `{"rule":[{"name":"b"},{"name":"a"}]}`,
			want: []string{`rule[0].name: "a" -> nothing`, `rule[1].name: nothing -> "a"`},
		},
		"an element of a set": {
			before: `{"ingress":[{"cidr_blocks":["10.40.0.0/16"],"from_port":443,"to_port":443}]}`,
			after:  `{"ingress":[{"cidr_blocks":["0.0.0.0/0"],"from_port":22,"to_port":22}]}`,
			want: []string{
				`ingress[0].cidr_blocks: ["10.40.0.0/16"] -> ["0.0.0.0/0"]`, `ingress[0].from_port: 443 -> 22`, `ingress[0].to_port: 443 -> 22`,
			},
		},
		"what is sensitive elsewhere in the value": {
			before: `{"input":"canary-1","output":"canary-1","url":"https://u:canary-1@h","id":"x"}`, after: `{"input":"canary-2","url":"https://u:canary-2@h","id":"y"}`,
			unknown: `{"output":true}`, wasSensitive: `{"input":true}`, sensitive: `{"input":true}`,
			want: []string{
				`id: "x" -> "y"`, `input: "(sensitive)" -> "(sensitive)" sensitive`, `output: "(sensitive)" -> "(known after apply)" sensitive unknown`,
				`url: "https://u:(sensitive)@h" -> "https://u:(sensitive)@h" sensitive`,
			},
		},
		"unknown": {
			before: `{"a":1,"b":["x","y"]}`, after: `{"b":["x"]}`, unknown: `{"a":true,"b":[false,true]}`,
			want: []string{`a: 1 -> "(known after apply)" unknown`, `b[1]: "y" -> "(known after apply)" unknown`},
		},
		"an unknown list that was there": {
			before: `{"b":[{"c":"x"}]}`, after: `{}`, unknown: `{"b":true}`, want: []string{`b: [{"c":"x"}] -> "(known after apply)" unknown`},
		},
		"sensitive": {
			before: `{"a":"canary-1","b":{"c":"canary-2","d":1}}`, after: `{"a":"canary-3","b":{"c":"canary-2","d":2}}`,
			wasSensitive: `{"a":true,"b":{"c":true}}`, sensitive: `{"a":true,"b":{"c":true}}`,
			want: []string{`a: "(sensitive)" -> "(sensitive)" sensitive`, `b.d: 1 -> 2`},
		},
		"a secret that begins like another": {
			before: `{"a":"password","b":"passwordcanary","c":"x"}`, after: `{"a":"password","b":"passwordcanary","c":"passwordcanary@h"}`,
			wasSensitive: `{"a":true,"b":true}`, sensitive: `{"a":true,"b":true}`, want: []string{`c: "x" -> "(sensitive)@h" sensitive`},
		},
		"sensitive on one side hides both": {
			before: `{"a":"canary-1"}`, after: `{"a":"canary-1"}`, sensitive: `{"a":true}`, want: []string{`a: "(sensitive)" -> "(sensitive)" sensitive`},
		},
		"sensitive in what is shown as one": {
			before: `{"a":[{"b":"canary","c":1}]}`, after: `{"a":5}`, wasSensitive: `{"a":[{"b":true}]}`,
			want: []string{`a: [{"b":"(sensitive)","c":1}] -> 5 sensitive`},
		},
		"secret by name": {
			before: `{"environment":[{"variables":{"DB_PASSWORD":"canary-1","HOST":"a"}}]}`, after: `{"environment":[{"variables":{"DB_PASSWORD":"canary-2","HOST":"b"}}]}`,
			want: []string{`environment[0].variables.DB_PASSWORD: "(sensitive)" -> "(sensitive)" sensitive`, `environment[0].variables.HOST: "a" -> "b"`},
		},
		"secret below a name": {
			before: `{"password":{"value":"canary","length":8}}`, after: `{"password":{"value":"canary-2","length":16}}`,
			want: []string{`password.length: 8 -> 16`, `password.value: "(sensitive)" -> "(sensitive)" sensitive`},
		},
		"one action of a policy": {
			before: `{"policy":` + statements(many, "arn:a") + `}`, after: `{"policy":` + statements(strings.Replace(many, "s3:ListBucket", "s3:*", 1), "arn:a") + `}`,
			want: []string{`policy.Statement[Sid="Read"].Action[1]: "s3:ListBucket" -> "s3:*"`},
		},
		"a policy that is only written otherwise": {
			before: `{"policy":"{\"a\":1,\"b\":[]}"}`, after: `{"policy":"{\"b\": [], \"a\": 1}"}`, want: []string{`policy: "{\"a\":1,\"b\":[]}" -> "{\"b\": [], \"a\": 1}"`},
		},
		"a secret in a document": {
			before: `{"c":"{\"db\":{\"password\":\"canary-1\",\"port\":1}}"}`, after: `{"c":"{\"db\":{\"password\":\"canary-2\",\"port\":2}}"}`,
			want: []string{`c.db.password: "(sensitive)" -> "(sensitive)" sensitive`, `c.db.port: 1 -> 2`},
		},
		"a secret in a document that is new": {
			before: `{}`, after: `{"c":"{\"password\":\"canary-1\",\"port\":1}"}`,
			want: []string{`c: nothing -> "{\"password\":\"(sensitive)\",\"port\":1}" sensitive`},
		},
		"YAML": {
			before: `{"values":"a:\n  b: 1\n  c: x\n"}`, after: `{"values":"a:\n  b: 2\n  c: x\n"}`, want: []string{`values.a.b: 1 -> 2`},
		},
		"a comment in YAML": {
			before: `{"u":"#cloud-config\na: 1\n"}`, after: `{"u":"#other\na: 2\n"}`, want: []string{`u: "#cloud-config\na: 1\n" -> "#other\na: 2\n"`},
		},
		"text that is no document": {before: `{"a":"{no"}`, after: `{"a":"{yes"}`, want: []string{`a: "{no" -> "{yes"`}},
		"a name twice in a document is no document": {
			before: `{"a":"{\"b\":1,\"b\":2}"}`, after: `{"a":"{\"b\":3}"}`, want: []string{`a: "{\"b\":1,\"b\":2}" -> "{\"b\":3}"`},
		},
		"what forces a replacement": {
			before: `{"zone":"a","rule":[{"port":1}],"x":1}`, after: `{"zone":"b","rule":[{"port":2}],"x":2}`,
			forces: [][]any{{"zone"}, {"rule", json.Number("0"), "port"}},
			want:   []string{`rule[0].port: 1 -> 2 forces`, `x: 1 -> 2`, `zone: "a" -> "b" forces`},
		},
		"all is new, and what is empty is left out": {after: `{"a":1,"b":[],"c":{"d":{}},"e":null}`, want: []string{`a: nothing -> 1`}},
		"all goes":                        {before: `{"a":1,"b":[],"c":""}`, want: []string{`a: 1 -> nothing`}},
		"an empty list where nothing was": {before: `{"x":1}`, after: `{"a":[],"x":1}`, want: []string{`a: nothing -> []`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := told(diff.Compare(
				diff.Value{JSON: decode(t, c.before), Sensitive: decode(t, c.wasSensitive)},
				diff.Value{JSON: decode(t, c.after), Unknown: decode(t, c.unknown), Sensitive: decode(t, c.sensitive)},
				diff.Options{Secret: secret.NameIsSecret, SkipEmpty: true, Forces: c.forces}))
			if !slices.Equal(got, c.want) {
				t.Errorf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
			if strings.Contains(strings.Join(got, ""), "canary") {
				t.Error("a secret is shown")
			}
		})
	}
}

func TestLines(t *testing.T) {
	var got []string
	for _, l := range diff.Lines("a\nb\nc\nd", "a\nx\nc\nd\ne") {
		got = append(got, string(l.Sign)+l.Text)
	}
	if want := []string{" a", "-b", "+x", " c", " d", "+e"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

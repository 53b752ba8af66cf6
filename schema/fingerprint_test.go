package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestFingerprintDifferences(t *testing.T) {
	base := func() *schema.Fingerprint {
		return &schema.Fingerprint{
			Manifest: "m", Tool: "terraform 1.11.4",
			Files:     map[string]string{"a/main.tf": "1", "modules/": "2", "a/run.sh": schema.FileHash("1", false, []byte("a\n"))},
			Locks:     map[string]string{"a/.terraform.lock.hcl": "3"},
			Written:   map[string]string{"a/.terraform.lock.hcl": "written", "b/.terraform.lock.hcl": "made"},
			Inputs:    map[string]string{"vpc": "4"},
			Variables: map[string]string{"LEVEL": "5"},
		}
	}
	for name, c := range map[string]struct {
		change func(*schema.Fingerprint)
		want   []string
	}{
		"nothing":        {func(*schema.Fingerprint) {}, nil},
		"a file changed": {func(f *schema.Fingerprint) { f.Files["a/main.tf"] = "x" }, []string{"file a/main.tf changed"}},
		"another mode":   {func(f *schema.Fingerprint) { f.Files["a/run.sh"] = schema.FileHash("x", true, []byte("a\n")) }, []string{"file a/run.sh can be executed now"}},
		"other line endings": {
			func(f *schema.Fingerprint) { f.Files["a/run.sh"] = schema.FileHash("x", false, []byte("a\r\n")) }, []string{"file a/run.sh has other line endings"},
		},
		"content and mode":           {func(f *schema.Fingerprint) { f.Files["a/run.sh"] = schema.FileHash("x", true, []byte("b\n")) }, []string{"file a/run.sh changed"}},
		"hashes of an older version": {func(f *schema.Fingerprint) { f.Files["a/run.sh"] = "1" }, nil},
		"a directory":                {func(f *schema.Fingerprint) { f.Files["modules/"] = "x" }, []string{"file modules/ changed"}},
		"a file is gone":             {func(f *schema.Fingerprint) { delete(f.Files, "modules/") }, []string{"file modules/ is gone"}},
		"a file is new":              {func(f *schema.Fingerprint) { f.Files["b"] = "x" }, []string{"file b is new"}},
		"an input":                   {func(f *schema.Fingerprint) { f.Inputs["vpc"] = "x" }, []string{"input vpc changed"}},
		"a variable":                 {func(f *schema.Fingerprint) { f.Variables = nil }, []string{"variable LEVEL is gone"}},
		"the manifest":               {func(f *schema.Fingerprint) { f.Manifest = "x" }, []string{"the manifest says something else of it"}},
		"the tool":                   {func(f *schema.Fingerprint) { f.Tool = "terraform 1.12.0" }, []string{"it was terraform 1.11.4 and is terraform 1.12.0"}},
		"no tool any more":           {func(f *schema.Fingerprint) { f.Tool = "" }, []string{"it was terraform 1.11.4 and is an unknown version"}},
		"a lock changed":             {func(f *schema.Fingerprint) { f.Locks["a/.terraform.lock.hcl"] = "x" }, []string{"file a/.terraform.lock.hcl changed"}},
		"a lock is missing":          {func(f *schema.Fingerprint) { f.Locks = nil }, nil},
		"a lock as the run left it":  {func(f *schema.Fingerprint) { f.Locks["a/.terraform.lock.hcl"] = "written" }, nil},
		"a lock that the run made":   {func(f *schema.Fingerprint) { f.Locks["b/.terraform.lock.hcl"] = "made" }, nil},
		"another lock since the run made one": {
			func(f *schema.Fingerprint) { f.Locks["b/.terraform.lock.hcl"] = "x" }, []string{"file b/.terraform.lock.hcl changed"},
		},
		"several, in order": {func(f *schema.Fingerprint) {
			f.Inputs["vpc"], f.Files["z"], f.Files["b"], f.Manifest = "x", "x", "x", "x"
		}, []string{"the manifest says something else of it", "file b is new", "file z is new", "input vpc changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			now := base()
			c.change(now)
			if got := base().Differences(now); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	var none *schema.Fingerprint
	if got := none.Differences(base()); got != nil {
		t.Errorf("of nothing: %q", got)
	}
}

// Hashes of a secret can be compared with the salt of one of them, and with no other.
func TestHashesOfSecrets(t *testing.T) {
	secret := schema.Text("hunter2")
	secret.Sensitive = true
	values := schema.Values{"open": schema.Text("x"), "password": secret}
	hashes := func(vs schema.Values, like map[string]string) map[string]string {
		t.Helper()
		all, err := vs.Hashes(like)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := hashes(values, nil)
	again, other := hashes(values, first), hashes(values, nil)
	if again["password"] != first["password"] || again["open"] != first["open"] {
		t.Errorf("the same values differ: %v, %v", first, again)
	}
	if other["password"] == first["password"] {
		t.Error("two salts are the same")
	}
	if strings.Contains(first["password"], schema.HashBytes([]byte(`"hunter2"`))) {
		t.Error("the hash of a secret has no salt")
	}
	changed := schema.Text("hunter3")
	changed.Sensitive = true
	if hashes(schema.Values{"password": changed}, first)["password"] == first["password"] {
		t.Error("another secret has the same hash")
	}
	plain := schema.Values{"password": schema.Text("hunter2")} // the output is no longer declared as sensitive
	if hashes(plain, first)["password"] != first["password"] {
		t.Error("the same value differs because it is not sensitive any more")
	}
	if _, err := (schema.Values{"later": {}}).Hashes(nil); err == nil {
		t.Error("a value that is not known has a hash")
	}
}

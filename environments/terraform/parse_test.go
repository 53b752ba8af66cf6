package terraform

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// Equal files are parsed once, and each is told of by its own name.
func TestCopiesAreParsedOnce(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"a", "b"} {
		writeFile(t, root+"/"+dir+"/main.tf", "variable \"x\" {}\noutput \"y\" {\n")
	}
	tool := New()
	for _, dir := range []string{"a", "b"} {
		declared, problems := tool.Inspect(schema.Directory{Root: root, Name: dir})
		if len(declared.Inputs) != 1 || declared.Inputs[0].Position.File != dir+"/main.tf" {
			t.Errorf("of %s: %v", dir, declared.Inputs)
		}
		if len(problems) != 1 || problems[0].File != dir+"/main.tf" {
			t.Errorf("of %s: %v", dir, problems)
		}
	}
	first, second := tool.parser.parse([]byte("a = 1\n"), "a.tf"), tool.parser.parse([]byte("a = 1\n"), "b.tf")
	if first.file == nil || first.file != second.file {
		t.Error("it was parsed again")
	}
}

// What a text says depends on the ending of its name, and on nothing that was parsed before.
func TestOtherTextsAreParsedAnew(t *testing.T) {
	p := &parser{}
	if text := []byte("{}"); len(p.parse(text, "a.tf").diagnostics) == 0 || len(p.parse(text, "a.tf.json").diagnostics) > 0 {
		t.Error("{} is JSON, and no HCL")
	}
	if one, other := p.parse([]byte("a = 1"), "a.tf"), p.parse([]byte("a = 2"), "a.tf"); one.file == other.file {
		t.Error("the file was changed")
	}
}

// A parser forgets what it has not seen for long, and never what is asked for again and again.
func TestParserRemembersALimitedAmount(t *testing.T) {
	p := &parser{}
	always := []byte("always = true")
	kept := p.parse(always, "a.tf").file
	for i := range 10 * remembered / 1000 {
		p.parse(fmt.Appendf(nil, "a = %d # %s", i, strings.Repeat("x", 1000)), "a.tf")
		if p.parse(always, "a.tf").file != kept {
			t.Fatalf("forgotten after %d", i)
		}
		size := 0
		for from := range p.fresh {
			size += cost(from.text)
		}
		for from := range p.aged {
			size += cost(from.text)
		}
		if size > 2*remembered {
			t.Fatalf("%d is remembered", size)
		}
	}
	large := []byte("a = \"" + strings.Repeat("x", 2*remembered) + "\"")
	for range 2 {
		if p.parse(large, "a.tf").file == nil {
			t.Error("a large file is parsed, too")
		}
	}
}

// Many steps read what was parsed once at the same time. (For the race detector.)
func TestParsedIsReadByMany(t *testing.T) {
	root := t.TempDir()
	for i := range 20 {
		writeFile(t, fmt.Sprintf("%s/e%d/main.tf", root, i), network)
		writeFile(t, fmt.Sprintf("%s/e%d/more.tf.json", root, i), `{"variable": {"j": {"default": 1, "sensitive": true}}}`)
	}
	tool := New()
	want, _ := tool.Inspect(schema.Directory{Root: root, Name: "e0"})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			got, problems := tool.Inspect(schema.Directory{Root: root, Name: fmt.Sprint("e", i)})
			if len(problems) > 0 || len(got.Inputs) != len(want.Inputs) || len(got.Outputs) != len(want.Outputs) {
				t.Errorf("e%d: %v %v", i, got, problems)
			}
		})
	}
	all.Wait()
}

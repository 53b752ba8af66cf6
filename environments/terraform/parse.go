package terraform

import (
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/bitops-engine/bitops/schema"
)

// parser parses configuration and remembers the texts of late: a plan and its run look at each file several times, and the
// files of one environment are often copies of another's. It is safe for concurrent use.
type parser struct {
	mu          sync.Mutex
	fresh, aged map[source]parsed
	size        int // of the fresh texts, as cost counts
}

// source is a text and how it is written. Its name is no part of it: positions in what is parsed have no file.
type source struct {
	text string
	json bool
}

// parsed is what a text says. Many may read it at once; nobody changes it.
type parsed struct {
	file        *hcl.File // nil when nothing of it can be used
	diagnostics hcl.Diagnostics
}

// remembered is how much a parser remembers at the least, and half of the most. What is parsed takes some fifty times as much
// memory as its text.
const remembered = 1 << 18

// cost is what a text counts: its length in bytes, and something for itself, so that thousands of small ones, which are
// parsed in no time, are not all remembered.
func cost(text string) int { return len(text) + 1<<11 }

func (p *parser) parse(text []byte, name string) parsed {
	from := source{string(text), isJSON(name)}
	known, ok := p.recall(from)
	if !ok {
		known.file, known.diagnostics = parse(text, name)
		p.remember(from, known)
	}
	return known
}

func (p *parser) recall(from source) (parsed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.fresh[from]
	if ok {
		return known, true
	}
	if known, ok = p.aged[from]; ok {
		p.add(from, known)
	}
	return known, ok
}

func (p *parser) remember(from source, what parsed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(from, what)
}

// add remembers a text, and when that is enough begins anew; what was remembered before that is forgotten.
func (p *parser) add(from source, what parsed) {
	if p.size += cost(from.text); p.fresh == nil || p.size > remembered {
		p.fresh, p.aged, p.size = map[source]parsed{}, p.fresh, cost(from.text)
	}
	p.fresh[from] = what
}

func isJSON(name string) bool { return strings.HasSuffix(name, ".json") }

func parse(text []byte, name string) (*hcl.File, hcl.Diagnostics) {
	if isJSON(name) && schema.TooDeepJSON(text) || !isJSON(name) && schema.TooDeep(text, hclsyntax.LexConfig) {
		return nil, hcl.Diagnostics{{
			Severity: hcl.DiagError, Summary: "nested too deep to be read", Detail: "there are more than a thousand levels of brackets.",
			Subject: &hcl.Range{Start: hcl.InitialPos, End: hcl.InitialPos},
		}}
	}
	if isJSON(name) {
		return hclparse.NewParser().ParseJSON(text, "")
	}
	return hclparse.NewParser().ParseHCL(text, "")
}

package terraform

import (
	"encoding/json"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// secretParameter is a parameter of an address whose value is a secret.
var secretParameter = regexp.MustCompile(`(?i)[?&\s]?\b[a-z_]*(password|secret|token|sslkey)[a-z_]*=(?:'(?:\\.|[^'\\])*'|[^&\s]*)`)

// literals writes the plain values of a block's arguments into a map, those of blocks in it under dotted names. It returns
// false where one of them is no plain value.
func literals(prefix string, body hcl.Body, into map[string]string) bool {
	whole := true
	var attributes hcl.Attributes
	if native, ok := body.(*hclsyntax.Body); ok {
		attributes = hcl.Attributes{}
		for name, a := range native.Attributes {
			attributes[name] = a.AsHCLAttribute()
		}
		for _, block := range native.Blocks {
			whole = literals(prefix+block.Type+".", block.Body, into) && whole
		}
	} else {
		attributes, _ = body.JustAttributes() // JSON tells no block from an object
	}
	for name, a := range attributes {
		value, diagnostics := a.Expr.Value(nil)
		if diagnostics.HasErrors() || !value.IsWhollyKnown() {
			whole = false
			continue
		}
		text, err := ctyjson.Marshal(value, value.Type())
		var plain any
		if err == nil {
			err = json.Unmarshal(text, &plain)
		}
		if err != nil {
			whole = false
			continue
		}
		flatten(prefix+name, plain, into)
	}
	return whole
}

// literalArguments reads a file of arguments, as backend-config names one.
func literalArguments(text []byte, name string, into map[string]string) bool {
	file, diagnostics := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	return !diagnostics.HasErrors() && literals("", file.Body, into)
}

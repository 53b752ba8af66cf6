package schema

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// deepest is how deep HCL may be nested. Its parser calls itself for each level, and a text of a few hundred kilobytes
// that nests at each byte fills the stack, which ends the program.
const deepest = 1000

// openers are the bytes with which HCL can go one level deeper: brackets, quotes around a template, a condition, and the
// operators that stand in front.
const openers = "([{?!-%"

// TooDeep reports whether HCL would be nested too deep for its parser. lex is hclsyntax.LexTemplate or hclsyntax.LexConfig.
func TooDeep(text []byte, lex func([]byte, string, hcl.Pos) (hclsyntax.Tokens, hcl.Diagnostics)) bool {
	count := 0
	for i := 0; i < len(openers) && count <= deepest; i++ {
		count += bytes.Count(text, []byte{openers[i]})
	}
	if count <= deepest {
		return false // as is nearly every text
	}
	tokens, _ := lex(text, "", hcl.InitialPos)
	return nesting(tokens) > deepest
}

// TooDeepJSON is TooDeep for HCL that is written as JSON.
func TooDeepJSON(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[', c == '{':
			if depth++; depth > deepest {
				return true
			}
		case c == ']', c == '}':
			depth--
		}
	}
	return false
}

// nesting returns how deep the parser goes at the most: one level for each bracket that is open, for each condition and
// template directive, which end where only the parser knows, and for each operator in a row.
func nesting(tokens hclsyntax.Tokens) int {
	depth, most, conditions, row := 0, 0, 0, 0
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack, hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp:
			depth++
		case hclsyntax.TokenTemplateControl:
			depth++
			conditions++
		case hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			depth = max(depth-1, 0)
		case hclsyntax.TokenQuestion:
			conditions++
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			row++
			most = max(most, depth+row+conditions/conditionsPerLevel)
			continue
		default: // nothing else nests
		}
		row = 0
		most = max(most, depth+conditions/conditionsPerLevel)
	}
	return most
}

// conditionsPerLevel lets a file have many conditions that are not inside each other.
const conditionsPerLevel = 10

package terraform

import (
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/bitops-engine/bitops/schema"
)

// hideVariables makes known what the environment's files and variables set the variables to that the module declares as
// sensitive or ephemeral. terraform hides them; a program that it starts can still print them.
func (s *session) hideVariables() {
	for name, v := range s.module.variables {
		if text := s.Variables["TF_VAR_"+name]; text != "" && (v.Sensitive || v.Ephemeral) {
			s.Hide(text)
			if expression, problems := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos); !problems.HasErrors() {
				s.hideExpression(expression)
			}
		}
	}
	files := append(ownVarFiles(s.Directory), s.varFiles...)
	for _, file := range files {
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.Directory, file)
		}
		for name, attribute := range attributesOf(file) {
			if v := s.module.variables[name]; v != nil && (v.Sensitive || v.Ephemeral) {
				s.hideExpression(attribute.Expr)
			}
		}
	}
}

func (s *session) hideExpression(expression hcl.Expression) {
	if data, problems := expression.Value(nil); !problems.HasErrors() {
		s.Hide(schema.Values{"": {Data: data, Sensitive: true}}.Secrets()...)
	}
}

// attributesOf returns what a var-file sets. Errors in it are terraform's to tell.
func attributesOf(name string) hcl.Attributes {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	file, _ := parse(text, filepath.Base(name))
	if file == nil {
		return nil
	}
	attributes, _ := file.Body.JustAttributes()
	return attributes
}

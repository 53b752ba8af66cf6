package terraform

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema/secret"
)

// backendItems returns the items of cli.backend-config that init is given. For local state they are in the override file.
func (s *session) backendItems() []string {
	if !s.stateIsLocal() || s.module.backend != nil && s.module.backend.open {
		return s.backendConfig
	}
	if s.module.backend == nil && len(s.backendConfig) > 0 {
		s.Notice("backend-config is ignored: no backend block in %s", s.module.dir.Name)
	}
	return nil
}

// backendArguments returns the backend's settings for init, in their order. KEY=VALUE is written into a private file:
// everybody on the machine can see a command line.
func (s *session) backendArguments() ([]string, error) {
	var args []string
	for i, item := range s.backendItems() {
		key, value, ok := strings.Cut(item, "=")
		if ok {
			key = strings.TrimSpace(key)
			if !hclsyntax.ValidIdentifier(key) {
				return nil, environments.Failuref("%s: %q is not the name of a setting", keyBackendConfig, key)
			}
			if hidesBackend(key) {
				s.Hide(value)
			}
			file, err := s.PrivateFile(fmt.Sprintf("backend-%d.tfbackend", i+1), backendSetting(key, value))
			if err != nil {
				return nil, err
			}
			item = file
		}
		args = append(args, "-backend-config="+item)
	}
	return args, nil
}

// hidesBackend reports whether a setting of a backend is secret: by its name, or because it holds a password.
func hidesBackend(key string) bool {
	return secret.NameIsSecret(key) || key == "conn_str" || key == "credentials"
}

// backendSetting returns a file that means what KEY=VALUE does on a command line: there a value is a text, unless the
// setting takes a list or an object.
func backendSetting(key, value string) []byte {
	if key == "credentials" || !isCollection(value) { // the credentials of gcs are a text of JSON
		quoted, _ := json.Marshal(value) // a text can always be
		value = expression(quoted)
	}
	return fmt.Appendf(nil, "%s = %s\n", key, value)
}

func isCollection(value string) bool {
	expression, problems := hclsyntax.ParseExpression([]byte(value), "", hcl.InitialPos)
	if problems.HasErrors() {
		return false
	}
	switch expression.(type) {
	case *hclsyntax.ObjectConsExpr, *hclsyntax.TupleConsExpr:
		return true
	}
	return false
}

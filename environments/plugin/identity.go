package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A plugin that declares `identity` prints what its step owns: a line of text that is the same for the same thing, such as
// the name of a bucket and its region, or JSON with where it is:
//
//	{"id": "site example.org", "target": {"aws_account": "111111111111", "aws_region": "eu-west-1"}}

var _ environments.Owner = (*Plugin)(nil)

// Owns implements environments.Owner.
func (p *Plugin) Owns() bool { return p.load().config.identity != "" }

// Declared implements environments.Owner: only the script knows.
func (*Plugin) Declared(*environments.Call, schema.Directory) *schema.Identity { return nil }

// Identify implements environments.Owner: the script runs in the step's workspace only.
func (*Plugin) Identify(context.Context, *environments.Call, schema.Directory) (*schema.Identity, error) {
	return nil, nil
}

// longestIdentity bounds what a script may print as the identity, in bytes.
const longestIdentity = 4 << 10

// claim lets the script say what the step owns, if the plugin declares that it can.
func (s *session) claim(ctx context.Context) error {
	action := s.actions.config.identity
	if action == "" {
		return nil
	}
	p, err := s.program(action)
	if err != nil {
		return err
	}
	var printed strings.Builder
	p.Stdout = func(line string) {
		if printed.Len() <= longestIdentity {
			printed.WriteString(line + "\n")
		}
	}
	s.Phase(schema.PhaseConfigure, s.what(action))
	if err := s.must(ctx, p, action); err != nil {
		return err
	}
	id, err := parseIdentity(printed.String())
	if err != nil {
		return environments.Failuref("plugin %s printed no identity: %v", s.what(action), err)
	}
	id.Key = fmt.Sprintf("%s %s", s.files.name, id.Key)
	return s.Claim(ctx, id)
}

func parseIdentity(text string) (*schema.Identity, error) {
	text = strings.TrimSpace(text)
	if len(text) > longestIdentity {
		return nil, fmt.Errorf("it is longer than %d bytes", longestIdentity)
	}
	document := struct {
		ID     string            `json:"id"`
		Target map[string]string `json:"target"`
	}{ID: text}
	if strings.HasPrefix(text, "{") {
		document.ID = ""
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			return nil, fmt.Errorf("it is not JSON with `id` and `target`: %w", err)
		}
	}
	if document.ID == "" || strings.ContainsAny(document.ID, "\n\r\x00") {
		return nil, fmt.Errorf("it must be one line of text, or JSON with an `id`")
	}
	return &schema.Identity{Key: document.ID, Target: document.Target}, nil
}

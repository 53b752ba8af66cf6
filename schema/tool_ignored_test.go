package schema

import "testing"

func TestIgnoredKeys(t *testing.T) {
	const keys = `crane:
  properties:
    cli:
      properties:
        action: {type: string, default: plan, aliases: [cli.do], ignored_aliases: [options.action]}
        dry: {type: boolean, ignored_aliases: [options.dry]}`
	tests := map[string]struct {
		config           string
		variable         string
		ignored          string // the keys
		action, dry      string // as they are
		v2Action, v2Dry  string // without what v2 ignored
		positionOfAction int
	}{
		"nothing is written":                 {"", "", "", "plan", "", "plan", "", 0},
		"the key of today counts":            {"crane: {cli: {action: up}}", "", "", "up", "", "up", "", 1},
		"an older key that v2 knew counts":   {"crane: {cli: {do: up}}", "", "", "up", "", "up", "", 1},
		"one that it ignored does not":       {"crane: {options: {action: up}}", "", "options.action ", "up", "", "plan", "", 1},
		"nor where there is no default":      {"crane: {options: {dry: true}}", "", "options.dry ", "plan", "true", "plan", "", 0},
		"nor where it says the default":      {"crane: {options: {action: plan, dry: false}}", "", "", "plan", "false", "plan", "false", 1},
		"the key of today beats both":        {"crane: {options: {action: up}, cli: {action: down}}", "", "", "down", "", "down", "", 1},
		"a variable beats them":              {"crane: {options: {action: up}}", "down", "", "down", "", "down", "", 0},
		"of several, those that are written": {"crane: {options: {action: up, dry: true}}", "", "options.action options.dry ", "up", "true", "plan", "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var variables []string
			if test.variable != "" {
				variables = []string{"BITOPS_CRANE_ACTION=" + test.variable}
			}
			v, problems := resolve(t, keys, test.config, variables...)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			ignored := ""
			for _, key := range v.Ignored() {
				ignored += key.Key + " "
			}
			without := v.WithoutIgnored()
			got := []string{ignored, v.Text("cli.action"), v.Text("cli.dry"), without.Text("cli.action"), without.Text("cli.dry")}
			want := []string{test.ignored, test.action, test.dry, test.v2Action, test.v2Dry}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("got %q, want %q", got, want)
					break
				}
			}
			if line := v.Position("cli.action").Line; line != test.positionOfAction {
				t.Errorf("the action stands in line %d", line)
			}
		})
	}
}

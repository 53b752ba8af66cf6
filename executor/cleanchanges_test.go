package executor_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/bitops-engine/bitops/executor"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// Whatever part of a change holds a known secret, no event shows it: under a harmless name, in a document, in a key, encoded.
func TestSecretsInChangesAreNotShown(t *testing.T) {
	const canary = "s3cret-cAnArY-value"
	redactor := &secret.Redactor{}
	redactor.Add(canary, "4815162342")
	var shown []schema.Event
	m := &executor.Emitter{Run: "r", Now: time.Now, Redact: redactor, Optional: []executor.Sink{func(e schema.Event) error {
		shown = append(shown, e)
		return nil
	}}}
	document, err := json.Marshal(map[string]any{"a": map[string]string{"b": canary}, "c": "harmless"})
	if err != nil {
		t.Fatal(err)
	}
	attributes := []schema.AttributeChange{
		{Path: "harmless", Before: schema.TextValue("x"), After: schema.TextValue(canary)},
		{Path: "document", Before: schema.TextValue("harmless"), After: schema.TextValue(string(document))},
		{Path: "list", Before: json.RawMessage(`["` + canary + `"]`), After: json.RawMessage(`[1]`)},
		{Path: "number", Before: json.RawMessage(`4815162342`), After: json.RawMessage(`1`)},
		{Path: `tags["` + canary + `"]`, After: schema.TextValue("harmless")},
	}
	m.Emit(schema.Event{Type: schema.EventStepFinished, Changes: &schema.Changes{
		OutputChanges: attributes,
		Resources: []schema.ResourceChange{{
			Address: "a[" + canary + "]", Reason: canary, MovedFrom: canary, ImportedID: canary, Attributes: attributes,
		}},
		Drift: []schema.ResourceChange{{Attributes: attributes}}, Deferred: []schema.ResourceChange{{Attributes: attributes}},
		Invocations: []schema.Invocation{{Address: canary, Cause: canary}},
	}})
	text, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "cAnArY") || strings.Contains(string(text), "4815162342") {
		t.Errorf("shown: %s", text)
	}
	for _, a := range shown[0].Changes.OutputChanges[:4] {
		if !a.Sensitive {
			t.Errorf("%s does not say that something is sensitive", a.Path)
		}
	}
	if got := string(shown[0].Changes.OutputChanges[0].After); got != `"(sensitive)"` {
		t.Errorf("a secret is shown as %s", got)
	}
	if strings.Count(string(text), "harmless") < 5 {
		t.Errorf("what is no secret is gone: %s", text)
	}
}

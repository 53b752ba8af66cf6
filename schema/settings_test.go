package schema_test

import (
	"reflect"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// No setting is forgotten where settings are laid over each other.
func TestSettingsOr(t *testing.T) {
	yes := true
	full := schema.Settings{
		FailFast: &yes, RunMode: "x", Parallelism: 3, Timeout: 4, DefaultFolder: "d", OlderFolder: "o", Store: "s", History: 5,
		Retry: schema.Retry{Attempts: 2},
		Logging: schema.Logging{
			Level: "info", Color: schema.Color{Enabled: &yes}, Filename: "f", Err: "e", Path: "p", Masks: []schema.Mask{{Search: "m"}},
		},
		Limits:      schema.Map[schema.Count]{{Key: "l", Value: 1}},
		Deployments: schema.Map[schema.Deployment]{{Key: "terraform"}},
		Plugins:     schema.Map[schema.Plugin]{{Key: "hello"}},
	}
	for _, part := range []any{full, full.Logging} {
		v := reflect.ValueOf(part)
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Errorf("the test sets no %s", v.Type().Field(i).Name)
			}
		}
	}
	if got := (schema.Settings{}).Or(full); !reflect.DeepEqual(got, full) {
		t.Errorf("over nothing: %+v", got)
	}
	if got := full.Or(schema.Settings{}); !reflect.DeepEqual(got, full) {
		t.Errorf("nothing under it: %+v", got)
	}
	no := false
	above := schema.Settings{
		FailFast: &no, Parallelism: 9, Logging: schema.Logging{Level: "warn", Masks: []schema.Mask{{Search: "n"}}},
		Plugins:     schema.Map[schema.Plugin]{{Key: "hello", Value: schema.Plugin{Source: "mine"}}, {Key: "other"}},
		Deployments: schema.Map[schema.Deployment]{{Key: "helm"}},
	}
	got := above.Or(full)
	want := full
	want.FailFast, want.Parallelism, want.Logging.Level = &no, 9, "warn"
	want.Logging.Masks = []schema.Mask{{Search: "n"}, {Search: "m"}}
	want.Plugins, want.Deployments = above.Plugins, above.Deployments
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

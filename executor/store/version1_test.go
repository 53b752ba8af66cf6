package store_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// A record as the first format has it is read. Once it is written again, a program that knows only that format refuses it:
// it fails for every version above 1.
func TestRecordOfVersion1(t *testing.T) {
	s, dir := open(t)
	text, err := os.ReadFile("testdata/version1/a_x.json")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "records", schema.StepName("a/x").FileName()+".json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Records(t.Context(), "a/x")
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	r := all[0]
	if r.Version != 1 || r.Identity != nil || r.State != schema.StateDeployed || r.Kept != "0123abcd" || r.Run != "20250102T030405Z-abcd" ||
		r.Outputs["id"].String() != `"vpc-1"` || !r.Outputs["password"].Sensitive || r.Outputs["password"].Known() || r.DependsOn[0] != "b/x" {
		t.Errorf("read is %+v", r)
	}
	orphans, err := s.Recorded(t.Context(), nil)
	if err != nil || len(orphans) != 1 || !orphans[0].Stands() {
		t.Errorf("recorded are %v, %v", orphans, err)
	}
	now := *r
	now.Version, now.Identity = schema.RecordVersion, &schema.Identity{Key: "K"}
	if err := s.Save(&now, r); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(filepath.Join(dir, "records", schema.StepName("a/x").FileName()+".json")); err != nil {
		t.Fatal(err)
	}
	var older struct {
		Version int             `json:"version"`
		Step    schema.StepName `json:"step"`
	}
	if err := json.Unmarshal(text, &older); err != nil || older.Version <= 1 || older.Step != "a/x" {
		t.Errorf("an older program reads %+v, %v", older, err)
	}
	if all, err = s.Records(t.Context(), "a/x"); err != nil || len(all) != 1 || all[0].Identity.KeyOf() != "K" {
		t.Errorf("it was replaced by %v, %v", all, err)
	}
}

package terraform

import (
	"fmt"
	"path"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// diagnostic is an error or a warning of terraform's.
type diagnostic struct {
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	Address  string `json:"address"`
	Range    *struct {
		Filename string `json:"filename"`
		Start    struct {
			Line   int `json:"line"`
			Column int `json:"column"`
		} `json:"start"`
	} `json:"range"`
	Snippet *struct {
		Values []struct {
			Traversal string `json:"traversal"`
			Statement string `json:"statement"`
		} `json:"values"`
	} `json:"snippet"`
}

// lines returns the diagnostic as it is shown: what, where, why.
//
//	Error: local-exec provisioner error
//	  at backend/terraform/main.tf:3:5, terraform_data.app
//	  Error running command 'exit 3': exit status 3.
//
// dir is the directory of the step in the repository, to which terraform's file names are relative.
func (d *diagnostic) lines(dir string) []string {
	lines := []string{d.headline()}
	var places []string
	if d.Range != nil && d.Range.Filename != "" {
		at := schema.Position{File: d.Range.Filename, Line: d.Range.Start.Line, Column: d.Range.Start.Column}
		if file := path.Join(dir, at.File); !path.IsAbs(at.File) && !strings.HasPrefix(file, "../") {
			at.File = file
		}
		places = append(places, at.String())
	}
	if d.Address != "" {
		places = append(places, d.Address)
	}
	if len(places) > 0 {
		lines = append(lines, "  at "+strings.Join(places, ", "))
	}
	for line := range strings.Lines(d.Detail) {
		if line = strings.TrimRight(line, " \r\n"); line != "" {
			lines = append(lines, "  "+line)
		}
	}
	if d.Snippet != nil {
		for _, value := range d.Snippet.Values {
			lines = append(lines, fmt.Sprintf("  %s %s", value.Traversal, value.Statement))
		}
	}
	return lines
}

// failedCheck is the summary of a check block whose assertion does not hold, in terraform and in OpenTofu. Such a
// diagnostic has no other mark in their messages.
const failedCheck = "Check block assertion failed"

// warning returns a warning on one line: what, why in a few words, and where.
func (d *diagnostic) warning(dir string) schema.Warning {
	lines := d.lines(dir)
	text, where := d.Summary, ""
	for _, line := range lines[1:] {
		if at, ok := strings.CutPrefix(line, "  at "); ok && where == "" {
			where = " (" + at + ")"
			continue
		}
		text += ": " + strings.TrimSpace(line)
		break
	}
	return schema.Warning{Text: text + where, Check: d.Summary == failedCheck}
}

func (d *diagnostic) headline() string {
	if d.Severity == "warning" {
		return "Warning: " + d.Summary
	}
	return "Error: " + d.Summary
}

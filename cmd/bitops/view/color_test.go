package view_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/cmd/bitops/view"
)

func TestAFileIsNeverColored(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if view.ColorAllowed(file, nil, true) || view.ColorAllowed(&bytes.Buffer{}, nil, true) {
		t.Error("colour is allowed into what is no terminal")
	}
	if width := view.Width(file); width != 0 {
		t.Errorf("a file is %d columns wide", width)
	}
}

func TestATerminalIsColoredUnlessSomebodyObjects(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal to be had: %v", err)
	}
	defer terminal.Close()
	for _, test := range []struct {
		name    string
		environ []string
		wanted  bool
		want    bool
	}{
		{"nobody objects", []string{"TERM=xterm-256color"}, true, true},
		{"an empty NO_COLOR is none", []string{"NO_COLOR="}, true, true},
		{"NO_COLOR objects", []string{"NO_COLOR=1"}, true, false},
		{"a dumb terminal cannot", []string{"TERM=dumb"}, true, false},
		{"a flag or the manifest objects", nil, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := view.ColorAllowed(terminal, test.environ, test.wanted); got != test.want {
				t.Errorf("allowed: %v", got)
			}
		})
	}
}

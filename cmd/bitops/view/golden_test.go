package view_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

var token = regexp.MustCompile(`bitops-[A-Z2-7]{26}`)

// golden compares what was shown with testdata/<name>.txt.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = token.ReplaceAll(got, []byte("TOKEN"))
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test -update rewrites it)\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

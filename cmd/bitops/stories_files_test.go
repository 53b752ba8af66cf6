package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bitops-engine/bitops/cmd/bitops/command"
)

func runs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: runs N DIR")
	}
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), ".bitops", "runs", "*"))
	ts.Check(err)
	if strconv.Itoa(len(found)) != args[0] {
		ts.Fatalf("%d runs are recorded, want %s: %s", len(found), args[0], found)
	}
}

func journal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: journal DIR")
	}
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), ".bitops", "runs", "*", "journal.jsonl"))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("no run is recorded")
	}
	text, err := os.ReadFile(found[len(found)-1])
	ts.Check(err)
	_, err = ts.Stdout().Write(text)
	ts.Check(err)
}

func jsonlines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: jsonlines FILE")
	}
	scanner := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	scanner.Buffer(nil, 16<<20)
	number, last := 0, ""
	for scanner.Scan() {
		number++
		var object struct {
			Seq  int    `json:"seq"`
			Type string `json:"type"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &object); err != nil {
			ts.Fatalf("line %d is no JSON object: %v\n%s", number, err, scanner.Text())
		}
		if object.Seq != number && object.Type != "report" || last == "report" {
			ts.Fatalf("line %d has seq %d and type %q, after %q", number, object.Seq, object.Type, last)
		}
		last = object.Type
	}
	ts.Check(scanner.Err())
	if last != "report" {
		ts.Fatalf("%s ends with %q", args[0], last)
	}
}

func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json FILE")
	}
	var document any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &document); err != nil {
		ts.Fatalf("%s is not one JSON document: %v", args[0], err)
	}
}

func canary(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: canary VALUE PATH...")
	}
	forms := formsOf(args[0])
	searched := 0
	search := func(name string, text []byte) {
		searched++
		for _, form := range forms {
			if at := bytes.Index(text, []byte(form)); at >= 0 {
				around := text[max(0, at-80):min(len(text), at+len(form)+40)]
				ts.Fatalf("%s holds the secret as %q:\n...%s...", name, form, around)
			}
		}
	}
	for _, arg := range args[1:] {
		if arg == "stdout" || arg == "stderr" {
			search(arg, []byte(ts.ReadFile(arg)))
			continue
		}
		ts.Check(filepath.WalkDir(ts.MkAbs(arg), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "terraform.tfstate") {
				return err
			}
			text, err := os.ReadFile(path)
			search(path, text)
			return err
		}))
	}
	ts.Logf("%d files searched", searched)
}

// unseen looks for a secret in every form that the program knows, so that a new one is looked at too.
func unseen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 3 {
		ts.Fatalf("usage: unseen VALUE [SHOWN [SHOWN]]")
	}
	forms := command.Forms()
	if len(args) == 3 {
		forms = command.ComparedForms()
	}
	ways := [][]string{{"-v"}, {"--summary"}, {"--json"}}
	for _, form := range forms {
		ways = append(ways, []string{"-f", form})
	}
	for _, way := range ways {
		ts.Check(ts.Exec("bitops", slices.Concat([]string{"show"}, args[1:], way)...))
		canary(ts, false, []string{args[0], "stdout", "stderr"})
	}
}

// formsOf returns a text and what of it can be seen in base64, wherever in the encoded text it begins.
func formsOf(text string) []string {
	forms := []string{text}
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
		from := (before*8 + 5) / 6         // the first digit that holds nothing of what comes before
		to := (before + len(text)) * 8 / 6 // the first that holds something of what comes after
		forms = append(forms, encoded[from:to])
	}
	return forms
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep VARIABLE")
	}
	ts.Setenv(args[0], strings.TrimSuffix(ts.ReadFile("stdout"), "\n"))
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode PERMISSIONS FILE...")
	}
	for _, file := range args[1:] {
		info, err := os.Stat(ts.MkAbs(file))
		ts.Check(err)
		if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", file, got, args[0])
		}
	}
}

func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines N FILE")
	}
	text := ts.ReadFile(args[1])
	if got := strings.Count(text, "\n"); strconv.Itoa(got) != args[0] {
		ts.Fatalf("%s has %d lines, want %s:\n%s", args[1], got, args[0], text)
	}
}

func order(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: order FILE PATTERN PATTERN...")
	}
	text, last := ts.ReadFile(args[0]), -1
	for _, want := range args[1:] {
		pattern, err := regexp.Compile(want)
		ts.Check(err)
		found := pattern.FindStringIndex(text)
		if found == nil {
			ts.Fatalf("%s does not match %q", args[0], want)
		}
		if found[0] < last {
			ts.Fatalf("%q comes too early in %s", want, args[0])
		}
		last = found[0]
	}
}

func TestCanaryKnowsBase64AtEveryOffset(t *testing.T) {
	const secret = "s3cr3t-canary/93+ab=zq"
	forms := formsOf(secret)
	for before := range 7 {
		encoded := base64.StdEncoding.EncodeToString([]byte("before."[:before] + secret + "after"))
		if !slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(encoded, form) }) {
			t.Errorf("%d bytes before: none of %q is in %s", before, forms, encoded)
		}
	}
}

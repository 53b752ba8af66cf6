package archive

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// DamagedError says that a file is no plan that can be applied.
type DamagedError struct {
	File   string
	Reason string
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s: %s", e.File, e.Reason) }

// Archive is a plan file that was read.
type Archive struct {
	Plan *schema.SavedPlan

	// Digest is that of plan.json as it lies in the archive. It stands for the artifacts too, if Complete.
	Digest string

	Signature *Signature // as it lies in the archive, not judged; nil where there is none

	name string
	zip  map[string]*zip.File // by their names in the archive
}

// Complete reports whether the plan has a digest of each artifact. Plans of the first version of the format do not.
func (a *Archive) Complete() bool { return a.Plan.Version > 1 }

// Is reports whether a content looks like a plan file.
func Is(content []byte) bool { return bytes.HasPrefix(content, []byte("PK\x03\x04")) }

// Read reads the content of a plan file, and checks that its artifacts are those that the plan was made with. What cannot be
// applied is a *DamagedError; name is for its text.
func Read(name string, content []byte) (*Archive, error) {
	a := &Archive{name: name}
	err := a.open(content)
	if err == nil {
		err = a.readPlan()
	}
	if err == nil {
		err = a.check()
	}
	if err == nil {
		err = a.readSignature()
	}
	if err != nil {
		return nil, &DamagedError{File: name, Reason: err.Error()}
	}
	return a, nil
}

func (a *Archive) open(content []byte) error {
	if len(content) > MostBytes {
		return fmt.Errorf("it is too large for a plan file: %d bytes, and %d are read", len(content), MostBytes)
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return fmt.Errorf("it is not a plan file, or it is damaged: %w", err)
	}
	a.zip, err = filesOf(z)
	return err
}

func (a *Archive) readPlan() error {
	text, err := readFile(a.zip[planName], largestPlan)
	if err != nil {
		return fmt.Errorf("%s is damaged or too large: %w", planName, err)
	}
	a.Digest = digestOf(text)
	if err := checkPlan(text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &a.Plan); err != nil {
		return fmt.Errorf("%s is damaged: %w", planName, err)
	}
	if a.Plan == nil || a.Plan.Version < 1 || a.Plan.ID == "" || a.Plan.Report == nil {
		return fmt.Errorf("%s is not a plan", planName)
	}
	return nil
}

func (a *Archive) readSignature() (err error) {
	statement, armor := a.zip[statementName], a.zip[signatureName]
	switch {
	case statement == nil && armor == nil:
		return nil
	case statement == nil || armor == nil:
		return errors.New("half of its signature is missing")
	}
	s := &Signature{}
	if s.Statement, err = readFile(statement, largestSigned); err == nil {
		s.Armor, err = readFile(armor, largestSigned)
	}
	if err != nil {
		return fmt.Errorf("its signature is damaged: %w", err)
	}
	a.Signature = s
	return nil
}

// check reads every artifact once, and compares it with its digest.
func (a *Archive) check() error {
	for name, f := range a.zip {
		artifact, ok := strings.CutPrefix(name, artifacts)
		if !ok {
			continue
		}
		digest, err := digestFile(f)
		want, known := a.Plan.Artifacts[artifact]
		switch {
		case err != nil:
			return fmt.Errorf("%s is damaged: %w", name, err)
		case !a.Complete():
		case !known:
			return fmt.Errorf("%s was added after the plan was made", name)
		case digest != want:
			return fmt.Errorf("%s is not the one that the plan was made with", name)
		}
	}
	for name := range a.Plan.Artifacts {
		if a.zip[artifacts+name] == nil {
			return fmt.Errorf("%s is missing", artifacts+name)
		}
	}
	return nil
}

// Extract writes the artifacts into a directory, which must exist, as files for nobody else to read.
func (a *Archive) Extract(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for name, f := range a.zip {
		if artifact, ok := strings.CutPrefix(name, artifacts); ok {
			if err := extract(root, filepath.FromSlash(artifact), f); err != nil {
				return fmt.Errorf("unpack %s of the plan: %w", name, err)
			}
		}
	}
	return nil
}

func extract(root *os.Root, name string, from *zip.File) error {
	in, err := from.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

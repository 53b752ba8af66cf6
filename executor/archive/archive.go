// Package archive is the plan file: one zip archive that holds a saved plan in readable form, and for each step what its
// tool needs to apply just that.
//
//	plan.json                       schema.SavedPlan
//	artifacts/<step>/<file>...      terraform's own plan and lock file, and the like of other tools
//
// A plan file is written whole or not at all, and for its owner only: terraform's plans hold the values of variables and
// resources, sensitive ones included.
package archive

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

const (
	planName  = "plan.json"
	artifacts = "artifacts"
)

// The most that is read of an archive, in bytes and files, so that a damaged or hostile one fills neither memory nor disk.
const (
	largestPlan     = 512 << 20
	largestArtifact = 2 << 30
	mostFiles       = 1_000_000
)

// DamagedError says that a file is no plan that can be applied.
type DamagedError struct {
	File   string
	Reason string
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s: %s", e.File, e.Reason) }

// Bytes returns the archive of a plan and of the artifacts in a directory.
func Bytes(plan *schema.SavedPlan, dir string) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	text, err := json.MarshalIndent(plan, "", "  ")
	if err == nil {
		err = add(z, planName, bytes.NewReader(text))
	}
	if err == nil {
		err = addDirectory(z, dir)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("make the plan file: %w", err)
	}
	return out.Bytes(), nil
}

func add(z *zip.Writer, name string, content io.Reader) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate}) // without a time: the same plan, the same bytes
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}

func addDirectory(z *zip.Writer, dir string) error {
	return filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		return add(z, path.Join(artifacts, filepath.ToSlash(rel)), f)
	})
}

// Write puts the content of an archive under its name, for nobody else to read, whole or not at all.
func Write(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".bitops-plan-*") // of mode 0600
	if err != nil {
		return fmt.Errorf("write the plan file: %w", err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write the plan file: %w", err)
	}
	return nil
}

// Archive is a plan file that was read.
type Archive struct {
	Plan *schema.SavedPlan

	name string
	zip  *zip.Reader
}

// Is reports whether a content looks like a plan file.
func Is(content []byte) bool { return bytes.HasPrefix(content, []byte("PK\x03\x04")) }

// Read reads the content of a plan file. What cannot be applied is a *DamagedError; name is for its text.
func Read(name string, content []byte) (*Archive, error) {
	damaged := func(format string, args ...any) error {
		return &DamagedError{File: name, Reason: fmt.Sprintf(format, args...)}
	}
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, damaged("it is not a plan file, or it is damaged: %v", err)
	}
	a := &Archive{name: name, zip: z}
	f, err := z.Open(planName)
	if err != nil {
		return nil, damaged("it is a zip archive, but not of a plan: %s is missing", planName)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largestPlan+1))
	if err != nil || len(text) > largestPlan {
		return nil, damaged("%s is damaged or too large: %v", planName, err)
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, damaged("%s is damaged: %v", planName, err)
	}
	if head.Version > schema.SavedPlanVersion {
		return nil, damaged("it was made by a newer bitops (version %d of the format); this one knows up to %d", head.Version, schema.SavedPlanVersion)
	}
	if err := json.Unmarshal(text, &a.Plan); err != nil {
		return nil, damaged("%s is damaged: %v", planName, err)
	}
	if a.Plan == nil || a.Plan.Version < 1 || a.Plan.ID == "" || a.Plan.Report == nil {
		return nil, damaged("%s is not a plan", planName)
	}
	return a, nil
}

// Extract writes the artifacts into a directory, which must exist, as files for nobody else to read.
func (a *Archive) Extract(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(largestArtifact)
	for n, f := range a.zip.File {
		name, ok := strings.CutPrefix(f.Name, artifacts+"/")
		if !ok || strings.HasSuffix(name, "/") {
			continue
		}
		if n > mostFiles || !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
			return &DamagedError{File: a.name, Reason: fmt.Sprintf("it holds a file that no plan has: %q", f.Name)}
		}
		written, err := extract(root, filepath.FromSlash(name), f, left)
		if err != nil {
			return &DamagedError{File: a.name, Reason: fmt.Sprintf("%s cannot be read: %v", f.Name, err)}
		}
		left -= written
	}
	return nil
}

func extract(root *os.Root, name string, from *zip.File, most int64) (int64, error) {
	in, err := from.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return 0, err
	}
	out, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	written, err := io.Copy(out, io.LimitReader(in, most+1))
	if err == nil && written > most {
		err = errors.New("it is too large")
	}
	return written, errors.Join(err, out.Close())
}

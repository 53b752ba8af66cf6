// Package archive is the plan file: one zip archive that holds a saved plan in readable form, and for each step what its
// tool needs to apply just that.
//
//	plan.json                       schema.SavedPlan
//	artifacts/<step>/<file>...      terraform's own plan and lock file, and the like of other tools
//	signed.json, signed.json.sig    of a signed plan: schema.PlanStatement, and its SSH signature
//
// plan.json has a digest of every artifact, so that one digest of plan.json stands for all that is applied.
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
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/atomicfile"
)

const (
	planName  = "plan.json"
	artifacts = "artifacts/"

	statementName = "signed.json"
	signatureName = "signed.json.sig"
)

// Signature is a signed statement about a plan, as the signer wrote it.
type Signature struct{ Statement, Armor []byte }

// Bytes returns the archive of a plan and of the artifacts in a directory, and the digest of the plan. It fills in the
// plan's digests of the artifacts. Sign makes the signature of a plan by its digest; nil leaves the plan unsigned.
func Bytes(plan *schema.SavedPlan, dir string, sign func(digest string) (*Signature, error)) (content []byte, digest string, err error) {
	var out bytes.Buffer
	if digest, err = writePlan(zip.NewWriter(&out), plan, dir, sign); err != nil {
		return nil, "", fmt.Errorf("make the plan file: %w", err)
	}
	return out.Bytes(), digest, nil
}

func writePlan(z *zip.Writer, plan *schema.SavedPlan, dir string, sign func(digest string) (*Signature, error)) (digest string, err error) {
	if plan.Artifacts, err = digestsOf(dir); err != nil {
		return "", err
	}
	text, err := planText(plan)
	if err == nil {
		err = add(z, planName, bytes.NewReader(text))
	}
	for _, name := range slices.Sorted(maps.Keys(plan.Artifacts)) {
		if err == nil {
			err = addArtifact(z, dir, name)
		}
	}
	digest = digestOf(text)
	if err == nil && sign != nil {
		err = addSignature(z, digest, sign)
	}
	return digest, errors.Join(err, z.Close())
}

// planText returns a plan as it is written. One that would be too large to be read is written with bounded changes: what the
// tools keep of it has all of them.
func planText(plan *schema.SavedPlan) ([]byte, error) {
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil || readable(text) {
		return text, err
	}
	report, bounded := *plan.Report, *plan
	report.Steps, bounded.Report = slices.Clone(report.Steps), &report
	for i := range report.Steps {
		report.Steps[i].Changes = report.Steps[i].Changes.Bounded()
	}
	return json.MarshalIndent(&bounded, "", "  ")
}

func addSignature(z *zip.Writer, digest string, sign func(digest string) (*Signature, error)) error {
	signature, err := sign(digest)
	if err == nil {
		err = add(z, statementName, bytes.NewReader(signature.Statement))
	}
	if err == nil {
		err = add(z, signatureName, bytes.NewReader(signature.Armor))
	}
	return err
}

func add(z *zip.Writer, name string, content io.Reader) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate}) // without a time: the same plan, the same bytes
	if err != nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}

func addArtifact(z *zip.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer f.Close()
	return add(z, artifacts+name, f)
}

// Write puts the content of an archive under its name, for nobody else to read, whole or not at all.
func Write(name string, content []byte) error {
	if err := (atomicfile.File{}).Write(name, content); err != nil {
		return fmt.Errorf("write the plan file: %w", err)
	}
	return nil
}

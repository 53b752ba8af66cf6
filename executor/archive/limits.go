package archive

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// The most that is read of a plan file, so that a damaged or hostile one fills neither memory nor disk. Each is checked
// before anything of that size is made. A plan of 10,000 steps with 100 files and 20 resources each has half as much.
const (
	MostBytes       = 1 << 30 // of the file
	largestPlan     = 256 << 20
	largestSigned   = 16 << 20
	largestArtifact = 2 << 30 // of all artifacts together
	mostFiles       = 1_000_000
	mostSteps       = 100_000
	mostValues      = 5_000_000 // of JSON: an empty one takes two bytes in the file, and up to a hundred in memory
)

// filesOf returns the files of an archive by their names. Directories are left out.
func filesOf(z *zip.Reader) (map[string]*zip.File, error) {
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == planName }) {
		return nil, fmt.Errorf("it is a zip archive, but not of a plan: %s is missing", planName)
	}
	if len(z.File) > mostFiles {
		return nil, fmt.Errorf("it has %d files, and no plan has more than %d", len(z.File), mostFiles)
	}
	all := make(map[string]*zip.File, len(z.File))
	left := uint64(largestArtifact)
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if all[f.Name] != nil || !belongs(f.Name) {
			return nil, fmt.Errorf("it holds a file that no plan has: %q", f.Name)
		}
		if f.UncompressedSize64 > left {
			return nil, fmt.Errorf("%s is too large", f.Name)
		}
		left -= f.UncompressedSize64
		all[f.Name] = f
	}
	for name := range all {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if all[dir] != nil {
				return nil, fmt.Errorf("it holds a file that no plan has: %q, below a file", name)
			}
		}
	}
	return all, nil
}

// belongs reports whether a plan file can have a file of that name, which can be unpacked on every system.
func belongs(name string) bool {
	artifact, ok := strings.CutPrefix(name, artifacts)
	tooLong := func(part string) bool { return len(part) > 255 }
	return name == planName || name == statementName || name == signatureName || ok && fs.ValidPath(artifact) && artifact != "." && filepath.IsLocal(filepath.FromSlash(artifact)) &&
		!strings.ContainsAny(artifact, "\\\x00") && !slices.ContainsFunc(strings.Split(artifact, "/"), tooLong)
}

// readFile returns the content of a file, whose size is what its archive says or reading it fails.
func readFile(f *zip.File, most uint64) ([]byte, error) {
	if f.UncompressedSize64 > most {
		return nil, fmt.Errorf("it has %d bytes, and %d are read", f.UncompressedSize64, most)
	}
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}

func digestFile(f *zip.File) (string, error) {
	in, err := f.Open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	digest, _, err := digestReader(in)
	return digest, err
}

// checkPlan reports whether a plan.json can be decoded: it is of a version that is known, and it does not take more memory
// than a plan takes.
func checkPlan(text []byte) error {
	if valuesIn(text) > mostValues {
		return fmt.Errorf("%s is too large: it has more than %d values", planName, mostValues)
	}
	var counted struct {
		Version int `json:"version"`
		Report  struct {
			Steps counter `json:"steps"`
		} `json:"report"`
	}
	err := json.Unmarshal(text, &counted)
	switch {
	case counted.Version > schema.SavedPlanVersion:
		return fmt.Errorf("it was made by a newer bitops (version %d of the format); this one knows up to %d", counted.Version, schema.SavedPlanVersion)
	case err != nil:
		return fmt.Errorf("%s is damaged: %w", planName, err)
	case counted.Report.Steps > mostSteps:
		return fmt.Errorf("%s has %d steps, and no plan has more than %d", planName, counted.Report.Steps, mostSteps)
	}
	return nil
}

// valuesIn returns how many values a JSON text has at most.
func valuesIn(text []byte) int {
	values := 0
	for _, sign := range []string{",", "[", "{"} {
		values += bytes.Count(text, []byte(sign))
	}
	return values
}

// readable reports whether a plan.json can be read again.
func readable(text []byte) bool { return len(text) <= largestPlan && valuesIn(text) <= mostValues }

// counter counts the elements of all arrays that it is decoded from, which takes no memory.
type counter int

func (c *counter) UnmarshalJSON(text []byte) error {
	var elements []struct{}
	err := json.Unmarshal(text, &elements)
	*c += counter(len(elements))
	return err
}

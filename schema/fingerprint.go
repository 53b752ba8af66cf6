package schema

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FingerprintVersion is the version of the fingerprints that this program makes. Those of version 0 have of the caller's
// variables only BITOPS_<TOOL>_*, TF_VAR_* and TF_WORKSPACE, and do not know a file's mode or line endings.
const FingerprintVersion = 1

// Fingerprint says what a step ran with, or was planned with. Where two of one step have no differences, running it
// again would do again what was done. It holds no value and no file, only hashes of them.
type Fingerprint struct {
	Version   int               `json:"version,omitempty"`   // which things it has: FingerprintVersion
	Manifest  string            `json:"manifest"`            // of what the plan says of the step, values apart
	Files     map[string]string `json:"files,omitempty"`     // by path in the repository; a directory's ends in a slash
	Locks     map[string]string `json:"locks,omitempty"`     // files that a tool writes into the checkout by itself, as they were before
	Written   map[string]string `json:"written,omitempty"`   // the same files, as the run left them, where it wrote them
	Inputs    map[string]string `json:"inputs,omitempty"`    // by name
	Variables map[string]string `json:"variables,omitempty"` // that configure the step, by name
	Tool      string            `json:"tool,omitempty"`      // program and version, as in "terraform 1.11.4"
}

// Differences says, sentence by sentence and always in the same order, what is different now. There are none where f is
// nil, because then nobody knows.
func (f *Fingerprint) Differences(now *Fingerprint) []string {
	if f == nil || now == nil {
		return nil
	}
	var all []string
	if f.Manifest != now.Manifest {
		all = append(all, "the manifest says something else of it")
	}
	all = append(all, differingFiles(f.Files, now.Files)...)
	all = append(all, f.differingLocks(now)...)
	all = append(all, differing("input", f.Inputs, now.Inputs, isNew)...)
	all = append(all, differing("variable", f.Variables, now.Variables, f.isNew())...)
	if f.Tool != now.Tool {
		all = append(all, fmt.Sprintf("it was %s and is %s", named(f.Tool), named(now.Tool)))
	}
	return all
}

// OfFilesIn returns the fingerprint without the files that another one does not have.
func (f *Fingerprint) OfFilesIn(other *Fingerprint) *Fingerprint {
	kept := *f
	kept.Files = maps.Clone(f.Files)
	maps.DeleteFunc(kept.Files, func(name, _ string) bool { _, there := other.Files[name]; return !there })
	return &kept
}

// differingLocks names the lock files that are neither as they were nor as the run left them. One that is missing is written
// again.
func (f *Fingerprint) differingLocks(now *Fingerprint) []string {
	var all []string
	names := slices.Concat(slices.Collect(maps.Keys(f.Locks)), slices.Collect(maps.Keys(f.Written)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if hash, ok := now.Locks[name]; ok && hash != f.Locks[name] && hash != f.Written[name] {
			all = append(all, fmt.Sprintf("file %s changed", name))
		}
	}
	return all
}

func named(tool string) string {
	if tool == "" {
		return "an unknown version"
	}
	return tool
}

const isNew = "is new"

// isNew says that a variable is in a later fingerprint only. One of version 0 lacks many.
func (f *Fingerprint) isNew() string {
	if f.Version == 0 {
		return "is set, and an older bitops did not note whether it was then"
	}
	return isNew
}

func differing(what string, was, is map[string]string, isNew string) []string {
	return compared(what, was, is, isNew, func(before, after string) string {
		if before == after {
			return ""
		}
		return "changed"
	})
}

func differingFiles(was, is map[string]string) []string {
	return compared("file", was, is, isNew, howFileDiffers)
}

// compared names what is gone, new, or different in the way that how says.
func compared(what string, was, is map[string]string, isNew string, how func(before, after string) string) []string {
	var all []string
	names := maps.Clone(was)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, is)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, existed := was[name]
		after, exists := is[name]
		different := ""
		switch {
		case !exists:
			different = "is gone"
		case !existed:
			different = isNew
		default:
			different = how(before, after)
		}
		if different != "" {
			all = append(all, fmt.Sprintf("%s %s %s", what, name, different))
		}
	}
	return all
}

// HashOf returns the hash of a document as a Fingerprint has it.
func HashOf(document any) (string, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return "", err
	}
	return HashBytes(text), nil
}

// HashBytes returns the hash of a content as a Fingerprint has it: 16 bytes of SHA-256, in hexadecimal.
func HashBytes(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// Hashes returns the hashes of values. One of a sensitive value is salted and costs time, so that nobody finds the
// value by trying many: two of them can only be compared when they have the same salt, which is taken from like, the
// hashes of earlier values, where it has one of that name.
func (vs Values) Hashes(like map[string]string) (map[string]string, error) {
	all := make(map[string]string, len(vs))
	for name, v := range vs {
		text, err := v.Reveal()
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", name, err)
		}
		// A value that was taken for sensitive once is compared as one.
		if all[name], err = HashText(string(text), v.Sensitive || Salted(like[name]), like[name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

const (
	salted     = "salted:"
	iterations = 20_000 // of PBKDF2: some milliseconds
)

// Salted reports whether a hash is one of a sensitive value.
func Salted(hash string) bool { return strings.HasPrefix(hash, salted) }

// HashText returns the hash of a text; see [Values.Hashes] for sensitive ones.
func HashText(text string, sensitive bool, like string) (string, error) {
	if !sensitive {
		return HashBytes([]byte(text)), nil
	}
	hexSalt, _, _ := strings.Cut(strings.TrimPrefix(like, salted), ":")
	salt, err := hex.DecodeString(hexSalt)
	if !Salted(like) || err != nil || len(salt) == 0 {
		salt = make([]byte, 16)
		if _, err := rand.Read(salt); err != nil {
			return "", err
		}
	}
	key, err := pbkdf2.Key(sha256.New, text, salt, iterations, 16)
	if err != nil {
		return "", err
	}
	return salted + hex.EncodeToString(salt) + ":" + hex.EncodeToString(key), nil
}

package workspace

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// A Workspace says where a workspace is. Its fields are absolute paths.
type Workspace struct {
	Root      string // laid out like the repository
	Directory string // the copy of the environment's directory, in or equal to Root
	Source    string // the environment's directory in the repository
}

// In returns the workspace that o names, as Sync does, whether it is there or not.
func In(o Options) *Workspace {
	root := filepath.Join(o.Store, o.Name)
	return &Workspace{Root: root, Directory: filepath.Join(root, o.Path), Source: filepath.Join(o.Repository, o.Path)}
}

// Names longer than longestName are shortened, which leaves room within the 255 bytes of a file name
// for the suffixes of the files kept beside a workspace.
const (
	longestName   = 200
	shortenedName = 150
)

// DirectoryName turns an environment's name into the name of its workspace's directory: prod/backend
// becomes prod~backend. Two environments never share one, given that no valid name contains a "~" or
// an empty element.
func DirectoryName(environment string) string {
	name := strings.ReplaceAll(environment, "/", "~")
	switch {
	case name == "" || name == "." || name == "..":
		return "~" + name
	case len(name) <= longestName:
		return name
	}
	cut := shortenedName
	for !utf8.RuneStart(name[cut]) && cut > 0 {
		cut--
	}
	sum := sha256.Sum256([]byte(environment))
	return name[:cut] + "~~" + hex.EncodeToString(sum[:16])
}

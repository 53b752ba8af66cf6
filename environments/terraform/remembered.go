package terraform

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
)

// A program that is asked for its version takes as long as a small apply, and answers the same until it is another file.
// So the answer is remembered beside what tells one file from another. Only terraform and OpenTofu themselves are, going
// by what their compiler wrote into them: a version manager in their place can answer differently each time.

// mainPackages are those of the programs that are no version managers.
var mainPackages = regexp.MustCompile(`^github\.com/(hashicorp/terraform|opentofu/opentofu)(/|$)`)

// programFile returns the file of the step's program and what tells it from any other, or "" where its version must be
// asked for.
func (s *session) programFile() (file, identity string) {
	if s.Cache == "" || strings.Contains(s.binary, "/") {
		return "", ""
	}
	file, err := process.Find(s.binary, s.Variables["PATH"])
	if err != nil {
		return "", ""
	}
	var stat unix.Stat_t
	if err := unix.Stat(file, &stat); err != nil {
		return "", ""
	}
	return file, fmt.Sprint(file, " ", stat.Dev, stat.Ino, stat.Size, stat.Mtim, stat.Ctim)
}

func (s *session) versionFile(file string) string {
	return filepath.Join(s.Cache, "versions", schema.HashBytes([]byte(file)))
}

// rememberedVersion returns what the program said when it was asked last, or "".
func (s *session) rememberedVersion() string {
	file, identity := s.programFile()
	if file == "" {
		return ""
	}
	found, version, _ := strings.Cut(content(s.versionFile(file)), "\n")
	if found != identity {
		return ""
	}
	return version
}

// remember notes what the program said. Where it cannot, it is asked again.
func (s *session) remember(version string) {
	file, identity := s.programFile()
	if file == "" {
		return
	}
	if info, err := buildinfo.ReadFile(file); err != nil || !mainPackages.MatchString(info.Path) {
		return
	}
	note := s.versionFile(file)
	if os.MkdirAll(filepath.Dir(note), 0o755) == nil {
		_ = os.WriteFile(note, []byte(identity+"\n"+version), 0o644)
	}
}

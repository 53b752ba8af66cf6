package schema

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// PlanStatementVersion is the version of the PlanStatement document that this program writes.
const PlanStatementVersion = 1

// PlanStatement is what the signature of a plan file says: which plan may be applied to what.
type PlanStatement struct {
	Version    int        `json:"version"`
	Digest     string     `json:"digest"`     // of the plan
	Repository string     `json:"repository"` // that it is of: host and path of its origin, and the directory in it; "" without one
	Command    Command    `json:"command"`    // apply or destroy
	Selection  []StepName `json:"selection"`  // the steps that the plan is about
	Time       time.Time  `json:"time"`       // when it was signed
}

// Differences says, sentence by sentence, why a signed statement is not one of a plan in a repository. It is about what is fixed:
// the time is judged with the key.
func (s *PlanStatement) Differences(want *PlanStatement) []string {
	var all []string
	if s.Version < 1 || s.Version > PlanStatementVersion {
		all = append(all, "its signature is of another version of the format")
	}
	if s.Digest != want.Digest {
		all = append(all, "its signature is of another plan, with the digest "+s.Digest)
	}
	if s.Repository != want.Repository {
		all = append(all, "its signature is for the repository "+orNone(s.Repository)+", and this one is "+orNone(want.Repository))
	}
	if s.Command != want.Command {
		all = append(all, "its signature is for "+string(s.Command))
	}
	if !slices.Equal(s.Selection, want.Selection) {
		all = append(all, "its signature is for other steps")
	}
	return all
}

func orNone(text string) string {
	if text == "" {
		return "(without an origin)"
	}
	return text
}

// RepositoryName returns the host and path of a remote of git: the same for https://user@host/a/b.git, ssh://git@host/a/b and
// git@host:a/b. A remote that is a path stays one.
func RepositoryName(remote string) string {
	host, file := "", strings.TrimPrefix(remote, "file://")
	if u, err := url.Parse(remote); err == nil && u.Scheme != "" && u.Host != "" {
		host, file = u.Hostname(), u.Path
	} else if before, after, ok := strings.Cut(file, ":"); ok && !strings.Contains(before, "/") {
		host, file = before[strings.LastIndex(before, "@")+1:], after
	}
	file = strings.TrimSuffix(strings.TrimRight(file, "/"), ".git")
	if host == "" {
		return path.Clean(file)
	}
	return strings.ToLower(host) + path.Clean("/"+file)
}

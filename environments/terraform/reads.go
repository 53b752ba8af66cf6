package terraform

import (
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

var _ environments.Reader = (*Terraform)(nil)

// untold begins an expression for a path of which the text does not tell where it leads.
const untold = `(?:abspath|coalesce|data|each|format|join|local|module|one|pathexpand|try|var)\b`

// reads are the ways by which a configuration can read what others leave behind: data sources of another one's state, or of a
// program; a file by an absolute path, or by one that is not written there; a module that is fetched, and could do any of that.
// The modules of the public registry count as not knowing of others.
var reads = regexp.MustCompile(strings.Join([]string{
	`\bterraform_remote_state\b|\btfe_outputs\b|"external"`,
	`\b(?:file(?:base64|exists|md5|set|sha1|sha256|sha512|base64sha256|base64sha512)?|templatefile)\(\s*(?:\\?"(?:[/~]|\$\{` + untold + `)|` + untold + `)`,
	`\bsource"?\s*[:=]\s*"(?:[a-z0-9]+::|[a-z0-9]+://|[\w.-]+@|github\.com/|bitbucket\.org/|/|[\w-]+\.[\w.:-]+/[\w-]+/[\w-]+/\w)`,
}, "|"))

// Reads implements environments.Reader.
func (*Terraform) Reads() *regexp.Regexp { return reads }

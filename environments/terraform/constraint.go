package terraform

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/bitops-engine/bitops/schema"
)

// wanted is the version of the program that options.version asks for. BitOps v1 installed that version and v2 ignored the
// key, so many repositories have one there that is older than every version that bitops can drive.
type wanted struct {
	text        string
	constraints version.Constraints // nil where any version will do
	at          schema.Position
}

// wantedVersion reads options.version. The problems are an error where it is no constraint, and a warning where it counts
// for nothing.
func wantedVersion(v *schema.ToolValues, binary string) (w wanted, problems schema.Problems) {
	w.text, w.at = v.Text(keyVersion), v.Position(keyVersion)
	if w.text == "" || w.text == "latest" {
		return w, nil
	}
	constraints, err := version.NewConstraint(constraint(w.text))
	if err != nil {
		return w, schema.Problems{schema.Errorf(w.at, "%s: %q is not a version or a constraint such as ~> 1.5", keyVersion, w.text)}
	}
	oldest := minimum
	if binary == tofu {
		oldest = minimumTofu
	}
	if !satisfiable(constraints, oldest) {
		return w, schema.Problems{schema.Warningf(w.at, "%s is %q and is ignored: bitops needs %s %s or newer, and no such version meets it",
			keyVersion, w.text, binary, oldest).WithHint("remove the key, or write the version that you use")}
	}
	w.constraints = constraints
	return w, nil
}

// unfit returns why a version is not the one that is asked for, or "".
func (w wanted) unfit(found *version.Version) string {
	if w.constraints == nil || w.constraints.Check(found) {
		return ""
	}
	return fmt.Sprintf("%s asks for %s", keyVersion, w.text)
}

var partialVersion = regexp.MustCompile(`^v?(\d+)(\.\d+)?$`)

// constraint turns 1.11 into a constraint that every 1.11.x meets.
func constraint(wanted string) string {
	m := partialVersion.FindStringSubmatch(strings.TrimSpace(wanted))
	switch {
	case m == nil:
		return wanted
	case m[2] == "":
		return "~> " + m[1] + ".0"
	}
	return "~> " + m[1] + m[2] + ".0"
}

// unfitText is unfit for a version as the program tells it. One that is not a version fits.
func (w wanted) unfitText(text string) string {
	found, err := version.NewVersion(text)
	if err != nil {
		return ""
	}
	return w.unfit(found)
}

// satisfiable reports whether a version from the oldest one on meets all the constraints. What they allow begins and ends at
// versions that they name, so it is enough to try those and their next neighbours.
func satisfiable(constraints version.Constraints, oldest *version.Version) bool {
	for _, candidate := range candidates(constraints, oldest) {
		if !candidate.Core().LessThan(oldest) && constraints.Check(candidate) {
			return true
		}
	}
	return false
}

var namedVersion = regexp.MustCompile(`v?\d+(\.\d+)*(-[0-9A-Za-z.-]+)?`)

// candidates are the oldest version, the ones that constraints name, and those that follow each of them.
func candidates(constraints version.Constraints, oldest *version.Version) []*version.Version {
	all := []*version.Version{oldest}
	for _, name := range namedVersion.FindAllString(constraints.String(), -1) {
		if v, err := version.NewVersion(name); err == nil {
			all = append(all, v)
		}
	}
	for _, v := range all {
		part := v.Segments()
		for i := range part {
			next := append([]int{}, part[:i+1]...)
			next[i]++
			all = append(all, version.Must(version.NewVersion(dotted(next))))
		}
	}
	return all
}

func dotted(parts []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(parts), " ", "."), "[]")
}

package helm

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// naming is how a release gets its name. BitOps had the key options.release-name and always took the name of the chart's
// directory: so a repository with the key has releases under the other name.
type naming struct {
	chart string // the name of the chart's directory
	key   string // what options.release-name says, or ""
	from  string // where that is written
}

func namingOf(v *schema.ToolValues, chart string) naming {
	return naming{chart: chart, key: v.Text(keyName), from: v.From(keyName)}
}

// differs reports whether the key says another name than BitOps took.
func (n naming) differs() bool { return n.key != "" && n.key != n.chart }

// release returns the name of the release: what the key says where it is obeyed.
func (n naming) release(obeys bool) string {
	if obeys && n.differs() {
		return n.key
	}
	return n.chart
}

// tellIgnoredName tells that `bitops deploy` takes the name that BitOps took.
func (s *session) tellIgnoredName() {
	if s.named.differs() {
		s.Warning("BitOps ignored %s, which is %s (%s), and so does deploy: the release is %s, like the chart's directory",
			keyName, s.named.key, s.named.from, s.name)
	}
}

// besideAnother is a *Failure where a first release would come beside the one that BitOps made of the same chart: two
// releases would have the same objects, or everything twice.
func (s *session) besideAnother(ctx context.Context) error {
	if !s.named.differs() || s.name != s.named.key {
		return nil
	}
	other, err := s.statusOf(ctx, s.named.chart)
	if err != nil || other == nil || other.Info.Status == statusUninstalled {
		return err
	}
	failure := environments.Failuref("%s is %s (%s), and there is no such release; but namespace %s has a release %s, "+
		"named like the chart's directory as BitOps named it, and a second one would come beside it",
		keyName, s.named.key, s.named.from, s.namespace, other.Name)
	failure.Lines = []string{
		"To keep the release " + other.Name + ", remove " + keyName + ".",
		fmt.Sprintf("To begin with a release %s, remove the other one first: helm uninstall %s --namespace %s",
			s.named.key, other.Name, s.namespace),
	}
	return failure
}

var (
	_ environments.Departing = (*Helm)(nil)
	_ environments.Dated     = (*Helm)(nil)
)

// ForV1 implements environments.Dated: of the directory, or of a chart in it.
func (*Helm) ForV1(d schema.Directory) bool {
	if environments.HasOlderKeys(unfinishedSchema(), d) {
		return true
	}
	entries, _ := d.Entries() // none where it is not there
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return e.IsDir() && environments.HasOlderKeys(unfinishedSchema(), schema.Directory{Root: d.Root, Name: path.Join(d.Name, e.Name())})
	})
}

// Departures implements environments.Departing: a release's name that BitOps did not obey.
func (*Helm) Departures(d schema.Directory) []environments.Departure {
	s, problems := settingsOfFiles(d)
	if problems.HasErrors() || !s.named.differs() {
		return nil
	}
	return []environments.Departure{{
		What: "What these releases are called: BitOps named them like the chart's directory, whatever options.release-name said.\n" +
			"`bitops apply` obeys the key, and refuses where only a release of the other name exists. Remove the key to keep that one.",
		Where: s.named.from,
	}}
}

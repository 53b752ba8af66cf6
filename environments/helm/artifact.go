package helm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// keptName is the document in a step's artifact.
const keptName = "release.json"

// kept is what a plan leaves for its apply. helm always renders a chart anew, so the apply compares: manifests
// themselves hold secrets, and stay out of it.
type kept struct {
	Revision int               `json:"revision"` // of the release, 0 where there was none
	Status   string            `json:"status,omitempty"`
	Objects  map[string]string `json:"objects,omitempty"` // hashes of what was rendered, by address
	Changes  *schema.Changes   `json:"changes"`           // nil when helm could not tell
}

// looked returns what is kept of a release, which may be nil, and of what would change in it.
func looked(live *release, changes *schema.Changes) kept {
	k := kept{Changes: changes.WithoutAttributes()}
	if live != nil {
		k.Revision, k.Status = live.Revision, live.Info.Status
	}
	return k
}

// fits tells that a release is not the one that was looked at, if so.
func (k kept) fits(s *session, live *release) error {
	now := looked(live, nil)
	switch {
	case k.Revision == now.Revision && k.Status == now.Status:
		return nil
	case k.Revision == 0:
		return environments.Stalef("the release %s did not exist when it was planned, and does now", s.name)
	case now.Revision == 0:
		return environments.Stalef("the release %s is gone that was there when it was planned", s.name)
	}
	return environments.Stalef("the release %s moved on after it was planned: it was revision %d, %s, and is revision %d, %s",
		s.name, k.Revision, k.Status, now.Revision, now.Status)
}

// changesLike tells that something else would change than was planned, if so: the cluster is not as it was.
func (k kept) changesLike(now *schema.Changes) error {
	was, is := changesOf(k.Changes), changesOf(now)
	for _, change := range is {
		if !slices.Contains(was, change) {
			return environments.Stalef("the cluster is not as it was when it was planned: it would %s, which was not planned", change)
		}
	}
	for _, change := range was {
		if !slices.Contains(is, change) {
			return environments.Stalef("the cluster is not as it was when it was planned: it would not %s any more", change)
		}
	}
	return nil
}

func changesOf(c *schema.Changes) []string {
	if c == nil {
		return []string{"do what helm cannot tell"}
	}
	var all []string
	for _, r := range c.Resources {
		all = append(all, r.Action+" "+r.Address)
	}
	return all
}

// keep leaves what was looked at in the artifact.
func (s *session) keep(l *look) error {
	if s.Artifact == "" || s.Planned {
		return nil
	}
	k := looked(l.live, l.changes)
	var err error
	if k.Objects, err = s.hashes(l.next, nil); err != nil {
		return err
	}
	return s.Keep(keptName, k)
}

// hashes returns the hashes of a release's objects by address. Those of objects that hold secrets are salted, as like
// has them.
func (s *session) hashes(r *release, like map[string]string) (map[string]string, error) {
	objects, err := s.objects(r)
	if err != nil { // no YAML: compared as a whole
		const all = "the manifest"
		hash, err := schema.HashText(r.Manifest, true, like[all])
		return map[string]string{all: hash}, err
	}
	secrets := append(s.Inputs.Secrets(), s.Offered.Secrets()...)
	hashes := make(map[string]string, len(objects))
	for _, o := range objects {
		name := o.address
		if o.group != "" {
			name += " of " + o.group
		}
		text, err := json.Marshal(o.content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		secret := o.kind == "Secret" || s.quiet.hide("%s", text) != string(text) ||
			slices.ContainsFunc(secrets, func(one string) bool { return strings.Contains(string(text), one) })
		if hashes[name], err = schema.HashText(string(text), secret, like[name]); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// promised tells that what deploy would do now is not what was planned, if so.
func (s *session) promised(ctx context.Context, k kept, l *look) error {
	if err := k.fits(s, l.live); err != nil {
		return err
	}
	if err := s.rendersLike(ctx, k, l); err != nil {
		return err
	}
	return k.changesLike(l.changes)
}

// rendersLike tells that the chart renders to something else than was planned, if so. Objects that come out differently
// each time, such as one with a random password, cannot be promised.
func (s *session) rendersLike(ctx context.Context, k kept, l *look) error {
	now, err := s.hashes(l.next, k.Objects)
	if err != nil {
		return err
	}
	if maps.Equal(k.Objects, now) {
		return nil
	}
	again, err := s.renderedLater(ctx, l, k.Objects)
	if err != nil {
		return err
	}
	all := maps.Clone(k.Objects)
	maps.Copy(all, now)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		switch {
		case k.Objects[name] == now[name]:
		case k.Objects[name] != "" && now[name] != "" && now[name] != again[name]:
			s.Notice("%s comes out differently each time, so nothing is promised of it", name)
		default:
			return environments.Stalef("the chart renders to something else than was planned: %s differs", name)
		}
	}
	return nil
}

// renderedLater renders a chart once more, when the clock's seconds have moved on: charts like to write them down.
func (s *session) renderedLater(ctx context.Context, l *look, like map[string]string) (map[string]string, error) {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	next, err := l.render(ctx)
	if err != nil {
		return nil, err
	}
	return s.hashes(next, like)
}

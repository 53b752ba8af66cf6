package helm

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bitops-engine/bitops/schema"
)

// donePatience is how long the cluster may take to tell what a failed upgrade has done, also when the run is interrupted.
const donePatience = 15 * time.Second

// done finds out what a failed upgrade has changed, from the cluster. It is nil where that cannot be found out.
func (s *session) done(ctx context.Context, l *look) *schema.Changes {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), donePatience)
	defer cancel()
	changes, err := s.doneSince(ctx, l)
	if err != nil {
		s.Notice("what the failed upgrade changed is not known: %v", err)
		return nil
	}
	return s.told(changes)
}

func (s *session) doneSince(ctx context.Context, l *look) ([]change, error) {
	after, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	old, err := s.objects(l.live)
	if err != nil {
		return nil, err
	}
	now, err := s.objects(after)
	if err != nil {
		return nil, err
	}
	all := maps.Clone(old)
	maps.Copy(all, now)
	var changes []change
	for _, o := range slices.SortedFunc(maps.Values(all), byAddress) {
		c, err := s.doneTo(ctx, l.live, after, change{object: o}, old[o.identity])
		if err != nil {
			return nil, err
		}
		if c.action != "" {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// doneTo finds out what was done to an object. Of hooks the release does not tell what was there before: those that were
// made after the release was noted down are new.
func (s *session) doneTo(ctx context.Context, before, after *release, c change, old object) (change, error) {
	was, existed := before.live(c.object)
	is, exists, err := s.objectIn(ctx, after, c.object)
	switch {
	case err != nil:
		return c, err
	case c.hook:
		if made, err := s.madeSince(ctx, after, is); err != nil || !made {
			return c, err
		}
		c.action = "create"
	case before != nil && !before.seen:
		return c, fmt.Errorf("helm did not tell how %s was before", c.address)
	case !existed && exists:
		c.action = "create"
	case existed && !exists:
		c.action = "delete"
	case existed && text(was, "metadata", "uid") != text(is, "metadata", "uid"):
		c.action = "replace"
	case existed:
		c.differences = declaredAmong(between(steady(was), steady(is)), old, c.object)
		if len(c.differences) > 0 {
			c.action = "update"
		}
	}
	return c, nil
}

// objectIn returns an object as it is in the cluster now: as helm printed it with the release, else the API server is asked.
func (s *session) objectIn(ctx context.Context, r *release, o object) (map[string]any, bool, error) {
	if found, there := r.live(o); there {
		return found, true, nil
	}
	a, err := s.api(ctx)
	if err != nil {
		return nil, false, err
	}
	at, err := a.place(ctx, o)
	if err != nil {
		return nil, false, err
	}
	var found map[string]any
	err = a.get(ctx, at, &found)
	if code(err) == http.StatusNotFound {
		return nil, false, nil
	}
	return found, err == nil, err
}

// madeSince reports whether an object was made since the newest revision of the release, by the cluster's clock.
func (s *session) madeSince(ctx context.Context, r *release, content map[string]any) (bool, error) {
	if content == nil || r == nil {
		return false, nil
	}
	note := map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{"name": fmt.Sprintf("sh.helm.release.v1.%s.v%d", r.Name, r.Revision), "namespace": s.namespace},
	}
	noted, there, err := s.objectIn(ctx, nil, object{identity: identityOf(note), content: note})
	if err != nil || !there {
		return false, err
	}
	const created = "creationTimestamp" // to the second, in a form that sorts
	return text(content, "metadata", created) >= text(noted, "metadata", created), nil
}

// declaredAmong returns those differences that are of a field that an object declares, in its old or its new manifest:
// controllers change others at any time.
func declaredAmong(differences []difference, manifests ...object) []difference {
	var paths []string
	for _, o := range manifests {
		if o.content != nil {
			eachLeaf(declaredOf(o), "", func(path string, _ any) { paths = append(paths, path) })
		}
	}
	return slices.DeleteFunc(differences, func(d difference) bool {
		return !slices.ContainsFunc(paths, func(path string) bool {
			return d.path == path || strings.HasPrefix(path, d.path) || strings.HasPrefix(d.path, path)
		})
	})
}

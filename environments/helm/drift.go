package helm

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
)

// drifts are the objects of a release that the cluster does not have as they are declared, though the release says so:
// somebody edited them. They hold what would change.
type drifts map[identity][]difference

// drifts finds out which objects that the upgrade declares as before are not like that in the cluster. What helm printed
// of them is compared first. Only of an object that differs there, the API server is asked: it knows all defaults, all
// forms of the same value, and what other programs make of an object on its way in.
func (s *session) drifts(ctx context.Context, before, after *release) (drifts, error) {
	old, err := s.objects(before)
	if err != nil {
		return nil, nil //nolint:nilerr // compare tells
	}
	now, err := s.objects(after)
	if err != nil {
		return nil, nil //nolint:nilerr // compare tells
	}
	found := drifts{}
	for _, o := range slices.SortedFunc(maps.Values(now), byAddress) {
		live, there := before.live(o)
		if !there || o.hook || !reflect.DeepEqual(old[o.identity].content, o.content) {
			continue
		}
		if o = s.owned(o); len(compared(o, live, false)) == 0 {
			continue
		}
		differences, err := s.driftOf(ctx, o, live)
		if err != nil {
			return nil, err
		}
		if len(differences) > 0 {
			found[o.identity] = differences
		}
	}
	return found, nil
}

// owned returns an object with the label and the annotations by which helm knows what it owns: an upgrade puts them into
// every object.
func (s *session) owned(o object) object {
	metadata, _ := o.content["metadata"].(map[string]any)
	if metadata = maps.Clone(metadata); metadata == nil {
		metadata = map[string]any{}
	}
	for key, texts := range map[string]map[string]any{
		"labels":      {"app.kubernetes.io/managed-by": "Helm"},
		"annotations": {"meta.helm.sh/release-name": s.name, "meta.helm.sh/release-namespace": s.namespace},
	} {
		all, _ := metadata[key].(map[string]any)
		if all = maps.Clone(all); all == nil {
			all = map[string]any{}
		}
		maps.Copy(all, texts)
		metadata[key] = all
	}
	o.content = maps.Clone(o.content)
	o.content["metadata"] = metadata
	return o
}

// driftOf asks the API server, and where that cannot tell, compares what is known of the object.
func (s *session) driftOf(ctx context.Context, o object, live map[string]any) ([]difference, error) {
	l, err := s.outlook(ctx, o)
	if err == nil {
		return l.differences(live), nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	found := compared(o, live, true)
	if len(found) > 0 {
		s.Notice("bitops itself compares %s with the cluster, which cannot tell the difference: %v", o.address, err)
	}
	return found, nil
}

// differences returns what an upgrade changes in an object whose manifest has changed: what is declared and differs in the
// cluster, and what was declared and is not any more. Where the cluster is not known, the manifests have to do.
func (r *release) differences(was, is object) []difference {
	live, there := r.live(is)
	if !there {
		return between(was.content, is.content)
	}
	found := compared(is, live, true)
	for _, d := range between(declaredOf(was), declaredOf(is)) {
		if d.is == (missing{}) && !slices.ContainsFunc(found, func(f difference) bool { return strings.HasPrefix(d.path, f.path) }) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b difference) int { return strings.Compare(a.path, b.path) })
	return found
}

// settle looks after what had drifted once helm has upgraded the release. helm compares objects of Kubernetes' own kinds
// with the cluster, and of all others only the manifests: what is left of the drift in those is put back like helm would.
func (s *session) settle(ctx context.Context, next *release, drifted drifts) error {
	if len(drifted) == 0 {
		return nil
	}
	now, err := s.objects(next)
	if err != nil {
		return nil //nolint:nilerr // compare tells
	}
	for _, o := range slices.SortedFunc(maps.Values(now), byAddress) {
		if drifted[o.identity] == nil {
			continue
		}
		o = s.owned(o)
		live, _, err := s.objectIn(ctx, nil, o)
		if err != nil {
			continue // the next plan tells
		}
		l, err := s.outlook(ctx, o)
		if err != nil || len(l.differences(live)) == 0 {
			continue
		}
		if err := s.putBack(ctx, o, l); err != nil {
			return environments.Failuref("%s was changed outside of helm and cannot be put back: %v", o.address, err)
		}
		s.Notice("%s was changed outside of helm, and helm leaves objects of this kind so: bitops put it back", o.address)
	}
	return nil
}

// mentionRefusals tells which updates the API server would refuse, such as that of a field that cannot be changed: helm
// finds out at that object, with others changed already.
func (s *session) mentionRefusals(ctx context.Context, l *look) {
	changes, err := s.compare(l.base, l.next, l.drifted)
	if err != nil || l.base == nil || !l.base.seen {
		return
	}
	for _, c := range changes {
		if c.hook || c.action != "update" {
			continue
		}
		a, err := s.api(ctx)
		if err != nil {
			return
		}
		if _, err := a.tryOut(ctx, c.object, declaredOf(c.object)); code(err) == http.StatusUnprocessableEntity {
			s.Warning("the cluster would refuse to change %s: %s", c.address, withoutDump(err.Error()))
		}
	}
}

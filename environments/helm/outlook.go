package helm

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
)

// fieldManager is the name under which the API server tries out what is declared. It must be nobody else's: what a manager
// declared before and leaves out now would be removed.
const fieldManager = "bitops-preview"

// outlook is an object as it is in a version of it, and as it would be with what is declared: both without what the
// cluster itself writes into an object.
type outlook struct {
	version      string
	was, becomes map[string]any
}

// differences returns what the declaration changes, and not what changes in the live object at any write: a webhook can
// note the time.
func (l outlook) differences(live map[string]any) []difference {
	unsteady := map[string]bool{}
	for _, d := range between(steady(live), l.was) {
		unsteady[d.path] = true
	}
	return slices.DeleteFunc(between(l.was, l.becomes), func(d difference) bool { return unsteady[d.path] })
}

// outlook asks the API server. Both answers are dry runs of a server-side apply, so that what other programs do to every
// object on its way in is in both of them.
func (s *session) outlook(ctx context.Context, o object) (outlook, error) {
	a, err := s.api(ctx)
	if err != nil {
		return outlook{}, err
	}
	const attempts = 3
	for range attempts {
		was, err := a.tryOut(ctx, o, identityAlone(o))
		if err != nil {
			return outlook{}, err
		}
		becomes, err := a.tryOut(ctx, o, declaredOf(o))
		if err != nil {
			return outlook{}, err
		}
		if version := text(was, "metadata", "resourceVersion"); version == text(becomes, "metadata", "resourceVersion") {
			return outlook{version, steady(was), steady(becomes)}, nil
		}
	}
	return outlook{}, errors.New("it changes all the time")
}

// identityAlone is a declaration of an object that declares nothing.
func identityAlone(o object) map[string]any {
	return map[string]any{
		"apiVersion": o.content["apiVersion"], "kind": o.kind,
		"metadata": map[string]any{"name": o.name},
	}
}

// steady returns an object without what the cluster writes into it at every change, and without its status.
func steady(content map[string]any) map[string]any {
	return declaredOf(object{content: content})
}

// tryOut returns what an object would be if something were declared, which changes nothing.
func (a *api) tryOut(ctx context.Context, o object, declared map[string]any) (map[string]any, error) {
	query := url.Values{"dryRun": {"All"}, "fieldManager": {fieldManager}, "force": {"true"}}
	return a.patch(ctx, o, "application/apply-patch+yaml", query, declared)
}

// putBack makes an object what is declared, unless it has changed since. It does so in helm's name, as helm's upgrade
// would.
func (s *session) putBack(ctx context.Context, o object, l outlook) error {
	a, err := s.api(ctx)
	if err != nil {
		return err
	}
	patch := mergePatch(l.was, l.becomes)
	metadata, _ := patch["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		patch["metadata"] = metadata
	}
	metadata["resourceVersion"] = l.version
	_, err = a.patch(ctx, o, "application/merge-patch+json", url.Values{"fieldManager": {"helm"}}, patch)
	return err
}

// mergePatch returns the JSON merge patch (RFC 7386) that makes one object of another.
func mergePatch(was, becomes map[string]any) map[string]any {
	patch := map[string]any{}
	for key := range was {
		if _, stays := becomes[key]; !stays {
			patch[key] = nil
		}
	}
	for key, is := range becomes {
		before, isMap := was[key].(map[string]any)
		after, both := is.(map[string]any)
		switch {
		case reflect.DeepEqual(was[key], is):
		case isMap && both:
			patch[key] = mergePatch(before, after)
		default:
			patch[key] = is
		}
	}
	return patch
}

func (a *api) patch(ctx context.Context, o object, typ string, query url.Values, content map[string]any) (map[string]any, error) {
	at, err := a.place(ctx, o)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	err = a.do(ctx, http.MethodPatch, at, query, typ, body, &answer)
	return answer, err
}

// kindOf is how a kind of objects is served.
type kindOf struct {
	Name       string `json:"name"` // in paths; with a slash it is a part of another kind
	Kind       string `json:"kind"`
	Namespaced bool   `json:"namespaced"`
}

// place returns the path of an object in the API.
func (a *api) place(ctx context.Context, o object) (string, error) {
	version := text(o.content, "apiVersion")
	base := path.Join("/apis", version)
	if !strings.Contains(version, "/") {
		base = path.Join("/api", version)
	}
	if a.kinds[version] == nil {
		var list struct {
			Resources []kindOf `json:"resources"`
		}
		if err := a.get(ctx, base, &list); err != nil {
			return "", err
		}
		a.kinds[version] = list.Resources
	}
	i := slices.IndexFunc(a.kinds[version], func(k kindOf) bool { return k.Kind == o.kind && !strings.Contains(k.Name, "/") })
	switch {
	case i < 0:
		return "", errors.New("the cluster does not know the kind " + o.kind + " of " + version)
	case a.kinds[version][i].Namespaced:
		return path.Join(base, "namespaces", o.namespace, a.kinds[version][i].Name, o.name), nil
	}
	return path.Join(base, a.kinds[version][i].Name, o.name), nil
}

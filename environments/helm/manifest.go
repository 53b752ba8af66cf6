package helm

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// object is one object of a manifest.
type object struct {
	identity
	address string
	content map[string]any
	hook    bool
	kept    bool // stays when the release is removed
}

// identity is what makes two objects the same one in two manifests. The version of its kind's API is no part of it.
type identity struct {
	group, kind, namespace, name string
}

// objects returns the objects of a release and its hooks, by identity. An object without a namespace is in the release's.
func (s *session) objects(r *release) (map[identity]object, error) {
	all := map[identity]object{}
	if r == nil {
		return all, nil
	}
	texts := []string{r.Manifest}
	for _, hook := range r.Hooks {
		texts = append(texts, hook.Manifest)
	}
	for _, text := range texts {
		documents, err := schema.ReadYAMLDocuments([]byte(text))
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			s.addObjects(all, document)
		}
	}
	return all, nil
}

// addObjects adds a document's object, or those of a list.
func (s *session) addObjects(all map[identity]object, document any) {
	content, _ := document.(map[string]any)
	if items, ok := content["items"].([]any); ok && strings.HasSuffix(text(content, "kind"), "List") {
		for _, item := range items {
			s.addObjects(all, item)
		}
		return
	}
	if content == nil {
		return
	}
	o := object{content: content}
	o.group, _, _ = strings.Cut(text(content, "apiVersion"), "/")
	if !strings.Contains(text(content, "apiVersion"), "/") {
		o.group = ""
	}
	o.kind, o.name = text(content, "kind"), text(content, "metadata", "name")
	o.namespace = cmp.Or(text(content, "metadata", "namespace"), s.namespace)
	o.hook = text(content, "metadata", "annotations", "helm.sh/hook") != ""
	o.kept = text(content, "metadata", "annotations", "helm.sh/resource-policy") == "keep"
	o.address = o.kind + " " + o.namespace + "/" + o.name
	if clusterWide[o.kind] {
		o.address = o.kind + " " + o.name
	}
	if o.hook {
		o.address += " (hook)"
	}
	all[o.identity] = o
}

// clusterWide are the well-known kinds whose objects are in no namespace. Of others only the cluster could tell.
var clusterWide = map[string]bool{
	"APIService": true, "ClusterIssuer": true, "ClusterRole": true, "ClusterRoleBinding": true, "CSIDriver": true,
	"CustomResourceDefinition": true, "IngressClass": true, "MutatingWebhookConfiguration": true, "Namespace": true,
	"PersistentVolume": true, "PriorityClass": true, "RuntimeClass": true, "StorageClass": true,
	"ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true, "ValidatingWebhookConfiguration": true,
	"VolumeSnapshotClass": true,
}

// text returns the text at a path, or "".
func text(content map[string]any, keys ...string) string {
	value, _ := lookUp(content, keys)
	found, _ := value.(string)
	return found
}

// changes compares two releases object by object, and writes what differs to the log. It is nil when a manifest cannot
// be read: then only helm can tell.
func (s *session) changes(before, after *release) *schema.Changes {
	old, err := s.objects(before)
	var now map[identity]object
	if err == nil {
		now, err = s.objects(after)
	}
	if err != nil {
		s.Notice("the manifests cannot be compared: they are no YAML")
		return nil
	}
	changes := &schema.Changes{}
	all := maps.Clone(old)
	maps.Copy(all, now)
	for _, o := range slices.SortedFunc(maps.Values(all), byAddress) {
		was, existed := old[o.identity]
		is, exists := now[o.identity]
		switch {
		case !existed, exists && before.lost(was):
			s.change(changes, o.address, "create")
		case !exists:
			s.change(changes, o.address, "delete")
		case !reflect.DeepEqual(was.content, is.content):
			s.change(changes, o.address, "update")
			s.tellDifference(was, is)
		case s.force && !is.hook:
			s.change(changes, o.address, "update")
		}
	}
	return changes
}

func byAddress(a, b object) int {
	return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.group, b.group))
}

// removal returns what removing a release removes.
func (s *session) removal(live *release) *schema.Changes {
	objects, err := s.objects(live)
	if err != nil {
		return nil
	}
	changes := &schema.Changes{}
	for _, o := range slices.SortedFunc(maps.Values(objects), byAddress) {
		if !o.hook && !o.kept {
			s.change(changes, o.address, "delete")
		}
	}
	return changes
}

// change counts a change and writes it to the log.
func (s *session) change(changes *schema.Changes, address, action string) {
	sign := "~"
	switch action {
	case "create":
		sign = "+"
		changes.Add++
	case "delete":
		sign = "-"
		changes.Remove++
	default:
		changes.Change++
	}
	changes.Resources = append(changes.Resources, schema.ResourceChange{Address: address, Action: action})
	s.tell("%s %s", sign, address)
}

// lost reports whether an object of the release is missing from the cluster.
func (r *release) lost(o object) bool {
	if !r.seen || o.hook {
		return false
	}
	for kind, objects := range r.Info.Resources {
		if _, name, _ := strings.Cut(kind, "/"); name != o.kind {
			continue
		}
		for _, live := range objects {
			if live.Metadata.Name == o.name && (live.Metadata.Namespace == o.namespace || live.Metadata.Namespace == "") {
				return false
			}
		}
	}
	return true
}

// longestShown is the longest value that is written to the log, in bytes.
const longestShown = 80

// tellDifference writes the parts of an object that differ to the log: of a Secret only where, never what.
func (s *session) tellDifference(was, is object) {
	before, after := map[string]any{}, map[string]any{}
	eachLeaf(was.content, "", func(path string, leaf any) { before[path] = leaf })
	eachLeaf(is.content, "", func(path string, leaf any) { after[path] = leaf })
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		b, had := before[path]
		a, has := after[path]
		switch {
		case reflect.DeepEqual(a, b) && had == has:
		case is.kind == "Secret":
			s.tell("    %s: (not shown)", path)
		case !had:
			s.tell("    %s: %s", path, shown(a))
		case !has:
			s.tell("    %s: %s is removed", path, shown(b))
		default:
			s.tell("    %s: %s -> %s", path, shown(b), shown(a))
		}
	}
}

// eachLeaf visits every value that is no mapping and no list, or an empty one, with its path.
func eachLeaf(value any, path string, visit func(path string, leaf any)) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if strings.ContainsAny(key, ". ") {
				eachLeaf(v[key], path+"["+strconv.Quote(key)+"]", visit)
			} else {
				eachLeaf(v[key], strings.TrimPrefix(path+"."+key, "."), visit)
			}
		}
		if len(v) > 0 {
			return
		}
	case []any:
		for i, item := range v {
			eachLeaf(item, fmt.Sprintf("%s[%d]", path, i), visit)
		}
		if len(v) > 0 {
			return
		}
	}
	visit(path, value)
}

// shown is a value on one line. A long one is not cut: what hides secrets in the log knows whole ones.
func shown(value any) string {
	text := fmt.Sprint(value)
	if s, ok := value.(string); ok {
		text = strconv.Quote(s)
	}
	if len(text) > longestShown {
		return fmt.Sprintf("(%d bytes)", len(text))
	}
	return text
}

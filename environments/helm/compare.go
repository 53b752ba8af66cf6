package helm

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/schema"
)

// change is what happens to an object.
type change struct {
	object
	action      string
	differences []difference // of an update
	noted       string       // why helm does not do it, and only notes it in the release
}

// compare tells what becomes of the objects of a release, as helm's upgrade does it: what the new manifest declares is
// compared with the old manifest and with the cluster, which drifts has done. It returns an error when a manifest cannot
// be read: then only helm can tell.
func (s *session) compare(before, after *release, drifted drifts) ([]change, error) {
	old, err := s.objects(before)
	if err != nil {
		return nil, err
	}
	now, err := s.objects(after)
	if err != nil {
		return nil, err
	}
	var changes []change
	all := maps.Clone(old)
	maps.Copy(all, now)
	for _, o := range slices.SortedFunc(maps.Values(all), byAddress) {
		was, existed := old[o.identity]
		is, exists := now[o.identity]
		c := change{object: o}
		switch {
		case o.hook:
			c.action, c.noted = hookAction(before, was, is, existed, exists)
			c.differences = between(declaredOf(was), declaredOf(is))
		case !exists:
			c.action = "delete"
			if live, there := before.live(was); was.kept || before.seen && !there || isKept(live) {
				c.action = "forget" // helm leaves it, or it is gone already
			}
		case !existed, before.lost(is):
			c.action = "create"
		case !reflect.DeepEqual(was.content, is.content):
			c.action = "update"
			c.differences = before.differences(was, is)
		case drifted[o.identity] != nil:
			c.action, c.differences = "update", drifted[o.identity]
		case s.force:
			c.action = "update"
		}
		if c.action != "" {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// hookAction returns what becomes of a hook's object. Only hooks of the event at hand run; but a release also remembers
// the others, and which ones it had: what is only noted in it counts as no change of an object.
func hookAction(before *release, was, is object, existed, exists bool) (action, noted string) {
	event := "upgrade"
	if before == nil {
		event = "install"
	}
	runs := slices.Contains(is.events, "pre-"+event) || slices.Contains(is.events, "post-"+event)
	switch {
	case !exists:
		return "forget", ""
	case !existed && runs:
		return "create", ""
	case before == nil || reflect.DeepEqual(was.content, is.content):
		return "", ""
	case !runs:
		return "update", "helm only notes it: it runs at " + strings.Join(is.events, ", ")
	}
	return "update", ""
}

func byAddress(a, b object) int {
	return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.group, b.group))
}

// changes compares two releases and writes what differs to the log. It is nil when a manifest cannot be read.
func (s *session) changes(before, after *release, drifted drifts) *schema.Changes {
	changes, err := s.compare(before, after, drifted)
	if err != nil {
		s.Notice("the manifests cannot be compared: they are not valid YAML")
		return nil
	}
	return s.told(changes)
}

// removal returns what removing a release removes.
func (s *session) removal(live *release) *schema.Changes {
	objects, err := s.objects(live)
	if err != nil {
		return nil
	}
	var changes []change
	for _, o := range slices.SortedFunc(maps.Values(objects), byAddress) {
		if !o.hook && !o.kept {
			changes = append(changes, change{object: o, action: "delete"})
		}
	}
	return s.told(changes)
}

// told counts changes and writes them to the log.
func (s *session) told(changes []change) *schema.Changes {
	signs := map[string]string{"create": "+", "delete": "-", "forget": "*"}
	for _, c := range changes {
		s.tell("%s %s", cmp.Or(signs[c.action], "~"), c.address)
		for _, d := range c.differences {
			s.tell("    %s", d.describe(c.kind == "Secret"))
		}
	}
	return counted(changes)
}

func counted(changes []change) *schema.Changes {
	all := &schema.Changes{}
	for _, c := range changes {
		switch c.action {
		case "create":
			all.Add++
		case "delete":
			all.Remove++
		case "update":
			if c.noted == "" {
				all.Change++
			}
		case "replace":
			all.Add++
			all.Remove++
		}
		all.Resources = append(all.Resources, schema.ResourceChange{
			Address: c.address, Action: c.action, Reason: c.noted, Attributes: c.attributes(),
		})
	}
	return all
}

package helm

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var edits = flag.Int("edits", 6, "how many random edits of objects in the cluster are compared with helm")

// What a plan calls a change is what a plain helm upgrade puts back: after each random edit of an object in the cluster, both
// have to say the same.
func TestDriftIsWhatAnUpgradePutsBack(t *testing.T) {
	s := tellReal(t, wide)
	s.Apply()
	random := rand.New(rand.NewPCG(4711, 0))
	names := []string{
		"configmap/api", "deployment/web", "service/web", "secret/web", "networkpolicy/web", "serviceaccount/web",
		"cronjob/web", "horizontalpodautoscaler/web", "poddisruptionbudget/web", "resourcequota/web", "role/web",
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, file, requireCluster(t))
	before := s.objectsNamed(names)
	for done := 0; done < *edits; {
		i := random.IntN(len(names))
		patch := randomEdit(t, random, before[i])
		c := exec.Command(requireTool(t, "kubectl"), "--kubeconfig", file, "patch", names[i], "-n", s.namespace, "--type=json", "-p", patch)
		if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "no change") {
			continue // the cluster refuses it, or drops it
		}
		edited := s.objectsNamed(names)
		planned := s.Plan().Changes
		s.byHand("upgrade", "api", s.Workspace())
		upgraded := s.objectsNamed(names)
		putBack := 0
		for i := range names {
			if len(between(steady(edited[i]), steady(upgraded[i]))) > 0 {
				putBack++
			}
		}
		if planned.Change != putBack {
			t.Errorf("%s %s: planned %v, helm upgrade changes %d objects", names[i], patch, addresses(planned), putBack)
		}
		before = upgraded
		done++
	}
}

// objectsNamed returns objects as the cluster has them.
func (s *story) objectsNamed(names []string) []map[string]any {
	s.T.Helper()
	var list struct {
		Items []map[string]any `json:"items"`
	}
	check(s.T, decodeNumbers([]byte(kubectl(s.T, append([]string{"get", "-n", s.namespace, "-o", "json"}, names...)...)), &list))
	return list.Items
}

// randomEdit returns a JSON patch that changes, removes or adds a field somewhere in an object.
func randomEdit(t *testing.T, random *rand.Rand, content map[string]any) string {
	t.Helper()
	metadata, _ := content["metadata"].(map[string]any)
	content = maps.Clone(content)
	content["metadata"] = map[string]any{"labels": metadata["labels"], "annotations": metadata["annotations"]}
	for _, key := range []string{"apiVersion", "kind", "status"} {
		delete(content, key)
	}
	type place struct {
		pointer string
		value   any
	}
	var places []place
	var visit func(pointer string, value any)
	visit = func(pointer string, value any) {
		if pointer != "" && value != nil {
			places = append(places, place{pointer, value})
		}
		switch v := value.(type) {
		case map[string]any:
			for key, below := range v {
				visit(pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key), below)
			}
		case []any:
			for i, below := range v {
				visit(fmt.Sprintf("%s/%d", pointer, i), below)
			}
		}
	}
	visit("", content)
	slices.SortFunc(places, func(a, b place) int { return strings.Compare(a.pointer, b.pointer) })
	p := places[random.IntN(len(places))]
	operation := map[string]any{"op": "replace", "path": p.pointer}
	switch v := p.value.(type) {
	case bool:
		operation["value"] = !v
	case json.Number:
		operation["value"] = json.RawMessage("1" + v)
	case string:
		operation["value"] = v + "x"
	default:
		operation["op"] = "remove"
	}
	if random.IntN(3) == 0 {
		operation = map[string]any{"op": "remove", "path": p.pointer}
	}
	text, err := json.Marshal([]any{operation})
	check(t, err)
	return string(text)
}

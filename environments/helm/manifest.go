package helm

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"strings"

	documents "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// object is one object of a manifest.
type object struct {
	identity
	address string
	content map[string]any
	hook    bool
	events  []string // that a hook runs at
	kept    bool     // stays when the release is removed
}

// identity is what makes two objects the same one in two manifests. The version of its kind's API is no part of it.
type identity struct {
	group, kind, namespace, name string
}

func identityOf(content map[string]any) identity {
	group, _, grouped := strings.Cut(text(content, "apiVersion"), "/")
	if !grouped {
		group = ""
	}
	return identity{
		group: group, kind: text(content, "kind"),
		namespace: text(content, "metadata", "namespace"), name: text(content, "metadata", "name"),
	}
}

// readDocuments reads YAML as helm does, which is not what schema does: a plain yes is a boolean there.
func readDocuments(text string) ([]any, error) {
	reader := documents.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	var all []any
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err == nil {
			document, err = yaml.YAMLToJSON(document)
		}
		if err != nil {
			return nil, err
		}
		var content any
		if err := decodeNumbers(document, &content); err != nil {
			return nil, err
		}
		all = append(all, content)
	}
}

// decodeNumbers reads JSON and leaves numbers as they are written: the largest ones are no floats.
func decodeNumbers(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
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
		documents, err := readDocuments(text)
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
	o := object{identity: identityOf(content), content: content}
	o.namespace = cmp.Or(o.namespace, s.namespace)
	o.events = words(strings.Split(text(content, "metadata", "annotations", "helm.sh/hook"), ","))
	o.hook = len(o.events) > 0
	o.kept = isKept(content)
	o.address = o.kind + " " + o.namespace + "/" + o.name
	if clusterWide[o.kind] {
		o.address = o.kind + " " + o.name
	}
	if o.hook {
		o.address += " (hook)"
	}
	s.learnSecret(o)
	all[o.identity] = o
}

func isKept(content map[string]any) bool {
	return text(content, "metadata", "annotations", "helm.sh/resource-policy") == "keep"
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

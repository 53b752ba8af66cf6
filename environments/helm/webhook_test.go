package helm

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// webhook lets a program change the objects of the story's namespace on their way in. It answers with a JSON patch.
func (s *story) webhook(change func(object map[string]any) []map[string]any) {
	s.T.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct {
			Request struct {
				UID    string         `json:"uid"`
				Object map[string]any `json:"object"`
			} `json:"request"`
		}
		_ = json.NewDecoder(r.Body).Decode(&review)
		patch, _ := json.Marshal(change(review.Request.Object))
		_ = json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
			"response": map[string]any{"uid": review.Request.UID, "allowed": true, "patchType": "JSONPatch", "patch": patch},
		})
	}))
	s.T.Cleanup(server.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	file := s.T.TempDir() + "/webhook.yaml"
	writeFile(s.T, file, fmt.Sprintf(`apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: %s}
webhooks:
- name: change.test.example.org
  clientConfig: {url: "%s", caBundle: %s}
  rules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
  admissionReviewVersions: [v1]
  sideEffects: None
`, s.namespace, server.URL, base64.StdEncoding.EncodeToString(certificate)))
	kubectl(s.T, "apply", "-f", file)
}

// A registry's mirror, an injected sidecar and a note of the time are no drift; an edit beside them is.
func TestWhatWebhooksDoIsNoDrift(t *testing.T) {
	s := tellReal(t, wide)
	const containers = "/spec/template/spec/containers"
	s.webhook(func(object map[string]any) []map[string]any {
		patch := []map[string]any{
			{"op": "replace", "path": containers + "/0/image", "value": "mirror.example.org/web:1"},
			{"op": "add", "path": "/metadata/annotations", "value": map[string]any{"written": time.Now().String()}},
		}
		list := object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)
		if len(list) == 1 {
			patch = append(patch, map[string]any{"op": "add", "path": containers + "/-", "value": map[string]any{"name": "sidecar", "image": "proxy"}})
		}
		return patch
	})
	image := func() string {
		return kubectl(t, "get", "deployment", "web", "-n", s.namespace, "-o", "jsonpath={.spec.template.spec.containers[*].image}")
	}
	deadline := time.Now().Add(time.Minute)
	for s.Apply(); image() != "mirror.example.org/web:1 proxy"; { // the API server learns of webhooks after a while
		if time.Now().After(deadline) {
			t.Fatalf("the webhook is not called: %s", image())
		}
		kubectl(t, "annotate", "deployment", "web", "-n", s.namespace, "--overwrite", "touched="+time.Now().Format("150405.000"))
	}
	equal(t, "unchanged", addresses(s.Plan().Changes), []string(nil))
	equal(t, "unchanged", addresses(s.Apply().Changes), []string(nil))

	kubectl(t, "patch", "deployment", "web", "-n", s.namespace, "-p", `{"spec":{"template":{"spec":{"containers":[{"name":"web","resources":{"limits":{"cpu":"2"}}}]}}}}`)
	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes), []string{"update Deployment " + s.namespace + "/web"})
	equal(t, "applied", s.Apply().Changes, planned.Changes)
	equal(t, "unchanged then", addresses(s.Plan().Changes), []string(nil))
	equal(t, "images", image(), "mirror.example.org/web:1 proxy")
}

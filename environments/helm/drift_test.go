package helm

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

func TestWhatWasEditedByHandIsPutBack(t *testing.T) {
	s := tellReal(t, chart)
	s.Apply()
	kubectl(t, "patch", "configmap", "api", "-n", s.namespace, "-p", `{"data":{"color":"by hand","more":"by hand too"}}`)
	s.processes()
	planned := s.Plan()
	equal(t, "processes", s.processes(), "status upgrade(dry)")
	equal(t, "planned", addresses(planned.Changes), []string{"update ConfigMap " + s.namespace + "/api"})
	contains(t, "log", s.Texts(schema.EventOutputLine), "~ ConfigMap "+s.namespace+"/api", `    data.color: "by hand" -> "red"`)
	lacks(t, "log", s.Texts(schema.EventOutputLine), "more")
	equal(t, "color after a plan", s.data("configmap", "api", "color"), "by hand")

	equal(t, "applied", s.Apply().Changes, planned.Changes)
	equal(t, "color", s.data("configmap", "api", "color"), "red")
	equal(t, "what is not declared", s.data("configmap", "api", "more"), "by hand too")
	s.processes()
	equal(t, "unchanged then", s.Apply().Changes.Empty(), true)
	equal(t, "processes", s.processes(), "status upgrade(dry)")
}

// wide is a chart of many kinds, written in forms that the cluster changes.
var wide = with(chart, map[string]string{
	"templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {}, creationTimestamp: null}
spec:
  selector: {matchLabels: {app: web}}
  strategy: {}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: false
      serviceAccountName: ""
      nodeSelector: {}
      tolerations: []
      affinity: {}
      securityContext: {}
      volumes: [{name: tmp, emptyDir: {}}]
      containers:
      - name: web
        image: web:1
        command: null
        env: [{name: A, value: "1"}, {name: B, value: ""}]
        ports: [{containerPort: 80, name: http}]
        resources: {limits: {cpu: 1000m, memory: 1024Mi}, requests: {cpu: 0.5, memory: 1Gi}}
        readinessProbe: {httpGet: {path: /, port: http}}
        volumeMounts: [{name: tmp, mountPath: /tmp, readOnly: no}]
status: {}
`,
	"templates/others.yaml": `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
data: {old: b2xk}
stringData: {password: hunter22, old: new}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}], egress: []}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules: []
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: web}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1024Mi}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web}
spec:
  schedule: "0 1 * * *"
  suspend: false
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 0, selector: {matchLabels: {app: web}}}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: web}
spec: {hard: {limits.cpu: 2000m, pods: 10}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: {{ .Release.Namespace }}-web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: {{ .Release.Namespace }}}]
`,
})

func TestWhatTheClusterAddsIsNoDrift(t *testing.T) {
	s := tellReal(t, wide)
	s.Apply()
	s.processes()
	equal(t, "unchanged", addresses(s.Plan().Changes), []string(nil))
	for _, patch := range [][]string{
		{"deployment", `{"spec":{"replicas":3}}`},
		{"deployment", `{"metadata":{"annotations":{"a":"b"}}}`},
		{"deployment", `{"spec":{"template":{"spec":{"containers":[{"name":"sidecar","image":"proxy"},{"name":"web","env":[{"name":"C","value":"2"}]}]}}}}`},
		{"service", `{"metadata":{"finalizers":["example.org/wait"]}}`},
		{"service", `{"metadata":{"finalizers":null}}`},
		{"secret", `{"data":{"more":"b2xk"}}`},
	} {
		kubectl(t, "patch", patch[0], "web", "-n", s.namespace, "-p", patch[1])
	}
	equal(t, "unchanged after patches of others", addresses(s.Plan().Changes), []string(nil))
	equal(t, "processes", s.processes(), "status upgrade(dry) status upgrade(dry)")

	s.throughProxy(func(r *http.Request) bool { return r.Method == http.MethodPatch })
	equal(t, "unchanged where the cluster does not tell", addresses(s.Plan().Changes), []string(nil))
}

func TestEditsOfManyKinds(t *testing.T) {
	s := tellReal(t, wide)
	s.Apply()
	for _, test := range []struct{ name, kind, patch, at, want, logged string }{
		{
			"a list item's field", "deployment", `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}`,
			"{.spec.template.spec.containers[0].image}", "web:1", `spec.template.spec.containers["web"].image: "web:2" -> "web:1"`,
		},
		{
			"a list item that is gone", "deployment", `{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","$patch":"delete"}]}]}}}}`,
			"{.spec.template.spec.containers[0].env[?(@.name=='A')].value}", "1", `value: "1"`,
		},
		{
			"an amount", "deployment", `{"spec":{"template":{"spec":{"containers":[{"name":"web","resources":{"limits":{"cpu":"2"}}}]}}}}`,
			"{.spec.template.spec.containers[0].resources.limits.cpu}", "1", `resources.limits.cpu: "2" -> "1"`,
		},
		{
			"a field that is false", "serviceaccount", `{"automountServiceAccountToken":null}`,
			"{.automountServiceAccountToken}", "false", `automountServiceAccountToken: false`,
		},
		{
			"a selector that is empty", "networkpolicy", `{"spec":{"ingress":[]}}`,
			"{.spec.ingress}", `[{"from":[{"podSelector":{}}]}]`, `spec.ingress`,
		},
		{
			"a port", "service", `{"spec":{"ports":[{"port":80,"targetPort":8080}]}}`,
			"{.spec.ports[0].targetPort}", "http", `spec.ports[0].targetPort: 8080 -> "http"`,
		},
		{"a secret", "secret", `{"data":{"password":"YmFk"}}`, "{.data.password}", "aHVudGVyMjI=", "data.password: (not shown)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			kubectl(t, "patch", test.kind, "web", "-n", s.namespace, "-p", test.patch)
			planned := s.Plan()
			counts(t, planned.Changes, 0, 1, 0)
			contains(t, "log", s.Texts(schema.EventOutputLine), test.logged)
			equal(t, "applied", s.Apply().Changes, planned.Changes)
			equal(t, "put back", kubectl(t, "get", test.kind, "web", "-n", s.namespace, "-o", "jsonpath="+test.at), test.want)
			equal(t, "unchanged then", addresses(s.Plan().Changes), []string(nil))
		})
	}
}

// helm compares custom resources with its old manifest only.
func TestEditedCustomResourcesArePutBackToo(t *testing.T) {
	s := tellReal(t, with(chart, map[string]string{
		"crds/gadgets.yaml": strings.NewReplacer("widget", "gadget", "Widget", "Gadget").Replace(widgets),
		"templates/gadget.yaml": "apiVersion: test.example.org/v1\nkind: Gadget\nmetadata: {name: one, labels: {a: b}}\n" +
			"spec: {size: 1000m, big: 9007199254740993, 'true': yes, list: [{a: 1}]}\n",
	}))
	s.Apply()
	equal(t, "unchanged", addresses(s.Plan().Changes), []string(nil))
	kubectl(t, "patch", "gadget", "one", "-n", s.namespace, "--type=merge",
		"-p", `{"spec":{"size":"1","big":9007199254740992,"more":1,"list":[{"a":2},{"b":3}]}}`)
	planned := s.Plan()
	equal(t, "planned", addresses(planned.Changes), []string{"update Gadget " + s.namespace + "/one"})
	contains(t, "log", s.Texts(schema.EventOutputLine), `spec.size: "1" -> "1000m"`, `spec.big: 9007199254740992 -> 9007199254740993`)
	equal(t, "applied", s.Apply().Changes, planned.Changes)
	contains(t, "notices", s.Texts(schema.EventNotice), "Gadget "+s.namespace+"/one was changed outside of helm")
	equal(t, "put back", kubectl(t, "get", "gadget", "one", "-n", s.namespace, "-o", "jsonpath={.spec}"),
		`{"big":9007199254740993,"list":[{"a":1}],"more":1,"size":"1000m","true":true}`)
	equal(t, "unchanged then", addresses(s.Plan().Changes), []string(nil))
}

// throughProxy puts a proxy before the cluster that refuses some requests.
func (s *story) throughProxy(refuse func(*http.Request) bool) {
	s.T.Helper()
	target, err := url.Parse(kubectl(s.T, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))
	check(s.T, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse(r) {
			http.Error(w, `{"kind":"Status","code":403,"reason":"Forbidden","message":"you may not do that"}`, http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.T.Cleanup(server.Close)
	s.kubeconfig(strings.Replace(requireCluster(s.T), target.String(), server.URL, 1))
}

func TestAClusterThatDoesNotTellTheDifference(t *testing.T) {
	s := tellReal(t, wide)
	s.Apply()
	kubectl(t, "patch", "deployment", "web", "-n", s.namespace, "-p", `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}`)
	s.throughProxy(func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, "dryRun") })
	counts(t, s.Plan().Changes, 0, 1, 0)
	contains(t, "notices", s.Texts(schema.EventNotice), "bitops itself compares Deployment "+s.namespace+"/web", "you may not do that")
	contains(t, "log", s.Texts(schema.EventOutputLine), `containers["web"].image: "web:2" -> "web:1"`)
	counts(t, s.Apply().Changes, 0, 1, 0)
	equal(t, "unchanged then", addresses(s.Plan().Changes), []string(nil))
}

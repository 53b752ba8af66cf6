package terraform

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bitops-engine/bitops/environments"
)

// One place has one name, however it is spelled, and two places have two.
func TestWaysToSpellAPlace(t *testing.T) {
	type set = map[string]string
	type variables = environments.Variables
	home := t.TempDir()
	kubeconfig := func(name, text string) string {
		file := filepath.Join(home, name)
		check(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	const clusters = `apiVersion: v1
clusters: [{name: p, cluster: {server: "https://prod:6443/"}}, {name: d, cluster: {server: "https://dev:6443"}}]
contexts: [{name: prod, context: {cluster: p, user: me}}, {name: dev, context: {cluster: d, user: me}}]
`
	prod, other := kubeconfig("prod", "current-context: prod\n"+clusters), kubeconfig("other", "current-context: dev\n"+clusters)
	type spelling struct {
		arguments set
		variables variables
	}
	s3 := func(more set, v variables) spelling {
		more["bucket"], more["key"] = "b", "k"
		return spelling{more, v}
	}
	kubernetes := func(more set, v variables) spelling {
		more["secret_suffix"] = "s"
		return spelling{more, v}
	}
	for kind, spelled := range map[string][][]spelling{ // places, and the ways to spell each
		"s3": {
			{
				s3(set{}, nil), s3(set{"region": "eu-west-1"}, nil),
				s3(set{"endpoints.s3": "https://s3.eu-west-1.amazonaws.com/"}, nil), s3(set{"endpoint": "s3.amazonaws.com"}, nil),
			},
			{s3(set{"endpoints.s3": "http://minio:9000"}, nil), s3(set{}, variables{"AWS_ENDPOINT_URL_S3": "http://MINIO:9000/"})},
			{s3(set{"region": "cn-north-1"}, nil), s3(set{}, variables{"AWS_REGION": "cn-north-1"})},
			{s3(set{"endpoints.s3": "https://s3.example.org"}, nil)},
		},
		"pg": {
			{
				{set{"conn_str": "postgres://me:hunter2@h/db?sslmode=require"}, nil},
				{set{"conn_str": "postgresql://h:5432/db"}, nil},
				{set{"conn_str": "host=h dbname='db' password='a b'"}, nil},
				{set{"conn_str": "dbname=db"}, variables{"PGHOST": "H"}},
				{nil, variables{"PGHOST": "h", "PGDATABASE": "db"}},
				{nil, variables{"PG_CONN_STR": "postgres://h/db"}},
			},
			{{set{"conn_str": "dbname=db"}, nil}, {set{"conn_str": "postgres://localhost/db"}, nil}},
			{{set{"conn_str": "dbname=db"}, variables{"PGHOST": "other"}}},
			{{set{"conn_str": "postgres://h:6543/db"}, nil}, {set{"conn_str": "postgres://h/db"}, variables{"PGPORT": "6543"}}},
			{{set{"conn_str": "postgres://me@h"}, nil}, {set{"conn_str": "postgres://h/me"}, nil}},
		},
		"kubernetes": {
			{
				kubernetes(set{"config_path": prod}, nil), kubernetes(set{}, variables{"KUBE_CONFIG_PATH": prod}),
				kubernetes(set{"config_path": "~/prod"}, variables{"HOME": home}), kubernetes(set{"host": "https://prod:6443"}, nil),
				kubernetes(set{"config_path": other, "config_context": "prod"}, nil),
			},
			{kubernetes(set{"config_path": other}, nil), kubernetes(set{"config_path": prod, "config_context": "dev"}, nil)},
			{kubernetes(set{"config_path": "/nowhere/one"}, nil), kubernetes(set{}, variables{"KUBE_CONFIG_PATH": "/nowhere/one"})},
			{kubernetes(set{"config_path": "/nowhere/two"}, nil)},
			{kubernetes(set{}, nil)},
		},
	} {
		seen := set{}
		for _, ways := range spelled {
			first := ""
			for _, way := range ways {
				id, ok := stateIn(kind, way.arguments, defaultWorkspace, way.variables)
				if !ok {
					t.Errorf("%s %v %v is not known", kind, way.arguments, way.variables)
					continue
				}
				if first == "" {
					first = id.Key
				}
				if id.Key != first {
					t.Errorf("%s %v %v: %s, want %s", kind, way.arguments, way.variables, id.Key, first)
				}
			}
			if seen[first] != "" {
				t.Errorf("two places are %s", first)
			}
			seen[first] = first
		}
	}
	for _, unknown := range []set{{}, {"conn_str": "host=h"}, {"conn_str": "what is this"}} {
		if id, ok := stateIn("pg", unknown, defaultWorkspace, nil); ok {
			t.Errorf("%v is %s", unknown, id.Key)
		}
	}
}

package terraform

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema/secret"
)

func TestWhichStateABackendNames(t *testing.T) {
	type set = map[string]string
	tests := map[string]struct {
		kind, workspace string
		arguments       set
		variables       environments.Variables
		want            string // "" where it is not known
	}{
		"s3 by bucket and key": {
			"s3", "default",
			set{"bucket": "b", "key": "k", "region": "r"},
			nil,
			"terraform state in s3, bucket=b key=k",
		},
		"s3 in a workspace has a prefix": {
			"s3", "dev",
			set{"bucket": "b", "key": "k"},
			nil,
			"terraform state in s3, bucket=b key=k workspace_key_prefix=env:, workspace dev",
		},
		"the prefix counts in a workspace only": {
			"s3", "default",
			set{"bucket": "b", "key": "k", "workspace_key_prefix": "p"},
			nil,
			"terraform state in s3, bucket=b key=k",
		},
		"an endpoint is another s3": {
			"s3", "default",
			set{"bucket": "b", "key": "k", "endpoints.s3": "http://minio"},
			nil,
			"terraform state in s3, bucket=b endpoints.s3=http://minio key=k",
		},
		"the older name of an endpoint is the same": {
			"s3", "default",
			set{"bucket": "b", "key": "k", "endpoint": "http://minio"},
			nil,
			"terraform state in s3, bucket=b endpoints.s3=http://minio key=k",
		},
		"an endpoint comes from its own variable first": {
			"s3", "default",
			set{"bucket": "b", "key": "k"},
			environments.Variables{"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_S3": "http://minio"},
			"terraform state in s3, bucket=b endpoints.s3=http://minio key=k",
		},
		"an argument wins over a variable": {
			"s3", "default",
			set{"bucket": "b", "key": "k", "endpoints.s3": "http://minio"},
			environments.Variables{"AWS_ENDPOINT_URL_S3": "http://other"},
			"terraform state in s3, bucket=b endpoints.s3=http://minio key=k",
		},
		"an argument under its older name wins over a variable too": {
			"s3", "default",
			set{"bucket": "b", "key": "k", "endpoint": "http://minio"},
			environments.Variables{"AWS_ENDPOINT_URL_S3": "http://other"},
			"terraform state in s3, bucket=b endpoints.s3=http://minio key=k",
		},
		"a password with an at sign": {
			"pg", "default",
			set{"conn_str": "postgres://me:x@hunter2@h/db"},
			nil,
			"terraform state in pg, dbname=db host=h port=5432 schema_name=terraform_remote_state",
		},
		"s3 without a key is not known":    {"s3", "default", set{"bucket": "b"}, nil, ""},
		"s3 without a bucket is not known": {"s3", "default", set{"key": "k"}, nil, ""},
		"gcs":                              {"gcs", "default", set{"bucket": "b", "prefix": "p"}, nil, "terraform state in gcs, bucket=b prefix=p"},
		"gcs by a variable": {
			"gcs", "default", nil,
			environments.Variables{"GOOGLE_BACKEND_BUCKET": "b"},
			"terraform state in gcs, bucket=b",
		},
		"azurerm": {
			"azurerm", "default",
			set{"storage_account_name": "s", "container_name": "c", "key": "k", "access_key": "hunter2"},
			nil,
			"terraform state in azurerm, container_name=c environment=public key=k storage_account_name=s",
		},
		"azurerm of another cloud": {
			"azurerm", "default",
			set{"storage_account_name": "s", "container_name": "c", "key": "k"},
			environments.Variables{"ARM_ENVIRONMENT": "china"},
			"terraform state in azurerm, container_name=c environment=china key=k storage_account_name=s",
		},
		"consul": {
			"consul", "default",
			set{"path": "p", "access_token": "hunter2"},
			environments.Variables{"CONSUL_HTTP_ADDR": "c:8500"},
			"terraform state in consul, address=c:8500 path=p",
		},
		"cos":  {"cos", "default", set{"bucket": "b"}, nil, "terraform state in cos, bucket=b key=terraform.tfstate"},
		"oss":  {"oss", "dev", set{"bucket": "b"}, nil, "terraform state in oss, bucket=b key=terraform.tfstate prefix=env:, workspace dev"},
		"oci":  {"oci", "default", set{"bucket": "b", "namespace": "n"}, nil, "terraform state in oci, bucket=b key=terraform.tfstate namespace=n"},
		"http": {"http", "default", set{"address": "https://me:hunter2@h/s?token=hunter2", "password": "hunter2"}, nil, "terraform state in http, address=https://h/s"},
		"http by a variable": {
			"http", "default", nil,
			environments.Variables{"TF_HTTP_ADDRESS": "https://h/s/"},
			"terraform state in http, address=https://h/s",
		},
		"pg": {
			"pg", "default",
			set{"conn_str": "postgres://me:hunter2@h/db?sslmode=require"},
			nil,
			"terraform state in pg, dbname=db host=h port=5432 schema_name=terraform_remote_state",
		},
		"pg in words": {
			"pg", "default", nil,
			environments.Variables{"PG_CONN_STR": "host=h dbname=db password=hunter2", "PG_SCHEMA_NAME": "s"},
			"terraform state in pg, dbname=db host=h port=5432 schema_name=s",
		},
		"pg with a quoted password": {
			"pg", "default",
			set{"conn_str": "host=h password='hunter2 hunter2' dbname=db"},
			nil,
			"terraform state in pg, dbname=db host=h port=5432 schema_name=terraform_remote_state",
		},
		"kubernetes": {
			"kubernetes", "default",
			set{"secret_suffix": "s", "token": "hunter2"},
			nil,
			"terraform state in kubernetes, namespace=default secret_suffix=s",
		},
		"cloud": {
			"cloud", "default",
			set{"organization": "o", "workspaces.name": "w", "token": "hunter2"},
			nil,
			"terraform state in cloud, hostname=app.terraform.io organization=o workspaces.name=w",
		},
		"remote": {
			"remote", "default",
			set{"organization": "o", "workspaces.prefix": "p"},
			nil,
			"terraform state in remote, hostname=app.terraform.io organization=o workspaces.prefix=p",
		},
		"an unknown type by all that is no secret": {
			"swift", "default",
			set{"container": "c", "password": "hunter2", "auth_token": "hunter2"},
			nil,
			"terraform state in swift, container=c",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			id, ok := stateIn(test.kind, test.arguments, test.workspace, test.variables)
			got := ""
			if ok {
				got = id.Key
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if strings.Contains(got, "hunter2") {
				t.Error("a secret is in it")
			}
		})
	}
}

func TestNoArgumentOfAnAddressIsASecret(t *testing.T) {
	for kind, arguments := range backendAddresses {
		for name := range arguments {
			if secret.NameIsSecret(name) && name != "key" && name != "secret_suffix" && name != "workspace_key_prefix" {
				t.Errorf("%s of %s is named like a secret", name, kind)
			}
		}
		for _, name := range required[kind] {
			if _, ok := arguments[name]; !ok {
				t.Errorf("%s of %s is required and tells nothing", name, kind)
			}
		}
	}
}

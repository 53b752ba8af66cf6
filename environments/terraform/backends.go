package terraform

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/secret"
)

// A step of terraform owns a state: the one at an address of a backend, in a workspace. Which arguments of a backend are
// its address is said by the table below; of a backend that is not in it, every argument that is no secret counts.

// backendAddresses are the arguments that tell one state from another, for each type of backend, as its documentation has them
// (https://developer.hashicorp.com/terraform/language/backend). An argument with a value here has that by default.
// Endpoints count where they can name another service of the same kind.
var backendAddresses = map[string]map[string]string{
	"s3":         {"bucket": "", "key": "", "workspace_key_prefix": "env:", "endpoint": "", "endpoints.s3": "", "partition": ""},
	"gcs":        {"bucket": "", "prefix": ""},
	"azurerm":    {"storage_account_name": "", "container_name": "", "key": "", "environment": "public", "endpoint": ""},
	"consul":     {"address": "", "path": "", "datacenter": ""},
	"cos":        {"bucket": "", "prefix": "", "key": "terraform.tfstate", "region": "", "endpoint": ""},
	"oss":        {"bucket": "", "prefix": "env:", "key": "terraform.tfstate", "region": "", "endpoint": ""},
	"oci":        {"bucket": "", "namespace": "", "key": "terraform.tfstate", "region": "", "workspace_key_prefix": ""},
	"http":       {"address": ""},
	"pg":         {"host": "", "port": "", "dbname": "", "schema_name": "terraform_remote_state"},
	"kubernetes": {"secret_suffix": "", "namespace": "default", "host": "", "config_path": "", "config_paths": "", "config_context": "", "config_context_cluster": ""},
	"cloud":      {"hostname": "app.terraform.io", "organization": "", "workspaces.name": "", "workspaces.tags": "", "workspaces.project": ""},
	"remote":     {"hostname": "app.terraform.io", "organization": "", "workspaces.name": "", "workspaces.prefix": ""},
}

// required are the arguments without which an address is not known.
var required = map[string][]string{
	"s3": {"bucket", "key"}, "gcs": {"bucket"}, "azurerm": {"storage_account_name", "container_name", "key"},
	"consul": {"path"}, "cos": {"bucket"}, "oss": {"bucket"}, "oci": {"bucket", "namespace"}, "http": {"address"},
	"pg": {"dbname"}, "kubernetes": {"secret_suffix"}, "cloud": {"organization"}, "remote": {"organization"},
}

// fromVariables are the variables from which a backend takes an argument that the configuration leaves out. Endpoints come
// first from the variable of their service.
var fromVariables = map[string]map[string][]string{
	"s3":      {"endpoints.s3": {"AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL"}},
	"gcs":     {"bucket": {"GOOGLE_BACKEND_BUCKET"}, "prefix": {"GOOGLE_BACKEND_PREFIX"}},
	"azurerm": {"environment": {"ARM_ENVIRONMENT"}},
	"consul":  {"address": {"CONSUL_HTTP_ADDR"}},
	"http":    {"address": {"TF_HTTP_ADDRESS"}},
	"pg":      {"conn_str": {"PG_CONN_STR"}, "schema_name": {"PG_SCHEMA_NAME"}},
	"kubernetes": {
		"namespace": {"KUBE_NAMESPACE"}, "host": {"KUBE_HOST"},
		"config_context": {"KUBE_CTX"}, "config_context_cluster": {"KUBE_CTX_CLUSTER"},
	},
	"cloud": {
		"hostname": {"TF_CLOUD_HOSTNAME"}, "organization": {"TF_CLOUD_ORGANIZATION"},
		"workspaces.project": {"TF_CLOUD_PROJECT"}, "workspaces.name": {"TF_WORKSPACE"},
	},
}

// stateIn names the state at an address. It is not ok where the address is not known.
func stateIn(kind string, arguments map[string]string, workspace string, variables environments.Variables) (*schema.Identity, bool) {
	known := withVariables(kind, arguments, variables)
	if placed := places[kind]; placed != nil {
		placed(known, variables)
	}
	table, listed := backendAddresses[kind]
	if !listed {
		table = map[string]string{}
		for name := range known {
			if !secret.NameIsSecret(name) {
				table[name] = ""
			}
		}
	}
	for _, name := range required[kind] {
		if known[name] == "" {
			return nil, false
		}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(table)) {
		value := cmp.Or(known[name], table[name])
		if name == "workspace_key_prefix" && workspace == defaultWorkspace || value == "" {
			continue
		}
		if name == "address" || strings.HasPrefix(name, "endpoint") {
			value = withoutUser(value)
		}
		parts = append(parts, name+"="+value)
	}
	return &schema.Identity{Key: fmt.Sprintf("terraform state in %s, %s%s", kind, strings.Join(parts, " "), inWorkspace(workspace))}, true
}

// withVariables returns the arguments of a backend, with what it takes from variables.
func withVariables(kind string, arguments map[string]string, variables environments.Variables) map[string]string {
	known := map[string]string{}
	maps.Copy(known, arguments)
	if kind == "s3" && known["endpoint"] != "" { // its older name
		known["endpoints.s3"] = cmp.Or(known["endpoints.s3"], known["endpoint"])
		delete(known, "endpoint")
	}
	for name, from := range fromVariables[kind] {
		for _, variable := range from {
			known[name] = cmp.Or(known[name], variables[variable])
		}
	}
	return known
}

const defaultWorkspace = "default"

func inWorkspace(name string) string {
	if name == defaultWorkspace {
		return ""
	}
	return ", workspace " + name
}

// withoutUser takes the user and the password out of an address.
func withoutUser(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return secretParameter.ReplaceAllString(address, "")
	}
	host, path, _ := strings.Cut(rest, "/")
	host = host[strings.LastIndex(host, "@")+1:]
	return secretParameter.ReplaceAllString(strings.TrimSuffix(scheme+"://"+host+"/"+path, "/"), "")
}

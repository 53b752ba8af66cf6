package terraform

import (
	"cmp"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// A backend's arguments and variables can spell one place in several ways, and leave out what tells two places apart. Here
// they become what the place is, where that can be known.

// places are the backends whose arguments are not the place as they are written.
var places = map[string]func(known map[string]string, variables environments.Variables){
	"s3": placeInS3, "pg": placeInPostgres, "kubernetes": placeInKubernetes,
}

// amazonS3 are Amazon's own endpoints in its largest partition. Names of buckets are unique in a partition, so these
// endpoints tell no bucket from another (https://docs.aws.amazon.com/general/latest/gr/s3.html).
var amazonS3 = regexp.MustCompile(`^(https?://)?s3(-fips)?([.-](dualstack\.)?[a-z]{2}-[a-z]+-[0-9])?\.amazonaws\.com$`)

// placeInS3 leaves out Amazon's own endpoints, and adds the partition where it is not the largest one.
func placeInS3(known map[string]string, variables environments.Variables) {
	endpoint := strings.TrimSuffix(strings.ToLower(known["endpoints.s3"]), "/")
	if amazonS3.MatchString(endpoint) && !strings.Contains(endpoint, "gov-") {
		endpoint = ""
	}
	known["endpoints.s3"] = endpoint
	region := cmp.Or(known["region"], variables["AWS_REGION"], variables["AWS_DEFAULT_REGION"])
	for beginning, partition := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov"} {
		if strings.HasPrefix(region, beginning) {
			known["partition"] = partition
		}
	}
}

// placeInPostgres replaces a connection string by the server and the database that it leads to, with what PostgreSQL's
// variables add (https://www.postgresql.org/docs/current/libpq-envars.html). Of one that cannot be read, nothing is known.
func placeInPostgres(known map[string]string, variables environments.Variables) {
	said, ok := connection(known["conn_str"])
	if !ok {
		return
	}
	known["host"] = strings.ToLower(cmp.Or(said["host"], variables["PGHOST"], "localhost"))
	known["port"] = cmp.Or(said["port"], variables["PGPORT"], "5432")
	known["dbname"] = cmp.Or(said["dbname"], variables["PGDATABASE"], said["user"], variables["PGUSER"])
}

// connectionWord is one of the words of a connection string: name=value or name='value'.
var connectionWord = regexp.MustCompile(`^\s*([a-z_]+)\s*=\s*('(?:\\.|[^'\\])*'|[^\s']*)(?:\s+|$)`)

// connection reads a connection string, in words or as a URL.
func connection(text string) (said map[string]string, ok bool) {
	said = map[string]string{}
	if scheme, _, isURL := strings.Cut(text, "://"); isURL && (scheme == "postgres" || scheme == "postgresql") {
		u, err := url.Parse(text)
		if err != nil {
			return nil, false
		}
		for name := range u.Query() {
			said[name] = u.Query().Get(name)
		}
		said["host"], said["port"] = cmp.Or(u.Hostname(), said["host"]), cmp.Or(u.Port(), said["port"])
		said["dbname"], said["user"] = cmp.Or(strings.TrimPrefix(u.Path, "/"), said["dbname"]), cmp.Or(u.User.Username(), said["user"])
		return said, !strings.Contains(u.Host, ",")
	}
	for text = strings.TrimSpace(text); text != ""; {
		word := connectionWord.FindStringSubmatch(text)
		if word == nil {
			return nil, false
		}
		said[word[1]] = strings.Trim(word[2], "'")
		text = text[len(word[0]):]
	}
	return said, true
}

// placeInKubernetes replaces a kubeconfig and a context by the server that they lead to: the same file lies elsewhere on
// another machine, and two files can lead to one cluster. Where the file cannot be read, its name counts.
func placeInKubernetes(known map[string]string, variables environments.Variables) {
	files := cmp.Or(known["config_paths"], known["config_path"], variables["KUBE_CONFIG_PATHS"], variables["KUBE_CONFIG_PATH"])
	if files == "" || known["host"] != "" {
		return
	}
	file, _, several := strings.Cut(files, ",")
	file, _, more := strings.Cut(file, string(filepath.ListSeparator))
	delete(known, "config_paths")
	known["config_path"] = files
	if several || more {
		return
	}
	if rest, home := strings.CutPrefix(file, "~/"); home {
		file = filepath.Join(variables["HOME"], rest)
	}
	if server := serverOf(file, known["config_context"], known["config_context_cluster"]); server != "" {
		known["host"] = server
		delete(known, "config_path")
		delete(known, "config_context")
		delete(known, "config_context_cluster")
	}
}

// serverOf returns the server that a kubeconfig leads to in a context, "" where it does not tell.
func serverOf(file, context, cluster string) string {
	if !filepath.IsAbs(file) {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	documents, err := schema.ReadYAMLDocuments(text)
	if err != nil || len(documents) != 1 {
		return ""
	}
	config, _ := documents[0].(map[string]any)
	context = cmp.Or(context, textIn(config, "current-context"))
	if cluster == "" {
		cluster = textIn(named(config, "contexts", context, "context"), "cluster")
	}
	return strings.TrimSuffix(textIn(named(config, "clusters", cluster, "cluster"), "server"), "/")
}

// named returns what a list of a kubeconfig has under a name, or nil.
func named(config map[string]any, list, name, what string) map[string]any {
	items, _ := config[list].([]any)
	for _, item := range items {
		entry, _ := item.(map[string]any)
		if textIn(entry, "name") == name {
			found, _ := entry[what].(map[string]any)
			return found
		}
	}
	return nil
}

func textIn(m map[string]any, name string) string {
	text, _ := m[name].(string)
	return text
}

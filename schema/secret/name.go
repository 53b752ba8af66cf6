package secret

import (
	"slices"
	"strings"
)

// secretParts make a name secret wherever they are in it.
var secretParts = []string{"SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CONNECTION_STRING"}

// secretEnds make a name secret that ends in them.
var secretEnds = []string{"TOKEN", "PASS", "APIKEY", "ACCESSKEY", "PRIVATEKEY", "CREDENTIAL", "CREDENTIALS", "_PWD", "_JWT", "_PAT", "KUBECONFIG_BASE64"}

// pathEnds are the last words of names that hold the place of a secret and not the secret: VAULT_PASSWORD_FILE.
var pathEnds = []string{"FILE", "PATH", "DIR", "ARN", "NAME"}

// harmlessKeys are the words before a last word KEY that make it the key of a table, a store or a lock.
var harmlessKeys = []string{"PUBLIC", "PRIMARY", "FOREIGN", "PARTITION", "SORT", "HASH", "RANGE", "CACHE", "STATE", "BACKEND", "BUCKET", "OBJECT", "S3", "INDEX", "LOOKUP", "SORTING"}

// NameIsSecret tells whether the value of a variable of this name is a secret. It goes by the words of the name,
// in any case:
//
//   - SECRET, PASSWORD, PASSWD, PASSPHRASE or CONNECTION_STRING anywhere;
//   - TOKEN, PASS, CREDENTIALS, _PWD, _JWT or _PAT at the end, and terraform's TF_TOKEN_<host>;
//   - KEY as the last word (AWS_SECRET_ACCESS_KEY, API_KEY, SSH_PRIVATE_KEY), unless the word before says that it is
//     none to keep (PUBLIC_KEY, STATE_KEY, CACHE_KEY, and so on);
//   - KUBECONFIG_BASE64.
//
// It is not one if the last word is FILE, PATH, DIR, ARN or NAME: such a value says where the secret is. AWS's
// AWS_ACCESS_KEY_ID is an identifier that its log files show too, and GOOGLE_APPLICATION_CREDENTIALS is a path.
func NameIsSecret(variable string) bool {
	name := strings.ToUpper(strings.ReplaceAll(variable, "-", "_"))
	words := strings.Split(name, "_")
	last := words[len(words)-1]
	switch {
	case slices.Contains(pathEnds, last), name == "GOOGLE_APPLICATION_CREDENTIALS":
		return false
	case strings.HasPrefix(name, "TF_TOKEN_"):
		return true
	case last == "KEY":
		return len(words) > 1 && !slices.Contains(harmlessKeys, words[len(words)-2])
	}
	return slices.ContainsFunc(secretParts, func(s string) bool { return strings.Contains(name, s) }) ||
		slices.ContainsFunc(secretEnds, func(s string) bool { return strings.HasSuffix(name, s) })
}

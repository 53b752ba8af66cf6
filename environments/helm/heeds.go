package helm

import (
	"slices"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Heeding = (*Helm)(nil)

var keyVariables = sync.OnceValue(func() environments.KeyVariables { return environments.KeyVariablesOf(configurationSchema()) })

// idleVariables are those of helm's own variables that do not decide what it does: where it keeps files, with which
// credentials it gets to the cluster, and how patient it is there.
// https://helm.sh/docs/helm/helm
var idleVariables = []string{
	"HELM_BURST_LIMIT", "HELM_QPS", "HELM_COLOR", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS", "HELM_NO_PLUGINS",
	"HELM_REGISTRY_CONFIG", "HELM_REPOSITORY_CACHE", "HELM_REPOSITORY_CONFIG", "HELM_BIN", "HELM_DRIVER_SQL_CONNECTION_STRING",
	"HELM_KUBETOKEN", "HELM_KUBEASUSER", "HELM_KUBEASGROUPS", "HELM_KUBECAFILE", "HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "HELM_KUBETLS_SERVER_NAME",
}

// Heeds implements environments.Heeding: helm's own variables, and those that choose a chart, beside those of the
// configuration.
func (*Helm) Heeds(_ *schema.Step, name string) environments.Heed {
	heed, known := keyVariables().Heeds(name)
	own := strings.HasPrefix(name, "HELM_") && !slices.Contains(idleVariables, name)
	if !known && (own || slices.Contains(onlyChart, name)) {
		return environments.HeedValue
	}
	return heed
}

package environments

import (
	"encoding/base64"
	"strings"
	"unicode"

	"github.com/bitops-engine/bitops/schema"
)

// KubeconfigVariables hold a kubeconfig in base64, the first one wins.
var KubeconfigVariables = []string{"BITOPS_KUBECONFIG_BASE64", "KUBECONFIG_BASE64"}

// placeKubeconfig does what a deployment of kubectl did in BitOps: hooks of every tool find the kubeconfig that a variable
// holds in a file. What is no base64, helm complains of.
func (c *Call) placeKubeconfig() error {
	for _, name := range KubeconfigVariables {
		if c.Variables[name] == "" {
			continue
		}
		text, ok := DecodeBase64(c.Variables[name])
		if !ok {
			return nil
		}
		c.hideUsers(text)
		file, err := c.PrivateFile("kubeconfig", text)
		c.Variables["BITOPS_KUBE_CONFIG_FILE"], c.Variables["KUBE_CONFIG_FILE"] = file, file
		return err
	}
	return nil
}

// hideUsers makes the credentials in a kubeconfig known.
func (c *Call) hideUsers(kubeconfig []byte) {
	documents, err := schema.ReadYAMLDocuments(kubeconfig)
	if err != nil {
		return
	}
	for _, document := range documents {
		top, _ := document.(map[string]any)
		users, _ := top["users"].([]any)
		for _, user := range users {
			named, _ := user.(map[string]any)
			credentials, _ := named["user"].(map[string]any)
			for _, value := range credentials {
				if text, ok := value.(string); ok {
					c.Hide(text)
				}
			}
		}
	}
}

// DecodeBase64 decodes what `base64` prints: with line breaks, with or without padding.
func DecodeBase64(text string) ([]byte, bool) {
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	return decoded, err == nil
}

package ansible

import (
	"regexp"
	"strings"
	"sync"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

var _ environments.Heeding = (*Ansible)(nil)

var keyVariables = sync.OnceValue(func() environments.KeyVariables { return environments.KeyVariablesOf(configurationSchema()) })

// idleVariables are those of ansible's own variables that do not decide what it does: how it looks, how it gets to a host,
// with which password, and how patient it is.
// https://docs.ansible.com/ansible/latest/reference_appendices/config.html
var idleVariables = regexp.MustCompile(`^ANSIBLE_(` + strings.Join([]string{
	`NOCOLOR`, `FORCE_COLOR`, `NOCOWS`, `COW_.*`, `COWPATH`, `COLOR_.*`, `DISPLAY_.*`, `SHOW_.*`, `DIFF_.*`, `DEBUG`, `LOG_.*`,
	`STDOUT_CALLBACK`, `CALLBACKS_ENABLED`, `CALLBACK_.*`, `CHECK_MODE_MARKERS`, `.*_WARNINGS?`, `DEVEL_WARNING`, `PROFILE_.*`,
	`LOCAL_TEMP`, `HOME`, `RETRY_FILES_.*`, `PAGER`,
	`SSH_RETRIES`, `SSH_PIPELINING`, `PIPELINING`, `SSH_CONTROL_PATH.*`, `.*TIMEOUT`, `PERSISTENT_.*`, `HOST_KEY_CHECKING`,
	`PRIVATE_KEY_FILE`, `VAULT_PASSWORD_FILE`, `VAULT_IDENTITY.*`, `.*_PASSWORD_FILE`, `BECOME_PASS`, `GALAXY_.*`,
}, "|") + `)$`)

// Heeds implements environments.Heeding: ansible's own variables beside those of the configuration.
func (*Ansible) Heeds(_ *schema.Step, name string) environments.Heed {
	heed, known := keyVariables().Heeds(name)
	if !known && strings.HasPrefix(name, "ANSIBLE_") && !idleVariables.MatchString(name) {
		return environments.HeedValue
	}
	return heed
}

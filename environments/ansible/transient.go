package ansible

import (
	"regexp"

	"github.com/bitops-engine/bitops/environments"
)

// transient are what ssh says of a host that is not up yet, or cannot be reached for a moment; never that somebody may not
// log in. docs.ansible.com/ansible/latest/playbook_guide/playbooks_error_handling.html, unreachable hosts; ansible issues
// 22944, 33906 and 61704.
var transient = environments.Patterns(
	// OpenSSH, sshconnect.c and packet.c: what connect(2), read(2) and write(2) say; kex.c: the other side hung up before its
	// version, as a server does that has too many at once (MaxStartups), or is about to start.
	`Failed to connect to the host via ssh: .*(Connection timed out|Operation timed out|Connection refused|No route to host|`+
		`Connection reset by|(kex|ssh)_exchange_identification: )`,
	// pam_nologin(8), while systemd starts the host.
	`System is booting up\. Unprivileged users are not permitted to log in yet`,
)

var _ environments.Patient = (*Ansible)(nil)

// Transient implements environments.Patient.
func (*Ansible) Transient() []*regexp.Regexp { return transient() }

// onlyUnreachable reports whether nothing went wrong but that hosts could not be reached, and no task had changed anything
// by then: a playbook can be begun anew.
func (r *report) onlyUnreachable() bool {
	for _, f := range r.failures {
		if f.Event != "unreachable" {
			return false
		}
	}
	return r.ended && r.changed == 0
}

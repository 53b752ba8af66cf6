package ansible

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// TestTransient holds what ansible has said of hosts, and which of it passes by itself.
func TestTransient(t *testing.T) {
	for text, passes := range map[string]bool{
		"Failed to connect to the host via ssh: ssh: connect to host 10.0.0.1 port 22: Connection refused":                                           true,
		"Failed to connect to the host via ssh: ssh: connect to host 10.0.0.1 port 22: Connection timed out":                                         true,
		"Failed to connect to the host via ssh: Connection timed out during banner exchange":                                                         true,
		"Failed to connect to the host via ssh: kex_exchange_identification: Connection closed by remote host":                                       true,
		`Failed to connect to the host via ssh: "System is booting up. Unprivileged users are not permitted to log in yet. Please come back later."`: true,
		"Failed to connect to the host via ssh: Permission denied (publickey).":                                                                      false,
		"Failed to connect to the host via ssh: Host key verification failed.":                                                                       false,
		"Failed to connect to the host via ssh: ssh: Could not resolve hostname wbe1: Name or service not known":                                     false,
		"ssh: connect to host github.com port 22: Connection timed out":                                                                              false,
		"non-zero return code": false,
	} {
		found := false
		for _, p := range New().Transient() {
			found = found || p.MatchString(text)
		}
		if found != passes {
			t.Errorf("%s: passes %t", text, found)
		}
	}
}

// TestUnreachableHosts: a playbook can be begun anew when hosts could not be reached and nothing was changed yet.
func TestUnreachableHosts(t *testing.T) {
	ssh := filepath.Join(t.TempDir(), "ssh")
	check(t, os.WriteFile(ssh, []byte("#!/bin/sh\necho 'ssh: connect to host none port 22: Connection refused' >&2\nexit 255\n"), 0o755))
	for _, c := range []struct {
		name, tasks string
		untouched   bool
	}{
		{"at once", "", true},
		{"after a task that changed nothing", "command: echo\n    changed_when: false", true},
		{"after a task that changed something", `copy: {content: x, dest: "{{ lookup('env', 'HOME') }}/x"}`, false},
		{"beside a task that failed", `command: "false"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			playbook := "- hosts: all\n  gather_facts: false\n  tasks:\n  - debug: {msg: here}\n"
			if c.tasks != "" {
				playbook += "  - " + c.tasks + "\n    when: inventory_hostname == 'here'\n"
			}
			s := tellReal(t, map[string]string{
				"bitops.config.yaml": "ansible: {cli: {inventory: hosts}}",
				"hosts":              "here ansible_connection=local\nnone ansible_connection=ssh ansible_ssh_executable=" + ssh + "\n",
				"playbook.yaml":      playbook + "- hosts: none\n  gather_facts: false\n  tasks:\n  - raw: echo\n",
			})
			_, err := s.Try(t.Context(), schema.CommandApply)
			failure := s.failureOf(err)
			if failure.Untouched != c.untouched || !strings.Contains(strings.Join(failure.Errors, "\n"), "Connection refused") {
				t.Errorf("failure %+v", failure)
			}
		})
	}
}

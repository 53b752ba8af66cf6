// Package ansible is the tool that runs a playbook.
//
//	Plan       ansible-playbook --check
//	Apply      ansible-playbook
//	Destroy    ansible-playbook with cli.destroy-playbook, or nothing: ansible keeps no account of what it did
//
// One process does each of them. A callback plugin of bitops' own (callback_plugins/) runs inside it and appends what
// happens to a private file, which report.go reads when ansible has ended: which tasks changed something on which host,
// what failed and why, and the outputs, which are what the playbook set with set_stats. Where ansible shows diffs, they are
// there too (difference.go). What ansible prints for people goes to the log, without what the plugin found in vaults (hidden.go).
//
// Values reach the playbook in ascending precedence:
//
//	defaults of roles
//	offered values              variables of the group `all`, given by the plugin
//	whatever the files set      inventory, group_vars, host_vars, play and role variables, cli.extra-vars
//	inputs of the manifest      an extra-vars file, the last one
//
// They arrive as they are: a text with `{{` in it is never taken for a template.
//
// Outputs exist only while the playbook runs. Of an earlier run bitops knows what it recorded, and that never holds
// sensitive values: a step that takes a sensitive output of ansible's can only run together with the step that sets it.
package ansible

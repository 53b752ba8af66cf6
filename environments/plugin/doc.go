// Package plugin is the tool that the manifest names under `plugins`: a directory in the format of BitOps v2, run as it
// is.
//
//	plugin.config.yaml   what runs it, and what it can do; may be missing
//	bitops.schema.yaml   the keys of its bitops.config.yaml in an environment; may be missing
//	deploy.sh            does the work: <language> deploy.sh <stack-action>
//	install.sh           prepares it once; may be missing
//
// A Plugin is one environments.Tool. Each operation is the same few steps:
//
//	find the plugin and read its two files     once (find.go, config.go, keys.go)
//	read bitops.config.yaml of the step        its values become variables
//	choose the stack-action                    the command, unless the configuration pins it (action.go)
//	run the script in the step's directory     (session.go)
//	read $BITOPS_CHANGES                       how much changed, if the script says so (changes.go)
//	run the script with `outputs`              if the plugin declares that it can (outputs.go)
//
// v2 ran scripts in a directory of its image, and they change to $BITOPS_OPSREPO_ENVIRONMENT_DIR themselves; here they
// begin there. What else the script is given is in variables.go.
//
// # Where a plugin is
//
// The first of these that is there:
//
//	.bitops/plugins/<name>          what Install put there, if it is what the manifest asks for now
//	its source                      where that is a directory: file://./plugins/hello, ./plugins/hello, or absolute
//	$BITOPS_PLUGIN_DIR/<name>       of v2's settings
//	/opt/bitops/scripts/installed_plugins/<name>, where v2's image keeps them
//
// A source is a directory of the repository or of this machine, or a git repository: a URL, a directory that is a bare
// repository or ends in .git, and any directory where source_tag or source_branch is given. With both, the tag counts.
// A run never fetches anything: a plugin of a git repository has to be installed first.
//
// # Installing
//
// Install puts every version into a directory of its own, prepares it there, writes a record, and only then turns a
// symbolic link to it. So what is half installed is never used, and a failed update leaves the version before it.
//
//	.bitops/plugins/.versions/hello~123/hello         the plugin
//	.bitops/plugins/.versions/hello~123/record.json   what it is
//	.bitops/plugins/hello -> .versions/hello~123/hello
//
// A directory that has no install script is used in place and never copied.
package plugin

// Package workspace is the private copy of an environment's files that its steps run in.
//
// A workspace is laid out like the repository it was made from. For the environment directory
// apps/frontend of repository R, and a workspace rooted at W:
//
//	W/apps/frontend   a real copy of R/apps/frontend: hooks edit and generate files here freely
//	W/apps/other      a relative symbolic link to R/apps/other
//	W/modules         a relative symbolic link to R/modules
//
// So every relative path within the repository works in the workspace too (one that leaves the repository
// does not), and the checkout stays clean. What a step writes *through* a link (../../modules/x) does reach
// the checkout: only the environment's own files are copied. `.git` is neither copied nor linked, since git
// finds the checkout's own by walking up; neither is the repository's `.bitops`.
//
// The workspace lasts between runs, so a file in it has one of three owners, and Sync, which brings the
// workspace up to date, is the rule for each:
//
//	the source       the repository has the name: the workspace gets the repository's version, always
//	a hook, a tool   the repository never had the name: Sync leaves it alone, and Traces take hooks' back
//	nobody           the name came from the repository and is gone there: Sync deletes it
//
// Telling the last two apart takes a memory: a list of the names that came from the source, kept beside
// the workspace. What makes Sync safe to kill at any moment is an order:
//
//	write the list: old names and new
//	delete what is gone, copy what differs
//	write the list: new names
//
// so that a name is on the list for as long as the workspace may hold a copy of it. A file counts as
// copied when its size, its modification time and its permissions equal the source's; the permissions
// are set last, so half a file never passes for a whole one. When nothing differs, Sync writes nothing.
package workspace

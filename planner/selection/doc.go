// Package selection says which steps of a repository a command is about.
//
// A selection is written in words, the arguments of a command: a name or a pattern of names, a property such as tag:web,
// how far to go along dependencies, what to take away. Parse reads a word, Choose evaluates all of them. Both read
// nothing but what they are given, so that every command, and a test, gets the same answer.
package selection

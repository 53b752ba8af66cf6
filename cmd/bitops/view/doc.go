// Package view is what bitops shows: it turns documents (events, reports, plans, problems, values) into text for a
// person, or into JSON for a program. It decides nothing and knows nothing but documents, so that a run, a run replayed
// from its journal and a test all look the same.
//
// A run is shown by a [Run], which has two siblings:
//
//	Human    one line as a step starts, one as it ends; at the end the last screen
//	JSON     one event a line
//
// What tools print is shown by Human in one of three ways: not at all (only the last lines of a failure), streamed line
// by line with the step in front (-v), or folded into one group a step (GitHub Actions, GitLab CI).
//
// Everything else is a function of a document and a writer: [Summary], [Problems], [Tree], [DOT], [Mermaid],
// [GraphJSON], [Wiring], [Outputs].
//
// Names, messages and output come from files and programs that bitops does not control. None of it reaches a person
// before it went through printable, which leaves no way to move the cursor, change the title or turn the text around.
package view

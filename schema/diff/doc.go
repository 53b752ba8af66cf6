// Package diff compares two JSON values and says what differs, part by part, without ever showing what is secret.
//
//	Compare(before, after):
//	    objects    field by field
//	    lists      element by element: by an identity that the elements have, such as a name; else by what is equal
//	    strings    as documents where both are JSON or both are YAML
//	    anything else is one Change, from the value before to the value after
//
// Beside the values there are masks: what is not known yet, and what is sensitive. A sensitive part is compared, so that a
// change of it is seen, and both of its values are told as [Sensitive]. So is every string in a field whose name says that it
// is secret.
//
// The work is bounded: it grows with the size of the two values, but for short lists.
package diff

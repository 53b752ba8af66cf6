#!/bin/sh
# Prints CHANGELOG.md, made of the fragments under docs/changelog/.
#
# A folder is a release: unreleased, or <version>_<date>. A file is a change:
# its first line is "kind: added|changed|fixed", the rest is the text.
set -eu
cd "$(dirname "$0")"

# One release: a heading, then the changes, kind by kind, in order of file name.
release() { # <folder> <heading>
  set -- "$2" "$1"/*.md
  heading=$1
  shift
  [ -e "$1" ] || return 0

  for fragment in "$@"; do
    [ -s "$fragment" ] || { echo "$fragment: the fragment is empty" >&2; return 1; }
  done

  awk -v heading="$heading" '
    function fail(file, why) { print file ": " why > "/dev/stderr"; failed = 1; exit 1 }
    function finish() { if (kind != "" && text == "") fail(file, "the change has no text") }

    FNR == 1 {
      finish()
      file = FILENAME
      if ($0 !~ /^kind: (added|changed|fixed)$/) fail(file, "line 1 must be: kind: added|changed|fixed")
      kind = $2; text = ""; blank = ""
      next
    }
    /^[ \t]*$/ { if (text != "") blank = "\n"; next }
    {
      changes[kind] = changes[kind] blank (text == "" ? "- " : "  ") $0 "\n"
      text = $0; blank = ""
    }
    END {
      if (failed) exit 1
      finish()
      if (failed) exit 1
      print "\n## " heading
      n = split("added changed fixed", kinds, " ")
      split("Added Changed Fixed", titles, " ")
      for (i = 1; i <= n; i++)
        if (kinds[i] in changes) printf "\n### %s\n\n%s", titles[i], changes[kinds[i]]
    }
  ' "$@"
}

cat <<'HEADER'
# Changelog

<!-- Made by `make changelog` from the fragments in docs/changelog/. Edit those. -->
HEADER

release unreleased Unreleased

# The newest release first. Versions hold no spaces.
# shellcheck disable=SC2010,SC2012
for folder in $(ls -d -- *_*/ 2>/dev/null | sort -rV); do
  folder=${folder%/}
  release "$folder" "${folder%%_*} (${folder#*_})"
done

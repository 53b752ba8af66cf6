#!/usr/bin/env bash
# Before terraform: generate a file that it reads.
#
# Hooks run in the step's own directory of a private copy of the repository, so
# what they write never shows up in your checkout.
set -euo pipefail

release=$(<../VERSION)
printf '{ "release": "%s" }\n' "$release" >release.auto.tfvars.json
echo "release $release"

#!/usr/bin/env bash
# Before terraform: set a variable for the rest of this step.
#
# Lines NAME=value appended to the file $BITOPS_ENV reach the next hooks and
# the tool. Here it is a terraform variable, so a changed page is a change.
set -euo pipefail

checksum=$(cksum <../site/index.html)
echo "TF_VAR_site_checksum=${checksum%% *}" >>"$BITOPS_ENV"

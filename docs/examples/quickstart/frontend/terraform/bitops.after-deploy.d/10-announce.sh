#!/usr/bin/env bash
# After terraform succeeded. Every input is also a variable, BITOPS_INPUT_<NAME>.
set -euo pipefail

if [[ $BITOPS_COMMAND == apply ]]; then
  echo "$BITOPS_ENVIRONMENT is live and talks to $BITOPS_INPUT_API_URL"
fi

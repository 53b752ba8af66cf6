#!/usr/bin/env bash
# deploy.sh plan|apply|destroy|outputs
#
# It deploys a file with a greeting, greetings/<environment>.txt in the
# checkout. Its working directory is the step's: blue/hello.
set -euo pipefail

file=$BITOPS_SOURCE_DIR/greetings/$BITOPS_ENVIRONMENT.txt

# The arguments that bitops made of bitops.config.yaml, one each, whatever is
# in them. (BITOPS_HELLO_CLI holds them too, as words for the shell to split.)
mapfile -d '' -t arguments <"$BITOPS_HELLO_CLI_FILE"

greeting() {
  local name='' loud=false argument
  for argument in "${arguments[@]}"; do
    case $argument in
      --name=*) name=${argument#--name=} ;;
      --loud) loud=true ;;
    esac
  done
  local text="$HELLO_WORD, $name!"
  # An input of the manifest.
  if [[ -n ${BITOPS_INPUT_PREVIOUS:-} ]]; then
    text+=" (After: $BITOPS_INPUT_PREVIOUS)"
  fi
  if $loud; then text=${text^^}; fi
  printf '%s\n' "$text"
}

# How many things are added, changed and removed: this is what bitops shows.
counts() {
  if [[ ! -e $file ]]; then
    echo add=1
  elif [[ $(greeting) != "$(<"$file")" ]]; then
    echo change=1
  else
    echo add=0 # nothing to do
  fi
}

case $1 in
  plan)
    counts >>"$BITOPS_CHANGES"
    ;;
  apply)
    counts >>"$BITOPS_CHANGES"
    mkdir -p "${file%/*}"
    greeting >"$file"
    cat "$file"
    ;;
  destroy)
    if [[ -e $file ]]; then
      rm "$file"
      echo remove=1 >>"$BITOPS_CHANGES"
    else
      echo remove=0 >>"$BITOPS_CHANGES"
    fi
    ;;
  outputs)
    # name=value lines, or JSON as `terraform output -json` prints it.
    if [[ -e $file ]]; then
      echo "greeting=$(<"$file")"
    fi
    ;;
esac

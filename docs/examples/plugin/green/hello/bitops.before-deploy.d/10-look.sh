#!/usr/bin/env bash
# Hooks run around a plugin as around every tool, and see its variables.
echo "about to run: hello $BITOPS_HELLO_CLI"

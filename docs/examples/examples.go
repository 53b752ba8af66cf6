// Package examples holds the repositories that `bitops init --example` writes and the tests run.
package examples

import "embed"

// Quickstart is the quickstart example, in the directory of that name.
//
//go:embed quickstart/bitops.config.yaml quickstart/README.md quickstart/.gitignore
//go:embed quickstart/*/terraform/*.tf quickstart/*/terraform/bitops.*.d quickstart/backend/VERSION quickstart/frontend/site
var Quickstart embed.FS

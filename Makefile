# make test is the one command to run before a commit. `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c

TOOLS := $(CURDIR)/.tools/bin

# Tools installed by make come first, then your own.
export PATH := $(TOOLS):$(PATH)

# Tests that need the AWS provider take it from a terraform filesystem mirror;
# CONTRIBUTING.md says how to make one.
ifndef BITOPS_TEST_TF_PLUGINS
BITOPS_TEST_TF_PLUGINS := $(shell find /opt /usr/local/share /usr/share -maxdepth 3 -type d -name tf-plugins 2>/dev/null | head -n 1)
endif
export BITOPS_TEST_TF_PLUGINS

.PHONY: build
build: ## Build bin/bitops, which needs no library of the system
	CGO_ENABLED=0 go build -trimpath -o bin/bitops ./cmd/bitops

PREFIX ?= /usr/local

.PHONY: install
install: build ## Install bin/bitops into $(PREFIX)/bin
	mkdir -p "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 bin/bitops "$(DESTDIR)$(PREFIX)/bin/bitops"

# A test whose tool is missing skips. Here it fails instead: green means all ran.
# What is installed the first time, and how long that takes, is said first.
.PHONY: test
test: ## Install what the tests need, then run every test
	.ci/tools terraform moto_server aws ansible helm kube-apiserver etcd kubectl jq curl ssh-keygen tmux
	@if BITOPS_TEST_TOOLS=required go test -race -timeout 40m ./...; \
	then echo "make test: all tests passed"; \
	else echo "make test: FAILED, see above" >&2; exit 1; fi

.PHONY: quick
quick: ## Run the tests that need no tool: for the inner loop
	BITOPS_TEST_TOOLS=none go test ./...

.PHONY: lint
lint: ## Check the Go code, the shell scripts, the examples and the changelog
	.ci/tools golangci-lint shellcheck terraform
	golangci-lint run ./...
	git ls-files -z --cached --others --exclude-standard '*.sh' .ci ':!:**/testdata/**' | xargs -0 shellcheck
	terraform fmt -check -diff -recursive docs/examples
	@docs/changelog/assemble.sh | cmp -s - CHANGELOG.md || { echo 'CHANGELOG.md lags its fragments: run make changelog' >&2; exit 1; }

.PHONY: fmt
fmt: ## Format the Go code and the examples
	.ci/tools golangci-lint terraform
	golangci-lint fmt ./...
	terraform fmt -recursive docs/examples

.PHONY: bench
bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem -timeout 60m ./...

.PHONY: changelog
changelog: ## Make CHANGELOG.md from the fragments in docs/changelog/
	docs/changelog/assemble.sh >CHANGELOG.md.tmp
	mv CHANGELOG.md.tmp CHANGELOG.md

.PHONY: tools
tools: ## Install everything that test and lint need
	.ci/tools

.PHONY: clean
clean: ## Remove what make built (.tools stays)
	rm -rf bin CHANGELOG.md.tmp

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z]*\): ## /\1\t/p' Makefile | expand -t 12

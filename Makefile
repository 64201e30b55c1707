# Tasks of a developer. `make` alone lists them.
.DEFAULT_GOAL := help
TARGET ?= x86_64-unknown-linux-gnu

help: ## list the tasks
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

fmt: ## format the code
	cargo fmt

lint: ## formatting and clippy, warnings are errors
	cargo fmt --check
	cargo clippy --all-targets --all-features -- -D warnings

test: ## every tier of tests that this machine can run
	tests/run

test-all: ## every tier; one that can't run is a failure
	tests/run --all

charts: ## build the vendored chart archives from their sources
	vendor-charts/build.sh

dist: ## the static release binary
	cargo build --release --locked --target $(TARGET) --config link/static.toml

order: ## record anew which functions the linker puts side by side
	link/record.sh

bench: dist ## side by side with helm: ratios
	VULAS_BINARY=target/$(TARGET)/release/vulas-native cargo bench --bench compare

doc: ## the library's manual
	cargo doc --no-deps --no-default-features

deny: ## licences, advisories, sources of the dependencies
	cargo deny check

.PHONY: help fmt lint test test-all charts dist order bench doc deny

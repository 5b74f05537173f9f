# One word per habit. `make help` lists them.

# The interpreter that .venv is made with (3.11 or newer), and the test runner's processes.
PYTHON ?= python3
WORKERS ?= 2
# Records of `make bench`.
ROWS ?= 1000000

export PYTHON WORKERS
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test test-all check fix bench docs pictures lock clean

help: ## list these words
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: ## make .venv and install the product from its lock
	@scripts/setup runtime

setup-dev: ## the same, with what the tests need
	@scripts/setup dev

demo: setup ## record this repository's own history, export it four ways, verify the package
	@scripts/demo

serve: setup ## open the demo's trail in the browser
	@scripts/serve

test: setup-dev ## run every test on SQLite and on PostgreSQL, less the heavy ones
	@scripts/test

test-all: setup-dev ## run every test, the heavy ones too
	@scripts/test --heavy

check: setup-dev ## format, lint, types, architecture
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: setup-dev ## format, and mend what the linter can mend by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: setup-dev ## measure the goals P1 to P6 over ROWS records
	$(BIN)/python -m benchmarks.run --rows $(ROWS)

docs: setup-dev ## write docs/reference/ anew from the code
	@$(BIN)/python -m scripts.reference

pictures: setup-dev ## take the README's pictures from the demo's trail
	@$(BIN)/python -m scripts.pictures

lock: ## write both locks anew from pyproject.toml (ARGS=--upgrade moves versions)
	@scripts/lock $(ARGS)

clean: ## remove the demo, caches and .venv
	rm -rf out var .venv .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Everything a person or CI does here. All of it happens in .venv, from the pins in requirements/.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
# Two more than there are processors: many tests wait for processes, for clouds, and for time to pass.
WORKERS ?= $(shell expr $$($(PYTHON) -c 'import os; print(os.cpu_count())') + 2)

BIN := $(VENV)/bin
DONE := $(VENV)/.done
UV = $(BIN)/uv pip install --quiet --python $(BIN)/python
MODULE_LINES := 600

# The pages are built where there is npm and a Node.js that is new enough. Everything else works without.
OLDEST_NODE := 20.19
NPM := $(shell command -v npm >/dev/null 2>&1 && node tools/node_version.cjs $(OLDEST_NODE) && echo npm)
NO_NPM := "Left out: the pages need Node.js $(OLDEST_NODE) or newer, with npm."
PAGES := src/covalent/ui/index.html

# Servers and emulators are started by the hundred here: what Python has compiled is to be kept, whatever the machine's habit is.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

LATEST := 'import json, sys; print(json.load(sys.stdin)[0]["id"])'

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(DONE)/demo pages ## Run the iris example on this machine, through the dispatcher
	@$(BIN)/covalent start
	@echo "Running examples/svm_iris.py: load the iris data, train a model, score it. It prints the score:"
	@$(BIN)/python examples/svm_iris.py
	@$(BIN)/covalent list --limit 1
	@echo "See its tasks:    $(BIN)/covalent show ID"
	@echo "The server stays up; stop it with: $(BIN)/covalent stop"
	@echo "See it in a browser, which this address signs in, once:"
	@$(BIN)/covalent ui --no-browser "$$($(BIN)/covalent list --limit 1 --json | $(BIN)/python -c $(LATEST))"

.PHONY: test
test: $(DONE)/dev pages ## Run all tests; ARGS="-k word" for some
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: check
check: check-format check-lint check-types check-imports check-duplicates check-sizes check-lock check-web ## Run every check that is not a test

.PHONY: check-format
check-format: $(DONE)/dev
	$(BIN)/ruff format --check

.PHONY: check-lint
check-lint: $(DONE)/dev
	$(BIN)/ruff check

.PHONY: check-types
check-types: $(DONE)/dev
	$(BIN)/mypy

.PHONY: check-imports
check-imports: $(DONE)/dev
	$(BIN)/lint-imports --no-logo --no-cache

.PHONY: check-duplicates
check-duplicates: $(DONE)/dev
	$(BIN)/jscpd --config .jscpd.json

.PHONY: check-sizes
check-sizes: $(DONE)/dev
	$(BIN)/python tools/module_sizes.py --limit $(MODULE_LINES) src tests benchmarks examples tools

.PHONY: check-lock
check-lock: $(DONE)/dev
	$(BIN)/python tools/lock.py --check

.PHONY: check-web
check-web: $(DONE)/dev $(if $(NPM),web/node_modules/.package-lock.json)
	$(if $(NPM),cd web && PYTHON="$(abspath $(BIN))/python" npm run --silent check,@echo $(NO_NPM))

.PHONY: scan
scan: $(DONE)/scan ## Look for what is insecure in the Terraform modules
	$(VENV)/scan/bin/checkov --config-file tools/checkov.yaml

.PHONY: web
web: ## Build the pages into the package; needs Node.js and npm
	$(if $(NPM),,$(error The pages need Node.js $(OLDEST_NODE) or newer, with npm. Install them, then run this again))
	@$(MAKE) --no-print-directory $(PAGES)

.PHONY: pages
pages: $(if $(NPM),$(PAGES))
	$(if $(NPM),,@echo $(NO_NPM))

$(PAGES): web/node_modules/.package-lock.json $(shell find web -name node_modules -prune -o -type f -print)
	cd web && npm run --silent build
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

.PHONY: screenshots
screenshots: $(DONE)/dev pages ## Take the pictures of the pages that the documentation shows; needs Chromium
	$(BIN)/python -m tools.screenshots

.PHONY: bench
bench: $(DONE)/bench $(DONE)/dev ## Measure ours against the floor and dask.distributed, and what batch services cost
	$(BIN)/python benchmarks/overhead.py $(or $(ARGS),all)
	$(if $(ARGS),,$(foreach cloud,aws azure google,$(BIN)/python benchmarks/clouds.py $(cloud) &&) true)

.PHONY: bench-ui
bench-ui: $(DONE)/dev pages ## Measure the pages in Chromium, with 10,000 tasks
	$(BIN)/python -m benchmarks.ui $(ARGS)

.PHONY: docs
docs: $(DONE)/docs ## Build the documentation into site/, with every warning an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: tables
tables: $(DONE)/dev ## Make the tables of the documentation anew that come from the code
	$(BIN)/python tools/doc_tables.py

.PHONY: format
format: $(DONE)/dev ## Format the code and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

.PHONY: lock
lock: $(DONE)/venv ## Pin anew after a change of pyproject.toml; ARGS=--upgrade for the newest versions
	$(BIN)/python tools/lock.py $(ARGS)

.PHONY: clean
clean: ## Remove the virtual environment and everything built
	rm -rf $(VENV) build dist site src/covalent/ui web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A file under $(DONE) says that one set of pins is installed; it is older than the pins when they change.

$(DONE)/venv: requirements/build.lock
	@$(PYTHON) tools/require_python.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.lock
	@mkdir -p $(DONE) && touch $@

# Apart from everything else, whose versions it does not go with.
$(DONE)/scan: requirements/scan.lock $(DONE)/venv
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/scan
	$(BIN)/uv pip install --quiet --python $(VENV)/scan/bin/python --require-hashes -r $<
	@touch $@

$(DONE)/%: requirements/%.lock pyproject.toml $(DONE)/venv
	$(UV) --require-hashes -r $<
	$(UV) --no-deps --no-build-isolation --editable .
	@touch $@

# notifyd: `make run` starts it, `make test` tests it, `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Neighbours stay on one process, and share the daemon of their module; who has nothing left takes from the others.
PYTEST := $(BIN)/python -m pytest -q --dist worksteal
# One process more than a small machine has cores: many of the quick tests wait for something most of their time.
QUICK  := -n 3 -m "not slow"
SLOW   := -n 2 -m slow

# Each of the slow tests runs many processes, so that two at a time are enough: on a machine that others use they take
# three times as long.
PATIENCE := $(or $(NOTIFYD_TEST_PATIENCE),3)

# pytest compiles the tests anew in each run where it may not keep them: ten seconds of the processor
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "notifyd needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@echo "Setting up $(VENV) from requirements.lock; once, about a minute."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

.PHONY: setup
setup: $(READY) ## create the virtual environment from requirements.lock

.PHONY: run
run: $(READY) ## start the daemon in development mode on the embedded engines
	@$(BIN)/notifyctl serve --dev

.PHONY: dev
dev: $(READY) ## as `make run`, started anew whenever its code or configuration changes; ARGS="--port 4000"
	@$(BIN)/python daemon/dev.py $(ARGS)

.PHONY: test
test: $(READY) ## the quick tests, one round of each kind
	$(PYTEST) $(QUICK)

.PHONY: test-all
test-all: test ## everything: the quick tests, then browsers, npm clients, many kill rounds
	npm ci --prefix tests/interop --no-audit --no-fund
	NOTIFYD_TEST_PATIENCE=$(PATIENCE) $(PYTEST) $(SLOW)

.PHONY: check
check: $(READY) ## lint, types, layers, generated code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python protos/regenerate.py --check

.PHONY: ci
ci: ## what a fresh machine runs: install what is missing, check, test everything
	.ci/run

.PHONY: bench
bench: $(READY) ## measure it beside C, Node and the disk; BENCH="--only rest" for a part
	test ! -e tests/interop/package.json || test -d tests/interop/node_modules/ws || \
		npm ci --prefix tests/interop --no-audit --no-fund --ignore-scripts
	$(BIN)/python -m tests.bench.run $(BENCH)

.PHONY: crash
crash: $(READY) ## kill it under load for MINUTES=2 (SEED=N, DURABILITY=fsync|os, BROKER=redis NODES=3), prove that nothing is lost
	$(BIN)/python -m tests.crash --minutes $(or $(MINUTES),2) $(if $(SEED),--seed $(SEED))

.PHONY: soak
soak: $(READY) ## load it for MINUTES=20 with all kinds of clients, see that everything comes back
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),20)

.PHONY: format
format: $(READY) ## rewrite the code the way `make check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: protos
protos: $(READY) ## regenerate daemon/notifyd/v1 from protos/
	$(BIN)/python protos/regenerate.py

UV_COMPILE = $(VENV)-lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

.PHONY: lock
lock: ## resolve pyproject.toml anew into requirements.lock, and what of it the container holds and is built with
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet uv
	$(UV_COMPILE) --extra dev pyproject.toml -o requirements.lock
	$(UV_COMPILE) --no-annotate -c requirements.lock pyproject.toml -o daemon/deploy/requirements.lock
	echo hatchling | $(UV_COMPILE) --no-annotate -c requirements.lock - -o daemon/deploy/build.lock
	rm -rf $(VENV)-lock

.PHONY: clean
clean: ## remove what the targets above made
	rm -rf $(VENV) $(VENV)-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/interop/node_modules
	find daemon notifyctl tests protos -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The newcomer's commands are `make demo` and `make test`; every target sets up what it lacks.
SHELL := /bin/sh
# Where Python is told to keep nothing that it compiles, each command of a test would compile all of Kowal anew.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
# The first of these that runs and is new enough makes the environment. PYTHON=/path/to/python3.13 overrides it.
PYTHON ?= $(shell for p in python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && echo $$p && break; done)

.PHONY: help setup demo test test-lowest check format lock image bench clean
help: ## Show the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort

setup: $(VENV)/.complete ## Make the environment in .venv, from the hash-pinned lock

$(VENV)/.complete: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Kowal needs Python 3.12 or newer; none was found. Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@command -v git >/dev/null || { echo "Kowal keeps its functions in git, and no git command was found. Install git (Debian: apt-get install git)." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make environments. Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once; about a minute)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Do the main job: match, generate, prove, promote, run
	@$(BIN)/kowal demo

# One more than there are processors, up to four: tests wait for processes and clocks for a third of their time.
SIDE_BY_SIDE = $(shell n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4)))

test: setup ## Run all tests, side by side; ARGS="-n 0" runs them in one process
	@$(BIN)/pytest -n $(SIDE_BY_SIDE) --dist worksteal $(ARGS)

test-lowest: setup ## Run the tests with the oldest releases that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --resolution lowest-direct --python-version 3.12 --no-annotate --no-header -o .venv-lowest.txt pyproject.toml
	@$(PYTHON) -m venv --clear .venv-lowest
	@.venv-lowest/bin/python -m pip install --quiet -r .venv-lowest.txt hatchling editables hypothesis pytest-timeout pyyaml
	@.venv-lowest/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@.venv-lowest/bin/python -m pytest -p no:cacheprovider --ignore tests/architecture --ignore tests/acceptance $(ARGS)

check: setup ## Format, lint, types, import directions, dead code, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture
	@$(BIN)/pytest -q tests/architecture

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

BENCHES := $(patsubst tests/benchmarks/bench_%.py,%,$(wildcard tests/benchmarks/bench_*.py))
bench: $(addprefix bench-,$(BENCHES)) ## Print all figures

bench-%: setup ## Print one group of figures; DATA= names a data folder, EMBED= a model server, OUT= a JSON file
	@DATA="$(DATA)" EMBED="$(EMBED)" OUT="$(OUT)" $(BIN)/python tests/benchmarks/bench_$*.py

fuzz-http: setup ## Send the HTTP API requests made from its OpenAPI document, for SECONDS=300
	@SECONDS="$(or $(SECONDS),300)" $(BIN)/python tests/benchmarks/fuzz_http.py $(ARGS)

lock: setup ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" --python-version 3.12 --group dev -o requirements.lock pyproject.toml

image: setup ## Build the service's image and name it kowal:VERSION; ARGS="--base IMAGE"
	@docker/build-service-image --tag kowal:$$($(BIN)/python -P -c 'from importlib.metadata import version; print(version("kowal"))') $(ARGS)

clean: ## Remove the environment and caches
	rm -rf $(VENV) .venv-lowest .venv-lowest.txt .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

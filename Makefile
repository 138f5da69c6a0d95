# One environment in .venv, from the lock alone. `make setup` does something only when the lock has changed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= 2

.PHONY: setup run test lint bench screenshots client ci lock audit clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Regulars needs Python 3.11 or later; name one: make PYTHON=python3.13 setup' >&2; exit 1; }
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv \
	  || { echo 'No virtual environment could be made; on Debian: apt-get install python3-venv' >&2; exit 1; }
	$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: setup
	@$(BIN)/regulars up $(ARGS)

test: setup
	$(BIN)/pytest -n $(JOBS) --dist worksteal $(ARGS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive saas tenants industry_templates clients infra

bench: setup
	@$(BIN)/regulars bench $(ARGS)

# Of an installation of its own with the demo chains; some minutes.
screenshots: setup
	$(BIN)/python infra/screenshots.py $(ARGS)

# After a change of the API: what the Python client knows of it (clients/python).
client: setup
	PYTHONPATH=clients/python $(BIN)/python -m make_client

ci: lint test

# After a change of the dependencies in pyproject.toml; with the oldest Python that is to run it (Debian 12: 3.11.2),
# since some packages of today ask for a later 3.11.
lock: setup
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --strip-extras --allow-unsafe --extra dev --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --strip-extras --allow-unsafe --output-file infra/audit.lock infra/audit.in

# Are there known holes in what the lock names? Asks the advisory database of PyPI, so it needs the internet, and is no
# part of `ci`. The asker has an environment of its own: what it needs isn't installed where the program runs.
# A package that the database does not know fails it, too. Also writes what the program is made of (CycloneDX).
AUDIT := .venv/audit
audit: setup
	@$(AUDIT)/bin/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(AUDIT)
	$(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes --requirement infra/audit.lock
	@mkdir -p var
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock $(ARGS)
	$(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock --format cyclonedx-json --output var/sbom.json --progress-spinner off

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# make: the report. make test: every check. Both build the environment first.
PYTHON ?= python3
CORES ?= 4
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: all test lint types unit clean
all: $(READY)
	$(BIN)/snakemake --cores $(CORES)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "This project needs Python 3.11 or newer: name one with 'make PYTHON=/path/to/python3'." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

test: lint types unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/pytest

clean:
	rm -rf results figures logs benchmarks paper/generated notebooks/html

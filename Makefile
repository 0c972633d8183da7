# Needs make and Python 3.11 or newer with pip. Everything is installed into .venv, from locks with hashes.
#   make demo PYTHON=/path/to/python3.11   uses that interpreter for .venv

SHELL := /bin/sh
BIN := .venv/bin
export PYTHON
# pytest-xdist: as many processes as there are cores on the smallest machine we test on. Files begin in the order of their
# names, and not with those of most tests: acceptance and chaos are the slow ones, and unit tests fill the rest evenly.
TEST_PROCESSES ?= 2
TESTS ?=
SET ?= demo

.DEFAULT_GOAL := help
.PHONY: help demo test check bench rivals encryption mlflow pair telemetry train reference dashboards lock clean environment environment-dev \
	environment-rivals environment-phoenix

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: environment ## resolve the incidents of the demo world
	@$(BIN)/python -m resuelve demo

test: check ## every check of the project: lint, types, import contracts, tests
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(TESTS)

check: environment-dev ## lint, types and import contracts only
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

bench: environment-dev ## the figures: incidents a second, memory, how much is approved
	@$(BIN)/python -m benchmarks

rivals: environment-dev environment-rivals ## the figures beside those of Haystack (SET=folder)
	@$(BIN)/python -m benchmarks.rivals $(SET)

encryption: ## what encrypted backups need, into .venv
	@scripts/environment.sh requirements/encryption.lock

mlflow: ## what keeps runs and versions in MLflow, into .venv
	@scripts/environment.sh requirements/mlflow.lock

pair: ## a second encoder beside the first, into .venv
	@scripts/environment.sh requirements/pair.lock

telemetry: ## what gives metrics and traces and ships logs, into .venv
	@scripts/environment.sh requirements/telemetry.lock

train: ## what fine-tunes models (PyTorch for the CPU), into .venv
	@scripts/environment.sh requirements/train.lock

reference: environment-dev ## write docs/reference from the code
	@$(BIN)/python -m scripts.reference

dashboards: environment-dev ## write deploy/grafana/dashboards from their description
	@$(BIN)/python -m scripts.dashboards

lock: ## write the locks anew (UPGRADE=--upgrade moves every version)
	@scripts/lock.sh $(UPGRADE)

clean: ## remove the environment and everything that tools left behind
	rm -rf .venv .venv-rivals .venv-phoenix .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@scripts/environment.sh requirements/base.lock

environment-dev:
	@scripts/environment.sh requirements/dev.lock

environment-rivals:
	@scripts/environment.sh requirements/rivals.lock .venv-rivals

environment-phoenix: # a real server for the tests of traces: with it they run, without it they are skipped
	@scripts/environment.sh requirements/phoenix.lock .venv-phoenix

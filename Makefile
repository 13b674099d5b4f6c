# `make` lists what it can do. `make run` and `make test` prepare everything they need.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run worker test test-slow check lock bench clean dev browser

PORT ?= 8501
BIN := .venv/bin
RUN := $(BIN)/python
PYTEST := $(RUN) -m pytest

# A machine may forbid byte code; without it every process compiles its imports again, which
# costs 2.6 to 5 times their time.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR)
export TF_CPP_MIN_LOG_LEVEL ?= 2

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/.requirements ## make .venv with the pinned packages (PYTHON=... chooses the interpreter)

run: setup ## serve the dashboard on 127.0.0.1:8501 (PORT=... for another port); builds the demo first
	@[ -f "$${DESEMPATE_HOME:-data/workspace}/desempate.db" ] || $(RUN) -m core demo
	$(RUN) -m streamlit run app.py --server.address 127.0.0.1 --server.port $(PORT)

test: dev browser ## the whole fast suite on all cores, Chromium included (what CI runs after `make check`)
	$(PYTEST) -n auto --dist loadfile -m "not slow and not gpu" $(ARGS)

test-slow: dev browser ## statistical, fault and load tests: many minutes
	$(PYTEST) -m "slow and not gpu" $(ARGS)

check: dev ## lint, formatting, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) tests/contracts/test_floors.py

bench: dev ## run every benchmarks/bench_*.py: one script a headline number
	@status=0; for script in benchmarks/bench_*.py; do echo "== $$script"; \
	  $(RUN) "$$script" || status=1; done; exit $$status

lock: ## resolve requirements*.in into pinned requirements*.txt (needs a network)
	@tools/setup.sh lock

clean: ## remove .venv and caches; never data/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find app.py core pages tests benchmarks tools -name __pycache__ -prune -exec rm -rf {} +

dev: setup .venv/.requirements-dev

browser: dev
	@tools/browser.sh

.venv/.requirements: requirements.txt tools/setup.sh tools/uv.txt
	@tools/setup.sh install requirements.txt
	@touch $@

.venv/.requirements-dev: requirements-dev.txt .venv/.requirements
	@tools/setup.sh install requirements-dev.txt
	@touch $@

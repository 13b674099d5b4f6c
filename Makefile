# `make` lists what it can do. `make run` and `make test` prepare everything they need.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-gpu run worker test test-slow check lock bench gpu clean dev browser backends

PORT ?= 8501
BIN := .venv/bin
RUN := $(BIN)/python
PYTEST := $(RUN) -m pytest
# What `make gpu` runs on: another Python that has Keras and a GPU backend needs no .venv.
GPU_PYTHON ?= $(RUN)

# A machine may forbid byte code; without it every process compiles its imports again, which
# costs 2.6 to 5 times their time.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR)
export TF_CPP_MIN_LOG_LEVEL ?= 2

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/.requirements ## make .venv with the pinned packages (PYTHON=... chooses the interpreter)

setup-gpu: .venv/.requirements-gpu ## add CUDA for TensorFlow and JAX to .venv (Linux on x86-64, an NVIDIA driver)

run: setup ## serve the dashboard on 127.0.0.1:8501 (PORT=... for another port); builds the demo first
	@[ -f "$${DESEMPATE_HOME:-data/workspace}/desempate.db" ] || $(RUN) -m core demo
	$(RUN) -m streamlit run app.py --server.address 127.0.0.1 --server.port $(PORT)

# The same suite on every machine; a GPU has `make gpu`.
test test-slow: export CUDA_VISIBLE_DEVICES := -1

test: dev browser ## the whole fast suite on all cores, Chromium included (what CI runs after `make check`)
	$(PYTEST) -n auto --dist loadfile -m "not slow and not gpu" $(ARGS)

test-slow: dev browser backends ## statistical, fault and load tests, and all three Keras backends: an hour
	$(PYTEST) -m "slow and not gpu" $(ARGS)

check: dev ## lint, formatting, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST) tests/contracts/test_floors.py

bench: dev ## run every benchmarks/bench_*.py: one script a headline number
	@status=0; for script in benchmarks/bench_*.py; do echo "== $$script"; \
	  $(RUN) "$$script" || status=1; done; exit $$status

gpu: $(if $(filter $(RUN),$(GPU_PYTHON)),dev) ## tests and benchmarks that need a GPU (KERAS_BACKEND=..., DATA=cifar10.npz); says why where there is none
	@device=$$($(GPU_PYTHON) -m core.models.device); \
	case $$device in "no GPU"*) echo "$$device; tests/gpu and benchmarks/gpu are left out."; exit;; esac; \
	$(GPU_PYTHON) -m pytest tests/gpu --confcutdir=tests/gpu $(ARGS); \
	for script in benchmarks/gpu/bench_*.py; do echo "== $$script"; \
	  $(GPU_PYTHON) "$$script" $(if $(DATA),--data $(DATA)); done

lock: ## resolve requirements*.in into pinned requirements*.txt (needs a network)
	@tools/setup.sh lock

clean: ## remove .venv* and caches; never data/
	rm -rf .venv .venv-backends .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find app.py core pages tests benchmarks tools -name __pycache__ -prune -exec rm -rf {} +

dev: setup .venv/.requirements-dev

backends: .venv-backends/.requirements

browser: dev
	@tools/browser.sh

.venv/.requirements: requirements.txt tools/setup.sh tools/uv.txt
	@tools/setup.sh install requirements.txt
	@touch $@

.venv/.requirements-dev: requirements-dev.txt .venv/.requirements
	@tools/setup.sh install requirements-dev.txt
	@touch $@

.venv/.requirements-gpu: requirements-gpu.txt .venv/.requirements
	@tools/setup.sh install requirements-gpu.txt
	@touch $@

.venv-backends/.requirements: requirements-backends.txt .venv/.requirements-dev
	@tools/setup.sh install requirements-backends.txt .venv-backends
	@touch $@

# Everything that README names. Nothing but Python 3.12+, make and a package index is needed.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV ?= .venv
PY := $(VENV)/bin/python
SDK_VENV ?= .venv-sdk
ENV ?= local
SEED ?= 1
SECONDS ?= 60
RATE ?= 50000
FRAMES ?= 10000000
RECONNECTS ?= 1000
PYTEST_ARGS ?=
QUICK := not benchmark_peers and not soak and not sdk

.PHONY: help demo test test-fast test-sdk lint types contracts docs bench bench-firehose bench-loading soak soak-stream docs-acceptance \
  docs-reliability clean

help:  ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.ready: pyproject.toml
	@scripts/make_venv.sh $(VENV)
	@touch $@

demo: $(VENV)/.ready  ## A TradingNode trades on a local Paradex (ENV=testnet: on Paradex testnet)
	@$(PY) -m nautilus_paradex.cli demo --env $(ENV) --seed $(SEED) --seconds $(SECONDS)

test: lint types contracts unit test-sdk  ## Everything, in under 15 minutes

lint: $(VENV)/.ready  ## ruff
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(VENV)/.ready  ## mypy --strict
	@$(PY) -m mypy

contracts: $(VENV)/.ready  ## The rings, by import-linter
	@$(VENV)/bin/lint-imports

.PHONY: unit
unit: $(VENV)/.ready
	@# The protocol ring, to full branch coverage from its own tests; then everything else.
	@$(PY) -m pytest -q -n 2 -m "$(QUICK)" tests/protocol --cov=nautilus_paradex.protocol --cov-branch \
	  --cov-report=term-missing:skip-covered --cov-fail-under=100 $(PYTEST_ARGS)
	@$(PY) -m pytest -q -n 3 -m "$(QUICK)" --ignore tests/protocol $(PYTEST_ARGS)

test-fast: $(VENV)/.ready  ## The tests without whole nodes, in a minute
	@$(PY) -m pytest -q -n 2 -m "$(QUICK)" --ignore tests/acceptance --ignore tests/faults \
	  --ignore tests/examples $(PYTEST_ARGS)

test-sdk: $(VENV)/.ready  ## The official SDK against the local Paradex, where CPython 3.10 is found
	@scripts/test_sdk.sh $(VENV) $(SDK_VENV)

bench: $(VENV)/.ready  ## Benchmarks, peers side by side
	@$(PY) -m pytest -m benchmark_peers -p no:xdist --timeout 1200 tests/benchmarks $(PYTEST_ARGS)

bench-firehose: $(VENV)/.ready  ## A node at 50,000 frames/s (SECONDS=60 RATE=50000)
	@$(PY) -m tests.benchmarks.firehose_run --seconds $(SECONDS) --rate $(RATE)

bench-loading: $(VENV)/.ready  ## A node that loads 5,000 instruments
	@$(PY) -m tests.benchmarks.firehose_run --seconds 0 --quiet --perpetuals 1000 \
	  --options 4000 --output .benchmarks/loading.json

soak: $(VENV)/.ready  ## Hours-long runs
	@$(PY) -m pytest -m soak --timeout 0 $(PYTEST_ARGS)

soak-stream: $(VENV)/.ready  ## A node at FRAMES=10000000 with RECONNECTS=1000
	@FRAMES=$(FRAMES) RECONNECTS=$(RECONNECTS) $(PY) -m pytest -s -p no:xdist -m soak --timeout 0 \
	  tests/soak/test_soak_stream.py $(PYTEST_ARGS)

docs-acceptance: $(VENV)/.ready  ## Run the data and execution testing specs and write their tables in docs/
	@status=0; for spec in data exec; do \
	  $(PY) -m tests.acceptance.$${spec}_report || status=1; \
	done; exit $$status

docs-reliability: $(VENV)/.ready  ## Run what docs/reliability.md speaks of and write it (LONG=1: the long runs)
	@$(PY) -m tests.reliability.report $(if $(LONG),--long) $(PYTEST_ARGS)

clean:  ## Remove what the other targets made
	rm -rf $(VENV) $(SDK_VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks dist

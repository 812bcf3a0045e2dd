# The only door: each target does its own set-up. `make` lists them.
# The plain way works too: pip install -r requirements.txt; streamlit run app.py

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& command -v $$candidate && break; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest -q
# Tests run in two workers; one file stays in one worker, so that what it builds is built once.
WORKERS ?= 2
# Tapes that are measured and thrown away.
TAPES ?= data/market-page
SECONDS ?= 600
DURATION ?= 600

# Branch coverage: the pure rooms by their own tests and the property tests.
PURE := core book wire features venues market exchange signals engine
COVERED = $(wildcard $(PURE:%=tests/%) tests/property)
COVER = --cov

.DEFAULT_GOAL := help
.PHONY: help run test check lint types floors coverage e2e docs-current gates bench screenshots \
	fuzz fmt interop interop-full soak incidents market-page

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "hftlib needs Python 3.11 or newer; none was found"; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || { echo "no venv: install your system's python3-venv"; exit 1; }

$(VENV)/.runtime: requirements.txt | $(BIN)/python
	@echo "installing requirements.txt (once, until it changes)"
	@$(PIP) -r requirements.txt && touch $@

$(VENV)/.development: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "installing requirements-dev.txt (once, until it changes)"
	@$(PIP) -r requirements-dev.txt && touch $@ $(VENV)/.runtime

run: $(VENV)/.runtime ## start the app (and its desk) in the browser
	@$(BIN)/python -m streamlit run app.py

test: $(VENV)/.development ## unit, property, conformance, playback and app tests, compiled
	@$(PYTEST) -n $(WORKERS) --dist loadfile --ignore=tests/e2e --ignore=tests/gates $(ARGS)

lint: $(VENV)/.development ## ruff: rules and format
	@$(BIN)/ruff check .; rules=$$?; $(BIN)/ruff format --check . && exit $$rules

types: $(VENV)/.development ## mypy --strict on hftlib, app.py and pages
	@$(BIN)/mypy

floors: $(VENV)/.development ## the floors: who may import whom
	@$(BIN)/lint-imports --no-logo --no-cache

coverage: $(VENV)/.development ## branch coverage of the pure rooms, compiler off
	@NUMBA_DISABLE_JIT=1 $(PYTEST) -n $(WORKERS) --dist loadfile \
		$(COVER) --cov-report=term $(COVERED)

docs-current: $(VENV)/.development ## the generated pages of docs/ are those of the code
	@$(BIN)/python -m hftlib docs --check

gates: $(VENV)/.development ## the rules of the house; one planted break per gate, each must fail
	@$(PYTEST) tests/gates $(ARGS)

e2e: $(VENV)/.development ## the page in a real Chromium
	@$(PYTEST) tests/e2e $(ARGS)

check: lint types floors docs-current gates test coverage e2e ## everything that CI runs

bench: $(VENV)/.development ## hftlib and its peers on the same capture, in one run
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.development ## photograph the pages for docs/images
	@$(BIN)/python -m tests.e2e.screenshots

fuzz: $(VENV)/.development ## fuzz every decoder for SECONDS each (or DECODERS="binance lobster")
	@for decoder in $(or $(DECODERS),$$($(BIN)/python -c \
		"from tests.fuzz.fuzz_codecs import DECODERS; print(*DECODERS)")); do \
		echo "fuzzing $$decoder for $(SECONDS) s"; \
		$(BIN)/python -m tests.fuzz.fuzz_codecs $$decoder -max_total_time=$(SECONDS) || exit 1; \
	done

interop: $(VENV)/.development ## clients that others wrote, against the local venues (10 s watches)
	@$(BIN)/python -m tests.interop --seconds 10 $(ARGS)

interop-full: $(VENV)/.development ## the same with watches of a minute each
	@$(BIN)/python -m tests.interop --seconds 60 $(ARGS)

soak: $(VENV)/.development ## the desk on the local venues for DURATION seconds, a random fault every 2 s
	@$(BIN)/python -m tests.soak --seconds $(DURATION) $(ARGS)

incidents: $(VENV)/.runtime ## write the incident tapes of hftlib/data again
	@rm -rf hftlib/data/incidents
	@$(BIN)/python -m hftlib market --incidents hftlib/data/incidents

market-page: $(VENV)/.runtime ## measure the local market again and write the tables of docs/market.md
	@rm -rf $(TAPES) && mkdir -p $(TAPES)
	@$(BIN)/python -m hftlib market --offline --seed 1 --scenario calm --seconds 900 -o $(TAPES)/calm.tape
	@for name in lagging_venue depeg; do $(BIN)/python -m hftlib market --offline --seed 1 \
		--scenario $$name --seconds 600 -o $(TAPES)/$$name.tape || exit 1; done
	@$(BIN)/python -m hftlib study market $(TAPES)/calm.tape --write docs/market.md
	@$(BIN)/python -m hftlib study arbitrage $(TAPES)/calm.tape $(TAPES)/lagging_venue.tape \
		$(TAPES)/depeg.tape --write docs/market.md
	@rm -rf $(TAPES)

fmt: $(VENV)/.development ## format, and fix what can be fixed
	@$(BIN)/ruff check --fix-only . ; $(BIN)/ruff format .

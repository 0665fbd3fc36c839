# Vigie. `make run` is all that a newcomer needs; `make help` tells the rest.
.DEFAULT_GOAL := help
.PHONY: help env run test prove screenshots lint lock
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two tries: whoever has no network is told so in seconds, not in minutes.
PIP := $(BIN)/python -m pip --disable-pip-version-check --retries 1 install

# Stamps: an installation is made again only when its lock or the project's own list has changed.
MADE := $(VENV)/.made
SERVING := $(VENV)/.serving
TESTING := $(VENV)/.testing
BROKER := $(VENV)/.broker

help:  ## Show this list
	@sed -nE 's/^([a-z]+):.*  ## /\1\t/p' Makefile | expand -t 8

env: $(SERVING) $(BROKER)  ## Install what serving needs (no TensorFlow) and the broker; start nothing

run: env  ## Start everything and print the link; Ctrl-C ends it (ARGS="--port 8060")
	@exec $(BIN)/vigie up $(ARGS)

test: lint $(BROKER)  ## Check style and types, run the tests on a real Kafka (ARGS="-k name")
	$(BIN)/python -m pytest -m "not prove" $(ARGS)

prove: $(TESTING) $(BROKER)  ## Run the long proofs: kill -9 at any moment, and the like
	$(BIN)/python -m pytest -m prove $(ARGS)

screenshots: $(TESTING) $(BROKER)  ## Make docs/screenshots anew, with simulated drivers only (ARGS="feed detail", or all)
	$(BIN)/python -m tests.end_to_end.screenshots docs/screenshots $(ARGS)

lint: $(TESTING)  ## Check format, style and types only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Universal: one lock for every platform and Python. It names no index and no host.
LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-annotate --no-header --quiet --group build

# Those who are measured beside us: a lock for each, with our versions of what judges an image.
PEERS := vigie/peers
JUDGING = grep -E "^($$(grep -v '^\#' $(PEERS)/wanted/judging.txt | paste -sd'|'))==" requirements.txt | tr -d '\\'

lock: $(TESTING)  ## Choose versions anew and write all locks (needs the network)
	$(BIN)/uv pip compile $(LOCK) --group lock --all-extras -o requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile $(LOCK) -c requirements-dev.txt -o requirements.txt pyproject.toml
	@for peer in keras quix faust faststream; do $(BIN)/uv pip compile $(subst --group build,,$(LOCK)) -c <($(JUDGING)) \
	  -o $(PEERS)/locks/$$peer.txt $(PEERS)/wanted/$$peer.txt $(PEERS)/wanted/judging.txt; done

$(MADE):
	@command -v "$(PYTHON)" > /dev/null || { echo "Vigie needs Python 3.11 or newer, and there is no $(PYTHON): install it, or name one by make PYTHON=/path/to/python3." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Vigie needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1): name a newer one by make PYTHON=/path/to/python3." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2> /dev/null || { echo "Python's venv is missing: install it (on Debian and Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

# $(call install,LOCK): the locked packages, then the project itself, without asking for more.
define install
	@echo "Installing the packages of $(1) into $(VENV) (once; some minutes on a slow line)"
	@$(PIP) --require-hashes -r $(1) 2> $(VENV)/install.log || { $(call explain); }
	@$(PIP) --quiet --no-deps --no-build-isolation --editable . --config-settings editable_mode=compat 2> $(VENV)/install.log || { $(call explain); }
endef

# One sentence for what usually goes wrong; for the rest, pip's own last words.
define explain
log=$(VENV)/install.log; \
if grep -qiE "no space left" $$log; then echo "The disk is full: free 2 GB and try again." >&2; \
elif grep -qiE "connection|name resolution|timed out|unreachable" $$log; then echo "The packages cannot be downloaded: check the network (or pip's own settings, such as PIP_INDEX_URL) and try again; what was fetched is kept." >&2; \
else grep -E "^ *(ERROR|error)" $$log >&2 || tail -n 3 $$log >&2; echo "The installation failed; all of it is in $$log." >&2; fi; \
exit 1
endef

$(SERVING): requirements.txt pyproject.toml | $(MADE)
	$(call install,requirements.txt)
	@touch $@

$(TESTING): requirements-dev.txt requirements.txt pyproject.toml | $(MADE)
	$(call install,requirements-dev.txt)
	@touch $@ $(SERVING)

# Either installation brings the command; a test run must not install the serving one first.
$(BROKER): transport/broker/kafka-4.3.1.lock.json | $(MADE)
	@test -e $(SERVING) || $(MAKE) --no-print-directory $(SERVING)
	@$(BIN)/vigie broker prepare
	@touch $@

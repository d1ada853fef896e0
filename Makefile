# Everything from a bare machine with Python 3.11+, pip and a C compiler.
#   make demo    analyse a shipped capture
#   make test    lint, types, tests
#   make bench   measure speed and memory
#   make lab     make every failure happen on real stacks (root)
#   make gold    accept what is printed now as what README.md, tests/gold/ and the pages made from data in docs/ should show

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := setup.py pyproject.toml $(wildcard pcapdiag/engine/*.pyx pcapdiag/engine/*.pxd)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types check bench lab gold tools clean

demo: $(VENV)/installed
	@$(BIN)/pcapdiag analyze captures/reset-after-idle.pcap

test: tools lint types check

lint: $(VENV)/tested
	$(BIN)/ruff check .
	PATH=$(BIN):$$PATH $(BIN)/cython-lint --max-line-length 130 pcapdiag/engine

types: $(VENV)/tested
	$(BIN)/mypy

check: $(VENV)/tested
	$(BIN)/python -m pytest -n 2 -q

bench: $(VENV)/tested
	$(BIN)/python benchmarks/run.py --markdown docs/performance.md

# Needs root and the programs that `pcapdiag lab list` names.
lab: tools $(VENV)/tested
	$(BIN)/pcapdiag lab run --all -o build/lab --force
	$(BIN)/python -m pcapdiag.lab.cures docs/cures.md

gold: $(VENV)/tested
	$(BIN)/python -m tests.end_to_end.readme --write
	$(BIN)/python -m tests.end_to_end.rule_pages --write
	$(BIN)/python -m tests.end_to_end.timeouts_page --write
	$(BIN)/python -m tests.end_to_end.advice_page --write
	$(BIN)/python -m tests.end_to_end.gold --write

# Programs that some tests compare with. Without root, or without apt, those tests are skipped and counted.
tools:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  missing=""; \
	  command -v tshark >/dev/null || missing="$$missing tshark"; \
	  command -v tcpdump >/dev/null || missing="$$missing tcpdump"; \
	  command -v nft >/dev/null || missing="$$missing nftables"; \
	  command -v conntrack >/dev/null || missing="$$missing conntrack"; \
	  command -v ip >/dev/null || missing="$$missing iproute2"; \
	  command -v sysctl >/dev/null || missing="$$missing procps"; \
	  command -v openssl >/dev/null || missing="$$missing openssl"; \
	  command -v nginx >/dev/null || missing="$$missing nginx-light"; \
	  command -v haproxy >/dev/null || missing="$$missing haproxy"; \
	  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	    || missing="$$missing chromium"; \
	  if [ -n "$$missing" ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	  fi; \
	fi

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade pip

$(VENV)/installed: $(VENV)/bin/python $(CORE)
	$(PIP) install .
	@touch $@

# Editable, so that the tests run what is in the tree; setuptools warns of every such installation, which says nothing.
$(VENV)/tested: $(VENV)/bin/python $(CORE)
	PYTHONWARNINGS=ignore $(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist *.egg-info pcapdiag/engine/core.c pcapdiag/engine/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis

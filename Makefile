# Everything that a user or a contributor runs. Needs Python 3.11+, git and make; installs the rest.

PYTHON ?= python3
PORT ?= 8000
BUILD ?= build
WORKERS ?= 3

UV := $(shell command -v uv 2>/dev/null || echo $(CURDIR)/.tools/bin/uv)
BIN := .venv/bin

# The tests find uv through this; no interpreter is ever downloaded behind the user's back.
export UV
export UV_PYTHON_DOWNLOADS ?= never

PYTHON_FAULT := $(shell $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or print("Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.12" % sys.version_info[:2])' 2>/dev/null || echo 'There is no $(PYTHON) here. Install Python 3.11 or newer, or name it: make PYTHON=python3.12')
DEMO_FAULT = $(shell $(PYTHON) -m scripts.demo --check --port '$(PORT)' 2>&1)

.NOTPARALLEL:
.PHONY: help demo test test-services test-large lint lock clean python demo-can-start

help:
	@echo 'make demo            generate the default project, train its model and serve it (PORT=8000)'
	@echo 'make test            every test that needs no server'
	@echo 'make test-services   the tests that need Chromium, nginx, Node, Redis and Postgres'
	@echo 'make test-large      the test that downloads PyTorch, up to some 3 GB'
	@echo 'make lint            ruff and mypy'
	@echo 'make lock            compile requirements-dev.txt from pyproject.toml'
	@echo 'make clean           remove what the commands above created'

# An $(error) prints one line; after a failing command make would print a second one.
python:
	@$(if $(PYTHON_FAULT),$(error $(PYTHON_FAULT)))

demo-can-start: python
	@$(if $(DEMO_FAULT),$(error $(DEMO_FAULT)))

demo: demo-can-start $(UV)
	@$(PYTHON) -m scripts.demo --port '$(PORT)' --build '$(BUILD)'

test: .venv/installed
	$(BIN)/pytest -n $(WORKERS) --maxschedchunk 1 -m 'not services and not large'

test-services: .venv/installed
	$(BIN)/pytest -n 2 --dist loadfile -m services

test-large: .venv/installed
	$(BIN)/pytest -m large

lint: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lock: python $(UV)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --group dev \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
		--custom-compile-command 'make lock' \
		--output-file requirements-dev.txt

clean:
	rm -rf $(BUILD) .venv .tools .mypy_cache .pytest_cache .ruff_cache

# Compiled, because the tests keep Python from writing bytecode: otherwise each of their many
# programs would compile its libraries again.
.venv/installed: requirements-dev.txt | python $(UV)
	$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	$(UV) pip sync --quiet --compile-bytecode --python .venv requirements-dev.txt
	@touch $@

$(CURDIR)/.tools/bin/uv: | python
	@echo 'No uv here: installing it into .tools'
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --target .tools uv==0.13.9

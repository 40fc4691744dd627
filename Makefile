# Two commands do everything on a fresh Debian or Ubuntu machine: `make bench` and `make test`.

USER_PATH := $(PATH)
export USER_PATH
export PATH := $(HOME)/.local/bin:$(PATH):/usr/local/go/bin

# What checks and tests need beside what measuring needs: uv installs it the first time.
DEV := uv run --quiet --group dev

# Most of the time of these is waiting for servers, or work in other processes: several run at once.
WAITING := tests/adapters/test_adapters_live.py tests/bugs/test_bugs_live.py tests/conformance/running/test_driver_live.py \
	tests/counting/test_counting_live.py tests/serving/test_upstream_live.py

.DEFAULT_GOAL := help

help:  ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## install what is missing: uv, wrk, h2load, Go
	@./setup.sh

bench: setup  ## measure every adapter with the default profile and print the table
	@uv run --quiet pipebench run

check: setup  ## ruff, mypy, the way of imports, gofmt and go vet
	$(DEV) ruff check
	$(DEV) ruff format --check
	$(DEV) mypy
	$(DEV) lint-imports --no-cache
	@cd go && test -z "$$(gofmt -l volley)" || { gofmt -d volley; exit 1; }
	cd go && go vet ./volley

test: setup  ## all tests, those with real servers included, and branch coverage
	@./setup.sh browser
	$(DEV) coverage erase
	$(DEV) coverage run --parallel-mode -m pytest -m live $(addprefix --ignore=,$(WAITING))
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-pure test-waiting
	$(DEV) coverage combine --quiet
	$(DEV) coverage report
	cd go && go test -cover ./volley

# These two need no quiet machine: the first starts no program, and most of the second waits.
test-pure:
	$(DEV) coverage run --parallel-mode -m pytest -m 'not live'

test-waiting:
	$(DEV) pytest --numprocesses=4 --dist=loadgroup $(WAITING)

clean:  ## remove what checks, tests and builds leave in this folder; results stay
	rm -rf .venv .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis dist

.PHONY: help setup bench check test test-pure test-waiting clean

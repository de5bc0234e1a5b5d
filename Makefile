# 绿通. `make` prints what it can do; nothing here needs more than a shell, make and a Debian-like machine.
SHELL := /bin/bash
VENV  := .venv
BIN   := $(VENV)/bin
PORT  ?= 8000
ARGS  ?=

# Debian packages: printing needs pango, harfbuzz-subset and a Chinese font; the tests need a browser and a PostgreSQL.
SYS_RUN  := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk fontconfig tzdata
SYS_TEST := chromium poppler-utils postgresql

# The tests that know full numbers; `make test` runs the same code on a fixed seeded sample.
LONG_PROOFS := $(shell grep -lE 'PROVE_ALL|from hypothesis' tests/*.py tests/journeys/*.py 2>/dev/null | grep /test_)

# What is installed is stamped with the hash of what was asked for and of where the checkout lies (an environment
# cannot be moved), so an unchanged tree starts at once and a changed one installs again.
HASH := $(shell { cat requirements.txt requirements-dev.txt setup.cfg pyproject.toml scripts/bootstrap; pwd; } | sha256sum | cut -c1-12)
RUN_STAMP := $(VENV)/.run-$(HASH)
DEV_STAMP := $(VENV)/.dev-$(HASH)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test prove-all lint format bench lock clean sys-run sys-test

help: ## print this list (帮助)
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_STAMP) | sys-run ## set up, fill with demo data, serve on 127.0.0.1:8000 until Ctrl-C; PORT=8001 (演示运行)
	@exec scripts/run $(PORT)

test: $(DEV_STAMP) | sys-run sys-test ## set up and run all tests; ARGS="-k daycount" picks some (全部测试)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile $(ARGS)

prove-all: $(DEV_STAMP) | sys-run sys-test ## every property and random walk with the full numbers; takes long (全部长证明)
	@PROVE_ALL=1 $(BIN)/python -m pytest -q $(LONG_PROOFS) $(ARGS)

lint: $(DEV_STAMP) ## ruff, mypy, and the process file checked (静态检查)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/greenchannel check
	$(BIN)/greenchannel prove
	$(BIN)/greenchannel map --check

format: $(DEV_STAMP) ## put the code into its one layout (统一格式)
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

bench: $(DEV_STAMP) | sys-run ## durable transitions per second and other measured times (性能测量)
	@$(BIN)/python scripts/bench.py $(ARGS)

lock: $(DEV_STAMP) ## write the locked requirement files from setup.cfg again (重新锁定依赖)
	@scripts/lock

clean: ## remove the environment and everything made by tools; the data in var/ stays (清理)
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

sys-run: ## see that the Debian packages for running are there (运行所需系统软件包)
	@scripts/sysdeps $(SYS_RUN)

sys-test: ## see that the Debian packages for the tests are there (测试所需系统软件包)
	@scripts/sysdeps $(SYS_TEST)

$(RUN_STAMP): | sys-run
	@scripts/bootstrap requirements.txt
	@rm -f $(VENV)/.run-* && touch $@

$(DEV_STAMP): | sys-run
	@scripts/bootstrap requirements-dev.txt
	@rm -f $(VENV)/.run-* $(VENV)/.dev-* && touch $@ $(RUN_STAMP)

# `make` alone lists the targets. Everything happens inside .venv; nothing outside this folder is touched.
PYTHON ?= python3
ARGS ?=
# Of two cores: tests wait for a third of their time.
JOBS ?= 3
FUZZ ?= 100000
HOSTILE ?= 1000000
ROUNDS ?= 1
REQUESTS ?= 50000
KILLS ?= 200
WORKER_KILLS ?= 8
VENV := .venv
BIN := $(VENV)/bin
# Quiet: what is there already is no news, and eighty lines of it hide what is.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test documents fuzz mutants chaos screenshots lint format lock openapi dashboards bench profile image image-test sbom clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## install the locked runtime into .venv (a second call takes no time)
	@:

install-dev: $(VENV)/.installed-dev ## the same, with what tests and linters need
	@:

run: install ## start the gateway with embedded defaults on http://127.0.0.1:8080
	@exec $(BIN)/gateway serve $(ARGS)

# What is started finds the code compiled, wherever else this machine's environment forbids to keep that.
run test documents fuzz chaos: export PYTHONDONTWRITEBYTECODE :=

test: install-dev ## run every test (ARGS="-k name" narrows, JOBS=1 takes one after another)
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS) || $(ALONE)

documents: install-dev ## hold generators and Spectral to all operations, of which `make test` takes those that differ
	@DOCUMENTS=whole $(BIN)/python -m pytest tests/generators tests/spectral --timeout 0 $(ARGS)

fuzz: install-dev ## throw requests at parser, fast path and framing (FUZZ=examples) and at all doors (HOSTILE=requests) for long
	@FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest tests/downstream/test_fuzz.py --timeout 0 $(ARGS)
	@HOSTILE_REQUESTS=$(HOSTILE) $(BIN)/python -m pytest tests/attacks/test_hostile_requests.py --timeout 0 --capture no $(ARGS)

chaos: export CHAOS_REQUESTS := $(REQUESTS)
chaos: export CHAOS_KILLS := $(KILLS)
chaos: export CHAOS_WORKER_KILLS := $(WORKER_KILLS)
chaos: install-dev ## three replicas behind nginx, and what they stand on: roll, kill, cut off, fill up, reload under load (ROUNDS=times, REQUESTS, KILLS, WORKER_KILLS)
	@CHAOS_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/chaos --capture no $(ARGS)
	@CHAOS_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest tests/webhooks/test_kills.py tests/webhooks/test_outage.py tests/webhooks/test_templates.py \
		tests/stores/test_webhook_races.py tests/stores/test_webhook_interleavings.py tests/stores/test_replays_killed.py --timeout 0 $(ARGS)

mutants: install-dev ## seed faults one by one and see the tests fail (ARGS="cursor" narrows)
	@$(BIN)/python -m tests.mutants --jobs $(JOBS) $(ARGS)

screenshots: install-dev ## photograph the pages for people into ./screenshots
	@$(BIN)/python -m tests.console.screenshots screenshots

lint: install-dev ## ruff, mypy strict, import contracts
	$(BIN)/ruff check $(ARGS)
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev ## let ruff format and fix what it can
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

lock: install-dev ## compile the lock files again (LOCK="--upgrade" takes newer versions)
	$(LOCKER) requirements.in -o requirements.lock
	$(LOCKER) requirements-build.in -o requirements-build.lock
	$(LOCKER) requirements-dev.in -o requirements-dev.lock

openapi: install ## write the OpenAPI documents from the declarations
	$(BIN)/python -m openapi $(ARGS)

dashboards: install ## write the Grafana dashboard and the Prometheus rules from the declarations of the metrics
	$(BIN)/python -m deploy $(ARGS)

bench: install-dev ## measure, and compare with the peers
	$(BIN)/python -m bench $(ARGS)

profile: install-dev ## where the time of a request goes
	$(BIN)/python -m bench.profile $(ARGS)

image: ## build the container image
	docker build --tag gateway:local $(ARGS) .

image-test: install-dev ## build the image with buildah, run it, and see what came of it (base and wheels stay in GATEWAY_IMAGE_CACHE)
	@$(BIN)/python -m pytest tests/image/test_built_image.py --timeout 1800 $(ARGS)

sbom: install-dev ## list what the image is made of (CycloneDX, sbom.json)
	@$(BIN)/python -m tests.deploy.sbom sbom.json

clean: ## remove .venv and caches (your ./data stays)
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Some tests measure time, and the others on the machine are no concern of theirs: what failed beside them is asked once more, alone.
ALONE = { test $$? -eq 1 && echo "==> once more, one after another" >&2 && $(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(ARGS); }

LOCKER := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --excludes requirements-excluded.in $(LOCK)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another with: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "==> creating $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv module: install your system's python3-venv package" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	@echo "==> installing $$(grep -c '^[a-z].*==' requirements.lock) locked packages into $(VENV) (once)" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@# As pip does with packages: the first start need not.
	@$(BIN)/python -m compileall -q adapters gateway openapi sandbox sdk
	@touch $@
	@echo "==> installed" >&2

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "==> installing the test and lint tools into $(VENV) (once)" >&2
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@
	@echo "==> installed" >&2

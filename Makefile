# Every target sets up what it needs by itself, from Python 3.11 or newer (with venv) and make alone.
# PYTHON=…  the interpreter to build .venv with      ARGS="…"  handed on to the program that a target starts

VENV := .venv
BIN  := $(VENV)/bin
DEMO := $(VENV)/.has-demo
DEV  := $(VENV)/.has-dev

.DEFAULT_GOAL := help

# An environment that was made in another folder is made anew: its scripts and links point there.
ifneq ($(shell cat $(VENV)/.made-in 2>/dev/null),$(CURDIR))
$(DEMO) $(DEV): FORCE
endif

$(DEMO): requirements/demo.txt pyproject.toml
	@.ci/venv.sh demo
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml
	@.ci/venv.sh dev
	@touch $(DEMO) $@

##@ Use it

.PHONY: demo
demo: $(DEMO)  ## Show a real probe failure end to end, on an embedded cluster (about a minute)
	@echo "==> probewatch demo $(ARGS)"
	@$(BIN)/python -m probewatch demo $(ARGS)

.PHONY: run
run: $(DEMO)  ## Run the operator against the cluster of the current kubeconfig
	@echo "==> probewatch run $(ARGS)"
	@$(BIN)/python -m probewatch run $(ARGS)

.PHONY: playground
playground: $(DEMO)  ## Run a small cluster on this machine, for kubectl, until Ctrl-C
	@$(BIN)/python -m probewatch playground $(ARGS)

##@ Work on it

WORKERS ?= auto

.PHONY: test
test: $(DEV)  ## All tests, in parallel (WORKERS=2; auto: one for each core); ARGS="tests/core -x" for some
	@echo "==> pytest $(ARGS)"
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

.PHONY: e2e
e2e: $(DEV)  ## The operator on the cluster of the current kubeconfig, in a namespace of its own (E2E_IMAGE)
	@echo "==> pytest tests/e2e $(ARGS)"
	@$(BIN)/python -m pytest -p no:randomly tests/e2e $(ARGS)

.PHONY: quick
quick: $(DEV)  ## The tests that take less than a quarter of a second each
	@echo "==> pytest -m 'not slow' $(ARGS)"
	@$(BIN)/python -m pytest -m "not slow" $(ARGS)

.PHONY: contract
contract: $(DEV)  ## The playground's API contract against a real kube-apiserver, which is built once (ten minutes)
	@echo "==> pytest tests/contract, against kube-apiserver and etcd"
	@KUBEBUILDER_ASSETS=$$(.ci/apiserver.sh) && export KUBEBUILDER_ASSETS && $(BIN)/python -m pytest tests/contract $(ARGS)

.PHONY: check
check: $(DEV)  ## Lint, formatting, types and layers; edits nothing, and is what CI runs
	@$(MAKE) --no-print-directory --keep-going lint layout types arch

.PHONY: lint
lint: $(DEV)
	@echo "==> ruff check"
	@$(BIN)/ruff check --quiet .

.PHONY: layout
layout: $(DEV)
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --quiet --check . || { \
	  $(BIN)/ruff format --check . 2>/dev/null; echo "make fmt lays them out."; exit 1; }

.PHONY: types
types: $(DEV)
	@echo "==> mypy --strict"
	@$(BIN)/mypy --no-error-summary

.PHONY: arch
arch: $(DEV)  ## The layers alone (import-linter)
	@echo "==> lint-imports"
	@$(BIN)/lint-imports --no-logo

.PHONY: fmt
fmt: $(DEV)  ## Format the code and apply automatic fixes; edits files
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

.PHONY: chart
chart: $(DEV)  ## Generate the derived files of the chart: table of values, schema of settings, CRDs
	@$(BIN)/python deploy/chart/make_chart.py

.PHONY: manifests
manifests: $(DEV) chart  ## Generate the manifests for kubectl from the chart
	@PATH="$$(.ci/tools.sh):$$PATH" $(BIN)/python deploy/manifests/render.py

.PHONY: monitoring
monitoring: $(DEV)  ## Generate the rules and dashboards of deploy/monitoring from their sources
	@$(BIN)/python deploy/monitoring/rules.py
	@$(BIN)/python -W ignore -m deploy.monitoring.dashboards

.PHONY: docs
docs: $(DEV)  ## Generate the tables of docs/ from the code
	@$(BIN)/python -m probewatch.pages.causes docs/causes.md
	@$(BIN)/python -m probewatch.pages.settings docs/configuration.md
	@$(BIN)/python -m probewatch.pages.events docs/events.md
	@$(BIN)/python -m probewatch.pages.metrics docs/metrics.md
	@$(BIN)/python -m probewatch.playground.stories.docs docs/playground.md
	@$(BIN)/python -m probewatch.pages.crds docs/custom-resources.md

.PHONY: verify
verify: docs chart monitoring manifests  ## Generate all derived files, and fail if that changes one
	@git diff --exit-code --stat -- docs deploy || { echo "These were out of date; commit them."; exit 1; }

PICTURES = $(or $(PROBEWATCH_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/probewatch)/pictures

.PHONY: pictures
pictures: $(DEV)  ## Draw the dashboards' queries over some minutes of the playground, for the documentation
	@test -x $(PICTURES)/bin/python || $(BIN)/python -m venv $(PICTURES)
	@$(PICTURES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  -r requirements/pictures.txt
	@mkdir -p build
	@PATH="$$(.ci/tools.sh):$$PATH" $(BIN)/python -m tests.system.pictures build/pictures.json
	@$(PICTURES)/bin/python -m deploy.monitoring.draw build/pictures.json docs/img \
	  "four minutes of the playground at six times the speed"

.PHONY: coverage
coverage: $(DEV)  ## Tests with coverage: every branch of the core, 95 % of everything
	@$(BIN)/python -m pytest --cov --cov-report= $(ARGS)
	@echo "==> the core: 100 % of its branches"
	@$(BIN)/coverage report --include='*/probewatch/core/*' --fail-under=100
	@echo "==> everything: 95 %"
	@$(BIN)/coverage report --fail-under=95

.PHONY: bench
bench: $(DEV)  ## Measure what the operator costs, compared with kopf and the bare wire; writes docs/performance.md
	@echo "==> tests/bench (about a quarter of an hour; BENCH_PODS=150000 for the largest cluster)"
	@PYTHONPATH=operator:. $(BIN)/python -m tests.bench $(ARGS)

.PHONY: soak
soak: $(DEV)  ## Kill the operator at random while pods restart, and check the counts (some minutes)
	@echo "==> tests/soak $(ARGS)"
	@PATH="$$(.ci/tools.sh):$$PATH" PYTHONPATH=operator:. $(BIN)/python -m tests.soak $(ARGS)

.PHONY: accuracy
accuracy: $(DEV)  ## Measure the accuracy of the attribution and write docs/accuracy.md (some minutes)
	@nice $(BIN)/python -m tests.simulation.accuracy docs/accuracy.md $(or $(HISTORIES),10000)

.PHONY: mutants
mutants: $(DEV)  ## Mutation tests of the core with mutmut (an hour)
	@test -x $(BIN)/mutmut || $(BIN)/pip install --quiet 'mutmut==3.8.*'
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/mutants.sh build/mutants $(ARGS)

.PHONY: lock
lock: $(DEV)  ## Write requirements/*.txt from pyproject.toml; UPGRADE=1 for the newest versions
	@UPGRADE=$(UPGRADE) .ci/lock.sh

##@ Ship it

IMAGE       ?= probewatch:$(VERSION)
BASE_DIGEST ?=
ENGINE      ?= $(firstword $(foreach each,docker podman buildah,$(shell command -v $(each) 2>/dev/null)))
VERSION      = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

.PHONY: image
image:  ## Build the image with docker, podman or buildah; IMAGE=… names it, BASE_DIGEST=sha256:… pins its base
	@test -n "$(ENGINE)" || { echo "docker, podman or buildah is needed; .ci/image.sh proves the steps without."; exit 1; }
	$(ENGINE) build -f deploy/Dockerfile -t $(IMAGE) --build-arg BASE_DIGEST=$(BASE_DIGEST) \
	  --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
	  --build-arg CREATED=$$(git log -1 --format=%cI) .

build/image.tar:
	@.ci/image.sh build

.PHONY: sbom
sbom: $(or $(TAR),build/image.tar)  ## List what is in the image (CycloneDX); TAR=… of a saved image, else one is built
	@mkdir -p build
	@PATH="$$(.ci/tools.sh):$$PATH" trivy image --quiet --input $< --format cyclonedx --offline-scan --skip-db-update \
	  --skip-java-db-update --output build/sbom.cdx.json
	@echo "==> wrote build/sbom.cdx.json"

##@ Clear up

.PHONY: clean
clean:  ## Remove .venv, caches and reports
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov dist build
	find operator tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: FORCE
FORCE:

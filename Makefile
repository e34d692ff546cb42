# `make help` lists the targets. INSTANCE=dev is what `make up` runs, INSTANCE=test what the tests run on.
.DEFAULT_GOAL := help
INSTANCE ?= dev
PYTEST ?=

bin := .venv/bin
local = $(bin)/python -m docker.local --instance $(INSTANCE)
on_test := $(bin)/python -m docker.local --instance test run

.PHONY: help up down smoke test check test-faults soak prove bench bench-runtime bench-jobs bench-ingest bench-dlq eval-analysis services-up services-down status \
	kafka-init clickhouse-init reset compose-smoke stack-up stack-down requirements bootstrap-run bootstrap-dev bootstrap-lint

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do \
		printf '  %-15s %s\n' "$$name" "$$what"; done

# --- the system ---

up: bootstrap-run ## set up all that is missing, run the whole system here; Ctrl-C stops it
	@$(local) up

down: bootstrap-run ## stop a `make up` that runs elsewhere, and its services
	@$(local) down

smoke: bootstrap-run ## drive one job to SUCCEEDED through real Kafka (MODEL=http://host/v1 MODEL_NAME=…: by that model)
	@MODEL='$(MODEL)' $(if $(MODEL_NAME),MODEL_NAME='$(MODEL_NAME)') $(local) smoke

services-up: bootstrap-run ## start only Kafka, PostgreSQL, Redis and ClickHouse, and leave them running
	@$(local) services-up

services-down: bootstrap-run ## stop them
	@$(local) services-down

status: bootstrap-run ## say what runs, and where
	@$(local) status

kafka-init: bootstrap-run ## create the Kafka topics that are missing and report drift
	@$(local) kafka-init

clickhouse-init: bootstrap-run ## make the tables in ClickHouse that are missing, or take them to this version
	@$(local) clickhouse-init

reset: bootstrap-run ## stop an instance and delete its data (asks; FORCE=1 does not)
	@$(local) reset

# --- in containers; these need Docker ---

compose-smoke: ## build the image, bring the system up in containers, drive one job to SUCCEEDED, take all down
	@docker/compose_smoke.sh

stack-up: ## deploy docker/stack.yml to the Swarm that this machine manages (HEIMDALL_IMAGE=… ALLOWED_HOSTS=…)
	@docker/stack.sh up

stack-down: ## take that down; data and secrets stay
	@docker/stack.sh down

# --- the tests ---

test: bootstrap-dev ## set up all that is missing and run every test, beside a running `make up` (KEEP=1 leaves services)
	@$(on_test) $(bin)/python -m pytest -m "not slow" $(PYTEST)

check: bootstrap-lint ## linters, types, import contracts, migrations and unit tests; no services
	@$(bin)/ruff check .
	@$(bin)/ruff format --check --quiet .
	@$(bin)/mypy .
	@$(bin)/lint-imports
	@$(bin)/djlint --lint --quiet templates */templates heimdall_project/*/templates
	@$(bin)/djlint --check --quiet templates
	@DEBUG=true DATABASE_URL=postgres://none@127.0.0.1:1/none $(bin)/python -W ignore::RuntimeWarning \
		manage.py makemigrations --check --dry-run
	@$(bin)/python -m pytest -q tests/unit tests/architecture tests/local --ignore=tests/local/servers $(PYTEST)

test-faults: bootstrap-dev ## long outages and repeated, seeded faults
	@$(on_test) $(bin)/python -m pytest -m slow $(PYTEST)

soak: bootstrap-dev ## load under faults at random, by seed, on servers of its own (MINUTES=15 SEED=1 EPS=… REPORT=… DRY_RUN=1)
	@$(bin)/python -m tests.soak --minutes $(or $(MINUTES),15) --seed $(or $(SEED),1) $(if $(EPS),--eps $(EPS)) \
		$(if $(REPORT),--report $(REPORT)) $(if $(SPOIL),--spoil $(SPOIL)) $(if $(DRY_RUN),--dry-run)

prove: bootstrap-dev ## mutate the runtime and see that the tests notice
	@$(on_test) $(bin)/python -m tests.prove

bench: bench-runtime bench-jobs bench-ingest bench-dlq ## all measurements of this machine

bench-runtime: bootstrap-dev ## the Kafka runtime beside a bare loop, the relay beside a plain one, memory by worker
	@$(on_test) bash -c 'DEBUG=true $(bin)/python manage.py migrate --verbosity 0 \
		&& for what in runtime relay memory; do $(bin)/python -m benchmarks.$$what || exit 1; done'

bench-jobs: bootstrap-dev .local/bench/.installed ## a job from its commit to its end, beside other queues (COUNT=… ROUNDS=…)
	@$(on_test) $(bin)/python -m benchmarks.jobs $(if $(COUNT),--count $(COUNT)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-ingest: bootstrap-dev .local/bench/.installed ## page views from Kafka into ClickHouse and by HTTP into Kafka, beside other ways (COUNT=… ROUNDS=… FLAT=…)
	@$(on_test) $(bin)/python -m benchmarks.ingest $(if $(COUNT),--count $(COUNT)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SIZES),--sizes $(SIZES)) $(if $(ROWS),--rows $(ROWS)) $(if $(FLAT),--flat $(FLAT))
	@$(on_test) $(bin)/python -m benchmarks.ingest_http $(if $(ROUNDS),--rounds $(ROUNDS))

.local/bench/.installed: benchmarks/requirements.txt
	@$(bin)/python -m venv --clear .local/bench
	@.local/bench/bin/python -m pip install --quiet --no-input --disable-pip-version-check --requirement $<
	@touch $@

bench-dlq: bootstrap-dev ## how fast dead letters become rows, are sent again, and are listed among a million (COUNT=… ROUNDS=… LETTERS=…)
	@$(on_test) $(bin)/python -m benchmarks.dlq_index $(if $(COUNT),--count $(COUNT)) $(if $(ROUNDS),--rounds $(ROUNDS))
	@$(on_test) $(bin)/python -m benchmarks.dlq_redrive $(if $(COUNT),--count $(COUNT)) $(if $(ROUNDS),--rounds $(ROUNDS))
	@$(on_test) $(bin)/python -m benchmarks.dlq_lists $(if $(LETTERS),--letters $(LETTERS))

eval-analysis: bootstrap-lint ## grouping accuracy of the template miner, log by log (DATA=directory or DATA=synthetic)
	@$(bin)/python benchmarks/eval_analysis.py $(if $(DATA),$(DATA),$(error DATA=… names the directory with labelled logs))

# --- for maintainers ---

# After a change of requirements*.in; needs uv. Review the diff: every line is installed by its hash.
requirements: ## pin and hash the requirement files again
	uv pip compile --quiet --generate-hashes --universal --python-version 3.12 requirements.in -o requirements.txt
	uv pip compile --quiet --generate-hashes --universal --python-version 3.12 requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --generate-hashes --universal --python-version 3.12 --no-deps \
		docker/local/clickhouse_server/requirements.in -o docker/local/clickhouse_server/requirements.txt

bootstrap-run:
	@docker/local/bootstrap.sh run

bootstrap-dev:
	@docker/local/bootstrap.sh dev

bootstrap-lint:
	@docker/local/bootstrap.sh lint

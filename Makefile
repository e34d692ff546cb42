# make help lists every target.
SHELL := /bin/bash
.DEFAULT_GOAL := help
INSTANCE ?= dev
LOCAL := .venv/bin/python -m docker.local

.PHONY: help services-up services-down status

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 18

services-up: ## start Kafka, PostgreSQL and Redis and leave them running (INSTANCE=dev|test)
	@$(LOCAL) services-up --instance $(INSTANCE)

services-down: ## stop the services of an instance (INSTANCE=dev|test)
	@$(LOCAL) services-down --instance $(INSTANCE)

status: ## say which services run (INSTANCE=dev|test)
	@$(LOCAL) status --instance $(INSTANCE)

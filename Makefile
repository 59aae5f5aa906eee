# The whole house in a few words. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
MAKEFLAGS += --no-print-directory
# Code is compiled once for all the processes of the suite, even where the machine's habit is to keep nothing.
unexport PYTHONDONTWRITEBYTECODE

PY := .venv/bin/python
JOBS ?= 3
ARGS ?=

.PHONY: help run stop rights test fuzz chaos bench lint format lock clean

help: ## Affiche cette aide
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: ## Installe, démarre la base embarquée et sert la démonstration sur cette machine
	@scripts/setup app
	exec $(PY) -m coordination run

stop: ## Arrête la base embarquée (les données restent)
	@scripts/setup app
	$(PY) -m coordination stop

rights: ## Installe de quoi estimer les droits (OpenFisca), à part : le travail en arrière-plan s’en sert
	@scripts/setup rights

test: ## Lance toute la suite ; sous root, installe Chromium et PostgreSQL 15 s’ils manquent
	@scripts/setup test
	@scripts/setup rights
	scripts/system
	$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

fuzz: ## Rejoue longuement les tests au hasard
	@scripts/setup test
	HYPOTHESIS_PROFILE=fuzz $(PY) -m pytest -n $(JOBS) -m "fuzz or hypothesis" --timeout=3600 $(ARGS)

chaos: ## Fait tout tomber pendant qu’on travaille ; CHAOS_SECONDS allonge, CHAOS_SEED rejoue
	@scripts/setup test
	$(PY) -m pytest -n 0 -s -x -m chaos $(ARGS) tests/chaos

bench: ## Mesure la recherche et les pages ; BENCH_SIZES=1000,100000,1000000 pour aller au bout
	@scripts/setup bench
	@scripts/setup rights
	$(PY) -m bench

lint: ## Vérifie style, types et contrats d’imports
	@scripts/setup test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'

format: ## Remet le code en forme
	@scripts/setup test
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

lock: ## Refait les verrous des dépendances (requirements/*.txt)
	@scripts/lock

clean: ## Arrête la base embarquée et retire l’environnement et les caches (les données restent)
	@if [ -x $(PY) ]; then $(PY) -m coordination stop || true; fi
	rm -rf .venv .venv-rights .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .shots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

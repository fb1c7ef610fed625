# `make` alone lists what can be done. Everything happens in .venv: nothing is installed anywhere else.

BIN := .venv/bin
PYTHON ?= python3

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install dev run test check train quality bench trials transcripts screenshots messages migration lock

help: ## Cette liste
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/installed ## Prépare .venv avec ce que le produit demande, aux versions verrouillées
dev: .venv/installed-dev ## Prépare aussi les outils de développement

run: install ## Démarre La Bonne Porte
	@exec $(BIN)/bonne-porte run

# One more process than there are processors: tests wait half of the time, for disks and other programs.
test: dev ## Joue tous les tests (PostgreSQL et Chromium s'ils sont là)
	@echo "Tous les tests, dans un ordre tiré au sort ; ce qui est sauté faute de programme est dit à la fin."
	@$(BIN)/python -m pytest -q -rs -n "$$($(BIN)/python -c 'import os; print(min(8, 1 + (os.cpu_count() or 1)))')"

check: dev ## Vérifie le style, les types, les imports, les textes, les migrations
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.messages --check
	@$(BIN)/python -m pytest -q tests/test_migrations.py -k "not postgresql"

train: dev ## Apprend à comprendre, à partir des phrases de tests/understanding/corpus
	@$(BIN)/python -m tests.understanding.train

quality: dev ## Mesure ce qui est compris des messages, et ce qu'un an de rondes garde vrai
	@$(BIN)/python -m tests.understanding.quality
	@$(BIN)/python -m tests.rounds

bench: dev ## Mesure ce que coûtent une recherche, un tour de conversation, un démarrage
	@$(BIN)/python -m tests.bench

trials: dev ## Joue les épreuves longues : pannes, redémarrages, charge
	@TRIALS=1 $(BIN)/python -m pytest -q -rs -s --timeout 1800 tests/trials

transcripts: dev ## Écrit de nouveau les conversations de tests/dialogues et de tests/stories, à relire
	@$(BIN)/python -m tests.dialogues
	@$(BIN)/python -m tests.stories

screenshots: dev ## Photographie les pages (demande Chromium)
	@$(BIN)/python -m tests.screenshots

messages: dev ## Met à jour les textes à traduire
	@$(BIN)/python -m tests.messages

migration: dev ## Écrit la migration qui manque : make migration name=add_reminders
	@$(BIN)/python -m tests.new_migration $(name)

lock: dev ## Verrouille de nouveau les dépendances
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -c requirements.lock -o requirements-dev.lock

.venv/bin/python:
	@for python in "$(PYTHON)" python3.11 python3.12 python3.13 python3.14; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo "Python 3.11 or later is needed, with its venv module (on Debian: apt install python3 python3-venv)." >&2; \
	exit 1

# The code is used where it is: a line on Python's path and a launcher do what an editable install would,
# with nothing more to download.
.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installation dans .venv (requirements.lock)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -c 'import pathlib, sys, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "bonne_porte.pth").write_text(sys.argv[1] + "\n")' "$(CURDIR)"
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -P -m bot "$$@"\n' > $(BIN)/bonne-porte
	@chmod +x $(BIN)/bonne-porte
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@echo "Outils de développement dans .venv (requirements-dev.lock)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Two commands from a fresh clone: `make book` and `make test`. Each makes .venv and installs into it when needed.
# They need Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
PROFILE ?= laptop
CHAPTERS ?=
PORT ?= 8000
NOTEBOOKS ?= notebooks
STUDENTS ?= students
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(8, os.cpu_count() or 1))")

ifeq ($(OS),Windows_NT)
VENV_PYTHON := .venv/Scripts/python.exe
else
VENV_PYTHON := .venv/bin/python
endif
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help install book test lint serve notebooks students lock clean

help:
	@echo "make book       run every chapter (PROFILE=$(PROFILE); CHAPTERS=\"02 06\" only these, others as they were or left out) and build the site into book/_build/html"
	@echo "make test       run the tests, WORKERS=$(WORKERS) files at a time (ARGS=... goes to pytest)"
	@echo "make lint       check the style with ruff"
	@echo "make serve      show the built site at http://127.0.0.1:$(PORT)"
	@echo "make notebooks  write every chapter as an unexecuted .ipynb into NOTEBOOKS=$(NOTEBOOKS)"
	@echo "make students   write every chapter as a notebook without solutions, set to PROFILE=$(PROFILE), into STUDENTS=$(STUDENTS)"
	@echo "make lock       write the versions installed in .venv into requirements.lock"
	@echo "make clean      remove what a build makes (runs, site, caches of tools); .venv stays"

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { \
	  echo "The book needs Python 3.11 or newer; '$(PYTHON)' is not. Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(VENV_PYTHON) || $(PYTHON) -m venv .venv
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[book,dev]"
	@echo "installed" > $(STAMP)

install: $(STAMP)

book: $(STAMP)
	$(VENV_PYTHON) -m emolib run $(CHAPTERS) --profile $(PROFILE)
	$(VENV_PYTHON) -m emolib book --profile $(PROFILE) $(if $(CHAPTERS),--partial)

test: $(STAMP)
	$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: $(STAMP)
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check --quiet notebooks

serve: $(STAMP)
	$(VENV_PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory book/_build/html

notebooks: $(STAMP)
	$(VENV_PYTHON) -m emolib.site.launch "$(NOTEBOOKS)"

students: $(STAMP)
	$(VENV_PYTHON) -m emolib.site.teaching "$(STUDENTS)" --profile "$(PROFILE)"

# A constraints file: it pins what gets installed and installs nothing by itself, so that one file serves every platform.
# Left out: the installers, which must suit the Python at hand, and the GPU libraries, which torch pins for itself.
lock: $(STAMP)
	@{ echo "# Versions that the book was tested with; written by 'make lock', used by 'pip install -c requirements.lock'."; \
	   $(VENV_PYTHON) -m pip list --format=freeze --exclude-editable --disable-pip-version-check \
	   | tr -d '\r' | grep -viE '^(pip|setuptools|wheel|triton|nvidia-[a-z0-9-]*|cuda-[a-z0-9-]*)==' \
	   | sed -E 's/\+[^=]*$$//'; } > requirements.lock.part
	@mv requirements.lock.part requirements.lock
	@touch $(STAMP)

clean:
	rm -rf runs book/_build book/chapters book/cards book/run .pytest_cache .ruff_cache .hypothesis *.egg-info

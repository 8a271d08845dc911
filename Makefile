# make demo and make test set everything up by themselves.
PYTHON ?= python3
VENV := .venv
# The package with annotation/ and migrations/ inside it, as it is installed and as mypy must see it.
TYPED := build/types/embedkit
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Label Studio wants other versions of the same libraries, so it lives in an environment of its own.
STUDIO_VENV := .venv-label-studio
STUDIO := $(STUDIO_VENV)/bin/label-studio
STUDIO_VERSION := 1.23.2

.PHONY: demo test test-label-studio label-studio lint messages clean

$(INSTALLED): setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(INSTALLED)  ## write a sample marketplace and run the whole arrow on it
	$(BIN)/embedkit demo

test: $(INSTALLED)  ## pass the tests
	$(BIN)/python -m pytest

$(STUDIO):
	test -x $(STUDIO_VENV)/bin/python || $(PYTHON) -m venv $(STUDIO_VENV)
	$(STUDIO_VENV)/bin/python -m pip install --quiet label-studio==$(STUDIO_VERSION)

test-label-studio: $(INSTALLED) $(STUDIO)  ## pass the tests that need a real Label Studio: installs, starts and stops one
	EMBEDKIT_LABEL_STUDIO=$(CURDIR)/$(STUDIO) $(BIN)/python -m pytest tests/label_studio

label-studio: $(INSTALLED) $(STUDIO)  ## run a Label Studio on this machine until Ctrl-C
	$(BIN)/python -m embedkit.annotation.launch --executable $(STUDIO)

lint: $(INSTALLED)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	rm -rf $(TYPED) && mkdir -p $(TYPED)
	ln -s $(CURDIR)/embedkit/* $(CURDIR)/annotation $(CURDIR)/migrations $(TYPED)/
	MYPYPATH=$(dir $(TYPED)) $(BIN)/mypy $(TYPED) benchmarks

messages: $(INSTALLED)  ## collect what report and dashboard say into the French catalogue, and compile it
	$(BIN)/python -m embedkit.messages

clean:  ## remove what make and the demo made
	rm -rf $(VENV) $(STUDIO_VENV) demo-workspace build dist *.egg-info

# `make demo` shows what this is, `make test` runs all tests, `make help` lists the others.
PYTHON ?= python3
VENV := .venv
OLDEST := .venv-oldest
BENCH := .venv-bench
RUN := $(VENV)/bin/python
PARALLEL := -n auto --maxprocesses 8

.PHONY: demo test test-oldest test-long coverage mutants check bench help clean

demo: $(VENV)/.demo ## Draw a neuron, train on digits, walk down a loss, say where the pictures are
	@mkdir -p pictures
	$(RUN) examples/neuron.py pictures/neuron.svg
	$(RUN) examples/digits.py --out pictures
	$(RUN) examples/descent.py --out pictures

# In parallel; each property on the same inputs in every run.
test: $(VENV)/.test ## Run all tests, with a sample of inputs to each property
	$(RUN) -m pytest $(PARALLEL)

test-oldest: $(OLDEST)/.test ## Run all tests with the oldest NumPy that setup.cfg claims to take
	$(OLDEST)/bin/python -m pytest $(PARALLEL)

test-long: $(VENV)/.test ## Run all tests, with thousands of new random inputs to each property
	HYPOTHESIS_PROFILE=long $(RUN) -m pytest $(PARALLEL)

# Each process of the tests is measured.
coverage: $(VENV)/.test ## Run all tests, and print the lines and branches that none of them reaches
	$(RUN) -m coverage erase
	$(RUN) -m coverage run -m pytest $(PARALLEL)
	$(RUN) -m coverage combine --quiet
	$(RUN) -m coverage report

# See tests/mutants/__main__.py for what MUTANTS may be.
mutants: $(VENV)/.test ## Plant faults one at a time, each to be found by a test
	cd tests && $(abspath $(RUN)) -m mutants $(MUTANTS)

check: $(VENV)/.check ## Lint, check the format and the types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: $(BENCH)/.bench ## Compare the speed with NumPy by hand and with other engines
	$(BENCH)/bin/python benchmarks/run.py

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Each set-up is made once, and again only when the packaging changes.
$(RUN):
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(RUN) setup.cfg pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[render,train]'
	@touch $@

$(VENV)/.test: $(RUN) setup.cfg pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[render,train,test]'
	@touch $@

$(VENV)/.check: $(RUN) setup.cfg pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[test,dev]'
	@touch $@

$(OLDEST)/.test: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[render,train,test]' \
		"$$(sed -n 's/^ *numpy>=/numpy==/p' setup.cfg)"
	@touch $@

# The peers have an environment of their own, so that nothing of theirs is in that of the tests.
$(BENCH)/.bench: setup.cfg benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -e . -r benchmarks/requirements.txt
	@touch $@

clean: ## Remove all that these have made
	rm -rf $(VENV) $(OLDEST) $(BENCH) build dist *.egg-info pictures

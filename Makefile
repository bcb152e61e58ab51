# The two commands: `make demo` shows what this is, `make test` runs all tests.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
RUN := $(VENV)/bin/python

.PHONY: demo test test-long coverage mutants bench clean

demo: $(VENV)/.demo
	@mkdir -p pictures
	$(RUN) examples/neuron.py pictures/neuron.svg
	$(RUN) examples/digits.py --out pictures

test: $(VENV)/.test
	$(RUN) -m pytest

# The same tests, with thousands of new random inputs to each property.
test-long: $(VENV)/.test
	HYPOTHESIS_PROFILE=long $(RUN) -m pytest

# All tests, and which lines and branches none of them reaches.
coverage: $(VENV)/.test
	$(RUN) -m coverage run -m pytest
	$(RUN) -m coverage report

# Faults planted one at a time, each to be found by a test: see tests/mutants/__main__.py.
mutants: $(VENV)/.test
	cd tests && $(abspath $(RUN)) -m mutants $(MUTANTS)

bench: $(BENCH)/.bench
	$(BENCH)/bin/python benchmarks/run.py

# Each set-up is made once, and again only when the packaging changes.
$(RUN):
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(RUN) setup.cfg pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[render,train]'
	@touch $@

$(VENV)/.test: $(RUN) setup.cfg pyproject.toml
	$(RUN) -m pip install --quiet --disable-pip-version-check -e '.[render,train,test]'
	@touch $@

# The peers have an environment of their own, so that nothing of theirs is in that of the tests.
$(BENCH)/.bench: setup.cfg benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -e . -r benchmarks/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) $(BENCH) build dist *.egg-info pictures

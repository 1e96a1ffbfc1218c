# Each target creates the virtual environment it needs from pyproject.toml and
# constraints.txt. Only Python, pip and make are required. To use another interpreter:
# make PYTHON=python3.12 test

PYTHON ?= python3
ARGS ?=
TEST_WORKERS ?= 0
TORCH ?= $(shell sed -n 's/^torch==//p' constraints.txt)
# The version that the usual Linux wheel of the pinned torch requires.
TRITON ?= 3.7.1
FASTTEXT ?= 0.9.2
JAX ?= 0.10.2
RAY ?= 2.60.0

VENV := .venv/bin/python
LINT := .venv-lint/bin/python
SITE := $(CURDIR)/.venv-triton/site

# Real product tables, if they exist next to the project. An empty value disables them.
ifeq ($(origin AMZEST_DATA),undefined)
AMZEST_DATA := $(shell cd ../shared/data 2>/dev/null && pwd)
ifneq ($(AMZEST_DATA),)
export AMZEST_DATA
endif
endif
export MPLBACKEND ?= Agg
export TF_CPP_MIN_LOG_LEVEL ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench bench-accuracy bench-check bench-gpu docs docs-check \
	wheel-check test-oldest test-pretrained test-triton test-jax test-cluster constraints constraints-oldest clean \
	environment environment-docs environment-fasttext environment-lint \
	environment-weights \
	lint-ruff lint-format lint-types lint-imports lint-docstrings lint-language

help:  ## Show this help
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile \
		| while IFS=: read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

demo: environment  ## Compare classifiers and ensembles: make demo ARGS=--help
	$(VENV) examples/compare_designs.py $(ARGS)

test: environment  ## Run the tests and doctests: make test ARGS="-k text"
	$(VENV) -m pytest -n $(TEST_WORKERS) $(ARGS)

lint: lint-ruff lint-format lint-types lint-imports lint-docstrings lint-language  ## Check style, types, imports, docstrings and terminology

lint-ruff: environment-lint
	$(LINT) -m ruff check .

lint-format: environment-lint
	$(LINT) -m ruff format --check .

lint-types: environment-lint
	$(LINT) -m mypy

lint-imports: environment-lint
	$(LINT) -c "from importlinter.cli import lint_imports_command as c; c()" \
		--no-logo --no-cache

lint-docstrings: environment-lint
	$(LINT) tools/check_docstrings.py

lint-language: environment-lint
	$(LINT) tools/check_language.py

bench: environment  ## Run the speed benchmarks; results are written to benchmarks/results
	@missed=; for file in benchmarks/bench_*.py; do \
		name=$$(basename "$$file" .py); \
		[ "$$name" != bench_accuracy_for_time ] || continue; \
		printf '\n=== %s\n' "$$file"; \
		$(VENV) "$$file" --json "benchmarks/results/$$name.json" $(ARGS) \
			|| missed="$$missed $$name"; \
	done; \
	[ -z "$$missed" ] || { printf '\nTargets missed:%s\n' "$$missed"; exit 1; }

bench-accuracy: environment-fasttext  ## Measure accuracy against fit time: make bench-accuracy ARGS=--show
	$(VENV) benchmarks/bench_accuracy_for_time.py $(ARGS)

bench-gpu: environment-weights  ## Measure networks and encoders on a GPU: make bench-gpu ARGS="--device cpu --quick"
	$(VENV) benchmarks/gpu.py --json benchmarks/results/gpu.json $(ARGS)

bench-check: environment  ## Fail if a speed ratio got worse: make bench-check ARGS=--self-test
	$(VENV) benchmarks/check_ratios.py $(ARGS)

docs: environment-docs  ## Build the documentation into docs/_build/html
	$(VENV) -m sphinx -W --keep-going -b html docs docs/_build/html $(ARGS)

docs-check: environment-docs  ## Check the built documentation: make docs-check ARGS=--no-browser
	$(VENV) tools/check_site.py docs/_build/html $(ARGS)

wheel-check: environment-lint  ## Install the wheel into an empty environment and run the README
	rm -rf dist
	$(LINT) -m build --outdir dist .
	$(PYTHON) tools/environment.py .venv-wheel --fresh --wheel dist/*.whl
	cd dist && ../.venv-wheel/bin/python -I -c "from amzest import *; \
		from importlib.resources import files; \
		assert files('amzest').joinpath('py.typed').is_file(), 'py.typed is missing'"
	$(PYTHON) tools/environment.py .venv-wheel --extras all --wheel dist/*.whl
	.venv-wheel/bin/python -I tools/run_readme.py README.md
	rm -rf .venv-wheel .venv-wheel.lock

test-oldest:  ## Run the tests with the oldest supported versions of the dependencies
	@$(PYTHON) tools/environment.py .venv-oldest --extras all,test \
		--constraints constraints-oldest.txt
	.venv-oldest/bin/python -m pytest -n $(TEST_WORKERS) $(ARGS)

test-pretrained: environment-weights  ## Run the tests that need real pretrained weights
	$(VENV) -m pytest -m weights $(ARGS)

test-triton: environment  ## Test TensorFlow and torch with triton in one process
	@if $(VENV) -c "import triton" 2>/dev/null; then \
		echo "triton is part of .venv"; \
	elif [ ! -e .venv-triton/$(TRITON).stamp ]; then \
		echo "Setting up .venv-triton with triton $(TRITON) ..."; \
		rm -rf .venv-triton && $(VENV) -m pip install -qq --no-deps \
			--target .venv-triton/site triton==$(TRITON) \
		&& touch .venv-triton/$(TRITON).stamp; \
	fi
	PYTHONPATH="$(SITE)" AMZEST_TRITON_SITE="$(SITE)" \
		$(VENV) -m pytest tests/utils/test_frameworks_together.py $(ARGS)

test-jax: environment  ## Test image networks on Keras' backend JAX
	@if ! $(VENV) -c "import jax" 2>/dev/null && [ ! -e .venv-jax/$(JAX).stamp ]; then \
		echo "Setting up .venv-jax with JAX $(JAX) ..."; \
		rm -rf .venv-jax && $(VENV) -m pip install -qq --no-deps \
			--target .venv-jax/site jax==$(JAX) jaxlib==$(JAX) \
		&& touch .venv-jax/$(JAX).stamp; \
	fi
	PYTHONPATH="$(CURDIR)/.venv-jax/site" $(VENV) -m pytest -k jax \
		tests/neural/test_keras_backends.py $(ARGS)

test-cluster: environment  ## Test clusters of Ray, and of dask on two hosts (Linux)
	@if ! $(VENV) -c "import ray" 2>/dev/null && [ ! -e .venv-ray/$(RAY).stamp ]; then \
		echo "Setting up .venv-ray with Ray $(RAY) ..."; \
		rm -rf .venv-ray && $(VENV) -m pip install -qq -c constraints.txt \
			--target .venv-ray/site ray==$(RAY) \
		&& touch .venv-ray/$(RAY).stamp; \
	fi
	PYTHONPATH="$(CURDIR)/.venv-ray/site" AMZEST_CLUSTERS=1 $(VENV) -m pytest \
		tests/utils/test_clusters_ray.py tests/utils/test_two_hosts.py $(ARGS)

constraints:  ## Pin the newest versions in constraints.txt: make constraints TORCH=...
	$(PYTHON) -m venv --clear .venv-constraints
	.venv-constraints/bin/python -m pip install torch==$(TORCH)
	.venv-constraints/bin/python -m pip install --editable ".[all,test,docs,lint,weights]"
	{ sed -n '/^#/p' constraints.txt; \
		.venv-constraints/bin/python -m pip freeze --all --exclude-editable \
			--exclude pip | sed '/^#/d; s/+[a-z0-9.]*$$//'; } > constraints.txt.new
	mv constraints.txt.new constraints.txt
	rm -rf .venv-constraints

constraints-oldest:  ## Pin the lower bounds of pyproject.toml in constraints-oldest.txt
	$(PYTHON) tools/oldest_versions.py > constraints-oldest.txt.new
	mv constraints-oldest.txt.new constraints-oldest.txt

clean:  ## Remove environments, caches and build results
	rm -rf .venv .venv-* .venv.lock dist build docs/_build docs/auto_examples \
		docs/api/generated docs/api/backreferences docs/sg_execution_times.rst \
		.mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environments; nothing is done if they are up to date.
environment:
	@$(PYTHON) tools/environment.py .venv --extras all,test

environment-docs: environment
	@$(PYTHON) tools/environment.py .venv --extras all,docs

environment-weights: environment
	@$(PYTHON) tools/environment.py .venv --extras all,weights

environment-lint:
	@$(PYTHON) tools/environment.py .venv-lint --extras lint

# fastText's wheel requires NumPy 1, so it is installed into a separate folder.
environment-fasttext: environment
	@if [ ! -e .venv-fasttext/$(FASTTEXT).stamp ]; then \
		echo "Setting up .venv-fasttext with fasttext-wheel $(FASTTEXT) ..."; \
		rm -rf .venv-fasttext && $(VENV) -m pip install -qq --ignore-installed \
			--target .venv-fasttext/site "numpy<2" fasttext-wheel==$(FASTTEXT) \
		&& touch .venv-fasttext/$(FASTTEXT).stamp; \
	fi

# make studio   open the studio in the browser (PORT=8501; ADDRESS=0.0.0.0: browsers on other machines can open it too)
# make lint     check style (ruff) and types (mypy)
# make test     lint and, two files at a time, the tests (ARGS="tests/music -k tempo" to choose, ARGS="-n 0" one by one)
# make test-thorough   the same with three times as many made-up examples, new ones each time
# make test-fairseq   compare our MusicBERT with fairseq's encoder, in an environment of its own (needs g++; some minutes)
# make test-cluster   the worker's tests on a Ray cluster of two nodes on this machine (installs Ray into .venv)
# make resolve  check that every pin has a wheel for every supported Python (asks the package index; some minutes)
# make clean    remove the environments and the caches
#
# Needs one of the supported Pythons alone, and takes the newest that is there (make PYTHON=python3.12 for another):
# everything else goes into .venv. FluidSynth (sound) and Cairo (PDF) come from the system's package manager, see system.sh.

PORT ?= 8501
ARGS ?=
SUPPORTED := 3.13 3.12 3.11
# Whether a Python is one of these versions and can make environments (Debian's cannot without python3-venv).
is_one_of = -c 'import sys, ensurepip; sys.exit("%d.%d" % sys.version_info[:2] not in "$(1)".split())' 2>/dev/null
first = $(shell for found in $(1); do $$found $(call is_one_of,$(2)) && echo $$found && break; done)
PYTHON ?= $(call first,$(SUPPORTED:%=python%) python3 python,$(SUPPORTED))
BIN := .venv/bin
REQUIREMENTS := requirements.txt requirements-sound.txt constraints.txt

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Python compiles what it imports; pip would compile all 18,000 files, most of which nobody imports, and take a minute longer.
install := $(BIN)/python -m pip install -qq --no-compile
# Models are small: one thread each is the fastest, and leaves the other cores to the page and the sound.
export OMP_NUM_THREADS ?= 1

.PHONY: studio lint test test-thorough test-fairseq test-cluster resolve clean
.DELETE_ON_ERROR:

studio: .venv/.installed
	@bash system.sh
	@$(BIN)/python -m studio.serve --port $(PORT) $(if $(ADDRESS),--address $(ADDRESS))

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

test: lint
	@bash system.sh
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-thorough: export HYPOTHESIS_PROFILE = thorough
test-thorough: test

test-fairseq: .venv-fairseq/.installed
	.venv-fairseq/bin/python -m pytest -q -s tests/fairseq $(ARGS)

test-cluster: .venv/.installed-dev
	@$(install) -r requirements-cluster.txt
	$(BIN)/python -m pytest -q tests/pipelines/worker $(ARGS)

resolve: .venv/.installed-dev
	$(BIN)/python .ci/resolve.py $(SUPPORTED)

clean:
	rm -rf .venv .venv-fairseq .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: $(REQUIREMENTS)
	@python="$(PYTHON)"; [ -n "$$python" ] && $$python $(call is_one_of,$(SUPPORTED)) || { \
		echo "DeepMusic Studio needs one of these versions of Python, with its venv module: $(SUPPORTED)."; \
		echo "Install one, or say where it is: make PYTHON=/path/to/python$(firstword $(SUPPORTED))"; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@echo "Installing the packages of requirements.txt into .venv; the first time takes some minutes."
	@$(install) -r requirements.txt
	@$(install) --no-deps -r requirements-sound.txt 2>/dev/null || \
		echo "The stand-in synthesizer could not be installed (on Python 3.13 that takes a C++ compiler); FluidSynth is needed for sound."
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	@echo "Installing the packages of requirements-dev.txt into .venv."
	@$(install) -r requirements-dev.txt
	@touch $@

# fairseq never goes into .venv: it asks for a torchaudio that breaks transformers. So it is installed without what it asks
# for, and is built against the torch that is there, for a build of its own would download another one.
# fairseq is not made for a Python newer than 3.11.
.venv-fairseq/.installed: requirements.txt requirements-dev.txt
	@python="$(call first,$(PYTHON) python3.11 python3 python,3.11)"; [ -n "$$python" ] || { \
		echo "fairseq needs Python 3.11. Install it, or say where it is: make test-fairseq PYTHON=/path/to/python3.11"; exit 2; }; \
		[ -x .venv-fairseq/bin/python ] || $$python -m venv .venv-fairseq
	@echo "Installing fairseq into .venv-fairseq; compiling it takes some minutes."
	@.venv-fairseq/bin/python -m pip install -qq $$(grep -hE '^(torch|numpy|pytest)==' requirements.txt requirements-dev.txt) \
		setuptools wheel cython cffi hydra-core==1.3.2 omegaconf==2.3.0 bitarray regex sacrebleu scikit-learn tqdm
	@.venv-fairseq/bin/python -m pip install -qq --no-deps --no-build-isolation fairseq-fixed==0.12.3.1
	@touch $@

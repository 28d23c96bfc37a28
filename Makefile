# make studio   open the studio in the browser (PORT=8501)
# make test     run the linter and, two files at a time, the tests (ARGS="tests/music -k tempo" to choose, ARGS="-n 0" one by one)
# make test-fairseq   compare our MusicBERT with fairseq's encoder, in an environment of its own (needs g++; some minutes)
# make clean    remove the environments and the caches
#
# Needs Python 3.11 alone: everything else goes into .venv. FluidSynth (sound) and Cairo (PDF) come from the system's
# package manager, see system.sh.

PORT ?= 8501
ARGS ?=
IS_311 := -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'
PYTHON ?= $(shell for found in python3.11 python3 python; do $$found $(IS_311) 2>/dev/null && echo $$found && break; done)
BIN := .venv/bin
REQUIREMENTS := requirements.txt requirements-sound.txt constraints.txt

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Models are small: one thread each is the fastest, and leaves the other cores to the page and the sound.
export OMP_NUM_THREADS ?= 1

.PHONY: studio test test-fairseq clean
.DELETE_ON_ERROR:

studio: .venv/.installed
	@bash system.sh
	@echo "DeepMusic Studio: http://localhost:$(PORT)"
	@$(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT) --server.showEmailPrompt false \
		--server.headless $$([ "$$(uname)" = Darwin ] || [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && echo false || echo true)

test: .venv/.installed-dev
	@bash system.sh
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q -n 2 --dist loadfile $(ARGS)

test-fairseq: .venv-fairseq/.installed
	.venv-fairseq/bin/python -m pytest -q -s tests/fairseq $(ARGS)

clean:
	rm -rf .venv .venv-fairseq .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: $(REQUIREMENTS)
	@[ -n "$(PYTHON)" ] && $(PYTHON) $(IS_311) 2>/dev/null || \
		{ echo "DeepMusic Studio needs Python 3.11. Install it, or say where it is: make PYTHON=/path/to/python3.11"; exit 2; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@echo "Installing the packages of requirements.txt into .venv; the first time takes some minutes."
	@$(BIN)/python -m pip install -qq -r requirements.txt
	@$(BIN)/python -m pip install -qq --no-deps -r requirements-sound.txt || \
		echo "The stand-in synthesizer could not be installed; FluidSynth is needed for sound."
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	@echo "Installing the packages of requirements-dev.txt into .venv."
	@$(BIN)/python -m pip install -qq -r requirements-dev.txt
	@touch $@

# fairseq never goes into .venv: it asks for a torchaudio that breaks transformers. So it is installed without what it asks
# for, and is built against the torch that is there, for a build of its own would download another one.
.venv-fairseq/.installed: requirements.txt requirements-dev.txt
	@[ -n "$(PYTHON)" ] && $(PYTHON) $(IS_311) 2>/dev/null || { echo "This needs Python 3.11: make PYTHON=/path/to/python3.11"; exit 2; }
	@[ -x .venv-fairseq/bin/python ] || $(PYTHON) -m venv .venv-fairseq
	@echo "Installing fairseq into .venv-fairseq; compiling it takes some minutes."
	@.venv-fairseq/bin/python -m pip install -qq $$(grep -hE '^(torch|numpy|pytest)==' requirements.txt requirements-dev.txt) \
		setuptools wheel cython cffi hydra-core==1.3.2 omegaconf==2.3.0 bitarray regex sacrebleu scikit-learn tqdm
	@.venv-fairseq/bin/python -m pip install -qq --no-deps --no-build-isolation fairseq-fixed==0.12.3.1
	@touch $@

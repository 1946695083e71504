# Two commands: `make demo` shows the program, `make test` tests it. Everything lands in .venv.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
OFFSCREEN := QT_QPA_PLATFORM=offscreen

.PHONY: setup setup-dev demo test check bench fuzz soak outputs screenshots model demo-recording clean

setup: .venv/.installed
setup-dev: .venv/.installed-dev

.venv/.python:
	@[ -n "$(PYTHON)" ] || { echo "NeuroFlow Review needs Python 3.11, 3.12 or 3.13: on Debian, apt install python3 python3-venv." >&2; exit 2; }
	@$(PYTHON) -m venv .venv || { echo "Python cannot make a virtual environment: on Debian, apt install python3-venv." >&2; exit 2; }
	@touch $@

.venv/.installed: .venv/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@$(OFFSCREEN) $(BIN)/python -m neuroflow_review.main --check-libraries
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
	  exec $(BIN)/neuroflow-review --demo --reconstruct; \
	else \
	  mkdir -p build/demo && echo "There is no display: the same job, off screen." && \
	  $(OFFSCREEN) $(BIN)/neuroflow-review --demo --at 340 --reconstruct --size 1600x1000 --screenshot build/demo/window.png && \
	  $(BIN)/neuroflow reconstruct resources/neuroflow_resources/demo/demo-scalp.edf -o build/demo/reconstructed.edf --start 300 --duration 60 && \
	  echo "The window: build/demo/window.png" && echo "The reconstruction: build/demo/reconstructed.edf"; \
	fi

test: setup-dev
	$(OFFSCREEN) $(BIN)/python -m pytest -q -n 2

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/check_file_lengths.py

bench: setup-dev
	$(OFFSCREEN) $(BIN)/python tests/benchmarks/bench.py

fuzz: setup-dev
	NEUROFLOW_FUZZ=20000 $(BIN)/python -m pytest -q -n 2 tests/core/test_hostile_files.py

soak: setup-dev
	$(OFFSCREEN) $(BIN)/python tests/benchmarks/soak.py

outputs: setup-dev
	$(OFFSCREEN) $(BIN)/python tests/benchmarks/outputs.py

screenshots: setup
	$(OFFSCREEN) $(BIN)/python tests/benchmarks/screenshots.py docs
	$(OFFSCREEN) $(BIN)/python tests/benchmarks/screenshots.py --all build/screenshots

model: setup
	$(BIN)/neuroflow train --simulated --steps 4000 -o resources/neuroflow_resources/models/twin-64
	$(BIN)/neuroflow evaluate --simulated --fit-vae 30 --gaussian 5 --independent 500 --model resources/neuroflow_resources/models/twin-64 --write-card

demo-recording: setup
	$(BIN)/python -m neuroflow.simulation.demonstration resources/neuroflow_resources/demo

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache

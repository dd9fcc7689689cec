# `make run` and `make test` need Python 3.11 or newer, make and a C compiler; everything else they fetch into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements/build.txt requirements/runtime.txt

.PHONY: run test check bench bench-engine soak model lock wheel clean

run: $(VENV)/.runtime ## Try it: a demo broker, the embedded model, and a chat in this terminal
	@$(BIN)/naila demo

test: check ## Everything that must hold
	@$(BIN)/python tests/need_mosquitto.py
	@$(BIN)/python tests/need_postgresql.py
	@$(BIN)/pytest

check: $(VENV)/.dev ## Lint, format and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: $(VENV)/.dev ## What the daemon costs beyond bare llama.cpp and a bare MQTT client
	@$(BIN)/python tests/need_mosquitto.py
	@$(BIN)/python -m benchmarks.overhead

bench-engine: $(VENV)/.dev ## The engine against llama_cpp.Llama and a bare loop (VOCABULARY=.../ggml-vocab-llama-bpe.gguf)
	@$(BIN)/python -m benchmarks.engine $(if $(VOCABULARY),--vocabulary $(VOCABULARY))

soak: $(VENV)/.dev ## The fault suite at length, an hour of conversation with the fallback and ten minutes with the model
	@$(BIN)/python tests/need_mosquitto.py
	@$(BIN)/python -m benchmarks.soak

model: $(VENV)/.dev ## Train the embedded model again, from nothing (more than an hour; PyTorch goes into an environment of its own)
	@$(BIN)/naila models train

wheel: $(VENV)/.dev ## Build the installable wheel into dist/
	@$(BIN)/python -m hatchling build -t wheel

lock: ## Pin the newest dependencies that pyproject.toml admits (needs uv)
	@requirements/lock.sh

clean:
	rm -rf $(VENV) dist build

$(VENV)/.runtime: $(LOCKS) pyproject.toml
	@$(PYTHON) requirements/install.py $(VENV) runtime
	@touch $@

$(VENV)/.dev: $(LOCKS) requirements/dev.txt pyproject.toml
	@$(PYTHON) requirements/install.py $(VENV) dev
	@touch $@ $(VENV)/.runtime

#!/bin/sh
# Pins every dependency with its hashes, for all platforms; the lock names no address.
set -eu
cd "$(dirname "$0")/.."
pin() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"
}
pin --group build --output-file requirements/build.txt
pin pyproject.toml --constraint requirements/build.txt --output-file requirements/runtime.txt
pin pyproject.toml --group dev --constraint requirements/runtime.txt --constraint requirements/build.txt \
    --output-file requirements/dev.txt

#!/bin/sh
# Writes the locks anew from pyproject.toml: every version with its hashes, for every system and Python from 3.11 on,
# without the address of any index. Pins stay as they are where they still fit; `scripts/lock.sh --upgrade` moves them.
set -eu
cd "$(dirname "$0")/.."

command -v uv >/dev/null 2>&1 || {
    echo "Writing the locks needs uv on the path: pip install uv" >&2
    exit 1
}

compile() {
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-config --no-header --no-annotate "$@" >/dev/null
}

# The larger first; the others are parts of it, so that one environment can grow from one to the next.
compile pyproject.toml --group dev --all-extras --output-file requirements/dev.lock "$@"
for extra in encryption mlflow; do
    compile pyproject.toml --group build --extra reading --extra "$extra" --constraints requirements/dev.lock \
        --output-file "requirements/$extra.lock"
done
# What the README sets up reads attachments; `pip install resuelve` alone is leaner.
compile pyproject.toml --group build --extra reading --constraints requirements/dev.lock \
    --output-file requirements/base.lock

# An environment of its own, with the product's encoder.
compile requirements/rivals.in --constraints requirements/base.lock --output-file requirements/rivals.lock "$@"

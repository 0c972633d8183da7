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
        --no-emit-index-url --no-emit-find-links --no-config --no-header --no-annotate \
        --overrides requirements/no-cuda.in "$@" >/dev/null
}

# PyPI has no CPU build of torch for Linux, and pip would take the other where both are allowed: on Linux a lock allows
# only those of requirements/torch-cpu.sha256, as the index of PyTorch publishes them. What CUDA needs leaves the lock.
with_cpu_torch() {
    version=$(sed -n 's/^torch==\([^ ]*\).*/\1/p' "$1")
    if grep -v "  torch-$version+cpu-" requirements/torch-cpu.sha256 >&2; then
        echo "requirements/torch-cpu.sha256 has to be that of torch $version" >&2
        exit 1
    fi
    awk -v version="$version" '
        FNR == NR { hashes = hashes " \\\n    --hash=sha256:" $1; next }
        /^[^ ]/ { unwanted = /sys_platform == .never./ }
        unwanted { next }
        sub(/^torch==[^ ]*/, "torch==" version " ; sys_platform != \047linux\047") {
            print "torch==" version "+cpu ; sys_platform == \047linux\047" hashes
        }
        { print }' requirements/torch-cpu.sha256 "$1" >"$1.new"
    mv "$1.new" "$1"
}

without_torch() { # uv looks for what a lock names, and PyPI does not have it
    [ ! -f "$1" ] || awk '/^[^ ]/ { torch = /^torch==/ } !torch' "$1" >"$1.new" && mv "$1.new" "$1"
}

without_torch requirements/dev.lock
without_torch requirements/train.lock

# The larger first; the others are parts of it, so that one environment can grow from one to the next.
compile pyproject.toml --group dev --all-extras --output-file requirements/dev.lock "$@"
for extra in encryption mlflow pair telemetry train; do
    compile pyproject.toml --group build --extra reading --extra "$extra" --constraints requirements/dev.lock \
        --output-file "requirements/$extra.lock"
done
# What the README sets up reads attachments; `pip install resuelve` alone is leaner.
compile pyproject.toml --group build --extra reading --constraints requirements/dev.lock \
    --output-file requirements/base.lock

# An environment of its own, with the product's encoder.
compile requirements/rivals.in --constraints requirements/base.lock --output-file requirements/rivals.lock "$@"
# Another, with the server that the tests of traces send to.
compile requirements/phoenix.in --output-file requirements/phoenix.lock "$@"

# The server of deploy/compose.yaml, in an image of its own.
compile requirements/mlflow-server.in --constraints requirements/mlflow.lock --output-file requirements/mlflow-server.lock "$@"

with_cpu_torch requirements/dev.lock
with_cpu_torch requirements/train.lock

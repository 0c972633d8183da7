#!/bin/sh
# Makes `.venv` hold exactly what a lock says, and the project itself. Does nothing when it already does.
#
#   scripts/environment.sh requirements/base.lock
#   scripts/environment.sh requirements/rivals.lock .venv-rivals   in another folder, without the project
#
# Nothing is fetched that the lock does not name with its hash, and nothing is compiled on the way.
# PYTHON names the interpreter; by default the first one on the path that is new enough. TORCH_INDEX names where the CPU
# build of PyTorch comes from, for the locks that hold it.
set -eu
cd "$(dirname "$0")/.."

lock=$1
venv=${2:-.venv}
stamp="$venv/$(basename "$lock").stamp"
venv_python=$venv/bin/python
TORCH_INDEX=${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}

say() { printf '%s\n' "$*" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" && { echo "$PYTHON"; return; }
        say "PYTHON=$PYTHON is not Python 3.11 or newer."
        return 1
    fi
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        is_new_enough "$candidate" && { echo "$candidate"; return; }
    done
    say "Resuelve needs Python 3.11 or newer, and there is none on the path."
    say "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11"
    return 1
}

create_venv() {
    if "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        "$1" -m venv --clear "$venv"
    elif "$1" -c 'import venv, pip' >/dev/null 2>&1; then
        "$1" -m venv --clear --without-pip "$venv" # some systems ship pip and leave ensurepip out
    else
        say "$1 can make no virtual environment: its venv or pip module is missing."
        say "Install it (Debian, Ubuntu: apt install python3-venv; Fedora: dnf install python3-pip), then try again."
        return 1
    fi
}

run_pip() {
    if "$venv_python" -c 'import pip' >/dev/null 2>&1; then
        "$venv_python" -m pip --disable-pip-version-check "$@"
    else
        "$python" -m pip --disable-pip-version-check --python "$venv_python" "$@"
    fi
}

install() { run_pip install -qq --require-hashes --only-binary :all: "$@"; }

# On Linux PyPI has torch with CUDA only; its CPU build has an index of its own, which is asked for nothing else, and
# only where pip does not find the build by its own configuration.
install_cpu_torch() {
    awk '/^[^ ]/ { torch = /^torch==.*[+]cpu/ } torch' "$lock" >"$venv/torch.lock"
    [ -s "$venv/torch.lock" ] && [ "$(uname -s)" = Linux ] || return 0
    install --no-deps -r "$venv/torch.lock" 2>/dev/null && return
    say "Fetching the CPU build of PyTorch from $TORCH_INDEX …"
    install --no-deps --retries 2 --extra-index-url "$TORCH_INDEX" -r "$venv/torch.lock" && return
    say "The CPU build of PyTorch was not found. Is $TORCH_INDEX within reach? A mirror: TORCH_INDEX=https://…"
    return 1
}

# What the environment was made for: this folder (an environment cannot be moved), this lock, this project file.
fingerprint() { pwd; "$venv_python" --version; cksum "$lock" pyproject.toml; }

if is_new_enough "$venv_python" && [ -f "$stamp" ] && [ "$(fingerprint)" = "$(cat "$stamp")" ]; then
    exit 0
fi

python=$(find_python)
if ! is_new_enough "$venv_python" || [ "$(head -n 1 "$venv/place" 2>/dev/null)" != "$(pwd)" ]; then
    create_venv "$python"
    pwd >"$venv/place"
fi
say "Installing what $lock names into $venv (once; half a minute, or two with PyTorch) …"
if install_cpu_torch; then
    install -r "$lock"
elif [ "$(basename "$lock")" = dev.lock ]; then
    # Everything but fine-tuning can still be worked on.
    say "Going on without it: the tests of fine-tuning are skipped."
    awk '/^[^ ]/ { skipped = /^(torch|peft)==/ } !skipped' "$lock" >"$venv/without-torch.lock"
    install --no-deps -r "$venv/without-torch.lock"
else
    exit 1
fi
[ "$venv" != .venv ] || run_pip install -qq --no-deps --no-index --no-build-isolation --editable .
fingerprint >"$stamp"

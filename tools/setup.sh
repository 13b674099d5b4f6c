#!/usr/bin/env bash
# tools/setup.sh install FILE        put the pinned packages of FILE into .venv (made when missing)
# tools/setup.sh install FILE LAYER  put them into LAYER, which also sees the packages of .venv
# tools/setup.sh lock                resolve requirements*.in into requirements*.txt
#
# PYTHON=/path/to/python  which interpreter; INSTALLER=pip  do without uv (slower, same result).
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # byte code is the point: see compile_packages

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

usable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

find_python() {
    local candidate
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" && { echo "$PYTHON"; return; }
        fail "PYTHON=$PYTHON is not Python 3.11, 3.12 or 3.13, which TensorFlow needs: give the path of one."
    fi
    for candidate in python3 python3.13 python3.12 python3.11; do
        usable "$candidate" && { echo "$candidate"; return; }
    done
    fail "No Python 3.11, 3.12 or 3.13 found (TensorFlow has no packages for others; python3 is" \
        "$(python3 --version 2>/dev/null || echo missing)): install one, or run make with PYTHON=/path/to/python3.12."
}

make_venv() {
    [ -x .venv/bin/python ] && usable .venv/bin/python && return
    local python
    python=$(find_python)
    say "making .venv with $("$python" --version)"
    if [ "${INSTALLER:-}" != pip ] && command -v uv >/dev/null; then
        "$python" -m venv --clear --without-pip .venv
    else
        "$python" -c 'import ensurepip' 2>/dev/null ||
            fail "This Python has no ensurepip, so it cannot make .venv: install uv, or on Debian and Ubuntu the package python3-venv."
        "$python" -m venv --clear .venv
    fi
}

make_layer() { # packages that .venv does without; what it has is found there
    say "making $1 on top of .venv"
    .venv/bin/python -m venv --clear --without-pip "$1"
    packages_of .venv >"$(packages_of "$1")/below.pth"
}

packages_of() {
    "$PWD/$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

find_uv() { # prints the path of uv; fails when there is none and none can be had
    if command -v uv; then return; fi
    local tools=.venv/tools
    if [ ! -x $tools/bin/uv ]; then
        .venv/bin/python -m venv --clear $tools
        $tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
            --only-binary :all: -r tools/uv.txt || return 1
    fi
    echo "$tools/bin/uv"
}

install_packages() {
    local file=$1 venv=$2 uv
    if [ "${INSTALLER:-}" != pip ] && uv=$(find_uv); then
        say "installing $file with uv"
        UV_PYTHON_DOWNLOADS=never "$uv" pip install --quiet --python "$venv/bin/python" \
            --require-hashes -r "$file" && return
        say "uv could not install $file (the reason is above)"
    fi
    say "installing $file with pip: this takes minutes"
    .venv/bin/python -m pip --python "$venv/bin/python" install --quiet \
        --disable-pip-version-check --no-compile --require-hashes -r "$file"
}

compile_packages() { # 2.6 to 5 times less time for every import, in every process
    local packages
    packages=$(packages_of "$1")
    say "byte-compiling the packages"
    # A few packages ship files that are not Python (templates, Python 2): those do not count.
    .venv/bin/python -m compileall -qq -j 0 "$packages" || true
    .venv/bin/python - <<'PY' || fail "The packages in .venv could not be byte-compiled: is the disk full or read-only?"
import importlib.util, pathlib, sys
files = [importlib.util.find_spec(name).origin for name in ("streamlit", "numpy", "sqlalchemy")]
sys.exit(not all(pathlib.Path(importlib.util.cache_from_source(f)).exists() for f in files))
PY
}

lock() {
    make_venv
    local uv name
    uv=$(find_uv) || fail "make lock needs uv: put it on PATH."
    for name in requirements requirements-dev requirements-backends requirements-gpu requirements-mlflow; do
        "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
            --no-emit-index-url "$name.in" -o "$name.txt"
    done
}

case "${1:-}" in
    install)
        make_venv
        [ $# = 2 ] || make_layer "$3"
        install_packages "$2" "${3:-.venv}"
        compile_packages "${3:-.venv}"
        ;;
    lock) lock ;;
    *) fail "use: tools/setup.sh install FILE [LAYER] | lock" ;;
esac

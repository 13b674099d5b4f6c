#!/usr/bin/env bash
# Sees to it that the browser tests have a browser: the one that is there, or Debian's packages.
set -euo pipefail

found() {
    [ -n "${DESEMPATE_CHROMIUM:-}" ] && return
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    return 1
}

found && exit 0

if ! command -v apt-get >/dev/null; then
    echo "The browser tests need Chromium: install chromium or set DESEMPATE_CHROMIUM to a Chromium or Chrome." >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "The browser tests need Chromium: ask an administrator for apt-get install chromium, or set DESEMPATE_CHROMIUM." >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "installing chromium, chromium-driver and a font for the browser tests" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    chromium chromium-driver fonts-dejavu-core >/dev/null || {
    echo "apt-get could not install chromium: install a Chromium or Chrome and set DESEMPATE_CHROMIUM to it." >&2
    exit 1
}

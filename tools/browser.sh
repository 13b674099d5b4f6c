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

fail() {
    echo "The browser tests need Chromium: $*, or set DESEMPATE_CHROMIUM to a Chromium or Chrome." >&2
    exit 1
}

found && exit 0
command -v apt-get >/dev/null || fail "install chromium"
as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "ask an administrator for apt-get install chromium"
    as_root=(sudo)
fi
echo "installing chromium, chromium-driver and a font for the browser tests" >&2
{
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null
} || fail "apt-get could not install it (the reason is above); install chromium"
found || fail "apt-get installed no program of that name (on Ubuntu it is a snap); install it"

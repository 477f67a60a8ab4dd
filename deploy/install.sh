# shellcheck shell=bash
# Sourced by the scripts beside it. Debian keeps nginx where only root looks.
PATH="$PATH:/usr/sbin:/sbin"

# need COMMAND PACKAGE installs what is missing, if we are root on a Debian, and
# otherwise ends with a sentence. The package must not start a server of its own:
# it would take a port of this machine and stay there.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$1 is missing: install it (on Debian: apt-get install $2) and try again" >&2
    exit 1
  fi
  echo "Installing $2" >&2
  local policy=/usr/sbin/policy-rc.d ours=
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    ours=yes
  fi
  local log
  log=$({ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2"; } 2>&1) || {
    printf '%s\n' "$log" >&2
    echo "$2 could not be installed: the lines above say why" >&2
    [ -z "$ours" ] || rm -f $policy
    exit 1
  }
  [ -z "$ours" ] || rm -f $policy
}

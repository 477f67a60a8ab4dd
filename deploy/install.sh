# shellcheck shell=bash
# Sourced by the scripts beside it. Debian keeps nginx where only root looks.
PATH="$PATH:/usr/sbin:/sbin"

# need COMMAND PACKAGE installs what is missing, if we are root on a Debian, and
# otherwise ends with a sentence.
need() {
  if command -v "$1" >/dev/null; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$1 is missing: install it (on Debian: apt-get install $2) and try again" >&2
    exit 1
  fi
  echo "Installing $2" >&2
  install_package "$2" || exit
}

# install_package installs a package that must not start a server of its own: it would
# take a port of this machine and stay there. It is a shell of its own, so that its traps
# are not those of the script, and however it ends, the machine's rule for servers is as
# it was.
install_package() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    { printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy; } || exit
  fi
  log=$({ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1"; } 2>&1) || {
    printf '%s\n' "$log" >&2
    echo "$1 could not be installed: the lines above say why" >&2
    exit 1
  }
)

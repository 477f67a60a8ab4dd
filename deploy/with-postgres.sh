#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own: a new, empty server in a
# temporary folder, on a free port of loopback, with a random password. It ends with
# the command, however that ends, and nothing of it is left.
#
#   deploy/with-postgres.sh [-t] [-c setting=value]... command [argument]...
#
# The command finds the server's address in TEST_DATABASE_URL, its process in
# TEST_POSTGRES_PID, its folder in TEST_POSTGRES_DATA and the folder of
# PostgreSQL's programs in TEST_POSTGRES_BIN. -c changes a
# setting of the server. -t is for tests, which create and drop hundreds of
# databases: nothing is flushed to the disk, and the folder is in memory if
# there is a gigabyte of it. Where PostgreSQL is missing and we are root on a
# Debian, it is installed.
set -euo pipefail
# shellcheck source=deploy/install.sh
. "$(dirname "$0")/install.sh"

settings=() where="${TMPDIR:-/tmp}"
while getopts tc: option; do
  case $option in
    t)
      settings+=(-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c autovacuum=off -c max_wal_size=256MB)
      free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $4}')
      if [ -w /dev/shm ] && [ "${free:-0}" -gt $((1 << 20)) ]; then where=/dev/shm; fi
      ;;
    c) settings+=(-c "$OPTARG") ;;
    *) set -- ;;
  esac
done
shift $((OPTIND - 1)) 2>/dev/null || true
if [ $# -eq 0 ]; then
  echo "usage: $0 [-t] [-c setting=value]... command [argument]..." >&2
  exit 2
fi

# Debian keeps the server's programs of each version in a folder of their own.
find_programs() {
  local dir
  for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5nr) $(dirname "$(command -v initdb || echo none)"); do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
      echo "$dir"
      return
    fi
  done
  return 1
}
if ! bin=$(find_programs); then
  need initdb postgresql
  bin=$(find_programs)
fi

# PostgreSQL refuses to run as root; Debian's package has a user for it.
as_server=()
dir=$(mktemp -d "$where/restaurant-postgres-XXXXXX")
if [ "$(id -u)" = 0 ]; then
  as_server=(setpriv --reuid postgres --regid postgres --init-groups --)
  chown postgres "$dir"
fi

server=
# shellcheck disable=SC2317,SC2329 # a trap calls it
finish() {
  trap '' INT TERM HUP
  if [ -n "$server" ]; then
    # It may be frozen (make branches shows how), and then it hears no other signal.
    # shellcheck disable=SC2046 # several numbers, or none
    kill -CONT "$server" $(cat "/proc/$server/task/$server/children" 2>/dev/null) 2>/dev/null || true
    "${as_server[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -t 15 stop >/dev/null 2>&1 || kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
pwfile="$dir/password"
(umask 077 && printf '%s\n' "$password" >"$pwfile")
[ ${#as_server[@]} -eq 0 ] || chown postgres "$pwfile"
# md5 rather than scram: the password is of no use after this command, and tests
# connect thousands of times.
(cd "$dir" && "${as_server[@]}" "$bin/initdb" -D "$dir/data" -U postgres -A md5 --pwfile="$pwfile" --no-locale --encoding=UTF8 --no-sync >"$dir/initdb.log") || {
  cat "$dir/initdb.log" >&2
  exit 1
}
rm -f "$pwfile"

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 12000))
  if taken "$port"; then continue; fi
  # In a session of its own, so that Ctrl-C does not end it before the command.
  (cd "$dir" && exec setsid "${as_server[@]}" "$bin/postgres" -D "$dir/data" -c listen_addresses=127.0.0.1 -c port="$port" \
    -c unix_socket_directories= -c max_connections=400 "${settings[@]}") >"$dir/server.log" 2>&1 </dev/null &
  server=$!
  patience=$((SECONDS + 60)) # a busy machine
  while [ $SECONDS -lt $patience ] && ! grep -q 'ready to accept connections' "$dir/server.log" && kill -0 "$server" 2>/dev/null; do
    sleep 0.05
  done
  if grep -q 'ready to accept connections' "$dir/server.log"; then break; fi
  kill -QUIT "$server" 2>/dev/null || true # or another process took the port meanwhile, and it has ended
  wait "$server" 2>/dev/null || true
  server=
done
if [ -z "$server" ]; then
  echo "PostgreSQL does not start:" >&2
  cat "$dir/server.log" >&2
  exit 1
fi

# In the background and waited for, so that a signal is answered at once.
export TEST_DATABASE_URL="postgres://postgres:$password@127.0.0.1:$port/postgres?sslmode=disable"
export TEST_POSTGRES_BIN="$bin" TEST_POSTGRES_PID="$server" TEST_POSTGRES_DATA="$dir/data"
"$@" <&0 &
command=$!
trap 'kill -TERM "$command" 2>/dev/null; wait "$command" 2>/dev/null; exit 130' INT
trap 'kill -TERM "$command" 2>/dev/null; wait "$command" 2>/dev/null; exit 143' TERM HUP
status=0
wait "$command" || status=$?
exit "$status"

#!/usr/bin/env bash
# Starts three instances over one PostgreSQL, with nginx in front, and prints what
# to try. Everything is in a temporary folder and ends with Ctrl-C. On a Debian
# where we are root, what is missing is installed.
#
#   deploy/cluster.sh        (PORT=9080 deploy/cluster.sh: nginx there, the instances at the ports behind it)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/install.sh
. "$here/install.sh"
count=3 first=${PORT:-8080}

refuse() {
  echo "$1" >&2
  exit 1
}
taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || (exec 3<>"/dev/tcp/::1/$1") 2>/dev/null; }

# The addresses printed say localhost, which is [::1] as well where the machine has it.
has_ipv6_loopback() { grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null; }
port_of() { echo $((first + $1)); }

# Checks what may be missing before anything is started.
prepare() {
  if ! [[ $first =~ ^[0-9]{4,5}$ ]] || [ "$first" -lt 1024 ] || [ "$first" -gt $((65535 - count)) ]; then
    refuse "PORT must be a number from 1024 to $((65535 - count)), such as 8080"
  fi
  command -v go >/dev/null || refuse "Go is missing: install Go 1.26 from https://go.dev/dl and try again"
  need curl curl
  need nginx nginx-light
  local n
  for n in $(seq 0 "$count"); do
    if taken "$(port_of "$n")"; then
      refuse "port $(port_of "$n") is in use: stop what uses it, or choose another, for example: make branches PORT=$((first + 1000))"
    fi
  done
  echo "Starting PostgreSQL in a folder of its own"
  exec "$here/with-postgres.sh" "$here/cluster.sh" beside-postgres
}

dir='' nginx='' instances=()

# Each in a session of its own, so that Ctrl-C does not end all at once.
start_instance() {
  local port
  port=$(port_of "$1")
  mkdir -p "$dir/instance-$1"
  RESTAURANT_ADDR="localhost:$port" RESTAURANT_DATA_DIR="$dir/instance-$1/data" RESTAURANT_DATABASE_URL="$TEST_DATABASE_URL" RESTAURANT_PUBLIC_URL="http://localhost:$first" \
    RESTAURANT_TRUSTED_PROXIES=127.0.0.1 RESTAURANT_BEHIND_PROXY=off RESTAURANT_TLS=off RESTAURANT_PUBLIC=off RESTAURANT_DEMO_DATA=on \
    setsid "$dir/restaurant" serve </dev/null >>"$dir/instance-$1/log" 2>&1 &
  instances[$1]=$!
}

start_nginx() {
  local n
  cp "$here/nginx.conf" "$dir/nginx/"
  echo "listen 127.0.0.1:$first;" >"$dir/nginx/listen.conf"
  if has_ipv6_loopback; then echo "listen [::1]:$first;" >>"$dir/nginx/listen.conf"; fi
  for n in $(seq "$count"); do
    echo "server 127.0.0.1:$(port_of "$n") max_fails=1 fail_timeout=2s;"
  done >"$dir/nginx/instances.conf"
  setsid nginx -p "$dir/nginx" -c "$dir/nginx/nginx.conf" -e stderr -g "daemon off;" </dev/null >"$dir/nginx/log" 2>&1 &
  nginx=$!
}

# await URL PROCESS LOG NAME waits until it answers 200.
await() {
  local _
  for _ in $(seq 300); do
    if curl -fsS -o /dev/null -m 2 "$1" 2>/dev/null; then return; fi
    if ! kill -0 "$2" 2>/dev/null; then break; fi
    sleep 0.1
  done
  tail -n 5 "$3" >&2
  refuse "$4 does not start: the lines above say why"
}

finish() {
  trap '' INT TERM HUP
  local all=() _
  [ -z "$nginx" ] || all+=("$nginx")
  all+=("${instances[@]}")
  if [ ${#all[@]} -gt 0 ]; then
    echo "Stopping"
    kill -TERM "${all[@]}" 2>/dev/null || true
    for _ in $(seq 100); do
      if ! kill -0 "${all[@]}" 2>/dev/null; then all=() && break; fi
      sleep 0.1
    done
    [ ${#all[@]} -eq 0 ] || kill -KILL "${all[@]}" 2>/dev/null || true
  fi
  rm -rf "$dir"
}

beside_postgres() {
  trap finish EXIT
  trap 'exit 0' INT TERM HUP
  dir=$(mktemp -d "${TMPDIR:-/tmp}/restaurant-cluster-XXXXXX")
  mkdir "$dir/nginx"
  chmod 711 "$dir" "$dir/nginx" # nginx has workers without rights; what is secret is in the instances' folders
  echo "Building the program (the first time takes over a minute)"
  (cd "$here/.." && CGO_ENABLED=0 go build -trimpath -tags nomsgpack -ldflags '-s -w' -o "$dir/restaurant" .) & # waited for, so that Ctrl-C is answered at once
  wait $! || refuse "the program does not compile: the lines above say why"
  echo "Starting $count instances, and nginx in front of them"
  local n
  for n in $(seq "$count"); do start_instance "$n"; done
  for n in $(seq "$count"); do
    await "http://127.0.0.1:$(port_of "$n")/readyz" "${instances[$n]}" "$dir/instance-$n/log" "instance $n"
  done
  start_nginx
  await "http://127.0.0.1:$first/readyz" "$nginx" "$dir/nginx/log" nginx
  explain
  watch
}

explain() {
  local a b c frozen="$TEST_POSTGRES_PID \$(cat /proc/$TEST_POSTGRES_PID/task/$TEST_POSTGRES_PID/children)"
  a=http://localhost:$(port_of 1) b=http://localhost:$(port_of 2) c=http://localhost:$(port_of 3)
  cat <<TRY

nginx is at http://localhost:$first, the instances at $a, $b and $c.
Ctrl-C stops everything; nothing of it stays. The logs are in $dir/instance-1/log and so on.

Try it in a second terminal, in this folder.

  Get an access token through nginx, which asks one of the instances:
curl -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:$first/api/v1/auth/login -o wristband.txt

  Order at instance 1, follow the order at instance 2, and find it at instance 3:
curl -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@docs/examples/order.json" $a/api/v1/orders
curl -N -H "@wristband.txt" $b/api/v1/orders/1/events
curl -i -H "@wristband.txt" $c/api/v1/orders

  Each instance signs with a key of its own, and publishes the keys of all:
curl -i $c/.well-known/jwks.json

  Kill instance 1 (it is restarted three seconds later). Send the same order again and again meanwhile:
  it is placed once, and X-Branch says which instance answered.
kill -9 ${instances[1]}
curl -i -H "@wristband.txt" -H "Idempotency-Key: through-nginx" -H "Content-Type: application/json" -d "@docs/examples/order.json" http://localhost:$first/api/v1/orders

  Freeze PostgreSQL, as if its cable were cut. The menu and your token are still known; an order is
  refused with 503 and Retry-After; readyz says why. Then let it go on.
kill -STOP $frozen
curl -i http://localhost:$first/readyz
curl -i -H "@wristband.txt" http://localhost:$first/api/v1/auth/me
curl -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@docs/examples/order.json" http://localhost:$first/api/v1/orders
kill -CONT $frozen

  Log out at instance 1, and be refused at instance 2:
curl -i -X POST -H "@wristband.txt" $a/api/v1/auth/logout
curl -i -H "@wristband.txt" $b/api/v1/auth/me

TRY
}

# watch restarts an instance that has ended.
watch() {
  local n gone
  while :; do
    gone=''
    wait -n -p gone 2>/dev/null || true # and not what bash says of a process that was killed
    if [ "$gone" = "$nginx" ]; then
      tail -n 5 "$dir/nginx/log" >&2
      refuse "nginx has ended: the lines above say why"
    fi
    for n in $(seq "$count"); do
      if [ "$gone" = "${instances[$n]}" ]; then
        echo "Instance $n has ended; it is restarted in three seconds"
        sleep 3 &
        wait $! 2>/dev/null || true
        start_instance "$n"
        echo "Instance $n runs again, as process ${instances[$n]}"
      fi
    done
  done
}

if [ "${1:-}" = beside-postgres ]; then beside_postgres; else prepare; fi

#!/bin/sh
# L04 One large Margherita, please, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L04
fail() { echo "$lesson: $*" >&2; exit 1; }
# wants NAME STATUS...: the answer to the step has one of these statuses.
wants() {
	name=$1; shift
	status=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$name.head")
	for want in "$@"; do [ "$status" = "$want" ] && return; done
	fail "$name: the status is $status, and should be $*"
}
# each NAME STATUS...: each of the statuses that the step has printed is one of these.
each() {
	name=$1; shift
	[ -s "$name.body" ] || fail "$name: no status is printed"
	while read -r status; do
		case " $* " in *" $status "*) ;; *) fail "$name: a status is $status, and should be $*" ;; esac
	done < "$name.body"
}
# ends NAME CODE WANTED: curl has ended with the code that is wanted.
ends() { [ "$2" = "$3" ] || fail "$1: curl ends with $2, and should with $3"; }
holds() { grep -qF -e "$2" "$1.body" || fail "$1: the answer does not hold $2"; }
header() { grep -i "^$2:" "$1.head" | grep -qF -e "$3" || fail "$1: the header $2 does not hold $3"; }

curl -q -s http://localhost:8080/learn/files/order.json -o order.json || fail "nothing answers at http://localhost:8080"
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L04/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token)."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200

echo "2. First send the order without the wristband."
curl -q -i -H "Idempotency-Key: my-first-pizza-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D no-wristband.head > no-wristband.body || fail "no-wristband: nothing answers"
wants no-wristband 401
holds no-wristband '"type":"/problems/authentication-required"'

echo "3. Look up the Margherita with the wristband. For alice the wristband makes no difference, but a VIP sees more dishes on the menu."
curl -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/menu?q=margherita" -sS -D menu.head > menu.body || fail "menu: nothing answers"
wants menu 200

echo "4. Now order with the wristband. The header Location is the address of your order. Its last part is the number of the order."
curl -q -i -H "@wristband.txt" -H "Idempotency-Key: my-first-pizza-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D order.head > order.body || fail "order: nothing answers"
wants order 201
header order Location '/api/v1/orders/'
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' order.head)

echo "5. Imagine that the connection was bad and no response came. Send the order again. Compare the number, and look for the header Idempotency-Replayed."
curl -q -i -H "@wristband.txt" -H "Idempotency-Key: my-first-pizza-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D again.head > again.body || fail "again: nothing answers"
wants again 201
header again Idempotency-Replayed 'true'
header again Location '/api/v1/orders/'
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' again.head)

echo "6. Follow your order. The response stays open (a stream), and the kitchen writes each step into it until the pizza is served."
curl -q -N -H "@wristband.txt" http://localhost:8080/api/v1/orders/$order/events -sS -D follow.head > follow.body || fail "follow: nothing answers"
wants follow 200
holds follow '"status":"served"'
header follow Content-Type 'text/event-stream'

echo "7. Read your order again. Now it is served."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/orders/$order -sS -D served.head > served.body || fail "served: nothing answers"
wants served 200

curl -q -s -d question=every-request -d choice=2 http://localhost:8080/learn/lessons/L04/answers -D every-request.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L04.json -o L04.json
grep -qF '"state":"done"' L04.json || fail "it is not done; see http://localhost:8080/learn"
echo "L04 is done."

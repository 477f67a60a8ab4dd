#!/bin/sh
# L07 The VIP lounge, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L07
fail() { echo "$lesson: $*" >&2; exit 1; }
# wants NAME STATUS...: the answer to the step has one of these statuses.
wants() {
	name=$1; shift
	status=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$name.head")
	for want in "$@"; do [ "$status" = "$want" ] && return; done
	fail "$name: the status is $status, and should be $*"
}
holds() { grep -qF -e "$2" "$1.body" || fail "$1: the answer does not hold $2"; }
header() { grep -i "^$2:" "$1.head" | grep -qF -e "$3" || fail "$1: the header $2 does not hold $3"; }

curl -q -s "http://localhost:8080/learn/files/{wine,order,preparing}.json" -o "#1.json" || fail "nothing answers at http://localhost:8080"
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L07/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token)."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200

echo "2. Ask for the lounge as alice."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/lounge -sS -D alice-lounge.head > alice-lounge.body || fail "alice-lounge: nothing answers"
wants alice-lounge 403
holds alice-lounge '"type":"/problems/vip-only"'

echo "3. Log in as vera, who is a VIP."
curl -q -fsS -H "Accept: text/plain" -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.txt -sS -D vera.head > vera.body || fail "vera: it is refused, or nothing answers"
cp vera.txt vera.body
wants vera 200

echo "4. Ask again, as vera. Server-Timing shows 0 queries: the server did not ask the database if she is a VIP."
curl -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge -sS -D vera-lounge.head > vera-lounge.body || fail "vera-lounge: nothing answers"
wants vera-lounge 200
header vera-lounge Server-Timing '0 queries'

echo "5. Log in as bob, who is under 18."
curl -q -fsS -H "Accept: text/plain" -d username=bob -d password=bob-likes-pizza http://localhost:8080/api/v1/auth/login -o bob.txt -sS -D bob.head > bob.body || fail "bob: it is refused, or nothing answers"
cp bob.txt bob.body
wants bob 200

echo "6. Order wine as bob."
curl -q -i -H "@bob.txt" -H "Content-Type: application/json" -d "@wine.json" http://localhost:8080/api/v1/orders -sS -D wine.head > wine.body || fail "wine: nothing answers"
wants wine 403
holds wine '"type":"/problems/age-restricted"'

echo "7. Ask for the orders of the kitchen as bob. In L01 the server did not know you and answered 401. Now it knows bob."
curl -q -i -H "@bob.txt" http://localhost:8080/api/v1/kitchen/orders -sS -D bob-kitchen.head > bob-kitchen.body || fail "bob-kitchen: nothing answers"
wants bob-kitchen 403
holds bob-kitchen '"type":"/problems/role-required"'

echo "8. Order a pizza as alice, so that there is something to cook."
curl -q -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D order.head > order.body || fail "order: nothing answers"
wants order 201
header order Location '/api/v1/orders/'
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' order.head)

echo "9. Log in as carla, the chef."
curl -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt -sS -D carla.head > carla.body || fail "carla: it is refused, or nothing answers"
cp carla.txt carla.body
wants carla 200

echo "10. Ask for the orders of the kitchen as carla."
curl -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders -sS -D carla-kitchen.head > carla-kitchen.body || fail "carla-kitchen: nothing answers"
wants carla-kitchen 200

echo "11. Start cooking the order. If the kitchen was faster than you, the answer is 409: the order is already past that step."
curl -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/$order -sS -D cook.head > cook.body || fail "cook: nothing answers"
wants cook 200 409

curl -q -s http://localhost:8080/learn/lessons/L07.json -o L07.json
grep -qF '"state":"done"' L07.json || fail "it is not done; see http://localhost:8080/learn"
echo "L07 is done."

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

curl -q -s "http://localhost:8080/learn/files/{no-vip,vip,order,preparing}.json" -o "#1.json" || fail "nothing answers at http://localhost:8080"
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L07/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token)."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200

echo "2. First part, the lounge. Ask for it without a wristband."
curl -q -i http://localhost:8080/api/v1/lounge -sS -D nobody-lounge.head > nobody-lounge.body || fail "nobody-lounge: nothing answers"
wants nobody-lounge 401
holds nobody-lounge '"type":"/problems/authentication-required"'

echo "3. Ask for the lounge as alice."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/lounge -sS -D alice-lounge.head > alice-lounge.body || fail "alice-lounge: nothing answers"
wants alice-lounge 403
holds alice-lounge '"type":"/problems/vip-only"'

echo "4. Log in as vera, who is a VIP."
curl -q -fsS -H "Accept: text/plain" -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.txt -sS -D vera.head > vera.body || fail "vera: it is refused, or nothing answers"
cp vera.txt vera.body
wants vera 200

echo "5. Ask for the lounge as vera. Server-Timing shows 0 queries: her wristband says that she is a VIP, so nobody had to look it up."
curl -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge -sS -D vera-lounge.head > vera-lounge.body || fail "vera-lounge: nothing answers"
wants vera-lounge 200
header vera-lounge Server-Timing '0 queries'

echo "6. Log in as marco, the manager."
curl -q -fsS -H "Accept: text/plain" -d username=marco -d password=marco-likes-pizza http://localhost:8080/api/v1/auth/login -o marco.txt -sS -D marco.head > marco.body || fail "marco: it is refused, or nothing answers"
cp marco.txt marco.body
wants marco 200

echo "7. As marco, decide that vera (user 3) is no longer a VIP."
curl -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@no-vip.json" http://localhost:8080/api/v1/users/3 -sS -D no-vip.head > no-vip.body || fail "no-vip: nothing answers"
wants no-vip 200

echo "8. Ask for the lounge with vera's wristband again. It still says that she is a VIP."
curl -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge -sS -D vera-again.head > vera-again.body || fail "vera-again: nothing answers"
wants vera-again 401
holds vera-again '"type":"/problems/token-revoked"'
header vera-again WWW-Authenticate 'revoked'

echo "9. As marco, make vera a VIP again."
curl -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@vip.json" http://localhost:8080/api/v1/users/3 -sS -D vip-again.head > vip-again.body || fail "vip-again: nothing answers"
wants vip-again 200

echo "10. Second part, the kitchen. Ask for its orders as alice. In L01 the server did not know you and answered 401. Now it knows you."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/kitchen/orders -sS -D alice-kitchen.head > alice-kitchen.body || fail "alice-kitchen: nothing answers"
wants alice-kitchen 403
holds alice-kitchen '"type":"/problems/role-required"'

echo "11. Log in as carla, the chef."
curl -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt -sS -D carla.head > carla.body || fail "carla: it is refused, or nothing answers"
cp carla.txt carla.body
wants carla 200

echo "12. Ask for the kitchen's orders as carla. A chef has now looked at the list. Usually the kitchen starts each order by itself. But after a chef has looked at the list, new orders wait for the chef, for one minute."
curl -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders -sS -D carla-kitchen.head > carla-kitchen.body || fail "carla-kitchen: nothing answers"
wants carla-kitchen 200

echo "13. Order a pizza as alice, so that there is something to cook."
curl -q -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D order.head > order.body || fail "order: nothing answers"
wants order 201
header order Location '/api/v1/orders/'
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' order.head)

echo "14. As carla, start to cook it. If the answer is 409, the minute is over and the kitchen was faster: do the last three steps again."
curl -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/$order -sS -D cook.head > cook.body || fail "cook: nothing answers"
wants cook 200

curl -q -s -d question=who-or-may -d choice=3 http://localhost:8080/learn/lessons/L07/answers -D who-or-may.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L07.json -o L07.json
grep -qF '"state":"done"' L07.json || fail "it is not done; see http://localhost:8080/learn"
echo "L07 is done."

#!/bin/sh
# X02 The answer that got lost, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=X02
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/X02/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token)."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200

echo "2. Let bad weather come: for five minutes the response to each order gets lost. The kitchen (server program) still does its work."
curl -q -i -d "route=POST /api/v1/orders" -d fault=drop -d for_s=300 http://localhost:8080/lab/weather -sS -D storm.head > storm.body || fail "storm: nothing answers"
wants storm 201

echo "3. Order one large Margherita. No response comes, not even a status: curl says Empty reply from server and ends with exit code 52."
curl -q -i -H "@wristband.txt" -H "Idempotency-Key: lost-answer-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D lost.head > lost.body
ends lost $? 52

echo "4. Let the weather be fine again."
curl -q -i -X DELETE http://localhost:8080/lab/weather -sS -D sun.head > sun.body || fail "sun: nothing answers"
wants sun 204

echo "5. Send exactly the same order again, with the same Idempotency-Key. Look for the header Idempotency-Replayed."
curl -q -i -H "@wristband.txt" -H "Idempotency-Key: lost-answer-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D again.head > again.body || fail "again: nothing answers"
wants again 201
header again Idempotency-Replayed 'true'
header again Location '/api/v1/orders/'
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' again.head)

echo "6. Read your newest orders. The pizza is there only once."
curl -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/orders?limit=2" -sS -D one.head > one.body || fail "one: nothing answers"
wants one 200

curl -q -s -d question=new-key -d choice=1 http://localhost:8080/learn/lessons/X02/answers -D new-key.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/X02.json -o X02.json
grep -qF '"state":"done"' X02.json || fail "it is not done; see http://localhost:8080/learn"
echo "X02 is done."

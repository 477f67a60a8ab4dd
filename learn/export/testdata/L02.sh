#!/bin/sh
# L02 Order without a wristband, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L02
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L02/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Order one large Margherita. The order is in the file order.json."
curl -q -i -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D order.head > order.body || fail "order: nothing answers"
wants order 401
holds order '"type":"/problems/authentication-required"'
header order WWW-Authenticate 'Bearer'

echo "2. Ask for the list of orders. It is private."
curl -q -i http://localhost:8080/api/v1/orders -sS -D orders.head > orders.body || fail "orders: nothing answers"
wants orders 401
holds orders '"type":"/problems/authentication-required"'
header orders WWW-Authenticate 'Bearer'

echo "3. Try to delete the Margherita from the menu."
curl -q -i -X DELETE http://localhost:8080/api/v1/menu/1 -sS -D delete.head > delete.body || fail "delete: nothing answers"
wants delete 401
holds delete '"type":"/problems/authentication-required"'
header delete WWW-Authenticate 'Bearer'

echo "4. Check if the Margherita is still there."
curl -q -i http://localhost:8080/api/v1/menu/1 -sS -D still-there.head > still-there.body || fail "still-there: nothing answers"
wants still-there 200

echo "5. Now do the same where there is no bouncer. The lab is a part of this server that is unsafe on purpose. It has a small restaurant that asks nobody for a wristband. Order there."
curl -q -i -X POST http://localhost:8080/lab/open/orders -sS -D open-order.head > open-order.body || fail "open-order: nothing answers"
wants open-order 201

echo "6. Read its list of orders. One of them is alice's."
curl -q -i http://localhost:8080/lab/open/orders -sS -D open-orders.head > open-orders.body || fail "open-orders: nothing answers"
wants open-orders 200

echo "7. Delete the only dish on its menu."
curl -q -i -X DELETE http://localhost:8080/lab/open/menu -sS -D open-delete.head > open-delete.body || fail "open-delete: nothing answers"
wants open-delete 204

echo "8. Look at its menu: it is empty. (The dish comes back after a minute.)"
curl -q -i http://localhost:8080/lab/open/menu -sS -D open-menu.head > open-menu.body || fail "open-menu: nothing answers"
wants open-menu 200
holds open-menu '"items":[]'

curl -q -s -d question=first-check -d choice=2 http://localhost:8080/learn/lessons/L02/answers -D first-check.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L02.json -o L02.json
grep -qF '"state":"done"' L02.json || fail "it is not done; see http://localhost:8080/learn"
echo "L02 is done."

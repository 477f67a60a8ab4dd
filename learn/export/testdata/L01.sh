#!/bin/sh
# L01 Read the menu, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L01
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L01/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Ask the waiter (API) for the Margherita on the menu. With -i, curl also shows the status (a number) and the headers (lines about the response). The content, the body, comes below them."
curl -q -i "http://localhost:8080/api/v1/menu?q=margherita" -sS -D menu.head > menu.body || fail "menu: nothing answers"
wants menu 200
header menu Content-Type 'application/json'

echo "2. Ask again with another program: open the same address in a browser. Or run the line below. There curl sends another name, so the server thinks that another program asks."
curl -q -i -H "User-Agent: my-first-program" "http://localhost:8080/api/v1/menu?q=margherita" -sS -D other-client.head > other-client.body || fail "other-client: nothing answers"
wants other-client 200

echo "3. Ask for one dish. Dish 1 is the Margherita."
curl -q -i http://localhost:8080/api/v1/menu/1 -sS -D dish.head > dish.body || fail "dish: nothing answers"
wants dish 200

echo "4. Ask for a dish that is not on the menu. The waiter stays polite and answers with a text that explains the error (a problem document)."
curl -q -i http://localhost:8080/api/v1/menu/9999 -sS -D no-dish.head > no-dish.body || fail "no-dish: nothing answers"
wants no-dish 404
holds no-dish '"type":"/problems/not-found"'
header no-dish Content-Type 'application/problem+json'

echo "5. Try to enter the kitchen yourself. The answer is 401: they do not know you yet. In L07 they will know you, and still say no."
curl -q -i http://localhost:8080/api/v1/kitchen/orders -sS -D kitchen.head > kitchen.body || fail "kitchen: nothing answers"
wants kitchen 401
holds kitchen '"type":"/problems/authentication-required"'
header kitchen WWW-Authenticate 'Bearer'

curl -q -s -d question=who-is-who -d choice=2 http://localhost:8080/learn/lessons/L01/answers -D who-is-who.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L01.json -o L01.json
grep -qF '"state":"done"' L01.json || fail "it is not done; see http://localhost:8080/learn"
echo "L01 is done."

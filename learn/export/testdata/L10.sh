#!/bin/sh
# L10 Two houses, one wristband, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L10
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L10/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. The kiosk is a second program. On your own computer, start it in another terminal: go run . kiosk in the folder of the restaurant, or restaurant kiosk. In a class it is there already. Then log in at the restaurant as alice, and save the wristband."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp wristband.txt login.body
wants login 200

echo "2. Show the wristband at the restaurant, which issued it."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D home.head > home.body || fail "home: nothing answers"
wants home 200

echo "3. Show the same wristband at the kiosk. Look at Server-Timing: 0 queries. The kiosk has no order book (database) to ask."
curl -q -i -H "@wristband.txt" http://localhost:8081/me -sS -D away.head > away.body || fail "away: nothing answers"
wants away 200
header away Server-Timing '0 queries'

echo "4. Now the other way: get a ticket (session cookie) at the restaurant. curl keeps it in ticket.txt."
curl -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login -sS -D ticket.head > ticket.body || fail "ticket: nothing answers"
wants ticket 200

echo "5. Show the ticket at the restaurant. It finds the number in its list."
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me -sS -D ticket-home.head > ticket-home.body || fail "ticket-home: nothing answers"
wants ticket-home 200

echo "6. Show the ticket at the kiosk."
curl -q -i -b ticket.txt http://localhost:8081/me -sS -D ticket-away.head > ticket-away.body || fail "ticket-away: nothing answers"
wants ticket-away 401
holds ticket-away '"type":"/problems/authentication-required"'

echo "7. Does the kiosk believe everything? The lab makes a copy of the wristband and signs it with a key of its own."
curl -q -fsS -H "@wristband.txt" -d key=own http://localhost:8080/lab/forge -o fake.txt -sS -D forge.head > forge.body || fail "forge: it is refused, or nothing answers"
cp fake.txt forge.body
wants forge 200
header forge Lab 'deliberately-unsafe'

echo "8. Show the fake at the kiosk."
curl -q -i -H "@fake.txt" http://localhost:8081/me -sS -D fake.head > fake.body || fail "fake: nothing answers"
wants fake 401
holds fake '"type":"/problems/token-key-unknown"'

curl -q -s -d question=how -d choice=3 http://localhost:8080/learn/lessons/L10/answers -D how.head -o /dev/null
curl -q -s -d question=why-not -d choice=3 http://localhost:8080/learn/lessons/L10/answers -D why-not.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L10.json -o L10.json
grep -qF '"state":"done"' L10.json || fail "it is not done; see http://localhost:8080/learn"
echo "L10 is done."

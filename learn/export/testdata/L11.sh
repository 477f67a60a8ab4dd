#!/bin/sh
# L11 Out, but not everywhere, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L11
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L11/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Start the kiosk as in L10, if it is not running: go run . kiosk, or restaurant kiosk. Log in as alice and save the wristband."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp wristband.txt login.body
wants login 200

echo "2. Show the wristband at the kiosk."
curl -q -i -H "@wristband.txt" http://localhost:8081/me -sS -D welcome.head > welcome.body || fail "welcome: nothing answers"
wants welcome 200

echo "3. Log out at the restaurant."
curl -q -i -X POST -H "@wristband.txt" http://localhost:8080/api/v1/auth/logout -sS -D logout.head > logout.body || fail "logout: nothing answers"
wants logout 204

echo "4. Show the old wristband at the restaurant. It knows about the logout at once."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D home.head > home.body || fail "home: nothing answers"
wants home 401
holds home '"type":"/problems/token-revoked"'

echo "5. Show it at the kiosk. Do not wait long: on your own computer the kiosk asks for news every minute."
curl -q -i -H "@wristband.txt" http://localhost:8081/me -sS -D still.head > still.body || fail "still: nothing answers"
wants still 200

echo "6. Let the kiosk ask for news now. It fetches the list of ended login sessions."
curl -q -i -X POST http://localhost:8081/sync -sS -D sync.head > sync.body || fail "sync: nothing answers"
wants sync 200

echo "7. Show the old wristband at the kiosk once more."
curl -q -i -H "@wristband.txt" http://localhost:8081/me -sS -D now.head > now.body || fail "now: nothing answers"
wants now 401
holds now '"type":"/problems/token-revoked"'

echo "8. And a ticket (session cookie)? Get one at the restaurant."
curl -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login -sS -D ticket.head > ticket.body || fail "ticket: nothing answers"
wants ticket 200

echo "9. Give it back: the restaurant takes the number off its list."
curl -q -i -X POST -b ticket.txt http://localhost:8080/lab/session/logout -sS -D ticket-out.head > ticket-out.body || fail "ticket-out: nothing answers"
wants ticket-out 204

echo "10. Show the old ticket. It is refused at once."
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me -sS -D ticket-after.head > ticket-after.body || fail "ticket-after: nothing answers"
wants ticket-after 401

curl -q -s -d question=list -d choice=1 http://localhost:8080/learn/lessons/L11/answers -D list.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L11.json -o L11.json
grep -qF '"state":"done"' L11.json || fail "it is not done; see http://localhost:8080/learn"
echo "L11 is done."

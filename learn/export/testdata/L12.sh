#!/bin/sh
# L12 Ticket or wristband: measure, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L12
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L12/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice, and save the wristband."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp wristband.txt login.body
wants login 200

echo "2. Show the wristband once. Server-Timing says how many queries the server needed: none."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D wristband.head > wristband.body || fail "wristband: nothing answers"
wants wristband 200
header wristband Server-Timing '0 queries'

echo "3. Now ten times. That makes 0 queries in all."
curl -q -si -H "@wristband.txt" "http://localhost:8080/api/v1/auth/me?n=[1-10]" -o answer.txt -w "%{http_code}\n" -sS -D ten-wristbands.head > ten-wristbands.body || fail "ten-wristbands: nothing answers"
each ten-wristbands 200

echo "4. Get a ticket (session cookie). curl keeps it in ticket.txt: open it, and you see random letters and nothing about alice."
curl -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login -sS -D get-ticket.head > get-ticket.body || fail "get-ticket: nothing answers"
wants get-ticket 200

echo "5. Show the ticket once. To find out whose it is, the server reads a row: 1 query."
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me -sS -D ticket.head > ticket.body || fail "ticket: nothing answers"
wants ticket 200
header ticket Server-Timing '1 query'

echo "6. Ten times. That makes 10 queries in all."
curl -q -si -b ticket.txt "http://localhost:8080/lab/session/me?n=[1-10]" -o answer.txt -w "%{http_code}\n" -sS -D ten-tickets.head > ten-tickets.body || fail "ten-tickets: nothing answers"
each ten-tickets 200

echo "7. How long does that take? Let the server measure three ways: jwt checks the signature each time, jwt-remembered remembers it as this server does, and session reads the row. The times are in microseconds: 1,000 are a millisecond."
curl -q -i -d n=50 -d distance_ms=0 http://localhost:8080/lab/compare -sS -D near.head > near.body || fail "near: nothing answers"
wants near 200

echo "8. The same with a database that is 5 milliseconds away. They are simulated. Compare median_us, also under at_once: there, eight requests at a time share two connections."
curl -q -i -d n=50 -d distance_ms=5 http://localhost:8080/lab/compare -sS -D far.head > far.body || fail "far: nothing answers"
wants far 200

echo "9. What about a page at another address (origin), such as shop.example? Before such a page may send a wristband, the browser asks the server. Ask as the browser does. 405 means no, and 204 without Access-Control-Allow-Origin means no as well."
curl -q -i -X OPTIONS -H "Origin: http://shop.example" -H "Access-Control-Request-Method: GET" -H "Access-Control-Request-Headers: authorization" http://localhost:8080/api/v1/auth/me -sS -D preflight.head > preflight.body || fail "preflight: nothing answers"
wants preflight 405 204

echo "10. curl is no browser, so it does not ask first. Send the wristband as if from that page. The server accepts it: only somebody who holds the wristband can write that header."
curl -q -i -H "@wristband.txt" -H "Origin: http://shop.example" http://localhost:8080/api/v1/auth/me -sS -D foreign-wristband.head > foreign-wristband.body || fail "foreign-wristband: nothing answers"
wants foreign-wristband 200

echo "11. Now try to log alice out with the ticket, as if from that page. It changes something, and the cookie may have come by itself: the server refuses."
curl -q -i -X POST -b ticket.txt -H "Origin: http://shop.example" http://localhost:8080/lab/session/logout -sS -D foreign-ticket.head > foreign-ticket.body || fail "foreign-ticket: nothing answers"
wants foreign-ticket 403
holds foreign-ticket '"type":"/problems/cross-origin"'

echo "12. Give the ticket back yourself."
curl -q -i -X POST -b ticket.txt http://localhost:8080/lab/session/logout -sS -D give-back.head > give-back.body || fail "give-back: nothing answers"
wants give-back 204

echo "13. Show it again. Its row is gone, so it is worth nothing, at once."
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me -sS -D dead.head > dead.body || fail "dead: nothing answers"
wants dead 401
holds dead '"type":"/problems/authentication-required"'

echo "14. Now close the restaurant and open it again. The server ends everything that it has in memory and builds it again from its disk, as if you had stopped it with Ctrl-C and started it. (404 means: other people use it, too. Then somebody must restart it.)"
curl -q -i -X POST http://localhost:8080/learn/reopen -sS -D reopen.head > reopen.body || fail "reopen: nothing answers"
wants reopen 200

echo "15. Show the wristband once more. The server still accepts it: it needs only its key, and that is on the disk."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D again.head > again.body || fail "again: nothing answers"
wants again 200

curl -q -s -d question=stateless -d number=1 http://localhost:8080/learn/lessons/L12/answers -D stateless.head -o /dev/null
curl -q -s -d question=storage -d choice=2 http://localhost:8080/learn/lessons/L12/answers -D storage.head -o /dev/null
curl -q -s -d question=scale -d choice=3 http://localhost:8080/learn/lessons/L12/answers -D scale.head -o /dev/null
curl -q -s -d question=domains -d choice=2 http://localhost:8080/learn/lessons/L12/answers -D domains.head -o /dev/null
curl -q -s -d question=size -d number=750 http://localhost:8080/learn/lessons/L12/answers -D size.head -o /dev/null
curl -q -s -d question=near -d number=150 http://localhost:8080/learn/lessons/L12/answers -D near.head -o /dev/null
curl -q -s -d question=far -d number=5500 http://localhost:8080/learn/lessons/L12/answers -D far.head -o /dev/null
curl -q -s -d question=revoke -d choice=2 http://localhost:8080/learn/lessons/L12/answers -D revoke.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L12.json -o L12.json
grep -qF '"state":"done"' L12.json || fail "it is not done; see http://localhost:8080/learn"
echo "L12 is done."

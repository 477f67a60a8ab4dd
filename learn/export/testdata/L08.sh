#!/bin/sh
# L08 Wristbands expire, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L08
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L08/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in and ask for a wristband that is valid for only 30 seconds."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza -d expires_in=30 http://localhost:8080/api/v1/auth/login -o short.txt -sS -D short.head > short.body || fail "short: it is refused, or nothing answers"
cp short.txt short.body
wants short 200

echo "2. Show it at once. Too late? Log in again."
curl -q -i -H "@short.txt" http://localhost:8080/api/v1/auth/me -sS -D fresh.head > fresh.body || fail "fresh: nothing answers"
wants fresh 200

echo "3. After half a minute, show it again with the same line."
sleep 31
curl -q -i -H "@short.txt" http://localhost:8080/api/v1/auth/me -sS -D expired.head > expired.body || fail "expired: nothing answers"
wants expired 401
holds expired '"type":"/problems/token-expired"'
header expired WWW-Authenticate 'error="invalid_token"'

echo "4. Log in again, but do not ask for a shorter lifetime this time. See how long the new wristband is valid."
curl -q -i -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -sS -D login.head > login.body || fail "login: nothing answers"
wants login 200

curl -q -s -d question=default -d choice=2 http://localhost:8080/learn/lessons/L08/answers -D default.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L08.json -o L08.json
grep -qF '"state":"done"' L08.json || fail "it is not done; see http://localhost:8080/learn"
echo "L08 is done."

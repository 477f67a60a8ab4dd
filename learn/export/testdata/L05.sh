#!/bin/sh
# L05 Read the wristband, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L05
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L05/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the response."
curl -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp login.json login.body
wants login 200

echo "2. Let the server show you what is in your token. You can send the whole response to the login: the server finds the token in it."
curl -q -i -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/inspect -sS -D inspect.head > inspect.body || fail "inspect: nothing answers"
wants inspect 200

echo "3. Log in as vera, who is a VIP."
curl -q -fsS -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.json -sS -D vera.head > vera.body || fail "vera: it is refused, or nothing answers"
cp vera.json vera.body
wants vera 200

echo "4. Now look at what is in her token. Find the claims that are different."
curl -q -i -H "Content-Type: application/json" -d "@vera.json" http://localhost:8080/api/v1/auth/inspect -sS -D inspect-vera.head > inspect-vera.body || fail "inspect-vera: nothing answers"
wants inspect-vera 200

curl -q -s -d question=claims -d choice=2 http://localhost:8080/learn/lessons/L05/answers -D claims.head -o /dev/null
curl -q -s -d question=parts -d choice=1 http://localhost:8080/learn/lessons/L05/answers -D parts.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L05.json -o L05.json
grep -qF '"state":"done"' L05.json || fail "it is not done; see http://localhost:8080/learn"
echo "L05 is done."

#!/bin/sh
# L03 Show your ID, get a wristband, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L03
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L03/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Try to log in as alice with the wrong password."
curl -q -i -d username=alice -d password=wrong-password http://localhost:8080/api/v1/auth/login -sS -D wrong-password.head > wrong-password.body || fail "wrong-password: nothing answers"
wants wrong-password 401
holds wrong-password '"type":"/problems/invalid-credentials"'
header wrong-password WWW-Authenticate 'Bearer'

echo "2. Try again with a name that does not exist. Compare the two responses."
curl -q -i -d username=nobody -d password=wrong-password http://localhost:8080/api/v1/auth/login -sS -D unknown-name.head > unknown-name.body || fail "unknown-name: nothing answers"
wants unknown-name 401
holds unknown-name '"type":"/problems/invalid-credentials"'

echo "3. Log in with the right password, and save the response in login.json. Open the file: it contains two tokens."
curl -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp login.json login.body
wants login 200
header login Cache-Control 'no-store'

echo "4. Log in again and ask for plain text. The response is one line that you can send as a header. Save it in wristband.txt."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200
holds wristband 'Authorization: Bearer ey'
header wristband Content-Type 'text/plain'

echo "5. Show the wristband and ask who you are. This time you do not send the password."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D me.head > me.body || fail "me: nothing answers"
wants me 200
header me Server-Timing '0 queries'

curl -q -s -d question=queries -d choice=3 http://localhost:8080/learn/lessons/L03/answers -D queries.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L03.json -o L03.json
grep -qF '"state":"done"' L03.json || fail "it is not done; see http://localhost:8080/learn"
echo "L03 is done."

#!/bin/sh
# L09 The voucher: refresh tokens, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L09
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
curl -q -s -d question=predict -d choice=4 http://localhost:8080/learn/lessons/L09/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice. The response contains the wristband and the voucher."
curl -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp login.json login.body
wants login 200

echo "2. Exchange the voucher for a new wristband and a new voucher. You can send the whole response to the login: the server takes what it needs."
curl -q -fsS -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -o second.json -sS -D refresh.head > refresh.body || fail "refresh: it is refused, or nothing answers"
cp second.json refresh.body
wants refresh 200

echo "3. Now be the thief: show the old voucher a second time."
curl -q -i -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -sS -D reuse.head > reuse.body || fail "reuse: nothing answers"
wants reuse 401
holds reuse '"type":"/problems/refresh-token-reused"'

echo "4. Now be alice again, with her new voucher. It does not work either, because the login session has ended."
curl -q -i -H "Content-Type: application/json" -d "@second.json" http://localhost:8080/api/v1/auth/refresh -sS -D ended.head > ended.body || fail "ended: nothing answers"
wants ended 401
holds ended '"type":"/problems/refresh-token-invalid"'

echo "5. Would it be easier without vouchers? Ask for a wristband that is valid for ten years."
curl -q -i -d username=alice -d password=alice-likes-pizza -d expires_in=315360000 http://localhost:8080/api/v1/auth/login -sS -D ten-years.head > ten-years.body || fail "ten-years: nothing answers"
wants ten-years 422
holds ten-years '"type":"/problems/lifetime-too-long"'

curl -q -s -d question=remembered -d choice=2 http://localhost:8080/learn/lessons/L09/answers -D remembered.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L09.json -o L09.json
grep -qF '"state":"done"' L09.json || fail "it is not done; see http://localhost:8080/learn"
echo "L09 is done."

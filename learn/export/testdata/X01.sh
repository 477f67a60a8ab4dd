#!/bin/sh
# X01 Sixteen minutes later, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=X01
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/X01/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp wristband.txt login.body
wants login 200

echo "2. Log in once more, and save the whole response. The voucher is in it."
curl -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json -sS -D voucher.head > voucher.body || fail "voucher: it is refused, or nothing answers"
cp login.json voucher.body
wants voucher 200

echo "3. Show the wristband. It is new, so it works."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D before.head > before.body || fail "before: nothing answers"
wants before 200

echo "4. Let 16 minutes pass. The lab moves the clock of the tokens ahead. Look at the header Restaurant-Time: from now on each response has it."
curl -q -i -d advance=16m http://localhost:8080/lab/clock -sS -D clock.head > clock.body || fail "clock: nothing answers"
wants clock 200
header clock Restaurant-Time 'GMT'

echo "5. Show the same wristband again."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D after.head > after.body || fail "after: nothing answers"
wants after 401
holds after '"type":"/problems/token-expired"'

echo "6. Exchange the voucher for a new wristband. It is 16 minutes old, too."
curl -q -fsS -H "Accept: text/plain" -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -o new.txt -sS -D refresh.head > refresh.body || fail "refresh: it is refused, or nothing answers"
cp new.txt refresh.body
wants refresh 200

echo "7. Show the new wristband. You did not need your password."
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me -sS -D again.head > again.body || fail "again: nothing answers"
wants again 200

echo "8. Ask how far the clock is ahead. You can do this lesson again: there are 24 hours in all."
curl -q -i http://localhost:8080/lab/clock -sS -D ahead.head > ahead.body || fail "ahead: nothing answers"
wants ahead 200

curl -q -s -d question=back -d choice=2 http://localhost:8080/learn/lessons/X01/answers -D back.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/X01.json -o X01.json
grep -qF '"state":"done"' X01.json || fail "it is not done; see http://localhost:8080/learn"
echo "X01 is done."

#!/bin/sh
# L13 Too heavy, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L13
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L13/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice, and save the wristband."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp wristband.txt login.body
wants login 200

echo "2. Put it on the scales. The lab counts the bytes of the header, and does not look into it. Compare: a ticket (session cookie) is 45 bytes."
curl -q -i -H "@wristband.txt" http://localhost:8080/lab/weigh -sS -D light.head > light.body || fail "light: nothing answers"
wants light 200
holds light 'bytes_per_1000'
header light Lab 'deliberately-unsafe'

echo "3. Now a wristband that carries 4,000 letters along. The lab makes it, with a key of its own."
curl -q -fsS -H "Accept: text/plain" "http://localhost:8080/lab/fat?pad=4000" -o fat.txt -sS -D pack.head > pack.body || fail "pack: it is refused, or nothing answers"
cp fat.txt pack.body
wants pack 200

echo "4. Weigh it. 4,000 letters have become more than 5,000 bytes, because Base64URL writes three bytes as four letters."
curl -q -i -H "@fat.txt" http://localhost:8080/lab/weigh -sS -D heavy.head > heavy.body || fail "heavy: nothing answers"
wants heavy 200
holds heavy 'bytes_per_1000'

echo "5. And one with 20,000 letters."
curl -q -fsS -H "Accept: text/plain" "http://localhost:8080/lab/fat?pad=20000" -o fatter.txt -sS -D pack-more.head > pack-more.body || fail "pack-more: it is refused, or nothing answers"
cp fatter.txt pack-more.body
wants pack-more 200

echo "6. Put that one on the scales, too."
curl -q -i -H "@fatter.txt" http://localhost:8080/lab/weigh -sS -D too-heavy.head > too-heavy.body || fail "too-heavy: nothing answers"
wants too-heavy 431
holds too-heavy '"type":"/problems/header-too-large"'

echo "7. The other way: show the light wristband, and ask for your newest order. Server-Timing says 1 query: the server finds the order by your number. If you have not ordered anything yet, the list is empty."
curl -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/orders?limit=1" -sS -D by-reference.head > by-reference.body || fail "by-reference: nothing answers"
wants by-reference 200
header by-reference Server-Timing '1 query'

curl -q -s -d question=where -d choice=3 http://localhost:8080/learn/lessons/L13/answers -D where.head -o /dev/null
curl -q -s -d question=paid -d choice=2 http://localhost:8080/learn/lessons/L13/answers -D paid.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L13.json -o L13.json
grep -qF '"state":"done"' L13.json || fail "it is not done; see http://localhost:8080/learn"
echo "L13 is done."

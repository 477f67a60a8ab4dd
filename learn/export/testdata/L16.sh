#!/bin/sh
# L16 Rush hour, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L16
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L16/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Send 20 requests as fast as curl can. It prints only the status of each. Then open the file answer.txt: it holds the last response. Look for Retry-After: so many seconds to wait."
curl -q -si "http://localhost:8080/lab/rush?n=[1-20]" -o answer.txt -w "%{http_code}\n" -sS -D rush.head > rush.body || fail "rush: nothing answers"
each rush 200 429

echo "2. Do what Retry-After says, and ask once more. You are served again."
sleep 2
curl -q -i http://localhost:8080/lab/rush -sS -D calm.head > calm.body || fail "calm: nothing answers"
wants calm 200

echo "3. The restaurant has a limit, too: 50 requests in a second. Send 40 requests for the Margherita. Nobody who only eats here meets the limit."
curl -q -si "http://localhost:8080/api/v1/menu/1?n=[1-40]" -o answer.txt -w "%{http_code}\n" -sS -D forty.head > forty.body || fail "forty: nothing answers"
each forty 200

echo "4. Send 200. Now some of them are refused."
curl -q -si "http://localhost:8080/api/v1/menu/1?n=[1-200]" -o answer.txt -w "%{http_code}\n" -sS -D flood.head > flood.body || fail "flood: nothing answers"
each flood 200 429

echo "5. Try to guess bob's password, eight times. After five wrong ones (401) the server no longer looks at the password (429)."
sleep 2
curl -q -si -d username=bob -d password=pizza "http://localhost:8080/api/v1/auth/login?n=[1-8]" -o answer.txt -w "%{http_code}\n" -sS -D guess.head > guess.body || fail "guess: nothing answers"
each guess 401 429

echo "6. Log in as alice meanwhile."
curl -q -i -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -sS -D alice.head > alice.body || fail "alice: nothing answers"
wants alice 200

curl -q -s -d question=bob -d choice=3 http://localhost:8080/learn/lessons/L16/answers -D bob.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L16.json -o L16.json
grep -qF '"state":"done"' L16.json || fail "it is not done; see http://localhost:8080/learn"
echo "L16 is done."

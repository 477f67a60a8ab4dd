#!/bin/sh
# L14 The thief in the browser, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L14
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L14/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Open the stage: a small website at an address of its own, for ten minutes. It has a wristband of the lab that opens nothing. If the time is over, open it again."
curl -q -i -X POST http://localhost:8080/lab/stage -sS -D open.head > open.body || fail "open: nothing answers"
wants open 201

echo "2. Case 1: the wristband is in localStorage. Read what the thief wants to write. Then let him, and look at his notepad."
echo "Do this in a browser: http://localhost:8080/lab/stage?case=storage Then press Enter here."
read -r _

echo "3. Case 2: the same text, but the wristband is in a cookie with HttpOnly. What is on his notepad now?"
echo "Do this in a browser: http://localhost:8080/lab/stage?case=cookie Then press Enter here."
read -r _

echo "4. Case 3: the same cookie. But this thief does not want the wristband. He wants a pizza. Let the thief order."
echo "Do this in a browser: http://localhost:8080/lab/stage?case=order Then press Enter here."
read -r _

echo "5. Case 4: this page shows every text as text (output encoding). The wristband is in localStorage again. Wait until the page says what has arrived."
echo "Do this in a browser: http://localhost:8080/lab/stage?case=encoded Then press Enter here."
read -r _

echo "6. Case 5: this page makes the mistake of case 1 again. But its policy (Content-Security-Policy) allows only its own script. The browser reports the other one."
echo "Do this in a browser: http://localhost:8080/lab/stage?case=strict Then press Enter here."
read -r _

curl -q -s -d question=use -d choice=3 http://localhost:8080/learn/lessons/L14/answers -D use.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L14.json -o L14.json
grep -qF '"state":"done"' L14.json || fail "it is not done; see http://localhost:8080/learn"
echo "L14 is done."

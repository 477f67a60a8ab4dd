#!/bin/sh
# L17 The wire, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L17
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
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L17/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token)."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200

echo "2. The lab opens a wire with a window. It leads to this server, for two minutes, and everything on it is written down. The response is a file that tells curl the way."
curl -q -fsS -H "Accept: text/plain" -d tls=false http://localhost:8080/lab/wire -o wire.txt -sS -D open-plain.head > open-plain.body || fail "open-plain: it is refused, or nothing answers"
cp wire.txt open-plain.body
wants open-plain 201
holds open-plain 'connect-to'
header open-plain Lab 'deliberately-unsafe'

echo "3. Show your wristband over this wire. Too late, and curl cannot connect? Open the wire again."
curl -q -i -K wire.txt -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D plain.head > plain.body || fail "plain: nothing answers"
wants plain 200

echo "4. Now be the thief, and read what went over the wire. There is the whole wristband. You could copy it into a file and use it."
curl -q -i http://localhost:8080/lab/wire/log -sS -D read.head > read.body || fail "read: nothing answers"
wants read 200
holds read 'Authorization: Bearer ey'

echo "5. Open a second wire, this time with TLS. That is the s in https."
curl -q -fsS -H "Accept: text/plain" -d tls=true http://localhost:8080/lab/wire -o wire.txt -sS -D open-tls.head > open-tls.body || fail "open-tls: it is refused, or nothing answers"
cp wire.txt open-tls.body
wants open-tls 201
holds open-tls 'connect-to'

echo "6. Show your wristband over it. The server shows a certificate, and curl does not know who signed that. So curl breaks off with error 60, before it has sent the wristband. There is an option, -k, with which curl believes every certificate, also that of a thief. Never use it."
curl -q -i -K wire.txt -H "@wristband.txt" https://localhost:8080/api/v1/auth/me -sS -D stranger.head > stranger.body
ends stranger $? 60

echo "7. The lab has signed the certificate itself. Save the certificate of the lab."
curl -q -fsS http://localhost:8080/lab/wire/ca.pem -o ca.pem -sS -D ca.head > ca.body || fail "ca: it is refused, or nothing answers"
cp ca.pem ca.body
wants ca 200
holds ca 'BEGIN CERTIFICATE'

echo "8. Tell curl to trust it, for this one request. (The last option is for Windows. Elsewhere it does nothing.)"
curl -q -i -K wire.txt --cacert ca.pem --ssl-no-revoke -H "@wristband.txt" https://localhost:8080/api/v1/auth/me -sS -D trust.head > trust.body || fail "trust: nothing answers"
wants trust 200

echo "9. Be the thief once more. You see when something was sent, and how many bytes. You cannot read a letter of it."
curl -q -i http://localhost:8080/lab/wire/log -sS -D closed.head > closed.body || fail "closed: nothing answers"
wants closed 200
holds closed 'encrypted data'

curl -q -s -d question=redirect -d choice=2 http://localhost:8080/learn/lessons/L17/answers -D redirect.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L17.json -o L17.json
grep -qF '"state":"done"' L17.json || fail "it is not done; see http://localhost:8080/learn"
echo "L17 is done."

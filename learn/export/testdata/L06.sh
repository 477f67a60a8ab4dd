#!/bin/sh
# L06 Change one letter, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L06
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L06/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token)."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp wristband.txt wristband.body
wants wristband 200

echo "2. Forge a wristband in the lab, the part of this server that is unsafe on purpose. The lab changes guest to manager and leaves the signature as it is."
curl -q -fsS -H "@wristband.txt" -d set=role=manager http://localhost:8080/lab/forge -o fake.txt -sS -D forge.head > forge.body || fail "forge: it is refused, or nothing answers"
cp fake.txt forge.body
wants forge 200
holds forge 'Authorization: Bearer ey'
header forge Lab 'deliberately-unsafe'

echo "3. Show the forged wristband to the server."
curl -q -i -H "@fake.txt" http://localhost:8080/api/v1/auth/me -sS -D fake.head > fake.body || fail "fake: nothing answers"
wants fake 401
holds fake '"type":"/problems/token-signature-invalid"'
header fake WWW-Authenticate 'bad signature'

echo "4. Show the genuine (real) wristband. It is still valid, because nobody changed it."
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me -sS -D genuine.head > genuine.body || fail "genuine: nothing answers"
wants genuine 200

echo "5. Look at the public keys of this server. Each key has the fields n and e, but no field d: d would be the private part."
curl -q -i http://localhost:8080/.well-known/jwks.json -sS -D jwks.head > jwks.body || fail "jwks: nothing answers"
wants jwks 200

echo "6. Ask for the private key. The server has no address that gives it out."
curl -q -i http://localhost:8080/private.pem -sS -D private.head > private.body || fail "private: nothing answers"
wants private 404
holds private '"type":"/problems/not-found"'

curl -q -s -d question=public -d choice=1 http://localhost:8080/learn/lessons/L06/answers -D public.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L06.json -o L06.json
grep -qF '"state":"done"' L06.json || fail "it is not done; see http://localhost:8080/learn"
echo "L06 is done."

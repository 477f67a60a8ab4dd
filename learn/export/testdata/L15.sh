#!/bin/sh
# L15 Repair the bouncer, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L15
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
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L15/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as alice and save the wristband (access token). She is no VIP."
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o real.txt -sS -D wristband.head > wristband.body || fail "wristband: it is refused, or nothing answers"
cp real.txt wristband.body
wants wristband 200

echo "2. Fake 1: the lab writes vip=true and alg: none into the wristband, and takes the signature away."
curl -q -fsS -H "@real.txt" -d set=vip=true -d alg=none http://localhost:8080/lab/forge -o none.txt -sS -D forge-none.head > forge-none.body || fail "forge-none: it is refused, or nothing answers"
cp none.txt forge-none.body
wants forge-none 200
holds forge-none 'Authorization: Bearer ey'
header forge-none Lab 'deliberately-unsafe'

echo "3. Show it at the VIP lounge of the restaurant."
curl -q -i -H "@none.txt" http://localhost:8080/api/v1/lounge -sS -D none.head > none.body || fail "none: nothing answers"
wants none 401
holds none '"type":"/problems/token-algorithm-refused"'

echo "4. Fake 2: the header says HS256, where one secret signs and checks. The lab signs, and its secret is the text of the server's public key."
curl -q -fsS -H "@real.txt" -d set=vip=true -d alg=HS256 -d key=public http://localhost:8080/lab/forge -o hs256.txt -sS -D forge-hs256.head > forge-hs256.body || fail "forge-hs256: it is refused, or nothing answers"
cp hs256.txt forge-hs256.body
wants forge-hs256 200

echo "5. Show it at the lounge."
curl -q -i -H "@hs256.txt" http://localhost:8080/api/v1/lounge -sS -D hs256.head > hs256.body || fail "hs256: nothing answers"
wants hs256 401
holds hs256 '"type":"/problems/token-algorithm-refused"'

echo "6. Fake 3 brings its own key along: jwk in the header is a public key of the lab, and the lab signs with the private key that belongs to it."
curl -q -fsS -H "@real.txt" -d set=vip=true -d embed=jwk http://localhost:8080/lab/forge -o jwk.txt -sS -D forge-jwk.head > forge-jwk.body || fail "forge-jwk: it is refused, or nothing answers"
cp jwk.txt forge-jwk.body
wants forge-jwk 200

echo "7. Show it at the lounge. Wristbands of this server have exactly three fields in the header. A token with a fourth one is refused, and nobody looks at the key in it."
curl -q -i -H "@jwk.txt" http://localhost:8080/api/v1/lounge -sS -D jwk.head > jwk.body || fail "jwk: nothing answers"
wants jwk 401
holds jwk '"type":"/problems/token-malformed"'

echo "8. Fake 4 is signed correctly with RS256, but with a key of the lab. The header names that key."
curl -q -fsS -H "@real.txt" -d set=vip=true -d key=own http://localhost:8080/lab/forge -o own.txt -sS -D forge-own.head > forge-own.body || fail "forge-own: it is refused, or nothing answers"
cp own.txt forge-own.body
wants forge-own 200

echo "9. Show it at the lounge."
curl -q -i -H "@own.txt" http://localhost:8080/api/v1/lounge -sS -D own.head > own.body || fail "own: nothing answers"
wants own 401
holds own '"type":"/problems/token-key-unknown"'

echo "10. Fake 5 is the simple one of L06: vip=true, and the old signature."
curl -q -fsS -H "@real.txt" -d set=vip=true http://localhost:8080/lab/forge -o changed.txt -sS -D forge-changed.head > forge-changed.body || fail "forge-changed: it is refused, or nothing answers"
cp changed.txt forge-changed.body
wants forge-changed 200

echo "11. Show it at the lounge. All five were refused, and for four different reasons."
curl -q -i -H "@changed.txt" http://localhost:8080/api/v1/lounge -sS -D changed.head > changed.body || fail "changed: nothing answers"
wants changed 401
holds changed '"type":"/problems/token-signature-invalid"'

echo "12. Now go to a bouncer who only reads and checks nothing: the sleepy bouncer of the lab. Show him fake 1. His answer also says why the real bouncer refuses it."
curl -q -i -H "@none.txt" http://localhost:8080/lab/sleepy/lounge -sS -D sleepy.head > sleepy.body || fail "sleepy: nothing answers"
wants sleepy 200

echo "13. Repair him. These are the five guards (checks) that he needs, each with a line of Go, JavaScript and Python."
curl -q -i http://localhost:8080/lab/repair -sS -D guards.head > guards.body || fail "guards: nothing answers"
wants guards 200

echo "14. Begin with one guard. The lab shows the repaired bouncer 8 fakes and 2 genuine tokens. Only 3 of 10 decisions are right."
curl -q -i -d guards=signature http://localhost:8080/lab/repair -sS -D half.head > half.body || fail "half: nothing answers"
wants half 200

echo "15. Give him all five guards: 10 of 10. He refuses all the fakes, and he still lets the genuine tokens in."
curl -q -i -d guards=one-algorithm -d guards=own-keys -d guards=signature -d guards=exp -d guards=issuer-audience http://localhost:8080/lab/repair -sS -D repair.head > repair.body || fail "repair: nothing answers"
wants repair 200

curl -q -s -d question=confused -d choice=3 http://localhost:8080/learn/lessons/L15/answers -D confused.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L15.json -o L15.json
grep -qF '"state":"done"' L15.json || fail "it is not done; see http://localhost:8080/learn"
echo "L15 is done."

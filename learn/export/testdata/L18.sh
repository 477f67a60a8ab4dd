#!/bin/sh
# L18 Choose, then cook alone, from the first call to done. Run it in an empty folder.
# The lines that begin with curl are those of the lesson, with -q, so that no .curlrc
# changes them; each is followed by what its answer must be.
set -u
lesson=L18
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

curl -q -s "http://localhost:8080/learn/files/{register,wine,order,preparing,vip,no-vip}.json" -o "#1.json" || fail "nothing answers at http://localhost:8080"
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L18/answers -D predict.head -o /dev/null || fail "nothing answers at http://localhost:8080"

echo "1. Log in as marco, the manager."
curl -q -fsS -H "Accept: text/plain" -d username=marco -d password=marco-likes-pizza http://localhost:8080/api/v1/auth/login -o marco.txt -sS -D marco.head > marco.body || fail "marco: it is refused, or nothing answers"
cp marco.txt marco.body
wants marco 200

echo "2. Log in as carla, the chef."
curl -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt -sS -D carla.head > carla.body || fail "carla: it is refused, or nothing answers"
cp carla.txt carla.body
wants carla 200

echo "3. Register a new guest. Choose a name, and a password that ends in -likes-pizza. (409: the name is taken, perhaps by you. Then log in.)"
curl -q -i -H "Content-Type: application/json" -d "@register.json" http://localhost:8080/api/v1/auth/register -sS -D register.head > register.body || fail "register: nothing answers"
wants register 201 409

echo "4. Log in as the new guest, and save the wristband."
curl -q -fsS -H "Accept: text/plain" -d username=new.guest -d password=new.guest-likes-pizza http://localhost:8080/api/v1/auth/login -o new.txt -sS -D login.head > login.body || fail "login: it is refused, or nothing answers"
cp new.txt login.body
wants login 200

echo "5. Ask who you are, and note the id of the new guest: it is sub."
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me -sS -D guest.head > guest.body || fail "guest: nothing answers"
wants guest 200
guest=$(sed -n 's/.*"sub":"\([0-9]*\)".*/\1/p' guest.body)

echo "6. As carla, read the kitchen's list of orders. Then an order stays placed for a minute, so that she can be first."
curl -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders -sS -D board.head > board.body || fail "board: nothing answers"
wants board 200

echo "7. As the new guest, order the first thing."
curl -q -i -H "@new.txt" -H "Content-Type: application/json" -d "@wine.json" http://localhost:8080/api/v1/orders -sS -D drink.head > drink.body || fail "drink: nothing answers"
wants drink 201
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' drink.head)

echo "8. Order the second thing, and note the number of this order."
curl -q -i -H "@new.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -D order.head > order.body || fail "order: nothing answers"
wants order 201
order=$(sed -n 's|^[Ll]ocation: .*/\([0-9]*\).*|\1|p' order.head)

echo "9. As carla, set the second order to preparing. The kitchen does the rest by itself."
curl -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/$order -sS -D cook.head > cook.body || fail "cook: nothing answers"
wants cook 200

echo "10. As the guest, follow this order until it is served."
curl -q -N -H "@new.txt" http://localhost:8080/api/v1/orders/$order/events -sS -D follow.head > follow.body || fail "follow: nothing answers"
wants follow 200

echo "11. Read the order: it is served."
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/orders/$order -sS -D served.head > served.body || fail "served: nothing answers"
wants served 200

echo "12. As marco, make the new guest a VIP. You need the id that you noted."
curl -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@vip.json" http://localhost:8080/api/v1/users/$guest -sS -D vip.head > vip.body || fail "vip: nothing answers"
wants vip 200

echo "13. Show the old wristband in the lounge. It does not say VIP, and so marco's decision has ended it."
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/lounge -sS -D old.head > old.body || fail "old: nothing answers"
wants old 401
holds old '"type":"/problems/token-revoked"'

echo "14. Log in again."
curl -q -fsS -H "Accept: text/plain" -d username=new.guest -d password=new.guest-likes-pizza http://localhost:8080/api/v1/auth/login -o new.txt -sS -D again.head > again.body || fail "again: it is refused, or nothing answers"
cp new.txt again.body
wants again 200

echo "15. Show the new wristband in the lounge."
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/lounge -sS -D lounge.head > lounge.body || fail "lounge: nothing answers"
wants lounge 200

echo "16. Log out."
curl -q -i -X POST -H "@new.txt" http://localhost:8080/api/v1/auth/logout -sS -D logout.head > logout.body || fail "logout: nothing answers"
wants logout 204

echo "17. Prove that the wristband is dead: ask who you are."
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me -sS -D proof.head > proof.body || fail "proof: nothing answers"
wants proof 401
holds proof '"type":"/problems/token-revoked"'

echo "18. Clean up: as marco, take the VIP status back."
curl -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@no-vip.json" http://localhost:8080/api/v1/users/$guest -sS -D back.head > back.body || fail "back: nothing answers"
wants back 200

curl -q -s -d question=app -d choice=1 http://localhost:8080/learn/lessons/L18/answers -D app.head -o /dev/null
curl -q -s -d question=spa -d choice=1 http://localhost:8080/learn/lessons/L18/answers -D spa.head -o /dev/null
curl -q -s -d question=services -d choice=1 http://localhost:8080/learn/lessons/L18/answers -D services.head -o /dev/null
curl -q -s -d question=weather -d choice=1 http://localhost:8080/learn/lessons/L18/answers -D weather.head -o /dev/null
curl -q -s -d question=domains -d choice=1 http://localhost:8080/learn/lessons/L18/answers -D domains.head -o /dev/null
curl -q -s -d question=village -d choice=2 http://localhost:8080/learn/lessons/L18/answers -D village.head -o /dev/null
curl -q -s -d question=bank -d choice=3 http://localhost:8080/learn/lessons/L18/answers -D bank.head -o /dev/null
curl -q -s -d question=dismissed -d choice=2 http://localhost:8080/learn/lessons/L18/answers -D dismissed.head -o /dev/null
curl -q -s -d question=hospital -d choice=3 http://localhost:8080/learn/lessons/L18/answers -D hospital.head -o /dev/null
curl -q -s -d question=admin -d choice=2 http://localhost:8080/learn/lessons/L18/answers -D admin.head -o /dev/null
curl -q -s http://localhost:8080/learn/lessons/L18.json -o L18.json
grep -qF '"state":"done"' L18.json || fail "it is not done; see http://localhost:8080/learn"
echo "L18 is done."

echo "19. This server has seen what you did tonight. Get your certificate, signed with the server's private key, and save it."
curl -q -fsS -H "Accept: application/json" http://localhost:8080/learn/certificate -o certificate.json -sS -D certificate.head > certificate.body || fail "certificate: it is refused, or nothing answers"
cp certificate.json certificate.body
wants certificate 200

echo "20. Look at the public keys of the server. The certificate names one of them."
curl -q -i http://localhost:8080/.well-known/jwks.json -sS -D keys.head > keys.body || fail "keys: nothing answers"
wants keys 200

echo "21. Check the certificate. valid is true: the signature fits one of the public keys, the one with the same kid. But active is false, because typ says certificate: nobody can use it as a wristband (access token)."
curl -q -i -H "Content-Type: application/json" -d "@certificate.json" http://localhost:8080/api/v1/auth/inspect -sS -D genuine.head > genuine.body || fail "genuine: nothing answers"
wants genuine 200

echo "22. Copy certificate.json to changed.json. In changed.json, add the letter A at the end of the certificate, before the quotation mark and payload. Check the copy: valid is false. One letter is enough."
sed 's/\.[^".]*\.[^".]*/&A/' certificate.json > changed.json
curl -q -i -H "Content-Type: application/json" -d "@changed.json" http://localhost:8080/api/v1/auth/inspect -sS -D changed.head > changed.body || fail "changed: nothing answers"
wants changed 200

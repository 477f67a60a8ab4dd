# L15 Repair the bouncer. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L15/answers

# 1. Log in as alice and save the wristband (access token). She is no VIP.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o real.txt

# 2. Fake 1: the lab writes vip=true and alg: none into the wristband, and takes the signature away.
curl.exe -q -fsS -H "@real.txt" -d set=vip=true -d alg=none http://localhost:8080/lab/forge -o none.txt

# 3. Show it at the VIP lounge of the restaurant.
curl.exe -q -i -H "@none.txt" http://localhost:8080/api/v1/lounge

# 4. Fake 2: the header says HS256, where one secret signs and checks. The lab signs, and its secret is the text of the server's public key.
curl.exe -q -fsS -H "@real.txt" -d set=vip=true -d alg=HS256 -d key=public http://localhost:8080/lab/forge -o hs256.txt

# 5. Show it at the lounge.
curl.exe -q -i -H "@hs256.txt" http://localhost:8080/api/v1/lounge

# 6. Fake 3 brings its own key along: jwk in the header is a public key of the lab, and the lab signs with the private key that belongs to it.
curl.exe -q -fsS -H "@real.txt" -d set=vip=true -d embed=jwk http://localhost:8080/lab/forge -o jwk.txt

# 7. Show it at the lounge. Wristbands of this server have exactly three fields in the header. A token with a fourth one is refused, and nobody looks at the key in it.
curl.exe -q -i -H "@jwk.txt" http://localhost:8080/api/v1/lounge

# 8. Fake 4 is signed correctly with RS256, but with a key of the lab. The header names that key.
curl.exe -q -fsS -H "@real.txt" -d set=vip=true -d key=own http://localhost:8080/lab/forge -o own.txt

# 9. Show it at the lounge.
curl.exe -q -i -H "@own.txt" http://localhost:8080/api/v1/lounge

# 10. Fake 5 is the simple one of L06: vip=true, and the old signature.
curl.exe -q -fsS -H "@real.txt" -d set=vip=true http://localhost:8080/lab/forge -o changed.txt

# 11. Show it at the lounge. All five were refused, and for four different reasons.
curl.exe -q -i -H "@changed.txt" http://localhost:8080/api/v1/lounge

# 12. Now go to a bouncer who only reads and checks nothing: the sleepy bouncer of the lab. Show him fake 1. His answer also says why the real bouncer refuses it.
curl.exe -q -i -H "@none.txt" http://localhost:8080/lab/sleepy/lounge

# 13. Repair him. These are the five guards (checks) that he needs, each with a line of Go, JavaScript and Python.
curl.exe -q -i http://localhost:8080/lab/repair

# 14. Begin with one guard. The lab shows the repaired bouncer 8 fakes and 2 genuine tokens. Only 3 of 10 decisions are right.
curl.exe -q -i -d guards=signature http://localhost:8080/lab/repair

# 15. Give him all five guards: 10 of 10. He refuses all the fakes, and he still lets the genuine tokens in.
curl.exe -q -i -d guards=one-algorithm -d guards=own-keys -d guards=signature -d guards=exp -d guards=issuer-audience http://localhost:8080/lab/repair

curl.exe -q -s -d question=confused -d choice=3 http://localhost:8080/learn/lessons/L15/answers
curl.exe -q -s http://localhost:8080/learn

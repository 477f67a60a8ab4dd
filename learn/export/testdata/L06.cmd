@echo off
rem L06 Change one letter. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L06/answers

rem 1. Log in as alice and save the wristband (access token).
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Forge a token in the lab. The lab changes guest to manager and leaves the signature as it is.
curl -q -fsS -H "@wristband.txt" -d set=role=manager http://localhost:8080/lab/forge -o fake.txt

rem 3. Show the forged token to the server.
curl -q -i -H "@fake.txt" http://localhost:8080/api/v1/auth/me

rem 4. Show the genuine wristband. It is still valid, because nobody changed it.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 5. Look at the public keys of this server. A key has n and e, but no d: d would be the private part.
curl -q -i http://localhost:8080/.well-known/jwks.json

rem 6. Try to get the private key. The server has no address that gives it out.
curl -q -i http://localhost:8080/private.pem

curl -q -s http://localhost:8080/learn

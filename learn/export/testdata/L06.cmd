@echo off
rem L06 Change one letter. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L06/answers

rem 1. Log in as alice and save the wristband (access token).
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Forge a wristband in the lab, the part of this server that is unsafe on purpose. The lab changes guest to manager and leaves the signature as it is.
curl -q -fsS -H "@wristband.txt" -d set=role=manager http://localhost:8080/lab/forge -o fake.txt

rem 3. Show the forged wristband to the server.
curl -q -i -H "@fake.txt" http://localhost:8080/api/v1/auth/me

rem 4. Show the genuine (real) wristband. It is still valid, because nobody changed it.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 5. Look at the public keys of this server. Each key has the fields n and e, but no field d: d would be the private part.
curl -q -i http://localhost:8080/.well-known/jwks.json

rem 6. Ask for the private key. The server has no address that gives it out.
curl -q -i http://localhost:8080/private.pem

curl -q -s -d question=public -d choice=1 http://localhost:8080/learn/lessons/L06/answers
curl -q -s http://localhost:8080/learn

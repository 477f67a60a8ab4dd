# L06 Change one letter. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L06/answers

# 1. Log in as alice and save the wristband (access token).
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Forge a wristband in the lab, the part of this server that is unsafe on purpose. The lab changes guest to manager and leaves the signature as it is.
curl.exe -q -fsS -H "@wristband.txt" -d set=role=manager http://localhost:8080/lab/forge -o fake.txt

# 3. Show the forged wristband to the server.
curl.exe -q -i -H "@fake.txt" http://localhost:8080/api/v1/auth/me

# 4. Show the genuine (real) wristband. It is still valid, because nobody changed it.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

# 5. Look at the public keys of this server. Each key has the fields n and e, but no field d: d would be the private part.
curl.exe -q -i http://localhost:8080/.well-known/jwks.json

# 6. Ask for the private key. The server has no address that gives it out.
curl.exe -q -i http://localhost:8080/private.pem

curl.exe -q -s -d question=public -d choice=1 http://localhost:8080/learn/lessons/L06/answers
curl.exe -q -s http://localhost:8080/learn

# L06 Change one letter. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L06/answers

# 1. Log in as alice and keep the wristband.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Go to the forger's bench. It writes manager where guest stood, and leaves the signature as it is.
curl.exe -q -fsS -H "@wristband.txt" -d set=role=manager http://localhost:8080/lab/forge -o fake.txt

# 3. Show the forgery at the door.
curl.exe -q -i -H "@fake.txt" http://localhost:8080/api/v1/auth/me

# 4. Show the genuine wristband. It still holds: nothing has happened to it.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

# 5. Look at the stamp sample on the wall: the public keys of this house. There is an n and an e, and no d.
curl.exe -q -i http://localhost:8080/.well-known/jwks.json

# 6. Look for the stamp press itself. It is nowhere to be had.
curl.exe -q -i http://localhost:8080/private.pem

curl.exe -q -s http://localhost:8080/learn

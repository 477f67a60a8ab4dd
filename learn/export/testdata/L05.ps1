# L05 Read the wristband. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L05/answers

# 1. Log in as alice and save the response.
curl.exe -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json

# 2. Let the server show you what is in your token. You can send the whole response to the login: the server finds the token in it.
curl.exe -q -i -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/inspect

# 3. Log in as vera, who is a VIP.
curl.exe -q -fsS -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.json

# 4. Now look at what is in her token. Find the claims that are different.
curl.exe -q -i -H "Content-Type: application/json" -d "@vera.json" http://localhost:8080/api/v1/auth/inspect

curl.exe -q -s -d question=claims -d choice=2 http://localhost:8080/learn/lessons/L05/answers
curl.exe -q -s -d question=parts -d choice=1 http://localhost:8080/learn/lessons/L05/answers
curl.exe -q -s http://localhost:8080/learn

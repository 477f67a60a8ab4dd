# L08 Wristbands expire. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L08/answers

# 1. Log in and ask for a wristband that is valid for only 30 seconds.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza -d expires_in=30 http://localhost:8080/api/v1/auth/login -o short.txt

# 2. Show it at once. Too late? Log in again.
curl.exe -q -i -H "@short.txt" http://localhost:8080/api/v1/auth/me

# 3. After half a minute, show it again with the same line.
Start-Sleep -Seconds 31
curl.exe -q -i -H "@short.txt" http://localhost:8080/api/v1/auth/me

# 4. Log in again, but do not ask for a shorter lifetime this time. See how long the new wristband is valid.
curl.exe -q -i -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login

curl.exe -q -s -d question=default -d choice=2 http://localhost:8080/learn/lessons/L08/answers
curl.exe -q -s http://localhost:8080/learn

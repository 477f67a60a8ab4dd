@echo off
rem L08 Wristbands expire. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L08/answers

rem 1. Log in and ask for a wristband that is valid for only 30 seconds.
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza -d expires_in=30 http://localhost:8080/api/v1/auth/login -o short.txt

rem 2. Show it at once. Too late? Log in again.
curl -q -i -H "@short.txt" http://localhost:8080/api/v1/auth/me

rem 3. After half a minute, show it again with the same line.
timeout /t 31 /nobreak
curl -q -i -H "@short.txt" http://localhost:8080/api/v1/auth/me

rem 4. Log in again, but do not ask for a shorter lifetime this time. See how long the new wristband is valid.
curl -q -i -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login

curl -q -s -d question=default -d choice=2 http://localhost:8080/learn/lessons/L08/answers
curl -q -s http://localhost:8080/learn

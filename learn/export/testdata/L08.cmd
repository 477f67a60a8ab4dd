@echo off
rem L08 Wristbands expire. Run it in an empty folder, or type its lines one by one.
curl -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L08/answers

rem 1. Log in and ask for a wristband that lives for 30 seconds only.
curl -s -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza -d expires_in=30 http://localhost:8080/api/v1/auth/login -o short.txt

rem 2. Show it at once.
curl -i -H "@short.txt" http://localhost:8080/api/v1/auth/me

rem 3. Show it again when the half minute is over. It is the same line.
timeout /t 31 /nobreak
curl -i -H "@short.txt" http://localhost:8080/api/v1/auth/me

rem 4. Log in again, this time without asking for a shorter life, and look how long the new wristband lives.
curl -i -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login

curl -s -d question=default -d choice=2 http://localhost:8080/learn/lessons/L08/answers
curl -s http://localhost:8080/learn

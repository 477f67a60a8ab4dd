@echo off
rem X01 Sixteen minutes later. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/X01/answers

rem 1. Log in as alice and save the wristband.
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Log in once more, and save the whole response. The voucher is in it.
curl -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json

rem 3. Show the wristband. It is new, so it works.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 4. Let 16 minutes pass. The lab moves the clock of the tokens ahead. Look at the header Restaurant-Time: from now on each response has it.
curl -q -i -d advance=16m http://localhost:8080/lab/clock

rem 5. Show the same wristband again.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 6. Exchange the voucher for a new wristband. It is 16 minutes old, too.
curl -q -fsS -H "Accept: text/plain" -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -o new.txt

rem 7. Show the new wristband. You did not need your password.
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me

rem 8. Ask how far the clock is ahead. You can do this lesson again: there are 24 hours in all.
curl -q -i http://localhost:8080/lab/clock

curl -q -s -d question=back -d choice=2 http://localhost:8080/learn/lessons/X01/answers
curl -q -s http://localhost:8080/learn

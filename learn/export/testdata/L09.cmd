@echo off
rem L09 The voucher: refresh tokens. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=4 http://localhost:8080/learn/lessons/L09/answers

rem 1. Log in as alice. The response contains the wristband and the voucher.
curl -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json

rem 2. Exchange the voucher for a new wristband and a new voucher. You can send the whole response to the login: the server takes what it needs.
curl -q -fsS -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -o second.json

rem 3. Now be the thief: show the old voucher a second time.
curl -q -i -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh

rem 4. Now be alice again, with her new voucher. It does not work either, because the login session has ended.
curl -q -i -H "Content-Type: application/json" -d "@second.json" http://localhost:8080/api/v1/auth/refresh

rem 5. Would it be easier without vouchers? Ask for a wristband that is valid for ten years.
curl -q -i -d username=alice -d password=alice-likes-pizza -d expires_in=315360000 http://localhost:8080/api/v1/auth/login

curl -q -s -d question=remembered -d choice=2 http://localhost:8080/learn/lessons/L09/answers
curl -q -s http://localhost:8080/learn

# L09 The voucher: refresh tokens. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=4 http://localhost:8080/learn/lessons/L09/answers

# 1. Log in as alice. The response contains the wristband and the voucher.
curl.exe -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json

# 2. Exchange the voucher for a new wristband and a new voucher. You can send the whole response to the login: the server takes what it needs.
curl.exe -q -fsS -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -o second.json

# 3. Now be the thief: show the old voucher a second time.
curl.exe -q -i -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh

# 4. Now be alice again, with her new voucher. It does not work either, because the login session has ended.
curl.exe -q -i -H "Content-Type: application/json" -d "@second.json" http://localhost:8080/api/v1/auth/refresh

# 5. Would it be easier without vouchers? Ask for a wristband that is valid for ten years.
curl.exe -q -i -d username=alice -d password=alice-likes-pizza -d expires_in=315360000 http://localhost:8080/api/v1/auth/login

curl.exe -q -s -d question=remembered -d choice=2 http://localhost:8080/learn/lessons/L09/answers
curl.exe -q -s http://localhost:8080/learn

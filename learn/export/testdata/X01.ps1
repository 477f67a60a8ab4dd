# X01 Sixteen minutes later. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/X01/answers

# 1. Log in as alice and save the wristband.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Log in once more, and save the whole response. The voucher is in it.
curl.exe -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json

# 3. Show the wristband. It is new, so it works.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

# 4. Let 16 minutes pass. The lab moves the clock of the tokens ahead. Look at the header Restaurant-Time: from now on each response has it.
curl.exe -q -i -d advance=16m http://localhost:8080/lab/clock

# 5. Show the same wristband again.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

# 6. Exchange the voucher for a new wristband. It is 16 minutes old, too.
curl.exe -q -fsS -H "Accept: text/plain" -H "Content-Type: application/json" -d "@login.json" http://localhost:8080/api/v1/auth/refresh -o new.txt

# 7. Show the new wristband. You did not need your password.
curl.exe -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me

# 8. Ask how far the clock is ahead. You can do this lesson again: there are 24 hours in all.
curl.exe -q -i http://localhost:8080/lab/clock

curl.exe -q -s -d question=back -d choice=2 http://localhost:8080/learn/lessons/X01/answers
curl.exe -q -s http://localhost:8080/learn

# L03 Show your ID, get a wristband. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L03/answers

# 1. Try to log in as alice with the wrong password.
curl.exe -q -i -d username=alice -d password=wrong-password http://localhost:8080/api/v1/auth/login

# 2. Try again with a name that does not exist. Compare the two responses.
curl.exe -q -i -d username=nobody -d password=wrong-password http://localhost:8080/api/v1/auth/login

# 3. Log in with the right password, and save the response in login.json. Open the file: it contains two tokens.
curl.exe -q -fsS -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o login.json

# 4. Log in again and ask for plain text. The response is one line that you can send as a header. Save it in wristband.txt.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 5. Show the wristband and ask who you are. This time you do not send the password.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

curl.exe -q -s -d question=queries -d choice=3 http://localhost:8080/learn/lessons/L03/answers
curl.exe -q -s http://localhost:8080/learn

# L11 Out, but not everywhere. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L11/answers

# 1. Start the kiosk as in L10, if it is not running: go run . kiosk, or restaurant kiosk. Log in as alice and save the wristband.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Show the wristband at the kiosk.
curl.exe -q -i -H "@wristband.txt" http://localhost:8081/me

# 3. Log out at the restaurant.
curl.exe -q -i -X POST -H "@wristband.txt" http://localhost:8080/api/v1/auth/logout

# 4. Show the old wristband at the restaurant. It knows about the logout at once.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

# 5. Show it at the kiosk. Do not wait long: on your own computer the kiosk asks for news every minute.
curl.exe -q -i -H "@wristband.txt" http://localhost:8081/me

# 6. Let the kiosk ask for news now. It fetches the list of ended login sessions.
curl.exe -q -i -X POST http://localhost:8081/sync

# 7. Show the old wristband at the kiosk once more.
curl.exe -q -i -H "@wristband.txt" http://localhost:8081/me

# 8. And a ticket (session cookie)? Get one at the restaurant.
curl.exe -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login

# 9. Give it back: the restaurant takes the number off its list.
curl.exe -q -i -X POST -b ticket.txt http://localhost:8080/lab/session/logout

# 10. Show the old ticket. It is refused at once.
curl.exe -q -i -b ticket.txt http://localhost:8080/lab/session/me

curl.exe -q -s -d question=list -d choice=1 http://localhost:8080/learn/lessons/L11/answers
curl.exe -q -s http://localhost:8080/learn

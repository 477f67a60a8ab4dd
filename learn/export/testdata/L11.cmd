@echo off
rem L11 Out, but not everywhere. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L11/answers

rem 1. Start the kiosk as in L10, if it is not running: go run . kiosk, or restaurant kiosk. Log in as alice and save the wristband.
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Show the wristband at the kiosk.
curl -q -i -H "@wristband.txt" http://localhost:8081/me

rem 3. Log out at the restaurant.
curl -q -i -X POST -H "@wristband.txt" http://localhost:8080/api/v1/auth/logout

rem 4. Show the old wristband at the restaurant. It knows about the logout at once.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 5. Show it at the kiosk. Do not wait long: on your own computer the kiosk asks for news every minute.
curl -q -i -H "@wristband.txt" http://localhost:8081/me

rem 6. Let the kiosk ask for news now. It fetches the list of ended login sessions.
curl -q -i -X POST http://localhost:8081/sync

rem 7. Show the old wristband at the kiosk once more.
curl -q -i -H "@wristband.txt" http://localhost:8081/me

rem 8. And a ticket (session cookie)? Get one at the restaurant.
curl -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login

rem 9. Give it back: the restaurant takes the number off its list.
curl -q -i -X POST -b ticket.txt http://localhost:8080/lab/session/logout

rem 10. Show the old ticket. It is refused at once.
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me

curl -q -s -d question=list -d choice=1 http://localhost:8080/learn/lessons/L11/answers
curl -q -s http://localhost:8080/learn

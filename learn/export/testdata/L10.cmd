@echo off
rem L10 Two houses, one wristband. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L10/answers

rem 1. The kiosk is a second program. On your own computer, start it in another terminal: go run . kiosk in the folder of the restaurant, or restaurant kiosk. In a class it is there already. Then log in at the restaurant as alice, and save the wristband.
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Show the wristband at the restaurant, which issued it.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 3. Show the same wristband at the kiosk. Look at Server-Timing: 0 queries. The kiosk has no order book (database) to ask.
curl -q -i -H "@wristband.txt" http://localhost:8081/me

rem 4. Now the other way: get a ticket (session cookie) at the restaurant. curl keeps it in ticket.txt.
curl -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login

rem 5. Show the ticket at the restaurant. It finds the number in its list.
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me

rem 6. Show the ticket at the kiosk.
curl -q -i -b ticket.txt http://localhost:8081/me

rem 7. Does the kiosk believe everything? The lab makes a copy of the wristband and signs it with a key of its own.
curl -q -fsS -H "@wristband.txt" -d key=own http://localhost:8080/lab/forge -o fake.txt

rem 8. Show the fake at the kiosk.
curl -q -i -H "@fake.txt" http://localhost:8081/me

curl -q -s -d question=how -d choice=3 http://localhost:8080/learn/lessons/L10/answers
curl -q -s -d question=why-not -d choice=3 http://localhost:8080/learn/lessons/L10/answers
curl -q -s http://localhost:8080/learn

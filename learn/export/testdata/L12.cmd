@echo off
rem L12 Ticket or wristband: measure. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L12/answers

rem 1. Log in as alice, and save the wristband.
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Show the wristband once. Server-Timing says how many queries the server needed: none.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

rem 3. Now ten times. That makes 0 queries in all.
curl -q -si -H "@wristband.txt" "http://localhost:8080/api/v1/auth/me?n=[1-10]" -o answer.txt -w "%%{http_code}\n"

rem 4. Get a ticket (session cookie). curl keeps it in ticket.txt: open it, and you see random letters and nothing about alice.
curl -q -i -c ticket.txt -d username=alice -d password=alice-likes-pizza http://localhost:8080/lab/session/login

rem 5. Show the ticket once. To find out whose it is, the server reads a row: 1 query.
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me

rem 6. Ten times. That makes 10 queries in all.
curl -q -si -b ticket.txt "http://localhost:8080/lab/session/me?n=[1-10]" -o answer.txt -w "%%{http_code}\n"

rem 7. How long does that take? Let the server measure three ways: jwt checks the signature each time, jwt-remembered remembers it as this server does, and session reads the row. The times are in microseconds: 1,000 are a millisecond.
curl -q -i -d n=50 -d distance_ms=0 http://localhost:8080/lab/compare

rem 8. The same with a database that is 5 milliseconds away. They are simulated. Compare median_us, also under at_once: there, eight requests at a time share two connections.
curl -q -i -d n=50 -d distance_ms=5 http://localhost:8080/lab/compare

rem 9. What about a page at another address (origin), such as shop.example? Before such a page may send a wristband, the browser asks the server. Ask as the browser does. 405 means no, and 204 without Access-Control-Allow-Origin means no as well.
curl -q -i -X OPTIONS -H "Origin: http://shop.example" -H "Access-Control-Request-Method: GET" -H "Access-Control-Request-Headers: authorization" http://localhost:8080/api/v1/auth/me

rem 10. curl is no browser, so it does not ask first. Send the wristband as if from that page. The server accepts it: only somebody who holds the wristband can write that header.
curl -q -i -H "@wristband.txt" -H "Origin: http://shop.example" http://localhost:8080/api/v1/auth/me

rem 11. Now try to log alice out with the ticket, as if from that page. It changes something, and the cookie may have come by itself: the server refuses.
curl -q -i -X POST -b ticket.txt -H "Origin: http://shop.example" http://localhost:8080/lab/session/logout

rem 12. Give the ticket back yourself.
curl -q -i -X POST -b ticket.txt http://localhost:8080/lab/session/logout

rem 13. Show it again. Its row is gone, so it is worth nothing, at once.
curl -q -i -b ticket.txt http://localhost:8080/lab/session/me

rem 14. Now close the restaurant and open it again. The server ends everything that it has in memory and builds it again from its disk, as if you had stopped it with Ctrl-C and started it. (404 means: other people use it, too. Then somebody must restart it.)
curl -q -i -X POST http://localhost:8080/learn/reopen

rem 15. Show the wristband once more. The server still accepts it: it needs only its key, and that is on the disk.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

curl -q -s -d question=stateless -d number=1 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=storage -d choice=2 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=scale -d choice=3 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=domains -d choice=2 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=size -d number=750 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=near -d number=150 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=far -d number=5500 http://localhost:8080/learn/lessons/L12/answers
curl -q -s -d question=revoke -d choice=2 http://localhost:8080/learn/lessons/L12/answers
curl -q -s http://localhost:8080/learn

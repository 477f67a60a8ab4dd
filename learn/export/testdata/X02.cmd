@echo off
rem X02 The answer that got lost. Run it in an empty folder, or type its lines one by one.
curl -q -s http://localhost:8080/learn/files/order.json -o order.json
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/X02/answers

rem 1. Log in as alice and save the wristband (access token).
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Let bad weather come: for five minutes the response to each order gets lost. The kitchen (server program) still does its work.
curl -q -i -d "route=POST /api/v1/orders" -d fault=drop -d for_s=300 http://localhost:8080/lab/weather

rem 3. Order one large Margherita. No response comes, not even a status: curl says Empty reply from server and ends with exit code 52.
curl -q -i -H "@wristband.txt" -H "Idempotency-Key: lost-answer-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

rem 4. Let the weather be fine again.
curl -q -i -X DELETE http://localhost:8080/lab/weather

rem 5. Send exactly the same order again, with the same Idempotency-Key. Look for the header Idempotency-Replayed.
curl -q -i -H "@wristband.txt" -H "Idempotency-Key: lost-answer-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

rem 6. Read your newest orders. The pizza is there only once.
curl -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/orders?limit=2"

curl -q -s -d question=new-key -d choice=1 http://localhost:8080/learn/lessons/X02/answers
curl -q -s http://localhost:8080/learn

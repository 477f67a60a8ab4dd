# X02 The answer that got lost. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s http://localhost:8080/learn/files/order.json -o order.json
curl.exe -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/X02/answers

# 1. Log in as alice and save the wristband (access token).
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Let bad weather come: for five minutes the response to each order gets lost. The kitchen (server program) still does its work.
curl.exe -q -i -d "route=POST /api/v1/orders" -d fault=drop -d for_s=300 http://localhost:8080/lab/weather

# 3. Order one large Margherita. No response comes, not even a status: curl says Empty reply from server and ends with exit code 52.
curl.exe -q -i -H "@wristband.txt" -H "Idempotency-Key: lost-answer-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

# 4. Let the weather be fine again.
curl.exe -q -i -X DELETE http://localhost:8080/lab/weather

# 5. Send exactly the same order again, with the same Idempotency-Key. Look for the header Idempotency-Replayed.
curl.exe -q -i -H "@wristband.txt" -H "Idempotency-Key: lost-answer-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

# 6. Read your newest orders. The pizza is there only once.
curl.exe -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/orders?limit=2"

curl.exe -q -s -d question=new-key -d choice=1 http://localhost:8080/learn/lessons/X02/answers
curl.exe -q -s http://localhost:8080/learn

@echo off
rem L07 The VIP lounge. Run it in an empty folder, or type its lines one by one.
rem The order is taken to be number 1: put the number from Location in its place.
curl -q -s "http://localhost:8080/learn/files/{wine,order,preparing}.json" -o "#1.json"
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L07/answers

rem 1. Log in as alice and keep the wristband.
curl -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

rem 2. Knock at the lounge as alice.
curl -q -i -H "@wristband.txt" http://localhost:8080/api/v1/lounge

rem 3. Log in as vera, who is a VIP.
curl -q -fsS -H "Accept: text/plain" -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.txt

rem 4. Knock again, as vera. Look at Server-Timing: nobody asked the database whether she is a VIP.
curl -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge

rem 5. Log in as bob, who is under 18.
curl -q -fsS -H "Accept: text/plain" -d username=bob -d password=bob-likes-pizza http://localhost:8080/api/v1/auth/login -o bob.txt

rem 6. Order wine as bob.
curl -q -i -H "@bob.txt" -H "Content-Type: application/json" -d "@wine.json" http://localhost:8080/api/v1/orders

rem 7. Try the kitchen door as bob. In L01 nobody knew you and the answer was 401; now they know bob.
curl -q -i -H "@bob.txt" http://localhost:8080/api/v1/kitchen/orders

rem 8. Order a pizza as alice, so that there is something to cook.
curl -q -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

rem 9. Log in as carla, the chef.
curl -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt

rem 10. Open the kitchen door as carla.
curl -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders

rem 11. Start cooking the order. If the cooks were quicker than you, the answer is 409: that step is over.
curl -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/1

curl -q -s http://localhost:8080/learn

# L07 The VIP lounge. Run it in an empty folder, or type its lines one by one.
# The order is taken to be number 1: put the number from Location in its place.
curl.exe -q -s "http://localhost:8080/learn/files/{wine,order,preparing}.json" -o "#1.json"
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L07/answers

# 1. Log in as alice and save the wristband (access token).
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Ask for the lounge as alice.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/lounge

# 3. Log in as vera, who is a VIP.
curl.exe -q -fsS -H "Accept: text/plain" -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.txt

# 4. Ask again, as vera. Server-Timing shows 0 queries: the server did not ask the database if she is a VIP.
curl.exe -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge

# 5. Log in as bob, who is under 18.
curl.exe -q -fsS -H "Accept: text/plain" -d username=bob -d password=bob-likes-pizza http://localhost:8080/api/v1/auth/login -o bob.txt

# 6. Order wine as bob.
curl.exe -q -i -H "@bob.txt" -H "Content-Type: application/json" -d "@wine.json" http://localhost:8080/api/v1/orders

# 7. Ask for the orders of the kitchen as bob. In L01 the server did not know you and answered 401. Now it knows bob.
curl.exe -q -i -H "@bob.txt" http://localhost:8080/api/v1/kitchen/orders

# 8. Order a pizza as alice, so that there is something to cook.
curl.exe -q -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

# 9. Log in as carla, the chef.
curl.exe -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt

# 10. Ask for the orders of the kitchen as carla.
curl.exe -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders

# 11. Start cooking the order. If the kitchen was faster than you, the answer is 409: the order is already past that step.
curl.exe -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/1

curl.exe -q -s http://localhost:8080/learn

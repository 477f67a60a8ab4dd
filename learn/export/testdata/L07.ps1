# L07 The VIP lounge. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s "http://localhost:8080/learn/files/{no-vip,vip,order,preparing}.json" -o "#1.json"
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L07/answers

# 1. Log in as alice and save the wristband (access token).
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. First part, the lounge. Ask for it without a wristband.
curl.exe -q -i http://localhost:8080/api/v1/lounge

# 3. Ask for the lounge as alice.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/lounge

# 4. Log in as vera, who is a VIP.
curl.exe -q -fsS -H "Accept: text/plain" -d username=vera -d password=vera-likes-pizza http://localhost:8080/api/v1/auth/login -o vera.txt

# 5. Ask for the lounge as vera. Server-Timing shows 0 queries: her wristband says that she is a VIP, so nobody had to look it up.
curl.exe -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge

# 6. Log in as marco, the manager.
curl.exe -q -fsS -H "Accept: text/plain" -d username=marco -d password=marco-likes-pizza http://localhost:8080/api/v1/auth/login -o marco.txt

# 7. As marco, decide that vera (user 3) is no longer a VIP.
curl.exe -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@no-vip.json" http://localhost:8080/api/v1/users/3

# 8. Ask for the lounge with vera's wristband again. It still says that she is a VIP.
curl.exe -q -i -H "@vera.txt" http://localhost:8080/api/v1/lounge

# 9. As marco, make vera a VIP again.
curl.exe -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@vip.json" http://localhost:8080/api/v1/users/3

# 10. Second part, the kitchen. Ask for its orders as alice. In L01 the server did not know you and answered 401. Now it knows you.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/kitchen/orders

# 11. Log in as carla, the chef.
curl.exe -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt

# 12. Ask for the kitchen's orders as carla. A chef has now looked at the list. Usually the kitchen starts each order by itself. But after a chef has looked at the list, new orders wait for the chef, for one minute.
curl.exe -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders

# 13. Order a pizza as alice, so that there is something to cook.
curl.exe -q -i -H "@wristband.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -o order.txt
Get-Content order.txt
$order = (Get-Content order.txt) -match '^Location:' -replace '.*/'

# 14. As carla, start to cook it. If the answer is 409, the minute is over and the kitchen was faster: do the last three steps again.
curl.exe -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/$order

curl.exe -q -s -d question=who-or-may -d choice=3 http://localhost:8080/learn/lessons/L07/answers
curl.exe -q -s http://localhost:8080/learn

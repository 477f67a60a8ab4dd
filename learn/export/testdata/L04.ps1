# L04 One large Margherita, please. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s http://localhost:8080/learn/files/order.json -o order.json
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L04/answers

# 1. Log in as alice and save the wristband (access token).
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. First send the order without the wristband.
curl.exe -q -i -H "Idempotency-Key: my-first-pizza-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

# 3. Look up the Margherita with the wristband. For alice the wristband makes no difference, but a VIP sees more dishes on the menu.
curl.exe -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/menu?q=margherita"

# 4. Now order with the wristband. The header Location is the address of your order. Its last part is the number of the order.
curl.exe -q -i -H "@wristband.txt" -H "Idempotency-Key: my-first-pizza-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -o order.txt
Get-Content order.txt
$order = (Get-Content order.txt) -match '^Location:' -replace '.*/'

# 5. Imagine that the connection was bad and no response came. Send the order again. Compare the number, and look for the header Idempotency-Replayed.
curl.exe -q -i -H "@wristband.txt" -H "Idempotency-Key: my-first-pizza-1" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -o again.txt
Get-Content again.txt
$order = (Get-Content again.txt) -match '^Location:' -replace '.*/'

# 6. Follow your order. The response stays open (a stream), and the kitchen writes each step into it until the pizza is served.
curl.exe -q -N -H "@wristband.txt" http://localhost:8080/api/v1/orders/$order/events

# 7. Read your order again. Now it is served.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/api/v1/orders/$order

curl.exe -q -s -d question=every-request -d choice=2 http://localhost:8080/learn/lessons/L04/answers
curl.exe -q -s http://localhost:8080/learn

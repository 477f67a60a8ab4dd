# L02 Order without a wristband. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s http://localhost:8080/learn/files/order.json -o order.json
curl.exe -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L02/answers

# 1. Order one large Margherita. The order is in the file order.json.
curl.exe -q -i -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

# 2. Ask for the list of orders. It is private.
curl.exe -q -i http://localhost:8080/api/v1/orders

# 3. Try to delete the Margherita from the menu.
curl.exe -q -i -X DELETE http://localhost:8080/api/v1/menu/1

# 4. Check if the Margherita is still there.
curl.exe -q -i http://localhost:8080/api/v1/menu/1

# 5. Now do the same where there is no bouncer. The lab is a part of this server that is unsafe on purpose. It has a small restaurant that asks nobody for a wristband. Order there.
curl.exe -q -i -X POST http://localhost:8080/lab/open/orders

# 6. Read its list of orders. One of them is alice's.
curl.exe -q -i http://localhost:8080/lab/open/orders

# 7. Delete the only dish on its menu.
curl.exe -q -i -X DELETE http://localhost:8080/lab/open/menu

# 8. Look at its menu: it is empty. (The dish comes back after a minute.)
curl.exe -q -i http://localhost:8080/lab/open/menu

curl.exe -q -s -d question=first-check -d choice=2 http://localhost:8080/learn/lessons/L02/answers
curl.exe -q -s http://localhost:8080/learn

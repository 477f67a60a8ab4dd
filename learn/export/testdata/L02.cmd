@echo off
rem L02 Order without a wristband. Run it in an empty folder, or type its lines one by one.
curl -q -s http://localhost:8080/learn/files/order.json -o order.json
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L02/answers

rem 1. Order one large Margherita. The order is in the file order.json.
curl -q -i -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders

rem 2. Ask for the list of orders. It is private.
curl -q -i http://localhost:8080/api/v1/orders

rem 3. Try to delete the Margherita from the menu.
curl -q -i -X DELETE http://localhost:8080/api/v1/menu/1

rem 4. Check if the Margherita is still there.
curl -q -i http://localhost:8080/api/v1/menu/1

rem 5. Now do the same where there is no bouncer. The lab is a part of this server that is unsafe on purpose. It has a small restaurant that asks nobody for a wristband. Order there.
curl -q -i -X POST http://localhost:8080/lab/open/orders

rem 6. Read its list of orders. One of them is alice's.
curl -q -i http://localhost:8080/lab/open/orders

rem 7. Delete the only dish on its menu.
curl -q -i -X DELETE http://localhost:8080/lab/open/menu

rem 8. Look at its menu: it is empty. (The dish comes back after a minute.)
curl -q -i http://localhost:8080/lab/open/menu

curl -q -s -d question=first-check -d choice=2 http://localhost:8080/learn/lessons/L02/answers
curl -q -s http://localhost:8080/learn

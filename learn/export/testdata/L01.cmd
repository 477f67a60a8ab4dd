@echo off
rem L01 Read the menu. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L01/answers

rem 1. Ask the waiter (API) for the Margherita on the menu. With -i, curl also shows the status (a number) and the headers (lines about the response). The content, the body, comes below them.
curl -q -i "http://localhost:8080/api/v1/menu?q=margherita"

rem 2. Ask again with another program: open the same address in a browser. Or run the line below. There curl sends another name, so the server thinks that another program asks.
curl -q -i -H "User-Agent: my-first-program" "http://localhost:8080/api/v1/menu?q=margherita"

rem 3. Ask for one dish. Dish 1 is the Margherita.
curl -q -i http://localhost:8080/api/v1/menu/1

rem 4. Ask for a dish that is not on the menu. The waiter stays polite and answers with a text that explains the error (a problem document).
curl -q -i http://localhost:8080/api/v1/menu/9999

rem 5. Try to enter the kitchen yourself. The answer is 401: they do not know you yet. In L07 they will know you, and still say no.
curl -q -i http://localhost:8080/api/v1/kitchen/orders

curl -q -s -d question=who-is-who -d choice=2 http://localhost:8080/learn/lessons/L01/answers
curl -q -s http://localhost:8080/learn

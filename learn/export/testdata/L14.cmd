@echo off
rem L14 The thief in the browser. Run it in an empty folder, or type its lines one by one.
curl -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L14/answers

rem 1. Open the stage: a small website at an address of its own, for ten minutes. It has a wristband of the lab that opens nothing. If the time is over, open it again.
curl -q -i -X POST http://localhost:8080/lab/stage

rem 2. Case 1: the wristband is in localStorage. Read what the thief wants to write. Then let him, and look at his notepad.
rem In a browser: http://localhost:8080/lab/stage?case=storage

rem 3. Case 2: the same text, but the wristband is in a cookie with HttpOnly. What is on his notepad now?
rem In a browser: http://localhost:8080/lab/stage?case=cookie

rem 4. Case 3: the same cookie. But this thief does not want the wristband. He wants a pizza. Let the thief order.
rem In a browser: http://localhost:8080/lab/stage?case=order

rem 5. Case 4: this page shows every text as text (output encoding). The wristband is in localStorage again. Wait until the page says what has arrived.
rem In a browser: http://localhost:8080/lab/stage?case=encoded

rem 6. Case 5: this page makes the mistake of case 1 again. But its policy (Content-Security-Policy) allows only its own script. The browser reports the other one.
rem In a browser: http://localhost:8080/lab/stage?case=strict

curl -q -s -d question=use -d choice=3 http://localhost:8080/learn/lessons/L14/answers
curl -q -s http://localhost:8080/learn

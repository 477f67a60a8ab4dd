# L14 The thief in the browser. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L14/answers

# 1. Open the stage: a small website at an address of its own, for ten minutes. It has a wristband of the lab that opens nothing. If the time is over, open it again.
curl.exe -q -i -X POST http://localhost:8080/lab/stage

# 2. Case 1: the wristband is in localStorage. Read what the thief wants to write. Then let him, and look at his notepad.
# In a browser: http://localhost:8080/lab/stage?case=storage

# 3. Case 2: the same text, but the wristband is in a cookie with HttpOnly. What is on his notepad now?
# In a browser: http://localhost:8080/lab/stage?case=cookie

# 4. Case 3: the same cookie. But this thief does not want the wristband. He wants a pizza. Let the thief order.
# In a browser: http://localhost:8080/lab/stage?case=order

# 5. Case 4: this page shows every text as text (output encoding). The wristband is in localStorage again. Wait until the page says what has arrived.
# In a browser: http://localhost:8080/lab/stage?case=encoded

# 6. Case 5: this page makes the mistake of case 1 again. But its policy (Content-Security-Policy) allows only its own script. The browser reports the other one.
# In a browser: http://localhost:8080/lab/stage?case=strict

curl.exe -q -s -d question=use -d choice=3 http://localhost:8080/learn/lessons/L14/answers
curl.exe -q -s http://localhost:8080/learn

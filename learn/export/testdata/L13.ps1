# L13 Too heavy. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L13/answers

# 1. Log in as alice, and save the wristband.
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. Put it on the scales. The lab counts the bytes of the header, and does not look into it. Compare: a ticket (session cookie) is 45 bytes.
curl.exe -q -i -H "@wristband.txt" http://localhost:8080/lab/weigh

# 3. Now a wristband that carries 4,000 letters along. The lab makes it, with a key of its own.
curl.exe -q -fsS -H "Accept: text/plain" "http://localhost:8080/lab/fat?pad=4000" -o fat.txt

# 4. Weigh it. 4,000 letters have become more than 5,000 bytes, because Base64URL writes three bytes as four letters.
curl.exe -q -i -H "@fat.txt" http://localhost:8080/lab/weigh

# 5. And one with 20,000 letters.
curl.exe -q -fsS -H "Accept: text/plain" "http://localhost:8080/lab/fat?pad=20000" -o fatter.txt

# 6. Put that one on the scales, too.
curl.exe -q -i -H "@fatter.txt" http://localhost:8080/lab/weigh

# 7. The other way: show the light wristband, and ask for your newest order. Server-Timing says 1 query: the server finds the order by your number. If you have not ordered anything yet, the list is empty.
curl.exe -q -i -H "@wristband.txt" "http://localhost:8080/api/v1/orders?limit=1"

curl.exe -q -s -d question=where -d choice=3 http://localhost:8080/learn/lessons/L13/answers
curl.exe -q -s -d question=paid -d choice=2 http://localhost:8080/learn/lessons/L13/answers
curl.exe -q -s http://localhost:8080/learn

# L16 Rush hour. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L16/answers

# 1. Send 20 requests as fast as curl can. It prints only the status of each. Then open the file answer.txt: it holds the last response. Look for Retry-After: so many seconds to wait.
curl.exe -q -si "http://localhost:8080/lab/rush?n=[1-20]" -o answer.txt -w "%{http_code}\n"

# 2. Do what Retry-After says, and ask once more. You are served again.
Start-Sleep -Seconds 2
curl.exe -q -i http://localhost:8080/lab/rush

# 3. The restaurant has a limit, too: 50 requests in a second. Send 40 requests for the Margherita. Nobody who only eats here meets the limit.
curl.exe -q -si "http://localhost:8080/api/v1/menu/1?n=[1-40]" -o answer.txt -w "%{http_code}\n"

# 4. Send 200. Now some of them are refused.
curl.exe -q -si "http://localhost:8080/api/v1/menu/1?n=[1-200]" -o answer.txt -w "%{http_code}\n"

# 5. Try to guess bob's password, eight times. After five wrong ones (401) the server no longer looks at the password (429).
Start-Sleep -Seconds 2
curl.exe -q -si -d username=bob -d password=pizza "http://localhost:8080/api/v1/auth/login?n=[1-8]" -o answer.txt -w "%{http_code}\n"

# 6. Log in as alice meanwhile.
curl.exe -q -i -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login

curl.exe -q -s -d question=bob -d choice=3 http://localhost:8080/learn/lessons/L16/answers
curl.exe -q -s http://localhost:8080/learn

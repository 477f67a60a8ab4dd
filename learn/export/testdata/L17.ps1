# L17 The wire. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s -d question=predict -d choice=3 http://localhost:8080/learn/lessons/L17/answers

# 1. Log in as alice and save the wristband (access token).
curl.exe -q -fsS -H "Accept: text/plain" -d username=alice -d password=alice-likes-pizza http://localhost:8080/api/v1/auth/login -o wristband.txt

# 2. The lab opens a wire with a window. It leads to this server, for two minutes, and everything on it is written down. The response is a file that tells curl the way.
curl.exe -q -fsS -H "Accept: text/plain" -d tls=false http://localhost:8080/lab/wire -o wire.txt

# 3. Show your wristband over this wire. Too late, and curl cannot connect? Open the wire again.
curl.exe -q -i -K wire.txt -H "@wristband.txt" http://localhost:8080/api/v1/auth/me

# 4. Now be the thief, and read what went over the wire. There is the whole wristband. You could copy it into a file and use it.
curl.exe -q -i http://localhost:8080/lab/wire/log

# 5. Open a second wire, this time with TLS. That is the s in https.
curl.exe -q -fsS -H "Accept: text/plain" -d tls=true http://localhost:8080/lab/wire -o wire.txt

# 6. Show your wristband over it. The server shows a certificate, and curl does not know who signed that. So curl breaks off with error 60, before it has sent the wristband. There is an option, -k, with which curl believes every certificate, also that of a thief. Never use it.
curl.exe -q -i -K wire.txt -H "@wristband.txt" https://localhost:8080/api/v1/auth/me

# 7. The lab has signed the certificate itself. Save the certificate of the lab.
curl.exe -q -fsS http://localhost:8080/lab/wire/ca.pem -o ca.pem

# 8. Tell curl to trust it, for this one request. (The last option is for Windows. Elsewhere it does nothing.)
curl.exe -q -i -K wire.txt --cacert ca.pem --ssl-no-revoke -H "@wristband.txt" https://localhost:8080/api/v1/auth/me

# 9. Be the thief once more. You see when something was sent, and how many bytes. You cannot read a letter of it.
curl.exe -q -i http://localhost:8080/lab/wire/log

curl.exe -q -s -d question=redirect -d choice=2 http://localhost:8080/learn/lessons/L17/answers
curl.exe -q -s http://localhost:8080/learn

# L18 Choose, then cook alone. Run it in an empty folder, or type its lines one by one.
curl.exe -q -s "http://localhost:8080/learn/files/{register,wine,order,preparing,vip,no-vip}.json" -o "#1.json"
curl.exe -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L18/answers

# 1. Log in as marco, the manager.
curl.exe -q -fsS -H "Accept: text/plain" -d username=marco -d password=marco-likes-pizza http://localhost:8080/api/v1/auth/login -o marco.txt

# 2. Log in as carla, the chef.
curl.exe -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt

# 3. Register a new guest. Choose a name, and a password that ends in -likes-pizza. (409: the name is taken, perhaps by you. Then log in.)
curl.exe -q -i -H "Content-Type: application/json" -d "@register.json" http://localhost:8080/api/v1/auth/register

# 4. Log in as the new guest, and save the wristband.
curl.exe -q -fsS -H "Accept: text/plain" -d username=new.guest -d password=new.guest-likes-pizza http://localhost:8080/api/v1/auth/login -o new.txt

# 5. Ask who you are, and note the id of the new guest: it is sub.
curl.exe -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me -sS -o guest.txt
Get-Content guest.txt
$guest = (Get-Content guest.txt) -match '.sub.:' -replace '.*.sub.: ?.([0-9]+).*', '$1'

# 6. As carla, read the kitchen's list of orders. Then an order stays placed for a minute, so that she can be first.
curl.exe -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders

# 7. As the new guest, order the first thing.
curl.exe -q -i -H "@new.txt" -H "Content-Type: application/json" -d "@wine.json" http://localhost:8080/api/v1/orders -sS -o drink.txt
Get-Content drink.txt
$order = (Get-Content drink.txt) -match '^Location:' -replace '.*/'

# 8. Order the second thing, and note the number of this order.
curl.exe -q -i -H "@new.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -o order.txt
Get-Content order.txt
$order = (Get-Content order.txt) -match '^Location:' -replace '.*/'

# 9. As carla, set the second order to preparing. The kitchen does the rest by itself.
curl.exe -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/$order

# 10. As the guest, follow this order until it is served.
curl.exe -q -N -H "@new.txt" http://localhost:8080/api/v1/orders/$order/events

# 11. Read the order: it is served.
curl.exe -q -i -H "@new.txt" http://localhost:8080/api/v1/orders/$order

# 12. As marco, make the new guest a VIP. You need the id that you noted.
curl.exe -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@vip.json" http://localhost:8080/api/v1/users/$guest

# 13. Show the old wristband in the lounge. It does not say VIP, and so marco's decision has ended it.
curl.exe -q -i -H "@new.txt" http://localhost:8080/api/v1/lounge

# 14. Log in again.
curl.exe -q -fsS -H "Accept: text/plain" -d username=new.guest -d password=new.guest-likes-pizza http://localhost:8080/api/v1/auth/login -o new.txt

# 15. Show the new wristband in the lounge.
curl.exe -q -i -H "@new.txt" http://localhost:8080/api/v1/lounge

# 16. Log out.
curl.exe -q -i -X POST -H "@new.txt" http://localhost:8080/api/v1/auth/logout

# 17. Prove that the wristband is dead: ask who you are.
curl.exe -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me

# 18. Clean up: as marco, take the VIP status back.
curl.exe -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@no-vip.json" http://localhost:8080/api/v1/users/$guest

curl.exe -q -s -d question=app -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=spa -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=services -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=weather -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=domains -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=village -d choice=2 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=bank -d choice=3 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=dismissed -d choice=2 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=hospital -d choice=3 http://localhost:8080/learn/lessons/L18/answers
curl.exe -q -s -d question=admin -d choice=2 http://localhost:8080/learn/lessons/L18/answers

# 19. This server has seen what you did tonight. Get your certificate, signed with the server's private key, and save it.
curl.exe -q -fsS -H "Accept: application/json" http://localhost:8080/learn/certificate -o certificate.json

# 20. Look at the public keys of the server. The certificate names one of them.
curl.exe -q -i http://localhost:8080/.well-known/jwks.json

# 21. Check the certificate. valid is true: the signature fits one of the public keys, the one with the same kid. But active is false, because typ says certificate: nobody can use it as a wristband (access token).
curl.exe -q -i -H "Content-Type: application/json" -d "@certificate.json" http://localhost:8080/api/v1/auth/inspect

# 22. Copy certificate.json to changed.json. In changed.json, add the letter A at the end of the certificate, before the quotation mark and payload. Check the copy: valid is false. One letter is enough.
(Get-Content certificate.json) -replace '\.[\w-]+\.[\w-]+', '$0A' | Set-Content -Encoding Ascii changed.json
curl.exe -q -i -H "Content-Type: application/json" -d "@changed.json" http://localhost:8080/api/v1/auth/inspect
curl.exe -q -s http://localhost:8080/learn

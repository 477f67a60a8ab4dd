@echo off
rem L18 Choose, then cook alone. Run it in an empty folder, or type its lines one by one.
curl -q -s "http://localhost:8080/learn/files/{register,wine,order,preparing,vip,no-vip}.json" -o "#1.json"
curl -q -s -d question=predict -d choice=2 http://localhost:8080/learn/lessons/L18/answers

rem 1. Log in as marco, the manager.
curl -q -fsS -H "Accept: text/plain" -d username=marco -d password=marco-likes-pizza http://localhost:8080/api/v1/auth/login -o marco.txt

rem 2. Log in as carla, the chef.
curl -q -fsS -H "Accept: text/plain" -d username=carla -d password=carla-likes-pizza http://localhost:8080/api/v1/auth/login -o carla.txt

rem 3. Register a new guest. Choose a name, and a password that ends in -likes-pizza. (409: the name is taken, perhaps by you. Then log in.)
curl -q -i -H "Content-Type: application/json" -d "@register.json" http://localhost:8080/api/v1/auth/register

rem 4. Log in as the new guest, and save the wristband.
curl -q -fsS -H "Accept: text/plain" -d username=new.guest -d password=new.guest-likes-pizza http://localhost:8080/api/v1/auth/login -o new.txt

rem 5. Ask who you are, and note the id of the new guest: it is sub.
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me -sS -o guest.txt
type guest.txt
rem If you type the next line, write one percent sign for two.
for /f %%n in ('powershell -NoProfile -Command "(Get-Content guest.txt) -match '.sub.:' -replace '.*.sub.: ?.([0-9]+).*', '$1'"') do set guest=%%n

rem 6. As carla, read the kitchen's list of orders. Then an order stays placed for a minute, so that she can be first.
curl -q -i -H "@carla.txt" http://localhost:8080/api/v1/kitchen/orders

rem 7. As the new guest, order the first thing.
curl -q -i -H "@new.txt" -H "Content-Type: application/json" -d "@wine.json" http://localhost:8080/api/v1/orders -sS -o drink.txt
type drink.txt
rem If you type the next line, write one percent sign for two.
for /f %%n in ('powershell -NoProfile -Command "(Get-Content drink.txt) -match '^Location:' -replace '.*/'"') do set order=%%n

rem 8. Order the second thing, and note the number of this order.
curl -q -i -H "@new.txt" -H "Content-Type: application/json" -d "@order.json" http://localhost:8080/api/v1/orders -sS -o order.txt
type order.txt
rem If you type the next line, write one percent sign for two.
for /f %%n in ('powershell -NoProfile -Command "(Get-Content order.txt) -match '^Location:' -replace '.*/'"') do set order=%%n

rem 9. As carla, set the second order to preparing. The kitchen does the rest by itself.
curl -q -i -X PATCH -H "@carla.txt" -H "Content-Type: application/json" -d "@preparing.json" http://localhost:8080/api/v1/kitchen/orders/%order%

rem 10. As the guest, follow this order until it is served.
curl -q -N -H "@new.txt" http://localhost:8080/api/v1/orders/%order%/events

rem 11. Read the order: it is served.
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/orders/%order%

rem 12. As marco, make the new guest a VIP. You need the id that you noted.
curl -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@vip.json" http://localhost:8080/api/v1/users/%guest%

rem 13. Show the old wristband in the lounge. It does not say VIP, and so marco's decision has ended it.
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/lounge

rem 14. Log in again.
curl -q -fsS -H "Accept: text/plain" -d username=new.guest -d password=new.guest-likes-pizza http://localhost:8080/api/v1/auth/login -o new.txt

rem 15. Show the new wristband in the lounge.
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/lounge

rem 16. Log out.
curl -q -i -X POST -H "@new.txt" http://localhost:8080/api/v1/auth/logout

rem 17. Prove that the wristband is dead: ask who you are.
curl -q -i -H "@new.txt" http://localhost:8080/api/v1/auth/me

rem 18. Clean up: as marco, take the VIP status back.
curl -q -i -X PATCH -H "@marco.txt" -H "Content-Type: application/json" -d "@no-vip.json" http://localhost:8080/api/v1/users/%guest%

curl -q -s -d question=app -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=spa -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=services -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=weather -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=domains -d choice=1 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=village -d choice=2 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=bank -d choice=3 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=dismissed -d choice=2 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=hospital -d choice=3 http://localhost:8080/learn/lessons/L18/answers
curl -q -s -d question=admin -d choice=2 http://localhost:8080/learn/lessons/L18/answers

rem 19. This server has seen what you did tonight. Get your certificate, signed with the server's private key, and save it.
curl -q -fsS -H "Accept: application/json" http://localhost:8080/learn/certificate -o certificate.json

rem 20. Look at the public keys of the server. The certificate names one of them.
curl -q -i http://localhost:8080/.well-known/jwks.json

rem 21. Check the certificate. valid is true: the signature fits one of the public keys, the one with the same kid. But active is false, because typ says certificate: nobody can use it as a wristband (access token).
curl -q -i -H "Content-Type: application/json" -d "@certificate.json" http://localhost:8080/api/v1/auth/inspect

rem 22. Copy certificate.json to changed.json. In changed.json, add the letter A at the end of the certificate, before the quotation mark and payload. Check the copy: valid is false. One letter is enough.
powershell -NoProfile -Command "(Get-Content certificate.json) -replace '\.[\w-]+\.[\w-]+', '$0A' | Set-Content -Encoding Ascii changed.json"
curl -q -i -H "Content-Type: application/json" -d "@changed.json" http://localhost:8080/api/v1/auth/inspect
curl -q -s http://localhost:8080/learn

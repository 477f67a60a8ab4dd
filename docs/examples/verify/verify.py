# python3 -m pip install "pyjwt[crypto]" && python3 verify.py      (on Debian: apt install python3-jwt)
# It answers at http://localhost:9000. ISSUER and PORT change what it trusts and where it listens.
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

issuer = os.environ.get("ISSUER", "http://localhost:8080")
port = int(os.environ.get("PORT", "9000"))

with urllib.request.urlopen(issuer + "/.well-known/openid-configuration") as answer:
    keys = jwt.PyJWKClient(json.load(answer)["jwks_uri"])  # fetches the keys again when a token names one that it does not know


def verify(token):
    key = keys.get_signing_key_from_jwt(token).key
    checks = {"algorithms": ["RS256"], "issuer": issuer, "audience": "restaurant", "options": {"require": ["exp"]}}
    claims = jwt.decode(token, key, **checks)
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":  # by now the signature has covered it
        raise jwt.InvalidTokenError("not an access token")
    return claims


class Door(BaseHTTPRequestHandler):
    def do_GET(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        try:
            claims = verify(token if scheme.lower() == "bearer" else "")
        except jwt.PyJWTError:
            return self.answer(401, "Log in at the restaurant, and send its access token.", "WWW-Authenticate", 'Bearer error="invalid_token"')
        self.answer(200, f"Hello, {claims['name']}!", "X-User", claims["sub"])

    def answer(self, status, text, name, value):
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", port), Door).serve_forever()

// npm install jose@6 && node verify.mjs
// It answers at http://localhost:9000. ISSUER and PORT change what it trusts and where it listens.
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";

const issuer = process.env.ISSUER ?? "http://localhost:8080";
const port = process.env.PORT ?? 9000;

const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
// After keys rotate, a token names a key that is not known yet. jose then fetches the keys again, by default at most every 30 s.
const keys = createRemoteJWKSet(new URL(discovery.jwks_uri), { cooldownDuration: 1000 });
const checks = { algorithms: ["RS256"], typ: "at+jwt", issuer, audience: "restaurant", requiredClaims: ["exp"] };

async function verify(token) {
  const { payload } = await jwtVerify(token, keys, checks);
  return payload;
}

createServer(async (request, response) => {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  try {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
    const claims = await verify(token ?? "");
    response.setHeader("X-User", claims.sub).end(`Hello, ${claims.name}!\n`);
  } catch {
    response.writeHead(401, { "WWW-Authenticate": 'Bearer error="invalid_token"' }).end("Log in at the restaurant, and send its access token.\n");
  }
}).listen(port, "127.0.0.1");

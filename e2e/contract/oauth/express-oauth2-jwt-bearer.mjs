// A program that takes tokens by express-oauth2-jwt-bearer. It knows ISSUER and the audience.
import assert from "node:assert/strict";
import { once } from "node:events";
import express from "express";
import { auth } from "express-oauth2-jwt-bearer";

const app = express();
app.use(auth({ issuerBaseURL: process.env.ISSUER, audience: "restaurant", strict: true }));
app.get("/", (request, response) => response.json(request.auth.payload));
app.use((error, request, response, next) => response.status(error.status).end()); // and no stack on the screen
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");

const ask = (token) => fetch(`http://127.0.0.1:${server.address().port}/`, { headers: token && { Authorization: `Bearer ${token}` } });
const login = await fetch(`${process.env.ISSUER}/api/v1/auth/login`, {
  method: "POST",
  body: new URLSearchParams({ username: "alice", password: "alice-likes-pizza" }),
});
const { access_token: good, refresh_token: refresh } = await login.json();

assert.equal((await (await ask(good)).json()).name, "Alice");
const [header, claims, signature] = good.split(".");
const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
for (const bad of [undefined, refresh, `${header}.${claims.slice(0, -4)}AAAA.${signature}`, `${none}.${claims}.`]) {
  assert.equal((await ask(bad)).status, 401, bad);
}
assert.equal((await ask(good)).status, 200);
server.close();

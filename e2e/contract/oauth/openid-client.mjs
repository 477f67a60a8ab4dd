// openid-client finds the token endpoint by ISSUER alone, logs in and refreshes.
import assert from "node:assert/strict";
import * as client from "openid-client";

const execute = [client.allowInsecureRequests]; // plain HTTP
const server = await client.discovery(new URL(process.env.ISSUER), "restaurant", undefined, client.None(), { execute });

const logIn = (password) => client.genericGrantRequest(server, "password", { username: "alice", password });
const first = await logIn("alice-likes-pizza");
assert.ok(first.expiresIn() > 800);
const second = await client.refreshTokenGrant(server, first.refresh_token);
assert.notEqual(second.access_token, first.access_token);

const me = await client.fetchProtectedResource(server, second.access_token, new URL("/api/v1/auth/me", process.env.ISSUER), "GET");
assert.equal((await me.json()).name, "Alice");
await assert.rejects(logIn("wrong"), { code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE", status: 401 });
await assert.rejects(client.refreshTokenGrant(server, first.refresh_token), { status: 401 }, "a spent refresh token");

// With a secret, as most tutorials have it: both ways of sending it are ignored.
for (const secret of [client.ClientSecretBasic, client.ClientSecretPost]) {
  const confidential = await client.discovery(new URL(process.env.ISSUER), "restaurant", "secret", secret("secret"), { execute });
  assert.ok((await client.genericGrantRequest(confidential, "password", { username: "bob", password: "bob-likes-pizza" })).access_token);
}

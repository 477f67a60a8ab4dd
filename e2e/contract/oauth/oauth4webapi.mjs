// oauth4webapi as client and as resource server. It knows ISSUER and nothing else of the server.
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";

const issuer = new URL(process.env.ISSUER);
const loopback = { [oauth.allowInsecureRequests]: true }; // plain HTTP
const client = { client_id: "restaurant" };
const none = oauth.None();

// A refusal is a 401 with WWW-Authenticate. The library stops at that header and leaves the body to the caller.
async function assertGrantRefused(promise, message) {
  const refusal = await promise.then(() => assert.fail(message), (error) => error);
  assert.equal(refusal.code, oauth.WWW_AUTHENTICATE_CHALLENGE, message);
  assert.equal((await refusal.response.json()).error, "invalid_grant", message);
}

for (const algorithm of ["oauth2", "oidc"]) {
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...loopback }));

  const logIn = async (password) =>
    oauth.processGenericTokenEndpointResponse(
      server,
      client,
      await oauth.genericTokenEndpointRequest(server, client, none, "password", { username: "alice", password }, loopback),
    );
  const refresh = async (token) =>
    oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, none, token, loopback));
  const accept = (token) =>
    oauth.validateJwtAccessToken(server, new Request("http://door.example/", { headers: { Authorization: `Bearer ${token}` } }), "restaurant", loopback);

  const first = await logIn("alice-likes-pizza");
  assert.equal((await accept(first.access_token)).name, "Alice");
  const second = await refresh(first.refresh_token);
  assert.equal((await accept(second.access_token)).sub, "1");

  await assertGrantRefused(logIn("wrong"), "a wrong password");
  await assertGrantRefused(refresh("never given out"), "an unknown refresh token");
  await assertGrantRefused(refresh(first.refresh_token), "a spent refresh token");
  await assert.rejects(accept(first.refresh_token), { code: oauth.INVALID_RESPONSE }, "a refresh token at the door");
  const [header, claims, signature] = second.access_token.split(".");
  await assert.rejects(accept([header, claims.slice(0, -4) + "AAAA", signature].join(".")), "other claims");
}

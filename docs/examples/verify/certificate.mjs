// node certificate.mjs certificate.json
// It needs no library. ISSUER is the server whose keys it trusts, whatever the certificate says.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

const issuer = process.env.ISSUER ?? "http://localhost:8080";
const { certificate } = JSON.parse(readFileSync(process.argv[2] ?? "certificate.json", "utf8"));

const { keys } = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
const [header, payload, signature] = certificate.split(".");
const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
const { alg, typ, kid } = read(header);
const key = keys.find((one) => one.kid === kid);
const genuine = key && alg === "RS256" && typ === "certificate+jwt"
  && verify("sha256", `${header}.${payload}`, createPublicKey({ key, format: "jwk" }), Buffer.from(signature, "base64url"));

if (!genuine) {
  console.log("It is not genuine.");
  process.exit(1);
}
console.log(`It is genuine. Done: ${read(payload).lessons.map((lesson) => lesson.id).join(" ")}`);

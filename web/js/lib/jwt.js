// Takes a JSON Web Token apart (RFC 7519). To learn here: the first two parts are
// only encoded (base64url), so anyone who has a token can read and change them.
// Nothing is verified here: that takes the server's key, so the server is asked.

/** decode reads a token. A fault says in words what is wrong and, where there is a
 *  place, at which character (at).
 * @returns {{parts: string[], header: any, claims: any, signature: string, fault?: string, at?: number}} */
export function decode(token) {
  const parts = token.split(".");
  const result = { parts, header: null, claims: null, signature: parts[2] ?? "" };
  const odd = /[^A-Za-z0-9_.\-]/.exec(token);
  if (odd) {
    return {
      ...result,
      fault: `Not a JWT: the character “${odd[0]}” at position ${odd.index + 1} is not base64url.`,
      at: odd.index,
    };
  }
  if (parts.length !== 3) return { ...result, ...partsFault(parts, token) };
  for (const [i, name] of ["header", "claims"].entries()) {
    try {
      result[name] = JSON.parse(fromBase64url(parts[i]));
    } catch {
      const at = i === 0 ? 0 : parts[0].length + 1;
      return {
        ...result,
        fault: `The ${i === 0 ? "header" : "payload"} is not JSON in base64url; it begins at position ${at + 1}.`,
        at,
      };
    }
  }
  return result;
}

function partsFault(parts, token) {
  const dots = parts.length - 1;
  const at = dots > 2 ? parts.slice(0, 3).join(".").length : token.length;
  return { fault: `Not a JWT: it needs two dots and has ${dots === 0 ? "none" : dots === 1 ? "one" : dots}.`, at };
}

export function fromBase64url(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
}

export function toBase64url(text) {
  const binary = Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** trimToken removes what people copy along with a token. */
export const trimToken = (text) => text.trim().replace(/^authorization:\s*/i, "").replace(/^bearer\s+/i, "").trim();

/** tamper puts other claims between the old header and the old signature, which is
 *  all that a forger without the key can do. */
export function tamper(token, claims) {
  const [header, , signature] = token.split(".");
  return [header, toBase64url(JSON.stringify(claims)), signature].join(".");
}

/** readTime reads a time claim. Some programs write milliseconds by mistake: as
 *  seconds, such a number would be a date far beyond the year 5000. */
export function readTime(value) {
  if (typeof value !== "number") return null;
  const milliseconds = value > 1e11;
  return { at: milliseconds ? value / 1000 : value, milliseconds };
}

/** claimMeanings says what the claims of this server are for. */
export const claimMeanings = {
  iss: "issuer: who made it",
  aud: "audience: whom it is for",
  sub: "subject: the guest's number",
  name: "the guest's name",
  role: "guest, chef or manager",
  vip: "may enter the lounge",
  age_over_18: "may drink alcohol (the birth date is not in the token)",
  sid: "the login session it belongs to",
  jti: "the number of this token",
  iat: "issued at",
  exp: "expires",
  alg: "algorithm of the signature",
  typ: "type: an access token",
  kid: "key id: which key signed it",
};

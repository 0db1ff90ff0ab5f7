// Verifies an access token with only the key set: node verify.mjs http://localhost:8000 TOKEN
// Prints its `sub`, or prints the reason and exits with 1. To verify many tokens, keep the key set for five minutes.

import { createPublicKey, verify } from "node:crypto";

// Seconds by which the two machines' clocks may differ.
const leeway = 30;

// The claims of `token`, if one of `keys` signed it for `issuer` and it has not expired; throws otherwise.
function claims(token, keys, issuer) {
    const parts = token.split(".");
    if (parts.length !== 3) throw new Error("no token");
    const [header, payload] = parts.slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
    // Accept one algorithm, whatever the token says, and never a key from its header: the sender chose both.
    if (header.alg !== "ES256" || header.typ !== "JWT") throw new Error("another kind of token");
    const jwk = keys.find((key) => key.kid === header.kid && key.kty === "EC" && key.crv === "P-256");
    if (!jwk) throw new Error("an unknown key");
    const key = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };  // r || s
    const signature = Buffer.from(parts[2], "base64url");
    if (!verify("sha256", `${parts[0]}.${parts[1]}`, key, signature)) throw new Error("a wrong signature");
    if (payload.iss !== issuer) throw new Error("another issuer");
    if (!(Number.isFinite(payload.exp) && Date.now() / 1000 < payload.exp + leeway)) throw new Error("expired");
    return payload;
}

try {
    const [base, token] = process.argv.slice(2);
    const answer = await fetch(`${base}/.well-known/jwks.json`, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(`no key set: ${answer.status}`);
    console.log(claims(token, (await answer.json()).keys, base).sub);
} catch (error) {
    console.error(`not verified: ${error.message}`);
    process.exit(1);
}

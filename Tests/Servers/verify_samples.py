"""samples/verify, and the Python program in docs/verify-tokens.md: each on genuine tokens of the project's own lighttpd, and on
invalid tokens.

SKIP_SWIFT=1 skips the Swift program; SWIFT_SCRATCH names a folder that keeps its build. Prints
`N passed, N failed`, and exits with 1 if any check failed.
"""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from latchkey_tests.checks import expect, finish
from latchkey_tests.guide import blocks
from latchkey_tests.home import Home
from latchkey_tests.project import COMMAND, PROJECT
from latchkey_tests.service import Service

SAMPLES = f"{PROJECT}/samples/verify"


def encode(bytes):
    return base64.urlsafe_b64encode(bytes).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(private, header, claims):
    """A token with exactly this header and these claims (a dictionary, or bytes), signed with ES256."""
    text = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    head = f"{encode(json.dumps(header).encode())}.{encode(text)}"
    r, s = utils.decode_dss_signature(private.sign(head.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{head}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


GUIDE_PROGRAM = """import sys

base, token = sys.argv[1:]
try:
    SAMPLE
except Exception as error:
    text = " ".join(str(error).split())
    print(f"not verified: {text}", file=sys.stderr)
    sys.exit(1)
"""


def guide_sample(scratch):
    """The guide's PyJWT sample as a program: its lines, with only the address changed."""
    (block,) = blocks("docs/verify-tokens.md", "verify_samples.py")
    lines = block.rstrip("\n").split("\n")
    assert lines[-1] == 'print(claims["sub"], claims["email"])', lines
    lines[-1] = 'print(claims["sub"])'
    text = "\n    ".join(lines)
    assert text.count('"http://localhost:8000') == 2
    text = text.replace('"http://localhost:8000/.well-known/jwks.json"', 'base + "/.well-known/jwks.json"')
    text = text.replace('"http://localhost:8000"', "base")
    with open(f"{scratch}/guide.py", "w", encoding="utf-8") as file:
        file.write(GUIDE_PROGRAM.replace("SAMPLE", text))
    return [sys.executable, f"{scratch}/guide.py"]


def programs(scratch):
    """The command of each sample, built."""
    commands = {"node": ["node", f"{SAMPLES}/verify.mjs"], "guide": guide_sample(scratch)}
    subprocess.run(["go", "vet", f"{SAMPLES}/verify.go"], check=True, cwd=scratch)
    subprocess.run(["go", "build", "-o", f"{scratch}/verify-go", f"{SAMPLES}/verify.go"], check=True, cwd=scratch)
    commands["go"] = [f"{scratch}/verify-go"]
    if os.environ.get("SKIP_SWIFT") == "1":
        print("swift: left out (SKIP_SWIFT=1)", flush=True)
        return commands
    # A copy, so that the build leaves nothing in the project.
    package, build = f"{scratch}/package", os.environ.get("SWIFT_SCRATCH", f"{scratch}/build")
    shutil.copytree(SAMPLES, package)
    command = ["swift", "build", "--package-path", package, "--scratch-path", build, "-j", "2"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        expect(False, "the Swift sample builds", result.stdout[-4000:])
    else:
        expect("warning:" not in result.stdout, "the Swift sample builds without a warning", result.stdout[-4000:])
        commands["swift"] = [f"{build}/debug/verify"]
    return commands


def forgeries(genuine, other, foreign, expired, private, base):
    """(what it is, token) for all that must be refused. `private` is the service's own key: it signs claims
    that the service never makes."""
    head, payload, signature = genuine.split(".")
    header, claims = json.loads(decode(head)), json.loads(decode(payload))
    public, stranger = private.public_key(), ec.generate_private_key(ec.SECP256R1())
    raw = decode(signature)
    flipped = bytes([*raw[:40], raw[40] ^ 1, *raw[41:]])
    forged = {**claims, "sub": "00000000-0000-4000-8000-000000000000"}

    yield "a changed payload", f"{head}.{encode(json.dumps(forged).encode())}.{signature}"
    yield "another user's payload", f"{head}.{other.split('.')[1]}.{signature}"
    yield "another token's signature", f"{head}.{payload}.{other.split('.')[2]}"
    yield "a changed header", f"{encode(json.dumps({**header, 'x': 1}).encode())}.{payload}.{signature}"
    yield "a changed signature", f"{head}.{payload}.{encode(flipped)}"
    yield "no signature", f"{head}.{payload}."
    yield "a signature of zeros", f"{head}.{payload}.{encode(bytes(64))}"
    yield "half a signature", f"{head}.{payload}.{encode(raw[:32])}"
    yield "a longer signature", f"{head}.{payload}.{encode(raw + bytes(1))}"
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    yield "a signature in DER", f"{head}.{payload}.{encode(der)}"

    yield "alg none, by PyJWT", jwt.encode(claims, None, algorithm="none", headers={"kid": header["kid"]})
    for name in ["none", "None", "", "es256", "ES384", "HS256"]:
        changed = encode(json.dumps({**header, "alg": name}).encode())
        yield f"alg {name or 'empty'}, unsigned", f"{changed}.{payload}."
        yield f"alg {name or 'empty'}, with the genuine key", signed(private, {**header, "alg": name}, claims)
    numbers = public.public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    jwk = {"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)}
    for what, secret in [("PEM", pem), ("coordinates", x + y), ("JWK", json.dumps(jwk).encode())]:
        text = f"{encode(json.dumps({**header, 'alg': 'HS256'}).encode())}.{encode(json.dumps(forged).encode())}"
        tag = hmac.new(secret, text.encode(), hashlib.sha256).digest()
        yield f"alg HS256, signed with the public key ({what})", f"{text}.{encode(tag)}"

    pair = stranger.public_key().public_numbers()
    own = {**jwk, "x": encode(pair.x.to_bytes(32, "big")), "y": encode(pair.y.to_bytes(32, "big"))}
    yield "another's key under the genuine kid", jwt.encode(claims, stranger, "ES256", {"kid": header["kid"]})
    yield "with that key in the header", signed(stranger, {**header, "jwk": own}, claims)
    yield "with an address of it", signed(stranger, {**header, "jku": "http://localhost:9/jwks.json"}, claims)
    yield "an unknown kid", signed(stranger, {**header, "kid": "A" * 43}, claims)
    yield "an unknown kid and the genuine key", signed(private, {**header, "kid": "A" * 43}, claims)
    yield "no kid", signed(private, {"alg": "ES256", "typ": "JWT"}, claims)
    yield "a kid that is no text", signed(private, {**header, "kid": 1}, claims)

    yield "another issuer", foreign
    yield "an issuer that begins alike", signed(private, header, {**claims, "iss": f"{base}/"})
    yield "an expired one", expired
    yield "one that expired longer ago than clocks differ", signed(private, header, {**claims, "exp": int(time.time()) - 30})
    for name in ("iss", "exp"):
        yield f"without {name}", signed(private, header, {k: v for k, v in claims.items() if k != name})
    yield "exp that is null", signed(private, header, {**claims, "exp": None})
    yield "exp that is text", signed(private, header, {**claims, "exp": "9999999999"})
    for name in ["at+jwt", "", None]:
        yield f"typ {name}", signed(private, {**header, "typ": name}, claims)
    yield "no typ", signed(private, {"alg": "ES256", "kid": header["kid"]}, claims)

    yield "claims that are no object", signed(private, header, b"[]")
    yield "claims that are null", signed(private, header, b"null")
    yield "claims that are no JSON", signed(private, header, b"{")
    yield "nothing", ""
    yield "dots", ".."
    yield "two parts", f"{head}.{payload}"
    yield "four parts", f"{genuine}.{signature}"
    yield "a fourth part that is empty", f"{genuine}."
    yield "a header that is null", f"{encode(b'null')}.{payload}.{signature}"
    yield "no base64url", f"!.{payload}.{signature}"


def run(command, *arguments):
    return subprocess.run([*command, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def accepted(name, command, base, token, user, what):
    result = run(command, base, token)
    expect(result.returncode == 0 and result.stdout == f"{user}\n" and result.stderr == "", f"{name}: {what} is accepted", result)


def refused(name, command, base, token, what):
    result = run(command, base, token)
    expect(
        result.returncode == 1
        and result.stdout == ""
        and result.stderr.startswith("not verified: ")
        and result.stderr.count("\n") == 1,
        f"{name}: {what} is refused",
        result,
    )


def main():
    scratch = tempfile.mkdtemp(prefix="latchkey-verify-")
    home = Home("")
    server = None
    try:
        commands = programs(scratch)
        server = Service(home)
        base = f"http://localhost:{server.port}"

        def grant(email, settings):
            home.configure(f"base_url = {base}\nresend_after = 0s\n{settings}")
            answer = server.request("POST /auth/verification/send-code", fields={"email": email})
            assert answer.status == 202, answer.raw
            fields = {"email": email, "code": home.code(email)}
            answer = server.request("POST /auth/verification/verify-code", fields=fields)
            assert answer.status == 200, answer.raw
            return answer.data

        ada, eve = grant("ada@example.com", ""), grant("eve@example.com", "")
        # The same service under another name.
        home.configure(f"base_url = {base.replace('localhost', '127.0.0.1')}\nresend_after = 0s\n")
        answer = server.request(
            "POST /auth/verification/refresh-token", fields={"refresh_token": eve["refresh_token"], "user_uuid": eve["user_uuid"]}
        )
        assert answer.status == 200, answer.raw
        foreign = answer.data["access_token"]
        home.configure(f"base_url = {base}\n")
        kid = jwt.get_unverified_header(ada["access_token"])["kid"]
        secret = open(f"{home.path}/keys/{kid}.key", "rb").read()[:32]
        private = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
        time.sleep(2)

        token = ada["access_token"]
        now, header = int(time.time()), {"alg": "ES256", "typ": "JWT", "kid": kid}
        held = jwt.decode(token, options={"verify_signature": False})
        expired = signed(private, header, {**held, "iat": now - 900, "exp": now - 60})
        bad = list(forgeries(token, eve["access_token"], foreign, expired, private, base))

        def shifted(iat, exp):
            """A token from a service whose clock differs from the verifier's: seconds from now."""
            now = int(time.time())
            return signed(private, header, {**held, "iat": now + iat, "exp": now + exp})

        for name, command in commands.items():
            accepted(name, command, base, token, ada["user_uuid"], "a genuine token")
            accepted(name, command, base, eve["access_token"], eve["user_uuid"], "another")
            claims = jwt.decode(token, options={"verify_signature": False})
            made = signed(private, {"alg": "ES256", "typ": "JWT", "kid": kid}, claims)
            accepted(name, command, base, made, ada["user_uuid"], "one that is made here as the service makes it")
            for what, iat, exp in [
                ("whose clock is a second behind", 2, 902),
                ("whose clock is 20 seconds behind", 20, 920),
                ("whose clock is a second ahead", -901, -1),
            ]:
                accepted(name, command, base, shifted(iat, exp), ada["user_uuid"], f"a token, by a verifier {what},")
            for what, forged in bad:
                # PyJWT does not look at `typ` and takes text for `exp`; the service signs no such token.
                if name == "guide" and (what.startswith("typ ") or what in ("no typ", "exp that is text")):
                    continue
                refused(name, command, base, forged, what)
            refused(name, command, f"{base}/nothing", token, "a token without a key set")
            refused(name, command, "http://localhost:1", token, "a token whose service is down")
            refused(name, command, "nonsense", token, "an invalid base")

        # The service signs with a new key: the old key's tokens stay valid until they expire.
        rotated = subprocess.run(
            [COMMAND, "token-key", "rotate"], env={"LATCHKEY_HOME": home.path}, capture_output=True, text=True
        )
        expect(rotated.returncode == 0, "token-key rotate", rotated)
        new = grant("new@example.com", "")
        expect(jwt.get_unverified_header(new["access_token"])["kid"] != kid, "there is a new key")
        for name, command in commands.items():
            accepted(name, command, base, new["access_token"], new["user_uuid"], "a token by a new key")
            accepted(name, command, base, token, ada["user_uuid"], "one by the old key")
    finally:
        if server:
            server.stop()
        home.remove()
        shutil.rmtree(scratch, ignore_errors=True)
    finish()


if __name__ == "__main__":
    main()

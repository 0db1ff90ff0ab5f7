#!/usr/bin/python3
"""GET /auth/users/me as a Python program run by CGI, on the same database."""

import json
import os
import sqlite3
import sys
import time
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

HOME = os.environ["LATCHKEY_HOME"]


def answer(status, data=None, code=None):
    body = json.dumps({"success": code is None, "data": data, "error": code and {"code": code}}, separators=(",", ":"))
    sys.stdout.write(
        f"Status: {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    sys.exit()


def text(milliseconds):
    seconds, rest = divmod(milliseconds, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03}Z"


scheme, _, token = os.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
if scheme.lower() != "bearer":
    answer(401, code="not_authenticated")
try:
    kid = jwt.get_unverified_header(token)["kid"]
    if not all(c.isalnum() or c in "-_" for c in kid):
        answer(401, code="invalid_token")
    point = open(f"{HOME}/keys/{kid}.key", "rb").read()[32:96]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)
    claims = jwt.decode(token, key, algorithms=["ES256"], issuer="http://localhost:8000", options={"require": ["exp", "iss"]})
except (jwt.InvalidTokenError, KeyError, OSError):
    answer(401, code="invalid_token")
database = sqlite3.connect(f"{HOME}/latchkey.db")
database.row_factory = sqlite3.Row
user = database.execute(
    "SELECT u.*, s.expires_at AS session_expires_at, s.revoked_at FROM sessions AS s"
    " JOIN users AS u ON u.id = s.user_id WHERE s.id = ?",
    [uuid.UUID(claims["sid"]).bytes],
).fetchone()
if user is None or user["id"] != uuid.UUID(claims["sub"]).bytes:
    answer(401, code="invalid_token")
if not user["is_active"]:
    answer(403, code="account_inactive")
if user["revoked_at"] is not None or user["session_expires_at"] <= time.time() * 1000:
    answer(401, code="invalid_token")
projects = database.execute(
    "SELECT projects.id, projects.name FROM members JOIN projects ON projects.id = members.project_id"
    " WHERE members.user_id = ? ORDER BY members.created_at, projects.id",
    [user["id"]],
)
answer(
    200,
    {
        "id": str(uuid.UUID(bytes=user["id"])),
        "email": user["email"],
        "full_name": user["full_name"],
        "is_active": bool(user["is_active"]),
        "is_superuser": bool(user["is_superuser"]),
        "is_verified": bool(user["is_verified"]),
        "projects": [{"id": str(uuid.UUID(bytes=row["id"])), "name": row["name"]} for row in projects],
        "created_at": text(user["created_at"]),
        "updated_at": text(user["updated_at"]),
        "billing": {
            "token_balance": user["token_balance"],
            "tokens_used": user["tokens_used"],
            "subscription_tier": user["subscription_tier"],
        },
    },
)

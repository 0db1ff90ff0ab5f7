"""Two endpoints as a FastAPI service would implement them, on the same database: GET /auth/users/me with a Bearer
token, and GET /auth/api-keys/ with a Bearer token or an API key. uvicorn runs it.
"""

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jwt
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

HOME = os.environ["LATCHKEY_HOME"]
ISSUER = "http://localhost:8000"
app = FastAPI()
bearer = HTTPBearer(auto_error=False)
hasher = PasswordHasher()


class Project(BaseModel):
    id: uuid.UUID
    name: str


class Billing(BaseModel):
    token_balance: int
    tokens_used: int
    subscription_tier: str


class Account(BaseModel):
    id: uuid.UUID
    email: str
    full_name: str | None
    is_active: bool
    is_superuser: bool
    is_verified: bool
    projects: list[Project]
    created_at: str
    updated_at: str
    billing: Billing


class AccountAnswer(BaseModel):
    success: bool = True
    data: Account
    error: Any = None


class Key(BaseModel):
    id: uuid.UUID
    prefix: str
    name: str
    full_key: str | None = None
    scopes: list[str] | None
    last_used_at: str | None
    expires_at: str | None
    is_active: bool
    created_at: str
    updated_at: str
    replaces: uuid.UUID | None
    replaced_by: uuid.UUID | None


class Pagination(BaseModel):
    page: int
    limit: int
    total: int
    pages: int


class KeyPage(BaseModel):
    items: list[Key]
    pagination: Pagination


class KeyPageAnswer(BaseModel):
    success: bool = True
    data: KeyPage
    error: Any = None


def now() -> int:
    return time.time_ns() // 1_000_000


def text(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache
def public_key(kid: str) -> ec.EllipticCurvePublicKey:
    if not all(c.isalnum() or c in "-_" for c in kid):
        raise HTTPException(401, "invalid token") from None
    with open(f"{HOME}/keys/{kid}.key", "rb") as file:
        point = file.read()[32:96]
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)


def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{HOME}/latchkey.db", timeout=5, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = FULL")
    try:
        yield connection
    finally:
        connection.close()


def user_of(token: str, connection: sqlite3.Connection) -> sqlite3.Row:
    try:
        key = public_key(jwt.get_unverified_header(token)["kid"])
        claims = jwt.decode(token, key, algorithms=["ES256"], issuer=ISSUER, options={"require": ["exp", "iss"]})
    except (jwt.InvalidTokenError, KeyError, OSError):
        raise HTTPException(401, "invalid token") from None
    row = connection.execute(
        "SELECT u.*, s.expires_at AS session_expires_at, s.revoked_at FROM sessions AS s"
        " JOIN users AS u ON u.id = s.user_id WHERE s.id = ?",
        [uuid.UUID(claims["sid"]).bytes],
    ).fetchone()
    if row is None or row["id"] != uuid.UUID(claims["sub"]).bytes:
        raise HTTPException(401, "invalid token") from None
    if not row["is_active"]:
        raise HTTPException(403, "account inactive")
    if row["revoked_at"] is not None or row["session_expires_at"] <= now():
        raise HTTPException(401, "invalid token") from None
    return row


def current_user(
    credentials: HTTPAuthorizationCredentials | None = Depends(bearer), connection: sqlite3.Connection = Depends(database)
) -> sqlite3.Row:
    if credentials is None:
        raise HTTPException(401, "not authenticated")
    return user_of(credentials.credentials, connection)


def key_of(secret: str, project: bytes, connection: sqlite3.Connection) -> sqlite3.Row:
    rows = connection.execute(
        "SELECT k.*, u.is_active FROM api_keys AS k JOIN users AS u ON u.id = k.created_by"
        " JOIN members AS m ON m.user_id = k.created_by AND m.project_id = k.project_id WHERE k.prefix = ?",
        [secret[:11]],
    ).fetchall()
    for row in rows:
        try:
            hasher.verify(row["key_hash"], secret)
        except VerifyMismatchError:
            continue
        expired = row["expires_at"] is not None and row["expires_at"] <= now()
        if row["deactivated_at"] is None and not expired and row["is_active"] and row["project_id"] == project:
            return row
    raise HTTPException(401, "invalid API key")


@app.get("/auth/users/me", response_model=AccountAnswer)
def users_me(user: sqlite3.Row = Depends(current_user), connection: sqlite3.Connection = Depends(database)):
    projects = connection.execute(
        "SELECT projects.id, projects.name FROM members JOIN projects ON projects.id = members.project_id"
        " WHERE members.user_id = ? ORDER BY members.created_at, projects.id",
        [user["id"]],
    )
    return AccountAnswer(
        data=Account(
            id=uuid.UUID(bytes=user["id"]),
            email=user["email"],
            full_name=user["full_name"],
            is_active=user["is_active"],
            is_superuser=user["is_superuser"],
            is_verified=user["is_verified"],
            projects=[Project(id=uuid.UUID(bytes=row["id"]), name=row["name"]) for row in projects],
            created_at=text(user["created_at"]),
            updated_at=text(user["updated_at"]),
            billing=Billing(
                token_balance=user["token_balance"], tokens_used=user["tokens_used"], subscription_tier=user["subscription_tier"]
            ),
        )
    )


@app.get("/auth/api-keys/", response_model=KeyPageAnswer)
def list_api_keys(
    x_project_id: uuid.UUID = Header(),
    x_api_key: str | None = Header(None),
    page: int = Query(1, ge=1),
    limit: int = Query(10, ge=1),
    credentials: HTTPAuthorizationCredentials | None = Depends(bearer),
    connection: sqlite3.Connection = Depends(database),
):
    project, limit = x_project_id.bytes, min(limit, 100)
    if x_api_key is not None:
        key = key_of(x_api_key, project, connection)
        if key["scopes"] is not None and "api-keys:read" not in key["scopes"].split():
            raise HTTPException(403, "insufficient scope")
        if key["last_used_at"] is None or key["last_used_at"] <= now() - 60000:
            connection.execute("UPDATE api_keys SET last_used_at = ? WHERE id = ?", [now(), key["id"]])
    else:
        if credentials is None:
            raise HTTPException(401, "not authenticated")
        user = user_of(credentials.credentials, connection)
        if (
            connection.execute("SELECT role FROM members WHERE user_id = ? AND project_id = ?", [user["id"], project]).fetchone()
            is None
        ):
            raise HTTPException(404, "no such project")
    rows = connection.execute(
        "SELECT * FROM api_keys WHERE project_id = ? ORDER BY sequence DESC LIMIT ? OFFSET ?",
        [project, limit, (page - 1) * limit],
    ).fetchall()
    total = connection.execute("SELECT count(*) FROM api_keys WHERE project_id = ?", [project]).fetchone()[0]
    items = [
        Key(
            id=uuid.UUID(bytes=row["id"]),
            prefix=row["prefix"],
            name=row["name"],
            scopes=None if row["scopes"] is None else row["scopes"].split(),
            last_used_at=text(row["last_used_at"]),
            expires_at=text(row["expires_at"]),
            is_active=row["deactivated_at"] is None and (row["expires_at"] is None or row["expires_at"] > now()),
            created_at=text(row["created_at"]),
            updated_at=text(row["updated_at"]),
            replaces=None if row["replaces"] is None else uuid.UUID(bytes=row["replaces"]),
            replaced_by=None if row["replaced_by"] is None else uuid.UUID(bytes=row["replaced_by"]),
        )
        for row in rows
    ]
    return KeyPageAnswer(
        data=KeyPage(items=items, pagination=Pagination(page=page, limit=limit, total=total, pages=max(1, -(-total // limit))))
    )

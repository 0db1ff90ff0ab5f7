"""samples/nginx/auth_request.conf as it stands, with other ports: nginx in front of a backend that echoes, asking
the project's own lighttpd. Between nginx and lighttpd stands a relay that keeps every question, and can be down.

Prints `N passed, N failed`, and exits with 1 if anything did not hold.
"""

import grp
import http.client
import http.server
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{PROJECT}/Tests/Torture")
from service import Home, Lighttpd  # noqa: E402

SAMPLE = open(f"{PROJECT}/samples/nginx/auth_request.conf").read()
KEPT = 5  # seconds, as the sample has it
# What other configuration may say of errors: it must let nobody in, and replace no answer.
AROUND = (
    "proxy_intercept_errors on; recursive_error_pages on; error_page 401 403 418 =200 /others.html;"
    "proxy_next_upstream error http_500; proxy_request_buffering off;"
)

passed, failed = 0, 0


def expect(holds, what, seen=None):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}" + ("" if seen is None else f": {seen}"), flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Backend:
    """Answers with what it got, as JSON; under /reports/401 with a 401 of its own."""

    def __init__(self):
        backend, self.count = self, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                backend.count += 1
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                text = json.dumps(
                    {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode()}
                ).encode()
                self.send_response(401 if self.path == "/reports/401" else 200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_POST = do_HEAD = do_PUT = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Relay:
    """Passes questions on to `port`, and keeps their bytes. `canned`: bytes that it answers instead, or empty
    ones for a silence; `down`: nobody listens."""

    def __init__(self, port):
        self.target, self.questions, self.canned = port, [], None
        self.port = free_port()
        self.up()

    def up(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        question = b""
        with connection:
            while b"\r\n\r\n" not in question:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                question += chunk
            connection.settimeout(0.05)  # would there be a body?
            try:
                question += connection.recv(65536)
            except TimeoutError:
                pass
            connection.settimeout(30)
            self.questions.append(question)
            canned = self.canned
            if canned is not None:
                if canned:
                    connection.sendall(canned)
                else:
                    connection.recv(1)  # until nginx has had enough
                return
            with socket.create_connection(("127.0.0.1", self.target), 30) as server:
                server.sendall(question)
                while chunk := server.recv(65536):
                    connection.sendall(chunk)


class Nginx:
    """nginx with the sample, on a port of its own; `around`: other configuration that the sample is among."""

    def __init__(self, latchkey, backend, cached, around=""):
        self.folder = tempfile.mkdtemp(prefix="latchkey-nginx-")
        self.port = free_port()
        sample = SAMPLE
        for old, new in [
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:8000", f"127.0.0.1:{latchkey}"),
            ("127.0.0.1:9000", f"127.0.0.1:{backend}"),
            ("/var/cache/nginx-latchkey", f"{self.folder}/cache"),
        ]:
            assert old in sample, old
            sample = sample.replace(old, new)
        # Two more guarded locations, as the sample says how.
        guarded = re.search(r"    location /reports/ \{.*?\n    \}\n", sample, re.S).group()
        for place, query in [("/files/", "?scope=files:read"), ("/any/", '""')]:
            more = guarded.replace("/reports/", place).replace("?scope=reports:read", query)
            assert more.count(f"set $latchkey_query {query};") == 1
            sample = sample.replace(guarded, guarded + more)
        modules = ""
        if cached:
            sample = sample.replace("#+ ", "")
            modules = "load_module modules/ndk_http_module.so; load_module modules/ngx_http_set_misc_module.so;"
        with open(f"{self.folder}/sample.conf", "w") as file:
            file.write(sample)
        user = ""
        if os.geteuid() == 0:
            user = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"
        temporary = "".join(
            f"{name}_temp_path {self.folder}/{name};" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        with open(f"{self.folder}/nginx.conf", "w") as file:
            file.write(
                f"{modules} {user} daemon off; worker_processes 1; pid {self.folder}/pid;"
                f"error_log {self.folder}/error.log warn; events {{ worker_connections 512; }}"
                f"http {{ access_log off; {temporary} {around} include {self.folder}/sample.conf; }}"
            )
        self.process = subprocess.Popen(
            ["nginx", "-e", f"{self.folder}/error.log", "-c", f"{self.folder}/nginx.conf"],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdin=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.025)
        log = self.log()
        self.stop()
        raise AssertionError(f"nginx does not answer: {log}")

    def log(self):
        return open(f"{self.folder}/error.log").read()

    def get(self, key=None, path="/reports/a?b=c", headers=(), method="GET", body=None):
        """The answer, with `status`, `headers` (lower-case), `text`, `json` and `code`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path)
        for name, value in [*([("x-api-key", key)] if key else []), *headers]:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        answer.fields = {name.lower(): value for name, value in answer.getheaders()}
        try:
            answer.json = json.loads(answer.text)
            answer.code = (answer.json.get("error") or {}).get("code")
        except ValueError:
            answer.json, answer.code = None, None
        connection.close()
        return answer

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


class Owner:
    """Someone who signed in, and makes keys."""

    def __init__(self, server):
        self.server = server
        grant = server.home.sign_in("ada@example.com")
        self.id, self.project = grant["user_uuid"], grant["project"]
        self.headers = [f"Authorization: Bearer {grant['access_token']}", f"x-project-id: {self.project}"]

    def key(self, scopes=None, days=None):
        fields = {"name": "test", "expires_in_days": days, "scopes": scopes}
        answer = self.server.request("POST /auth/api-keys/", self.headers, fields)
        assert answer.status == 201, answer.raw
        return answer.data["id"], answer.data["full_key"], answer.data["expires_at"]

    def deactivate(self, id):
        assert self.server.request(f"DELETE /auth/api-keys/{id}", self.headers).status == 200


def latchkey_fields(answer):
    """What of our names reached the backend, in any spelling."""
    return sorted(
        (name.lower(), value) for name, value in answer.json["headers"] if name.lower().replace("_", "-").startswith("x-latchkey")
    )


def refused(answer, status, code, what):
    """Whether `answer` is Latchkey's refusal, as JSON."""
    expect(
        answer.status == status
        and answer.code == code
        and answer.json["success"] is False
        and answer.fields["content-type"] == "application/json"
        and answer.fields["cache-control"] == "no-store",
        f"{what}: {status} {code}",
        (answer.status, answer.fields, answer.text),
    )


def check(nginx, home, owner, relay, backend):
    """What holds with and without the cache."""
    id, key, expires_at = owner.key(["reports:read", "files:*"], days=3)

    # A good key: the answer's fields, and the request as it was.
    answer = nginx.get(key)
    fields = [
        ("x-latchkey-expires-at", expires_at),
        ("x-latchkey-key-id", id),
        ("x-latchkey-owner-id", owner.id),
        ("x-latchkey-project-id", owner.project),
        ("x-latchkey-scopes", "reports:read files:*"),
    ]
    expect(answer.status == 200 and latchkey_fields(answer) == fields, "a good key: 200 with its fields", answer.text)
    expect(answer.json["path"] == "/reports/a?b=c" and answer.json["method"] == "GET", "the request is unchanged")
    expect(key not in answer.text, "the backend does not see the key")
    expect(not [name for name in answer.fields if name.startswith("x-latchkey")], "the client is not told the fields")
    _, everything, _ = owner.key()
    answer = nginx.get(everything)
    expect(
        ("x-latchkey-scopes", "*") in latchkey_fields(answer) and len(latchkey_fields(answer)) == 4,
        "a key of all scopes without an end: * and no expiry",
        answer.text,
    )

    # Forged fields.
    forged = [(name, "forged") for name, _ in fields]
    answer = nginx.get(key, headers=forged + forged)
    expect(latchkey_fields(answer) == fields, "forged fields are replaced", answer.text)
    answer = nginx.get(everything, headers=[("X-LATCHKEY-EXPIRES-AT", "2099-01-01T00:00:00Z")])
    expect("2099" not in answer.text, "a forged field that the answer lacks is removed", answer.text)
    answer = nginx.get(key, headers=[(name.replace("-", "_"), "forged") for name, _ in fields])
    expect("forged" not in answer.text, "with underscores too", answer.text)
    answer = nginx.get(key, headers=[("Connection", "close, X-Latchkey-Key-Id, X-Latchkey-Scopes")])
    expect(
        latchkey_fields(answer) == fields and ["Connection", "close"] in answer.json["headers"],
        "Connection takes none away",
        answer.text,
    )

    # Refusals, none of which reaches the backend.
    count = backend.count
    refused(nginx.get(), 401, "not_authenticated", "no key")
    answer = nginx.get("garbage")
    refused(answer, 401, "invalid_api_key", "a garbage key")
    expect(answer.fields.get("www-authenticate") == 'Bearer error="invalid_token"', "with its challenge", answer.fields)
    refused(nginx.get(key[:-1] + ("B" if key[-1] == "A" else "A")), 401, "invalid_api_key", "a changed key")
    refused(nginx.get("x" * 4000), 401, "invalid_api_key", "a long key")
    refused(nginx.get(headers=forged), 401, "not_authenticated", "fields without a key")
    answer = nginx.get(headers=[("Authorization", f"Bearer {key}")])
    refused(answer, 401, "not_authenticated", "a key as Bearer token")
    refused(nginx.get(headers=[("X_Api_Key", key)]), 401, "not_authenticated", "a key under another name")
    refused(nginx.get(path=f"/reports/?x-api-key={key}&scope=a"), 401, "not_authenticated", "a key in the URL")
    dead, secret, _ = owner.key()
    owner.deactivate(dead)
    refused(nginx.get(secret), 401, "api_key_deactivated", "a deactivated key")
    old, secret, _ = owner.key(days=1)
    home.sql("UPDATE api_keys SET expires_at = unixepoch() * 1000 - 1 WHERE id = ?", [uuid.UUID(old).bytes])
    refused(nginx.get(secret), 401, "api_key_expired", "an expired key")

    # Scopes.
    for scopes in [[], ["reports:write"], ["reports"], ["reports:read:all"], ["report*:read"]]:
        try:
            _, secret, _ = owner.key(scopes)
        except AssertionError:
            continue  # no scope at all
        refused(nginx.get(secret), 403, "insufficient_scope", f"scopes {scopes}")
    answer = nginx.get(secret, path="/reports/?scope=")
    refused(answer, 403, "insufficient_scope", "a scope in the client's URL does not count")
    answer = nginx.get(secret, method="HEAD")
    expect(answer.status == 403 and answer.text == "", "HEAD is refused without a body", answer.text)
    expect(backend.count == count, "no refused request reached the backend")
    for scopes in [["reports:*"], ["*"], ["rep*"], ["a", "reports:read"]]:
        expect(nginx.get(owner.key(scopes)[1]).status == 200, f"scopes {scopes}")
    _, reader, _ = owner.key(["reports:read"])
    for path, status in [("/any/", 200), ("/reports/", 200), ("/files/", 403), ("/reports/", 200), ("/files/", 403)]:
        answer = nginx.get(reader, path=path)
        expect(answer.status == status, f"one key, locations with scopes of their own: {path}", answer.text)
    refused(nginx.get(path="/any/"), 401, "not_authenticated", "where any key will do, no key")

    # Two keys: the first is judged, or there are two; never the second behind the first's back.
    answer = nginx.get(headers=[("x-api-key", "garbage"), ("x-api-key", key)])
    expect(answer.status in (400, 401), "two keys, the first bad", answer.text)
    answer = nginx.get(f"{key}, {key}")
    expect(answer.status == 400 and answer.code == "ambiguous_credentials", "two keys in one field", answer.text)

    # Bodies go to the backend, and to nobody else.
    relay.questions.clear()
    body = b"secret " * 14000
    fresh = owner.key(["reports:read"])[1]
    private = [("Cookie", "c=secret"), ("Authorization", "Bearer secret"), ("X-Forwarded-For", "198.51.100.9")]
    answer = nginx.get(fresh, method="POST", body=body, headers=private)
    expect(
        answer.status == 200 and answer.json["body"].encode() == body and answer.json["method"] == "POST",
        "POST with a body reaches the backend whole",
    )
    expect(len(relay.questions) == 1, "one question for it", relay.questions)
    lines = relay.questions[0].decode().split("\r\n")
    expect(lines[0].startswith("GET /auth/api-keys/verify?scope=reports:read HTTP/1."), "the question is a GET", lines)
    expect(
        sorted(line.partition(":")[0].lower() for line in lines[1:] if line)
        == ["connection", "host", "x-api-key", "x-forwarded-for"]
        and "X-Forwarded-For: 127.0.0.1" in lines,
        "the question has the key and the address, no body and nothing private",
        lines,
    )
    relay.questions.clear()
    answer = nginx.get("garbage", method="POST", body=body, headers=private)
    refused(answer, 401, "invalid_api_key", "POST with a bad key")
    expect(
        len(relay.questions) == 2
        and not [question for question in relay.questions if b"secret" in question or question[:4] != b"GET "],
        "nothing of its body is in a question",
        relay.questions,
    )

    # A refusal does not wait for a body that is announced.
    with socket.create_connection(("127.0.0.1", nginx.port), 10) as connection:
        connection.settimeout(3)
        connection.sendall(
            b"POST /reports/ HTTP/1.1\r\nHost: a\r\nX-Api-Key: garbage\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n"
        )
        try:
            first = connection.recv(65536)
        except TimeoutError:
            first = b"silence"
    expect(first.startswith(b"HTTP/1.1 401 "), "a refusal does not wait for the body", first[:100])

    # What the backend says by itself is left as it is.
    answer = nginx.get(everything, path="/reports/401")
    expect(answer.status == 401 and answer.json["path"] == "/reports/401", "the backend's own 401 passes", answer.text)

    # Nobody gets at the question, or around it.
    for path in ["/_latchkey", "/_latchkey?scope=a", "/reports/../_latchkey", "/%5flatchkey"]:
        answer = nginx.get(everything, path=path)
        expect(answer.status == 404, f"{path}: 404", answer.status)
    count = backend.count
    for path in ["//reports/", "/./reports/a", "/x/../reports/a", "/%72eports/a", "/reports/..;/a"]:
        answer = nginx.get("garbage", path=path)
        expect(answer.status == 401, f"{path} with a bad key: 401", answer.status)
    expect(backend.count == count, "none of them reached the backend")

    # Many at once.
    statuses = []
    keys = [everything, "garbage"] * 20
    threads = [threading.Thread(target=lambda key=key: statuses.append((key, nginx.get(key).status))) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted((key, 200 if key == everything else 401) for key in keys)
    expect(sorted(statuses) == expected, "forty at once", statuses)

    log = nginx.log()
    expect(key not in log and everything not in log, "nginx's log has no key")
    usual = ("is buffered to a temporary file", "auth request unexpected status: 400")
    log = [line for line in log.splitlines() if not any(text in line for text in usual)]
    expect(not log, "nginx's log has no complaint", log)


def check_failures(nginx, home, owner, relay, backend):
    """The verifier fails in every way: the door stays shut, and the client is told that it is not the key."""
    key = owner.key()[1]
    count = backend.count

    def unavailable(what):
        answer = nginx.get(key)
        expect(
            answer.status == 503
            and answer.code == "temporarily_unavailable"
            and answer.fields.get("retry-after") == "2"
            and answer.fields["content-type"] == "application/json",
            f"{what}: 503",
            (answer.status, answer.text),
        )

    relay.canned = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
    unavailable("the verifier is busy")
    relay.canned = b"nonsense\r\n\r\n"
    answer = nginx.get(key)
    expect(answer.status in (500, 503), "the verifier talks nonsense: 5xx", (answer.status, answer.text))
    relay.canned = b"HTTP/1.1 2"
    unavailable("the verifier breaks off")
    for status in (500, 422, 404, 302, 411):
        relay.canned = f"HTTP/1.1 {status} Odd\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".encode()
        answer = nginx.get(key)
        expect(
            answer.status == 500 and answer.code == "internal_error" and "retry-after" not in answer.fields,
            f"the verifier answers {status}: 500",
            (answer.status, answer.text),
        )
    for status in (401, 403):
        relay.canned = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
        answer = nginx.get(key)
        expect(
            answer.status == status and answer.code == "refused",
            f"{status} whose reason is lost: JSON all the same",
            (answer.status, answer.text),
        )
    relay.canned = b""
    unavailable("the verifier is silent")
    relay.canned = None
    home.configure("nonsense = 1\n")
    answer = nginx.get(key)
    expect(answer.status == 500 and answer.code == "internal_error", "a broken setting: 500", answer.text)
    home.configure(SETTINGS)
    relay.down()
    unavailable("the verifier is down")
    answer = nginx.get()
    expect(answer.status == 503, "without a key as well", answer.status)
    expect(backend.count == count, "nothing reached the backend meanwhile")
    relay.up()
    expect(nginx.get(key).status == 200, "it is back, and so is the door")


def check_dead_at_once(nginx, owner, relay):
    """Without the cache every request asks, and a key that is deactivated is dead at once."""
    id, key, _ = owner.key()
    relay.questions.clear()
    expect([nginx.get(key).status for _ in range(3)] == [200] * 3, "a good key, three times")
    expect(len(relay.questions) == 3, "every request asks", len(relay.questions))
    owner.deactivate(id)
    refused(nginx.get(key), 401, "api_key_deactivated", "deactivated: dead at once")


def check_cache(nginx, owner, relay):
    """With the cache a good answer lives for five seconds, for its own key and scope, and not longer."""
    id, key, _ = owner.key(["reports:read"])
    relay.questions.clear()
    start = time.monotonic()
    answers = [nginx.get(key) for _ in range(5)]
    expect(
        all(answer.status == 200 and ("x-latchkey-key-id", id) in latchkey_fields(answer) for answer in answers),
        "a good key, five times, each with its fields",
    )
    expect(len(relay.questions) == 1, "it is asked for once", len(relay.questions))
    owner.deactivate(id)
    answer = nginx.get(key)
    if time.monotonic() - start < KEPT - 1:
        expect(answer.status == 200, "deactivated: it lives on", answer.text)
    other = owner.key()[1]
    expect(nginx.get(other).status == 200, "another key")
    expect(len(relay.questions) == 2, "is asked for", len(relay.questions))
    refused(nginx.get(other[:-1] + ("B" if other[-1] == "A" else "A")), 401, "invalid_api_key", "a key like it")
    refused(nginx.get(), 401, "not_authenticated", "no key")
    relay.down()
    if time.monotonic() - start < KEPT - 1:
        expect(nginx.get(key).status == 200, "the verifier is down: good answers last for their time")
    time.sleep(max(0, start + KEPT + 1.5 - time.monotonic()))
    for what, secret in [("dead", key), ("good", other)]:
        answer = nginx.get(secret)
        expect(answer.status == 503, f"… and no longer, for a {what} key", (answer.status, answer.text))
    relay.up()
    refused(nginx.get(key), 401, "api_key_deactivated", "after five seconds it is dead")
    relay.questions.clear()
    for _ in range(2):
        refused(nginx.get(key), 401, "api_key_deactivated", "a refusal")
    expect(len(relay.questions) == 4, "refusals are not kept", len(relay.questions))

    expect(nginx.get(other).status == 200, "a good key once more")
    files = [os.path.join(folder, name) for folder, _, names in os.walk(f"{nginx.folder}/cache") for name in names]
    content = b"".join(open(path, "rb").read() for path in files)
    expect(files and other.encode() not in content and key.encode() not in content, "no key is in the cache's files")
    expect(re.search(rb"KEY: [0-9a-f]{64} \?scope=reports:read\n", content), "hashes and scopes are", content[:400])


SETTINGS = "limit_send_per_ip = off\nresend_after = 0s\ntrusted_proxies = 127.0.0.1\n"


def main():
    home = Home(SETTINGS)
    server = Lighttpd(home)
    running = [server]
    try:
        owner = Owner(server)
        backend, relay = Backend(), Relay(server.port)
        for cached, around in ((False, ""), (True, ""), (False, AROUND), (True, AROUND)):
            nginx = Nginx(relay.port, backend.port, cached, around)
            running.append(nginx)
            check(nginx, home, owner, relay, backend)
            check_failures(nginx, home, owner, relay, backend)
            if cached:
                check_cache(nginx, owner, relay)
            else:
                check_dead_at_once(nginx, owner, relay)
            running.pop().stop()
    finally:
        for each in reversed(running):
            each.stop()
        home.remove()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()

"""Every failure of the verifier."""

from latchkey_tests.checks import expect

SETTINGS = "limit_send_per_ip = off\nresend_after = 0s\ntrusted_proxies = 127.0.0.1\n"


def check_failures(nginx, home, owner, relay, backend):
    """Every failure of the verifier: nginx lets nobody in, and the error does not blame the key."""
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

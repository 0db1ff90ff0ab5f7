"""Odd and malformed requests, each with its correct statuses, and a second request planted where a careless
reader would see the first one's end."""

BODY = b'{"email": "wire@example.com"}'
SEND = "/auth/verification/send-code"
SEND_BYTES = SEND.encode()
# The request planted in bodies: if served, it leaves a challenge for this address.
EVIL = b'{"email": "smuggled@example.com"}'
PLANTED = (
    b"POST /auth/verification/send-code HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(EVIL)
) + EVIL


def post(headers=b"", body=BODY, path=SEND_BYTES, version=b"1.1", length=True, method=b"POST"):
    lines = b"%s %s HTTP/%s\r\nHost: localhost\r\n" % (method, path, version)
    if length:
        lines += b"Content-Length: %d\r\n" % len(body)
    return lines + headers + b"\r\n" + body


def chunked(*chunks, end=b"0\r\n\r\n", headers=b""):
    text = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return post(b"Transfer-Encoding: chunked\r\n" + headers, text + end, length=False)


def oddities():
    """name, bytes, correct statuses (0: closed without an answer)."""
    te, bad = b"Transfer-Encoding: chunked\r\n", {400, 0}
    long = b"".join(b"X-Header-%d: %s\r\n" % (n, b"v" * 20) for n in range(100))
    cases = [
        ("length and chunked", post(te + b"Content-Length: 5\r\n", b"0\r\n\r\n" + PLANTED, length=False), {400, 422}),
        ("length before chunked", post(te, b"0\r\n\r\n" + PLANTED), {400, 422}),
        ("two lengths, same", post(b"Content-Length: %d\r\n" % len(BODY)), {400, 202}),
        (
            "two lengths, short first",
            post(b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(PLANTED), PLANTED, length=False),
            {400},
        ),
        ("two lengths, short last", post(b"Content-Length: 0\r\n", PLANTED), {400}),
        ("a list of lengths", post(b"Content-Length: 0, 0\r\n", PLANTED, length=False), {400}),
        ("header names with underscore", post(b"Content_Length: 3\r\nTransfer_Encoding: chunked\r\n"), {202}),
        ("an underscored length alone", post(b"Content_Length: %d\r\n" % len(BODY), length=False), {411, 400}),
        ("two api keys by underscore", post(b"X-API-Key: sk_a\r\nX_API_Key: sk_b\r\n"), {400}),
        ("two authorizations", post(b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), {400}),
        ("a folded header", post(b"X-A: b\r\n c\r\n"), {400, 202}),
        ("a folded length", post(b"Content-Length:\r\n 0\r\n", PLANTED, length=False), {400, 411, 422}),
        ("a space before the colon", post(b"Content-Length : 0\r\n", PLANTED, length=False), {400}),
        ("bare LF", post().replace(b"\r\n", b"\n"), {202, 400}),
        ("bare LF in a value", post(b"X-A: b\nContent-Length: 0\r\n", PLANTED), {400}),
        ("bare CR in a value", post(b"X-A: b\rContent-Length: 0\r\n"), {400, 202}),
        ("NUL in a value", post(b"X-A: b\0c\r\n"), bad),
        ("NUL in the path", post(path=b"/auth/\0"), bad),
        ("NUL by percent", post(path=b"/auth/%00"), bad),
        ("line end by percent", post(path=SEND_BYTES + b"%0d%0aX:y"), {400, 404}),
        ("absolute form", post(path=b"http://localhost" + SEND_BYTES), {202}),
        ("absolute form of another host", post(path=b"http://evil.example" + SEND_BYTES), {202, 400, 404}),
        ("doubled slashes", post(path=b"//auth//verification//send-code"), {202, 404, 400}),
        ("dots", post(path=b"/auth/./verification/x/../send-code"), {202, 404, 400}),
        ("dots past the root", post(path=b"/../../etc/passwd"), {400, 404}),
        ("dots by percent", post(path=b"/auth/%2e%2e/%2e%2e/etc/passwd"), {400, 404}),
        ("an executable's path", post(path=b"/send-code"), {404}),
        ("deliver-mail", post(path=b"/deliver-mail"), {404}),
        ("a longer path", post(path=SEND_BYTES + b"/x"), {404}),
        ("a star", post(path=b"*"), {400, 404}),
        ("no path", b"POST  HTTP/1.1\r\nHost: localhost\r\n\r\n", bad),
        ("no version", b"GET /auth/users/me\r\n\r\n", bad | {401}),
        ("an unknown version", post(version=b"3.7"), {400, 505, 0}),
        ("no host", post().replace(b"Host: localhost\r\n", b""), {400}),
        ("two hosts", post(b"Host: evil.example\r\n"), {400}),
        ("100 headers", post(long), {202}),
        ("too many headers", post(long * 40), {431, 400, 0}),
        ("a long path", post(path=b"/" + b"a" * 100000), {414, 431, 400, 0}),
        ("HTTP/1.0", post(version=b"1.0"), {202}),
        ("lower-case method", post(method=b"post"), {400, 405, 501}),
        ("CONNECT", b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n", {400, 404, 405, 501, 0}),
        ("TRACE", b"TRACE /auth/users/me HTTP/1.1\r\nHost: localhost\r\n\r\n", {405}),
        ("rubbish", bytes(range(256)) * 4, bad),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), bad),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505, 0, None}),
        ("expect", post(b"Expect: 100-continue\r\n"), {202}),
        ("another expectation", post(b"Expect: wonders\r\n"), {417, 400, 202}),
        ("chunked", chunked(BODY[:10], BODY[10:]), {202}),
        ("chunked, with a trailer", chunked(BODY, end=b"0\r\nContent-Length: 3\r\n\r\n"), {202, 400}),
        # lighttpd merges two fields that say chunked.
        ("chunked twice", post(te + te, b"0\r\n\r\n", length=False), {400, 501, 422}),
        ("chunked, gzip", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n", length=False), {400, 501, 422}),
        (
            "chunked, by a false name",
            post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + PLANTED, length=False),
            {400, 501, 411},
        ),
        ("chunked, in HTTP/1.0", post(te, b"0\r\n\r\n", version=b"1.0", length=False), {400, 422, 411}),
        ("chunks over 64 KiB", chunked(b" " * 70000), {413}),
        ("nothing but spaces", post(b"", b" " * 100), {422}),
        ("over 64 KiB", post(b"", b" " * 65537), {413}),
        ("over a megabyte", post(b"", b" " * 1100000), {413}),
    ]
    for value in (
        b"+3",
        b"-1",
        b"0x3",
        b"3 3",
        b"3;",
        b"",
        b"three",
        b"99999999999999999999999",
        b"18446744073709551617",
        b"\xef\xbc\x93",
    ):
        cases.append((f"length {value!r}", post(b"Content-Length: %s\r\n" % value, PLANTED, length=False), {400, 411, 413, 0}))
    cases.append(("length ' 0'", post(b"Content-Length:   0\r\n", b"", length=False), {422}))
    for size in (b"-1", b"+1", b"0x1", b"g", b"", b"ffffffffffffffffff", b"1 1", b"1;" + b"x" * 20000):
        cases.append(
            (f"chunk size {size[:20]!r}", post(te, size + b"\r\nx\r\n0\r\n\r\n" + PLANTED, length=False), {400, 413, 422, 0})
        )
    cases.append(("a chunk longer than its size", post(te, b"2\r\nxxxx\r\n0\r\n\r\n" + PLANTED, length=False), bad))
    cases.append(("chunks with bare LF", post(te, b"1\nx\n0\n\n" + PLANTED, length=False), {400, 422, 0}))
    return cases

#!/usr/bin/env python3
"""More than a thousand hostile requests: each gets the right status, none is a fault of the service, nothing half done stays, memory is flat.

    tests/portal/hostile.py target/debug/faultbook [--rounds 3] [--seed 1]

Requests are written to plain sockets, byte by byte as they are meant. Slow clients are slow beside all the others.
"""

import argparse
import json
import random
import socket
import sqlite3
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from serving import Portal

# how long an ordinary request may take, in seconds; bodies that are cut or slow have bounds of their own
PATIENCE = 25
# MiB that memory may have at most, and that it may grow by from some rounds to the next as many: it grows while regexes and threads are used
# for the first time, and has to be flat before the last round
MEMORY, GROWTH, COMPARED = 640, 16, 4
TEXT_BYTES, UPLOAD_BYTES = 1 << 20, 1 << 20
CRLF = b"\r\n"
# what closes a connection without an answer is as good as a refusal where the request is not even HTTP
CLOSED = None
# what `send` gives where an upload is asked to come back later
COME_BACK = "come back later"
INJECTIONS = [
    "a\r\nX-Injected: 1", "a\nX-Injected: 1", "a\rX-Injected: 1", "a\r\n\r\n<html>", "a%0d%0aX-Injected: 1", "\u560a\u560dX-Injected: 1",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'", "javascript:alert(1)", "{{ 7 * 7 }}", "{% raw %}",
    "${7*7}", "../../../../etc/passwd", "..\\..\\x", "%00", "\0", "' OR 1=1 --", "\"; DROP TABLE cases; --", "\u202e\u2066", "\U0001f600" * 50,
    "a" * 5000, "-1", "1e999", "NaN", "9" * 400, "\ufeff", "%ff%fe", "*", "title:(", "\\", "a\u0301" * 200,
]  # fmt: skip
PARAMETERS = [
    ("/api/v1/search", ["q", "product", "version", "tag", "severity", "offset", "limit"]),
    ("/api/v1/articles", ["product", "version", "tag", "severity", "offset", "limit", "none"]),
    ("/api/v1/articles/DISK", ["format"]),
    ("/api/v1/statistics", ["days"]),
    ("/search", ["q", "product", "version", "tag", "severity"]),
    ("/articles", ["product", "tag"]),
    ("/", ["text", "fact", "product"]),
]


class Request:
    """Bytes to send, the statuses that are right, and whether the client goes away before the answer."""

    def __init__(self, name, sent, statuses, leaves=False, replies=1):
        self.name, self.sent, self.statuses, self.leaves, self.replies = name, sent, statuses, leaves, replies

    def may_come_back(self, head):
        """Whether an answer's head asks to come back later, to who may be asked that: any upload while the queue is full."""
        is_upload = self.sent.startswith((b"POST /api/v1/cases", b"POST /cases"))
        return is_upload and head.startswith(b"503") and b"\r\nretry-after: " in head.lower()


def http(method, target, body=b"", headers=(), length=True):
    if isinstance(target, str):
        target = target.encode()
    head = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: portal", b"Connection: close"]
    if length and (body or method == "POST"):
        head.append(b"Content-Length: %d" % len(body))
    for name, value in headers:
        head.append((name if isinstance(name, bytes) else name.encode()) + b": " + (value if isinstance(value, bytes) else value.encode()))
    return CRLF.join(head) + CRLF + CRLF + body


JSON = ("Content-Type", "application/json")
PLAIN = ("Content-Type", "text/plain")
ANSWERS, CASES = "/api/v1/answers", "/api/v1/cases"


def noise(rng, size):
    return bytes(rng.getrandbits(8) for _ in range(size))


def bodies(rng):
    """What is no request, or one that nobody would write."""
    sound = json.dumps({"text": "disk sda is full", "facts": {"raid": True, "site": "Ulm"}, "products": {"x": "1.2"}, "format": "text"}).encode()
    for number in range(60):
        changed = bytearray(sound)
        for _ in range(rng.randint(1, 6)):
            changed[rng.randrange(len(changed))] = rng.getrandbits(8)
        yield Request(f"changed json {number}", http("POST", ANSWERS, bytes(changed), [JSON]), (200, 400, 401))
    for number in range(20):
        yield Request(f"cut json {number}", http("POST", ANSWERS, sound[: rng.randrange(len(sound) - 1)], [JSON]), (400,))
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x28\xa1", b"\0", b"\xf4\x90\x80\x80"):
        yield Request(f"utf-8 {bad!r} in json", http("POST", ANSWERS, b'{"text": "' + bad + b'"}', [JSON]), (400,))
        yield Request(f"utf-8 {bad!r} as key", http("POST", ANSWERS, b'{"text": "a", "facts": {"' + bad + b'": 1}}', [JSON]), (400,))
        yield Request(f"utf-8 {bad!r} as text", http("POST", ANSWERS, bad * 999, [PLAIN]), (200,))
        yield Request(f"utf-8 {bad!r} as words", http("POST", "/api/v1/articles/DISK/feedback", b'{"helped": true, "comment": "' + bad + b'"}', [JSON]), (400,))
        yield Request(f"utf-8 {bad!r} in a form", http("POST", "/answers", b"text=" + bad, [("Content-Type", "application/x-www-form-urlencoded")]), (200, 400, 404))
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}"), (b'{"text":[', b"]}"), (b'{"facts":{"a":', b"}}"), (b'{"record":{"a":', b"}}")):
        for depth in (100, 10_000, 60_000):
            body = opening * depth + b"1" + closing * depth
            yield Request(f"{depth} times {opening!r}", http("POST", ANSWERS, body, [JSON]), (400,) if len(body) <= TEXT_BYTES else (400, 413))
    record = lambda depth: b'{"record":' + b'{"a":' * depth + b'"disk sda is full"' + b"}" * depth + b"}"
    for depth in (1, 10, 50, 100):
        yield Request(f"record of depth {depth}", http("POST", ANSWERS, record(depth), [JSON]), (200,))
    yield Request("record of depth 200", http("POST", ANSWERS, record(200), [JSON]), (400,))
    for value in ("null", "true", "1", "[]", "{}", '"a"', "1e999", "-0", "NaN", "Infinity", "0x1", "99999999999999999999999999", '"\\ud800"', '"\\u0000"', "'a'", ""):
        for key in ("text", "record", "facts", "products", "audience", "format", "none"):
            yield Request(f"{key}: {value}", http("POST", ANSWERS, f'{{"{key}": {value}}}'.encode(), [JSON]), (200, 400))
    twice = b'{"text": "disk sda is full", "text": "disk sdb is full"}'
    yield Request("a key twice", http("POST", ANSWERS, twice, [JSON]), (400,))
    for kind in ("facts", "products"):
        names = {f"name{number}": "1" for number in range(201)}
        yield Request(f"201 {kind}", http("POST", ANSWERS, json.dumps({"text": "a", kind: names}).encode(), [JSON]), (400,))
        yield Request(f"huge {kind}", http("POST", ANSWERS, json.dumps({"text": "a", kind: {"n" * 400_000: "v" * 400_000}}).encode(), [JSON]), (200, 400))
    fields = {f"field{number}": "x" * 20 for number in range(20_000)}
    yield Request("20000 fields", http("POST", ANSWERS, json.dumps({"record": fields}).encode(), [JSON]), (200, 400))
    for name, text in (
        ("one long line", b"x" * TEXT_BYTES), ("only line ends", b"\n" * TEXT_BYTES), ("only carriage returns", b"\r" * TEXT_BYTES),
        ("NULs", b"\0" * TEXT_BYTES), ("UTF-16", "disk sda is full\n".encode("utf-16") * 999), ("escapes", b"\x1b[31m\x1b]0;x\x07" * 9999),
        ("stamps", b"2026-04-01T10:00:00Z " * 40_000), ("tags", b"<script>" * 90_000), ("many failures", b"disk sda is full\n" * 30_000),
        ("braces", b"{" * 500_000), ("quotes", b'"' * 500_000), ("backslashes", b"\\" * 500_000), ("combining", "e\u0301".encode() * 200_000),
    ):  # fmt: skip
        yield Request(name, http("POST", ANSWERS, text, [PLAIN]), (200,))
        yield Request(f"{name}, uploaded", http("POST", CASES, text), (201,))
    yield Request("a byte too many", http("POST", ANSWERS, b"x" * (TEXT_BYTES + 1), [PLAIN]), (413,))
    yield Request("an upload with a byte too many", http("POST", CASES, b"x" * (UPLOAD_BYTES + 1)), (413,))
    for number in range(40):
        yield Request(f"noise {number}", http("POST", ANSWERS, noise(rng, rng.randint(1, 20_000)), [PLAIN]), (200,))
    for number in range(10):
        yield Request(f"uploaded noise {number}", http("POST", CASES, rng.choice((b"\x1f\x8b\x08", b"PK\x03\x04", b"BZh9", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"")) + noise(rng, 3000)), (201,))
    for kind in ("image/png", "application/xml", "application/json;charset=\xff", "multipart/form-data", "a" * 5000, "text/plain; charset=\"", ";;;", "application/JSON; x"):
        yield Request(f"kind {kind[:30]}", http("POST", ANSWERS, b'{"text": "a"}', [("Content-Type", kind.encode("latin-1"))]), (200, 415))
    for path in ("/api/v1/articles/DISK/feedback", "/api/v1/cases/00000000000000000000000000000000"):
        for body in (b"", b"[]", b"{", b"null", b'{"helped": 1}', noise(rng, 99), b"[" * 99_999):
            yield Request(f"{path} {body[:9]!r}", http("POST", path, body, [JSON]), (400, 405))
            yield Request(f"PATCH {path} {body[:9]!r}", http("PATCH", path, body, [JSON]), (400, 404, 405))


def lengths(_):
    """Bodies that are not as long as they say."""
    chunked = [("Transfer-Encoding", "chunked"), PLAIN]
    for size in (b"-1", b"+1", b"1 1", b"0x10", b"99999999999999999999999", b"18446744073709551616", b"", b"a", b"1,2", b"1;2"):
        yield Request(f"length {size!r}", http("POST", ANSWERS, b"a", [("Content-Length", size)], length=False), (400, 413, CLOSED))
    yield Request("two lengths", http("POST", ANSWERS, b"ab", [("Content-Length", b"1"), ("Content-Length", b"2")], length=False), (400, CLOSED))
    yield Request("length and chunks", http("POST", ANSWERS, b"1\r\na\r\n0\r\n\r\n", [("Content-Length", b"3"), *chunked], length=False), (200, 400, CLOSED))
    for chunk in (b"zz\r\n", b"-1\r\na\r\n", b"ffffffffffffffff\r\na", b"fffffffffffffffff\r\na", b"1\r\nab\r\n0\r\n\r\n", b"1" * 9999, b"1;" + b"x" * 99_999, b"0\r\n" + b"x: y\r\n" * 9999, b"\0\0\0"):
        yield Request(f"chunk {chunk[:9]!r}", http("POST", ANSWERS, chunk, chunked, length=False), (400, 413, 431, CLOSED), leaves=len(chunk) < 30)
        yield Request(f"uploaded chunk {chunk[:9]!r}", http("POST", CASES, chunk, chunked, length=False), (400, 413, 431, CLOSED), leaves=len(chunk) < 30)
    yield Request("chunks of one byte", http("POST", ANSWERS, b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n", chunked, length=False), (200,))
    for coding in (b"gzip", b"chunked, gzip", b"gzip, chunked", b"x", b"chunked, chunked"):
        yield Request(f"coding {coding!r}", http("POST", ANSWERS, b"0\r\n\r\n", [("Transfer-Encoding", coding)], length=False), (200, 400, 411, 415, 501, CLOSED), leaves=True)
    form = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nhalf"
    for path, kind in ((ANSWERS, PLAIN), (ANSWERS, JSON), (CASES, PLAIN), (CASES, ("Content-Type", "multipart/form-data; boundary=b")), ("/cases", ("Content-Type", "multipart/form-data; boundary=b"))):
        for sent in (b"", b"h", form):
            yield Request(f"cut {path} {kind[1]} {len(sent)}", http("POST", path, sent, [kind, ("Content-Length", b"500000")], length=False), (400, 408, CLOSED), leaves=True)
    yield Request("expects to go on", http("POST", ANSWERS, b"disk sda is full", [PLAIN, ("Expect", "100-continue")]), (100, 200))
    yield Request("expects something else", http("POST", ANSWERS, b"a", [PLAIN, ("Expect", "200-maybe")]), (200, 417))


def heads(rng):
    """Heads of requests that are none."""
    get = lambda *lines: b"GET /healthz HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n" + b"".join(line + CRLF for line in lines) + CRLF
    many = lambda count: [b"X-%d: y" % number for number in range(count)]
    for count in (50, 90):
        yield Request(f"{count} headers", get(*many(count)), (200,))
    for count in (101, 1000, 5000):
        yield Request(f"{count} headers", get(*many(count)), (431, CLOSED))
    for size in (1000, 30_000):
        yield Request(f"a header of {size}", get(b"X: " + b"y" * size), (200,))
    for size in (70_000, 1_000_000):
        yield Request(f"a header of {size}", get(b"X: " + b"y" * size), (431, CLOSED))
        yield Request(f"a name of {size}", get(b"x" * size + b": y"), (400, 431, CLOSED))
        yield Request(f"an address of {size}", http("GET", b"/" + b"a" * size), (414, 431, CLOSED))
    for line in (b"X: a\0b", b"X: a\rb", b"X : a", b": a", b"X", b" X: a", b"X: a\n\tb", b"X\xff: a", b"X(: a", b"Host: other", b"Host: a b", b"\xff\xfe"):
        yield Request(f"header {line!r}", get(line), (200, 400, CLOSED))
    for line in (b"", b"GET", b"GET /", b"GET / HTTP/9.9", b"GET / HTTP/0.9", b"get / HTTP/1.1", b"\0 / HTTP/1.1", b"GET  /  HTTP/1.1", b"GET /\xff HTTP/1.1", b"GET /a b HTTP/1.1",
                 b"GET // HTTP/1.1", b"GET http://other/healthz HTTP/1.1", b"GET * HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"OPTIONS * HTTP/1.1", b"TRACE / HTTP/1.1", b"G" * 5000 + b" / HTTP/1.1",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"SSH-2.0-x", b"GET /%zz HTTP/1.1", b"GET /api/v1/cases/%2e%2e%2f HTTP/1.1", b"GET /api/v1/articles/%ff HTTP/1.1",
                 b"GET /?a[]=1&=&& HTTP/1.1", b"GET /../../etc/passwd HTTP/1.1", b"GET /assets/../../Cargo.toml HTTP/1.1", b"GET /assets/%2e%2e/x HTTP/1.1", b"DELETE /api/v1/articles/DISK HTTP/1.1"):  # fmt: skip
        yield Request(f"line {line[:40]!r}", line + b"\r\nHost: portal\r\nConnection: close\r\n\r\n", (200, 400, 404, 405, 414, 431, 505, CLOSED), leaves=True)
    for number in range(30):
        yield Request(f"noise as a head {number}", noise(rng, rng.randint(1, 3000)) + b"\r\n\r\n", (400, 404, 405, 431, 505, CLOSED), leaves=True)
    for value in INJECTIONS:
        value = value.encode().replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
        for name in ("X-Request-Id", "X-Forwarded-For", "Accept", "Accept-Language", "Cookie", "Referer", "If-None-Match", "Range", "Content-Type"):
            yield Request(f"{name}: {value[:20]!r}", get(name.encode() + b": " + value), (200,))
        yield Request(f"Authorization: {value[:20]!r}", http("GET", "/api/v1/articles", headers=[("Authorization", value)]), (401,))
        yield Request(f"Disposition: {value[:20]!r}", http("POST", CASES, b"disk sda is full", [("Content-Disposition", b'attachment; filename="' + value + b'"')]), (201,))


def parameters(_):
    """Each parameter with what could become a header, markup, a path or a statement elsewhere."""
    for value in INJECTIONS:
        for path, names in PARAMETERS:
            for name in names:
                yield Request(f"{path}?{name}={value[:20]!r}", http("GET", f"{path}?{name}={quote(value)}"), (200, 303, 400, 401, 404))
        for path in ("/api/v1/articles/", "/articles/", "/api/v1/cases/", "/cases/", "/assets/", "/tags/"):
            yield Request(f"{path}{value[:20]!r}", http("GET", path + quote(value, safe="")), (400, 404))
        for name in ("name", "audience", "fact", "product"):
            yield Request(f"cases?{name}={value[:20]!r}", http("POST", f"{CASES}?{name}={quote(value)}", b"disk sda is full"), (201, 400))
        asked = {"text": f"disk sda is full {value}", "facts": {value: value}, "products": {value: value}}
        for form in ("html", "markdown", "text"):
            yield Request(f"{form} of {value[:20]!r}", http("POST", ANSWERS, json.dumps(asked | {"format": form}).encode(), [JSON]), (200, 400))
        for key in ("audience", "format"):
            yield Request(f"{key} {value[:20]!r}", http("POST", ANSWERS, json.dumps({"text": "a", key: value}).encode(), [JSON]), (400,))
        words = json.dumps({"helped": False, "comment": value}).encode()
        yield Request(f"words {value[:20]!r}", http("POST", "/api/v1/articles/DISK/feedback", words, [JSON]), (204, 400))


def forms(rng):
    """Forms with nonsense."""
    kind = lambda boundary: [("Content-Type", b"multipart/form-data" + boundary)]
    field = lambda name, value, more=b"": b'--b\r\nContent-Disposition: form-data; name="' + name + b'"' + more + b"\r\n\r\n" + value + CRLF
    file, end = field(b"file", b"disk sda is full", b'; filename="a.log"'), b"--b--\r\n"
    for path in (CASES, "/cases"):
        taken = (201, 303)
        for boundary in (b"", b"; boundary=", b"; boundary=\"", b"; boundary=" + b"x" * 5000, b"; boundary=\xff", b"; boundary=other", b"; boundary=b; boundary=c"):
            yield Request(f"{path} boundary {boundary[:20]!r}", http("POST", path, file + end, kind(boundary)), (*taken, 400))
        for name, body in (
            ("empty", b""), ("only the end", end), ("no end", file), ("cut in a header", b"--b\r\nContent-Dispo"), ("cut in a field", file[:-9]), ("no name", b"--b\r\n\r\nx\r\n--b--\r\n"),
            ("no disposition", b"--b\r\nX: y\r\n\r\nx\r\n--b--\r\n"), ("two files", file + file + end), ("no file", field(b"fact", b"a=b") + end), ("unknown field", field(b"none", b"a") + file + end),
            ("fact without =", field(b"fact", b"a") + file + end), ("201 facts", b"".join(field(b"fact", b"n%d=1" % number) for number in range(201)) + file + end),
            ("thousand names", field(b"name", b"a") * 1000 + file + end), ("huge field", field(b"fact", b"a=" + b"x" * 70_000) + file + end), ("bad utf-8", field(b"fact", b"\xff=\xfe") + file + end),
            ("header without end", b"--b\r\nContent-Disposition: " + b"x" * 900_000), ("headers without end", b"--b\r\n" + b"X: y\r\n" * 100_000), ("nested", field(b"file", file + end) + end), ("only boundaries", b"--b\r\n" * 50_000),
            ("preamble", b"x" * 100_000 + CRLF + file + end), ("noise", b"--b\r\n" + noise(rng, 9999)), ("file name with line ends", field(b"file", b"x", b'; filename="a\r\nX-Injected: 1"') + end),
            ("file name too long", field(b"file", b"x", b'; filename="' + b"n" * 9000 + b'"') + end), ("file name is a path", field(b"file", b"x", b'; filename="/etc/passwd\0"') + end),
            ("another encoding", field(b"file", b"x", b"; filename*=UTF-8''%0d%0aX-Injected:1") + end),
        ):  # fmt: skip
            yield Request(f"{path} form: {name}", http("POST", path, body, kind(b"; boundary=b")), (*taken, 400, 413))
    yield Request("a head of 20 MB", http("POST", CASES, b"--b\r\nContent-Disposition: " + b"x" * 20_000_000, kind(b"; boundary=b")), (400, 413, CLOSED))


def pipelines(_):
    one = b"GET /healthz HTTP/1.1\r\nHost: portal\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: portal\r\nConnection: close\r\n\r\n"
    yield Request("50 at once", one * 49 + last, (200,), replies=50)
    yield Request("one within another's body", http("POST", ANSWERS, one, [PLAIN]), (200,), replies=1)
    post = b"POST /api/v1/answers HTTP/1.1\r\nHost: portal\r\nContent-Length: 16\r\n\r\ndisk sda is full"
    yield Request("20 texts at once", post * 20 + last, (200,), replies=21)
    refused = b"POST /api/v1/answers HTTP/1.1\r\nHost: portal\r\nContent-Type: image/png\r\nContent-Length: 1\r\n\r\nx"
    yield Request("refused, then answered", refused + last, (415, 200), replies=2)
    yield Request("unknown, then broken", one + b"\0\r\n\r\n", (200, 400), replies=2)


def send(portal, request):
    """Sends a request; gives what is wrong with what comes back, or nothing."""
    began = time.monotonic()
    came = b""
    try:
        with socket.create_connection(portal.address, timeout=PATIENCE) as connection:
            try:
                connection.sendall(request.sent)
                if request.leaves:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before all was sent
            while piece := connection.recv(1 << 16):
                came += piece
    except TimeoutError:
        return f"nothing for {PATIENCE} seconds, after {came[:80]!r}"
    except OSError:
        pass  # closed before all was read
    time_taken = time.monotonic() - began
    heads = [part for part in came.split(b"HTTP/1.1 ")[1:] if part[:3].isdigit()]
    statuses = [int(part[:3]) for part in heads]
    comes_back = len(heads) == 1 and request.may_come_back(heads[0])
    right = (503,) if comes_back else request.statuses
    if time_taken > PATIENCE:
        return f"took {time_taken:.0f} seconds"
    if any(status >= 500 and status not in right for status in statuses):
        return f"a fault: {came[:400]!r}"
    if not statuses:
        return None if CLOSED in request.statuses or request.leaves else "no answer"
    if any(status not in right for status in statuses):
        return f"status {statuses[:3]}, not {right}: {came[-300:]!r}"
    if request.replies > 1 and len(statuses) != request.replies:
        return f"{len(statuses)} answers, not {request.replies}"
    for part in heads[:1]:
        head, _, body = part.partition(b"\r\n\r\n")
        if b"\r\nx-injected" in head.lower():
            return f"a header was injected: {head!r}"
        if b"text/html" in head.lower() and (b"<script>alert" in body or b"<img src=x" in body):
            return f"markup: {body[:300]!r}"
        if statuses[0] in (400, 401, 404, 405, 415) and b"x-request-id" in head.lower() and b"problem+json" not in head and b"text/html" not in head:
            return f"not a problem document: {head!r}"
    return COME_BACK if comes_back else None


def round_of(portal, rng, workers, stopped):
    """All requests once, in any order, many at the same time; those that are asked to come back later do."""
    requests = [request for kind in (bodies, lengths, heads, parameters, forms, pipelines) for request in kind(rng)]
    rng.shuffle(requests)
    wrong, back = [], []

    def one(request):
        said = send(portal, request)
        if said == COME_BACK:
            back.append(request)
        elif said:
            wrong.append(f"{request.name}: {said}")
        if portal.process.poll() is not None:
            stopped.set()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, requests))
        until = time.monotonic() + PATIENCE
        while back and time.monotonic() < until:
            time.sleep(0.2)
            again, back = back, []
            list(pool.map(one, again))
    return len(requests), wrong + [f"{request.name}: asked to come back for {PATIENCE} seconds" for request in back]


class Slow(threading.Thread):
    """A client that takes its time; `over` says after how many seconds it was cut off, `status` what it was told."""

    def __init__(self, portal, name, head, piece, pause, limit, source="127.0.0.1"):
        super().__init__(daemon=True)
        self.portal, self.name, self.head, self.piece, self.pause, self.limit, self.source = portal, name, head, piece, pause, limit, source
        self.over, self.came = None, b""

    def run(self):
        began = time.monotonic()
        with socket.create_connection(self.portal.address, timeout=self.pause, source_address=(self.source, 0)) as connection:
            try:
                connection.sendall(self.head)
                while time.monotonic() - began < self.limit + 30:
                    try:
                        piece = connection.recv(1000)
                        self.came += piece
                        if not piece:
                            break
                    except TimeoutError:
                        connection.sendall(self.piece)
            except OSError:
                pass
        self.over = time.monotonic() - began

    def wrong(self):
        if self.over is None or self.over > self.limit:
            return f"{self.name}: held for {self.over} seconds, not {self.limit}"
        status = self.came.split(b" ")[1][:3] if b" " in self.came else b"none"
        return None if status in (b"none", b"400", b"408") else f"{self.name}: {self.came[:200]!r}"


class Unread(threading.Thread):
    """A client that asks and asks and reads nothing."""

    def __init__(self, portal):
        super().__init__(daemon=True)
        self.portal, self.over, self.name = portal, None, "a client that reads nothing"

    def run(self):
        began = time.monotonic()
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(self.portal.address)
            connection.settimeout(1)
            request = b"GET /api/openapi.json HTTP/1.1\r\nHost: portal\r\n\r\n" * 50
            while time.monotonic() - began < 100:
                try:
                    connection.sendall(request)
                except TimeoutError:
                    continue
                except OSError:
                    break
        self.over = time.monotonic() - began

    def wrong(self):
        return None if self.over and self.over < 60 else f"{self.name}: held for {self.over} seconds"


def slow_clients(portal):
    post = lambda path, *lines: b"".join([b"POST " + path.encode() + b" HTTP/1.1\r\nHost: portal\r\n", *(line + CRLF for line in lines), CRLF])
    form = b"Content-Type: multipart/form-data; boundary=b"
    length = b"Content-Length: 900000"
    # bounds: 15 s for a head, 30 s for a body, 30 s of standing still for an upload; the rest is for a busy machine
    kinds = [
        ("a slow head", b"GET / HTTP/1.1\r\n", b"X: y\r\n", 1, 25),
        ("a slow line", b"G", b"E", 1, 25),
        ("silence", b"", b"", 5, 25),
        ("a slow text", post(ANSWERS, length), b"x", 1, 45),
        ("an upload that stands still", post(CASES, length) + b"half", b"", 50, 55),
        ("an upload in drops", post(CASES, length) + b"half", b"x", 1, 55),
        ("a form that stands still", post(CASES, form, length) + b"--b\r\n", b"", 50, 55),
        ("a form in drops", post(CASES, form, length) + b"--b\r\n", b"X", 1, 55),
        ("a form of the pages in drops", post("/cases", form, length) + b"--b\r\n", b"X", 1, 55),
        ("a file in a form in drops", post(CASES, form, length) + b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx', b"x", 1, 55),
    ]
    clients = [Slow(portal, *kind) for kind in kinds for _ in range(4)] + [Unread(portal) for _ in range(3)]
    # heads that never end, from another address: as many as one client may have, and more
    clients += [Slow(portal, "one of 300 slow heads", b"GET / HTTP/1.1\r\n", b"X: y\r\n", 3, 30, source="127.0.0.2") for _ in range(300)]
    for client in clients:
        client.start()
    return clients


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=32, help="at most; it ends when memory is flat (default: 32)")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    wrong, sizes, stopped, count = [], [], threading.Event(), 0
    with Portal(options.binary, "--rate-limit", "0", "--max-upload", str(UPLOAD_BYTES), "--retain", "5m") as portal:
        began = time.monotonic()
        slow = slow_clients(portal)
        for number in range(options.rounds):
            sent, said = round_of(portal, random.Random(options.seed + number), options.workers, stopped)
            count, wrong = count + sent, wrong + said
            assert portal.process.poll() is None, f"the portal ended:\n{portal.log.read_text(errors='replace')[-3000:]}"
            quick = time.monotonic()
            status, _, body = portal.ask("POST", ANSWERS, "disk sdz is full", {"Content-Type": "text/plain"})
            assert status == 200 and b"sdz" in body, (status, body)
            sizes.append(portal.memory("VmRSS"))
            recent, before = (sizes[-COMPARED:], sizes[-2 * COMPARED : -COMPARED])
            is_flat = len(sizes) >= 2 * COMPARED and sum(recent) - sum(before) <= GROWTH * COMPARED
            print(f"round {number + 1}: {sent} requests, {len(said)} wrong, {sizes[-1]:.0f} MiB, an ordinary one after {time.monotonic() - quick:.2f} s, {time.monotonic() - began:.0f} s in all", flush=True)
            if is_flat:
                break
        for client in slow:
            client.join(120)
        wrong += [said for client in slow if (said := client.wrong())]
        for said in wrong[:40]:
            print("wrong:", said[:500], flush=True)
        until = time.monotonic() + 120
        while not portal.ask("GET", "/metrics")[2].find(b"faultbook_cases_in_queue 0") >= 0 and time.monotonic() < until:
            time.sleep(0.5)
        left = [name for name in portal.spooled() if not name.endswith(".upload")]
        assert not left, f"half stored: {left}"
        stored = portal.folder / "faultbook.db"
        if stored.exists():
            with sqlite3.connect(f"file:{stored}?mode=ro", uri=True) as database:
                cases = database.execute("SELECT count(*) FROM cases").fetchone()[0]
                open_cases = database.execute("SELECT count(*) FROM cases WHERE state = 'waiting'").fetchone()[0]
            assert cases == len(portal.spooled()) and open_cases == 0, f"{cases} cases ({open_cases} wait), {len(portal.spooled())} uploads"
        faults = [line for line in portal.log.read_text(errors="replace").splitlines() if "a bug in the service" in line]
        assert not faults, faults[:3]
        peak = portal.memory("VmHWM")
    print(f"{count} requests and {len(slow)} slow clients in {time.monotonic() - began:.0f} s; memory {sizes[0]:.0f} to {sizes[-1]:.0f} MiB, at most {peak:.0f}")
    if wrong or not is_flat or peak > MEMORY:
        sys.exit(f"{len(wrong)} wrong" if wrong else "memory grows")


main()

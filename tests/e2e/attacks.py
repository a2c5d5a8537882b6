"""attacks.py ADDRESS TOKEN - what strangers and guests may try, each with the answer it must get. Prints a line for
each that got another one, and "ok" at the end when there was none."""
import base64
import json
import os
import socket
import struct
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)
token = sys.argv[2]
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
wrong = []


def dial(timeout=10):
    s = socket.create_connection((host, int(port)), timeout)
    s.settimeout(timeout)
    return s


def read_all(s, limit=1 << 20):
    data = b""
    try:
        while len(data) < limit:
            more = s.recv(65536)
            if not more:
                break
            data += more
    except (ConnectionResetError, BrokenPipeError):
        pass
    except socket.timeout:
        data += b"<timeout>"
    return data


def status_of(raw, timeout=10):
    """The status of the answer to RAW; 0 when the hub just hangs up, -1 when it says nothing."""
    s = dial(timeout)
    try:
        s.sendall(raw)
        data = s.recv(65536)
    except (ConnectionResetError, BrokenPipeError):
        return 0
    except socket.timeout:
        return -1
    finally:
        s.close()
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.") else 0


def upgrade(extra="", path="/ws/dnc", auth=True):
    s = dial()
    s.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n"
               + (f"Authorization: Bearer {token}\r\n" if auth else "") + extra + "\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = s.recv(1)
        if not more:
            break
        head += more
    return s, head


def frame(opcode, payload=b"", fin=True, rsv=0, masked=True, length=None):
    n = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if n < 126:
        head += bytes([bit | n])
    elif n < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    return head + (b"\0\0\0\0" if masked else b"") + payload


def close_code(*frames):
    """The close code that the frames lead to; 0 when the hub just hangs up, -1 when it goes on."""
    s, _ = upgrade()
    try:
        for f in frames:
            s.sendall(f)
    except (ConnectionResetError, BrokenPipeError):
        pass
    s.settimeout(5)
    data = read_all(s)
    s.close()
    at = 0
    while at + 2 <= len(data):
        opcode, n = data[at] & 15, data[at + 1] & 127
        at += 2
        if n == 126:
            n = struct.unpack(">H", data[at:at + 2])[0]
            at += 2
        if opcode == 8 and n >= 2:
            return struct.unpack(">H", data[at:at + 2])[0]
        at += n
    return -1 if data.endswith(b"<timeout>") else 0


def expect(name, got, *allowed):
    if got not in allowed:
        wrong.append(f"{name}: {got}, not {allowed}")


def get(path, *headers, method="GET"):
    return (f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n" + "".join(h + "\r\n" for h in headers) + "\r\n").encode()


BEARER = "Authorization: Bearer "
# Tokens. 0: the library hangs up on heads that are too long.
bomb = base64.urlsafe_b64encode(b'{"alg":"EdDSA","a":' + b"[" * 3000 + b"]" * 3000 + b"}").decode().rstrip("=")
for name, value, allowed in [
        ("no token", None, (401,)), ("garbage", "x", (401,)), ("empty", "", (401,)), ("dots", "..", (401,)),
        ("1 MB", "a" * (1 << 20), (0, 401, 413, 431)), ("9 KB", "a" * 9000, (0, 401, 431)),
        ("JSON bomb", bomb + ".e30.AAAA", (401,)), ("bytes", "\u00ff\u0001", (400, 401, 0))]:
    expect("token: " + name, status_of(get("/api/v1/info", *([BEARER + value] if value is not None else []))), *allowed)
# Heads.
for name, raw, allowed in [
        ("wrong Origin", get("/api/v1/info", BEARER + token, "Origin: http://evil.example"), (403,)),
        ("null Origin", get("/api/v1/info", BEARER + token, "Origin: null"), (403,)),
        ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", (403, 400, 0)),
        # The library ends the path there: nothing of it comes back, see below.
        ("CRLF in a path", get("/healthz%0d%0aX-Evil:%201"), (200, 404, 400, 403, 0)),
        ("CRLF in a header", get("/healthz", "X-A: b\r\nX-Evil: 1"), (200,)),
        ("path up", get("/../../etc/passwd"), (404, 403, 400, 0)),
        ("path up, escaped", get("/%2e%2e/%2e%2e/etc/passwd"), (404, 403, 400, 0)),
        ("NUL in a path", get("/healthz%00.html"), (404, 403, 400, 0)),
        ("two slashes", get("//healthz"), (200, 404)),
        ("absolute URI", get("http://evil.example/healthz"), (404, 403, 400, 0, 200)),
        ("TRACE", get("/healthz", method="TRACE"), (405, 400, 403, 0)),
        ("PUT", get("/api/v1/events", BEARER + token, "Content-Length: 0", method="PUT"), (405, 0)),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", (403, 400, 0, -1)),
        ("100 KB of headers", get("/healthz", *[f"X-{i}: {'a' * 90}" for i in range(1000)]), (0, 400, 413, 431)),
        ("body that is too long", get("/api/v1/events", BEARER + token, "Content-Length: 99999999999", method="POST"), (413, 403, 400, 0, -1)),
        ("negative length", get("/api/v1/events", BEARER + token, "Content-Length: -1", method="POST"), (400, 403, 413, 200, 0, -1))]:
    expect("head: " + name, status_of(raw, 5), *allowed)
leak = dial()
leak.sendall(get("/healthz%0d%0aX-Evil:%201"))
leak.settimeout(5)
if b"X-Evil" in leak.recv(65536).split(b"\r\n\r\n")[0]:
    wrong.append("a header was injected")
leak.close()
# Upgrades.
for name, extra, path, allowed in [("wrong Origin", "Origin: http://evil.example\r\n", "/ws/dnc", b" 403 "),
                                   ("other path", "", "/ws/other", b" 404 "),
                                   ("ticket of nobody", "Sec-WebSocket-Protocol: dnc.v1, dnc.ticket." + "a" * 43 + "\r\n", "/ws/dnc", b" 101 ")]:
    s, head = upgrade(extra, path)
    if allowed not in head.split(b"\r\n")[0]:
        wrong.append(f"upgrade: {name}: {head.splitlines()[:1]}")
    s.close()
s, head = upgrade("Sec-WebSocket-Protocol: dnc.v1, dnc.ticket." + "a" * 43 + "\r\n", auth=False)
expect("upgrade: used ticket", b" 401 " in head, True)
# Frames.
text = json.dumps({"type": "ping", "id": 1}).encode()
for name, frames, allowed in [
        ("binary", [frame(2, b"x")], (1003,)),
        ("33 KB", [frame(1, b" " * 33000)], (1009,)),
        ("33 KB in pieces", [frame(1, b" " * 1000, fin=False)] + [frame(0, b" " * 1000, fin=False)] * 33, (1009,)),
        ("a length of 2^62", [frame(1, b"x", length=1 << 62)], (1009,)),
        ("not masked", [frame(1, text, masked=False)], (1002,)),
        ("reserved bits", [frame(1, text, rsv=7)], (1002,)),
        ("unknown opcode", [frame(3, b"x")], (1002,)),
        ("continuation of nothing", [frame(0, b"x")], (1002,)),
        ("long ping", [frame(9, b"x" * 126)], (1002,)),
        ("ping in pieces", [frame(9, b"x", fin=False)], (1002,)),
        ("no UTF-8", [frame(1, b'{"type":"\xff"}')], (1007,)),
        ("close with half a code", [frame(8, b"\x03")], (1002,)),
        ("65 empty fragments", [frame(1, b"", fin=False)] + [frame(0, b"", fin=False)] * 64, (1008,)),
        ("100 messages", [frame(1, text)] * 100, (1008,)),
        ("nested JSON", [frame(1, b'{"type":' + b"[" * 10000)], (-1,)),
        ("a filter of 30 KB", [frame(1, b'{"type":"subscribe","filters":{"phone_patterns":["' + b"(" * 30000 + b'"]}}')], (-1,))]:
    expect("frames: " + name, close_code(*frames), *allowed)
# Floods that break no rule by themselves: they end, or are answered, and cost nobody else.
flood, _ = upgrade()
try:
    for _ in range(20000):
        flood.sendall(frame(9, b"p"))
except (ConnectionResetError, BrokenPipeError, socket.timeout):
    pass
flood.close()
pieces, _ = upgrade()
try:
    pieces.sendall(frame(1, b"", fin=False))
    for _ in range(20000):
        pieces.sendall(frame(0, b"", fin=False))
except (ConnectionResetError, BrokenPipeError, socket.timeout):
    pass
pieces.close()
# Slow heads: one byte a second is hung up on; until then others are served.
slow = [dial(40) for _ in range(200)]
for s in slow:
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
start = time.time()
expect("others while heads are slow", status_of(get("/healthz")), 200)
while time.time() < start + 30 and slow:
    time.sleep(1)
    for s in list(slow):
        try:
            s.sendall(b"a")
            s.setblocking(False)
            if s.recv(10) == b"":
                slow.remove(s)
        except BlockingIOError:
            s.settimeout(40)
        except OSError:
            slow.remove(s)
expect("slow heads left after 30 s", len(slow), 0)
for s in slow:
    s.close()
expect("at the end", status_of(get("/healthz")), 200)
print("\n".join(wrong) if wrong else "ok")

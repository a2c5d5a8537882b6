"""pings.py ADDRESS - who answers pings stays, who does not is hung up on, a stream of server-sent events hears a
comment; prints "ok" when 125 s have shown it."""
import select
import socket
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)
PING, PONG = b"\x89\x01p", b"\x8a\x81\0\0\0\0p"


def connect(request):
    s = socket.create_connection((host, int(port)))
    s.sendall((f"GET {request} HTTP/1.1\r\nHost: {sys.argv[1]}\r\n" + (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n" if "ws" in request else "") + "\r\n").encode())
    return s


start = time.time()
silent, polite, stream = connect("/ws/dnc"), connect("/ws/dnc"), connect("/api/v1/stream?last=0")
seen = {silent: [], polite: [], stream: []}
left = set(seen)
while time.time() < start + 125:
    for s in select.select(list(left), [], [], 1)[0]:
        data = s.recv(65536)
        at = round(time.time() - start)
        if not data:
            seen[s].append(("closed", at))
            left.discard(s)
        elif PING in data or data == b":\n\n":
            seen[s].append(("ping", at))
            if s is polite:
                s.sendall(PONG)
print(seen[silent], seen[polite], len(seen[stream]), file=sys.stderr)
assert [what for what, _ in seen[silent]] == ["ping", "closed"] and 88 <= seen[silent][1][1] <= 93
assert [what for what, _ in seen[polite]] == ["ping"] * 4
assert len(seen[stream]) == 8 and stream in left
print("ok")

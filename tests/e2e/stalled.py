"""stalled.py ADDRESS PATH GO [MESSAGE] - a client of bare sockets that does not read until somebody opens
the fifo GO for writing; prints "stalled", then the reason of the first gap, or of
the first dnc.connection.MESSAGE."""
import base64
import os
import re
import socket
import sys

address, path, go, kind = (sys.argv[1:] + ["gap"])[:4]
host, port = address.rsplit(":", 1)
s = socket.create_connection((host, int(port)), timeout=60)
key = base64.b64encode(os.urandom(16)).decode()
s.sendall(
    f"GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
)
os.mkfifo(go)
print("stalled", flush=True)
with open(go, encoding="ascii") as f:
    f.read()
data, gap = b"", None
while not gap:
    more = s.recv(1 << 20)
    if not more:
        sys.exit("closed by the hub")
    data = data[-500:] + more
    gap = re.search(rb'"dnc.connection.%s".*?"reason":"(\w+)"' % kind.encode(), data)
print(gap[1].decode(), flush=True)

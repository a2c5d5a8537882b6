"""filters.py one|distinct EVENTS CLIENTS - clients of bare sockets with a phone filter each, the same or all
different; prints the us of CPU that the hub's loop takes for an event."""
import base64
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import threading
import time
import urllib.request

CLIENTS = int(sys.argv[3])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
hub = subprocess.Popen(
    [os.environ["HUB"], "-q", "--listen=127.0.0.1:0", "--data=:memory:", f"--max-connections={CLIENTS}"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
selector = selectors.DefaultSelector()
running = True


def connect(address, prefix):
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode()
    s.sendall(
        f"GET /ws/dnc?last=0&phone=%5E%5C%2B{prefix} HTTP/1.1\r\nHost: {address}\r\n"
        f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode())
    text = b""
    while b"confirmed" not in text:
        text += s.recv(65536)
    s.setblocking(False)
    selector.register(s, selectors.EVENT_READ)


def drain():
    while running:
        for key, _ in selector.select(0.1):
            try:
                key.fileobj.recv(1 << 18)
            except BlockingIOError:
                pass


def cpu_s():
    with open(f"/proc/{hub.pid}/task/{hub.pid}/stat", encoding="ascii") as f:
        fields = f.read().split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


try:
    address = hub.stdout.readline().decode().strip()
    for i in range(CLIENTS):
        # Area codes from 200, then each again with a digit or two more.
        distinct = f"1{200 + i % 780}{i // 780 + 1 if i >= 780 else ''}"
        connect(address, distinct if sys.argv[1] == "distinct" else "1916")
    reader = threading.Thread(target=drain)
    reader.start()
    before, count = cpu_s(), 0
    with open(sys.argv[2], "rb") as f:
        for line in f:
            hub.stdin.write(line)
            count += 1
    while json.load(urllib.request.urlopen(f"http://{address}/api/v1/info"))["last_seq"] < count:
        time.sleep(0.1)
    print(f"{(cpu_s() - before) * 1e6 / count:.2f}")
    running = False
    reader.join()
finally:
    running = False
    hub.kill()

"""crowd.py REPORT COUNT SEED ADDRESS,ADDRESS... - COUNT clients in one process, half of WebSocket and half of server-sent events,
that go from hub to hub: each leaves after some seconds, and goes on at the next one by epoch and number.

Cheap, so that hundreds can be had: they search what they receive for numbers and ids, and compare them with what others of
them had under the number. They end when each has had as many events as the file `total` says; then REPORT.ids has the ids in
order, and REPORT says for each client whether it had each event once and in order."""
import json
import os
import random
import re
import selectors
import socket
import sys
import time

EVENT = re.compile(rb'"seq":(\d+),"id":"0198f0a0-0000-7000-([0-9a-f-]{17})"')
EPOCH = re.compile(rb'"epoch":"(\w+)"')
IDLE = 5  # seconds without anything: the hub may be cut off
AUTHORIZATION = b"Authorization: Bearer " + os.environ["HUB_TOKEN"].encode() + b"\r\n"
HANDSHAKE = (b"GET /ws/dnc HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: dnc.v1\r\n%s\r\n" % AUTHORIZATION)
report, count = sys.argv[1], int(sys.argv[2])
choice = random.Random(int(sys.argv[3]))
hubs = [(host, int(port)) for host, port in (a.rsplit(":", 1) for a in sys.argv[4].split(","))]
selector = selectors.DefaultSelector()
ids = [None]  # by number, as the first client that had it


class Wrong(Exception):
    pass


class Client:
    def __init__(self, number):
        self.events = number % 2 == 0  # server-sent
        self.hub, self.seq, self.epoch, self.moves = number, 0, None, 0
        self.socket, self.again, self.wrong, self.had = None, 0, None, time.monotonic()
        self.waited = 0, self.had  # the longest time between events, and when it began

    def connect(self, now):
        self.hub, self.tail, self.asked = self.hub + 1, b"", False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.heard, self.leave, self.stay = now, now + choice.uniform(2, 20), self.seq + choice.randrange(3000)
        selector.register(self.socket, selectors.EVENT_WRITE, self)
        self.socket.connect_ex(hubs[self.hub % len(hubs)])

    def close(self, now):
        selector.unregister(self.socket)
        self.socket.close()
        self.socket, self.again, self.moves = None, now + 0.05, self.moves + 1

    def request(self):
        if not self.events:
            return HANDSHAKE
        last = f"Last-Event-ID: {self.epoch}:{self.seq}\r\n" if self.epoch else ""
        return f"GET /api/v1/stream?since=0 HTTP/1.1\r\nHost: h\r\n{last}".encode() + AUTHORIZATION + b"\r\n"

    def subscription(self):
        m = {"type": "subscribe", "since": self.seq, **({"epoch": self.epoch} if self.epoch else {})}
        text = json.dumps(m).encode()
        return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text  # masked with zeros

    def ready(self, mask, now):
        if mask & selectors.EVENT_WRITE:
            self.socket.sendall(self.request())
            selector.modify(self.socket, selectors.EVENT_READ, self)
            return
        data = self.socket.recv(1 << 17)
        if not data:
            raise OSError
        if not self.events and not self.asked and b"\r\n\r\n" in self.tail + data:
            self.socket.sendall(self.subscription())
            self.asked = True
        self.take(self.tail + data, now)

    def take(self, text, now):
        if b'"dnc.connection.gap"' in text:
            raise Wrong(f"a gap after {self.seq}: {text[text.index(b'connection.gap'):][:300]}")
        if b'"epoch"' in text and b'"recovered":true' in text or b'"dnc.connection.epoch"' in text:
            self.epoch = (EPOCH.findall(text) or [self.epoch.encode()])[-1].decode()
        found = EVENT.findall(text)
        if not found:
            self.tail = text[-2000:]
            return
        self.tail = text[text.rindex(found[-1][1]):]
        numbers, names = zip(*found)
        first = self.seq + 1
        if list(map(int, numbers)) != list(range(first, first + len(numbers))):
            wrong = next(i for i, n in enumerate(numbers) if int(n) != first + i)
            raise Wrong(f"{int(numbers[wrong])} after {first + wrong - 1}")
        ids.extend(names[len(ids) - first:])
        if ids[first:first + len(names)] != list(names):
            raise Wrong(f"other events under {first} to {first + len(names) - 1} than another client")
        self.seq += len(names)
        self.waited, self.had = max(self.waited, (now - self.had, self.had)), now


def turn(client, now, total):
    """What is due without a message: connecting, leaving."""
    if client.wrong or (client.seq >= total and not client.socket):
        return
    if not client.socket:
        if now >= client.again:
            client.connect(now)
    elif client.heard == now and client.seq < min(client.stay, total):
        return  # where the processor is too slow for all, each gets on nevertheless
    elif now >= client.leave or now > client.heard + IDLE or client.seq >= total:
        client.close(now)


def read_total():
    try:
        return int(open("total").read() or 1 << 60)
    except OSError:
        return 1 << 60


def write_report(clients):
    with open(report + ".ids", "wb") as f:
        f.writelines(name + b"\n" for name in ids[1:])
    with open(report + ".part", "w") as f:
        for c in clients:
            print(json.dumps({"kind": "sse" if c.events else "ws", "had": c.seq, "moves": c.moves, "wrong": c.wrong,
                              "waited": c.waited}), file=f)
    os.rename(report + ".part", report)


def main():
    clients = [Client(i) for i in range(count)]
    total, looked, ready = 1 << 60, 0, set()
    while any(not c.wrong and (c.seq < total or c.socket) for c in clients):
        for key, mask in selector.select(0.05):
            ready.add(key.data)
            try:
                key.data.ready(mask, time.monotonic())
            except Wrong as e:
                key.data.wrong = str(e)
                key.data.close(time.monotonic())
            except OSError:
                key.data.close(time.monotonic())
        now = time.monotonic()
        if now < looked + 0.1:
            continue
        total, looked = read_total(), now
        with open(report + ".had", "w") as f:
            print(sum(c.seq for c in clients), file=f)
        for c in ready:
            c.heard = now  # a round may have taken longer than IDLE
        ready.clear()
        for c in clients:
            turn(c, now, total)
    write_report(clients)


main()

"""connection.py - one connection of HTTP/1.1, WebSocket or server-sent events, by hand: what the client is built of. Nothing is
read ahead of what is asked for, but what the same system call brought. Reading raises EOFError at the end of the
connection, and TimeoutError at `deadline` (of time.monotonic())."""
import base64
import collections
import hashlib
import json
import os
import re
import socket
import time

Response = collections.namedtuple("Response", "status headers body")  # headers: pairs, the names in lower case
Close = collections.namedtuple("Close", "code text")
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Connection:
    """To HOST:PORT or unix:PATH, TLS with CONTEXT."""

    answer = None  # the response to the request that was to turn it into a WebSocket or a stream
    turned = False  # and whether it did

    def __init__(self, address, context=None, seconds=30):
        self.address, self.deadline = address, time.monotonic() + seconds
        self.data = bytearray()  # read from the socket, and not asked for yet
        self.held = None  # what is said while corked
        self.pieces = 0  # the size in which all is said; 0: as a whole
        self.methods = []  # of the requests that have no response yet: one to HEAD has no body
        unix = address.startswith("unix:")
        host, _, port = address.rpartition(":")
        self.sock = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        self.sock.settimeout(seconds)
        self.sock.connect(port if unix else (host, int(port)))
        if not unix:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.sock = context.wrap_socket(self.sock, server_hostname=host)

    def send(self, data):
        if self.held is not None:
            self.held += data
            return
        self.sock.settimeout(max(0.001, self.deadline - time.monotonic()))
        size = self.pieces or max(1, len(data))
        for i in range(0, len(data), size):
            try:
                self.sock.sendall(data[i:i + size])
            except (BrokenPipeError, ConnectionResetError):
                return  # what is read next shows it
            if self.pieces:
                time.sleep(0.001)  # so that most are read one by one; nothing depends on it

    def _read(self):
        self.sock.settimeout(max(0.001, self.deadline - time.monotonic()))
        try:
            got = self.sock.recv(1 << 20)
        except ConnectionResetError:
            got = b""
        if not got:
            raise EOFError
        self.data += got

    def take(self, n):
        while len(self.data) < n:
            self._read()
        taken = bytes(self.data[:n])
        del self.data[:n]
        return taken

    def line(self):
        while (n := self.data.find(b"\n")) < 0:
            self._read()
        return self.take(n + 1).rstrip(b"\r\n").decode(errors="replace")

    def request(self, method, path, headers=(), body=b""):
        headers = [f"Host: {'hub' if self.address.startswith('unix:') else self.address}", *headers]
        if body and not any(re.match("(content-length|transfer-encoding):", h, re.I) for h in headers):
            headers.append(f"Content-Length: {len(body)}")
        self.methods.append(method)
        self.send("\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode() + body)

    def head(self):
        """The status and the headers of the next response."""
        words, headers = self.line().split(" "), []
        assert words[0].startswith("HTTP/1."), f"this is no response: {' '.join(words)}"
        while line := self.line():
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        return int(words[1]), headers

    def response(self, head=None):
        """The next response; of HEAD, if that has been read."""
        status, headers = head or self.head()
        named, method, body = dict(headers), self.methods.pop(0) if self.methods else "", b""
        if method != "HEAD" and "content-length" in named:
            body = self.take(int(named["content-length"]))
        elif method != "HEAD" and named.get("transfer-encoding") == "chunked":
            while chunk := self.chunk():
                body += chunk
        return Response(status, headers, body.decode(errors="replace"))

    def chunk(self):
        data = self.take(int(self.line(), 16))
        self.line()
        return data


class WebSocket(Connection):
    def __init__(self, address, path, headers=(), protocols=(), **options):
        super().__init__(address, **options)
        key = base64.b64encode(os.urandom(16)).decode()
        asked = [f"Sec-WebSocket-Protocol: {', '.join(protocols)}"] if protocols else []
        self.request("GET", path, ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                                   f"Sec-WebSocket-Key: {key}", *asked, *headers])
        status, found = self.head()
        self.turned = status == 101
        self.answer = Response(status, found, "") if self.turned else self.response((status, found))
        proof = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        assert not self.turned or dict(found).get("sec-websocket-accept") == proof, f"a wrong upgrade: {found}"

    def frame(self, first, payload):
        """A masked frame that begins with the byte FIRST."""
        n, mask = len(payload), int.from_bytes(os.urandom(4), "big")
        length = bytes([0x80 | n]) if n < 126 else (b"\xfe" + n.to_bytes(2, "big") if n < 65536 else b"\xff" + n.to_bytes(8, "big"))
        key = (mask.to_bytes(4, "big") * (n // 4 + 1))[:n]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(n, "big")
        self.send(bytes([first]) + length + mask.to_bytes(4, "big") + masked)

    def read_frame(self):
        first, n = self.take(2)
        return first, self.take(int.from_bytes(self.take(2 if n == 126 else 8), "big") if n > 125 else n)

    def message(self):
        """The text of the next message, or Close. Pings before it are answered."""
        text = b""
        while True:
            first, payload = self.read_frame()
            if first & 15 == 8:
                return Close(int.from_bytes(payload[:2], "big"), payload[2:].decode())
            if first & 15 == 9:
                self.frame(0x8A, payload)
            elif first & 15 < 2:
                text += payload
                if first & 0x80:
                    return text.decode()


class Stream(Connection):
    """Server-sent events."""

    def __init__(self, address, path, headers=(), **options):
        super().__init__(address, **options)
        self.request("GET", path, headers)
        status, found = self.head()
        self.turned = status == 200 and dict(found).get("content-type", "").startswith("text/event-stream")
        self.answer = Response(status, found, "") if self.turned else self.response((status, found))
        self.chunked, self.text = dict(found).get("transfer-encoding") == "chunked", b""

    def message(self):
        """The next event, as JSON: {"id", "event", "data"}, the data as JSON. Comments are passed over."""
        while True:
            while (n := self.text.find(b"\n\n")) < 0:
                piece = self.chunk() if self.chunked else self.take(max(1, len(self.data)))
                if not piece:
                    raise EOFError
                self.text += piece
            block, self.text = self.text[:n].decode(), self.text[n + 2:]
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line[1:])
            if "data" in fields:
                return json.dumps({"id": fields.get("id"), "event": fields.get("event"), "data": json.loads(fields["data"])})

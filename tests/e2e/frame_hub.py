"""A hub for one client that writes the bytes of its frames by hand: prints its address, accepts the client and its upgrade,
and greets it. Imported by the hubs that tests write."""
import base64, hashlib, socket, struct

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
print("127.0.0.1:%d" % server.getsockname()[1], flush=True)
c, _ = server.accept()


def upgrade():
    head = b""
    while b"\r\n\r\n" not in head:
        head += c.recv(1)
    key = [l.split(b": ")[1] for l in head.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key")][0]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    c.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Protocol: dnc.v1\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")


def frame(first, payload):
    """A frame with the first byte FIRST, not masked."""
    n = len(payload)
    length = bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n) if n < 65536 else b"\x7f" + struct.pack(">Q", n)
    return bytes([first]) + length + payload


def read():
    """The opcode and the payload of the client's next frame."""
    a, b = c.recv(1)[0], c.recv(1)[0] & 127
    if b == 126:
        b = struct.unpack(">H", c.recv(2, socket.MSG_WAITALL))[0]
    key = c.recv(4, socket.MSG_WAITALL)
    return a & 15, bytes(x ^ key[i % 4] for i, x in enumerate(c.recv(b, socket.MSG_WAITALL) if b else b""))


upgrade()
c.sendall(frame(0x81, b'{"type":"dnc.connection.established","metadata":{}}'))
while b"subscribe" not in read()[1]:
    pass

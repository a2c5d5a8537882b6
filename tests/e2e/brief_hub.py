"""A hub that confirms each subscription and closes the connection: prints its address, and a line for each connection on
standard error."""
import base64, hashlib, socket, sys

server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
print("127.0.0.1:%d" % server.getsockname()[1], flush=True)


def text(payload):
    return bytes([0x81, len(payload)]) + payload


def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        head += c.recv(1) or sys.exit()
    print("connection", file=sys.stderr, flush=True)
    key = [l.split(b": ")[1] for l in head.split(b"\r\n") if l.lower().startswith(b"sec-websocket-key")][0]
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    c.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Protocol: dnc.v1\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
              + text(b'{"type":"dnc.connection.established","metadata":{}}'))
    c.recv(4096)
    c.sendall(text(b'{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1}}') + b"\x88\x02\x03\xe9")


while True:
    client, _ = server.accept()
    try:
        serve(client)
    except OSError:
        pass
    client.close()

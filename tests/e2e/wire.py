"""wire.py - POST /api/v1/events by hand: wire.py ADDRESS TOKEN EVENT. Each request has a connection of its own."""
import re
import socket
import sys
import time

address, token, event = sys.argv[1:]
host, port = address.rsplit(":", 1)
event = event.encode()
head = f"POST /api/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n".encode()
chunked = head + b"Transfer-Encoding: chunked\r\n"
chunk = b"%x\r\n%s\r\n" % (len(event), event)


def talk(*pieces, pause=0.0, wait=10):
    """The statuses of what is answered until the hub closes the connection or WAIT seconds, and all of it."""
    answer = b""
    with socket.create_connection((host, int(port)), timeout=wait) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            s.sendall(piece)
            time.sleep(pause)
        try:
            while part := s.recv(65536):
                answer += part
        except (socket.timeout, ConnectionResetError):
            pass
    return [int(n) for n in re.findall(rb"HTTP/1\.1 (\d{3})", answer)], answer


def expect(name, got, want):
    if got != want:
        sys.exit(f"{name}: got {got}, want {want}")


start = time.monotonic()
expect("neither length nor chunks", talk(head + b"\r\n" + event)[0], [411])
if time.monotonic() - start > 5:
    sys.exit("411 did not come at once")
status, answer = talk(chunked + b"\r\n" + chunk + b"0\r\n\r\n")
expect("chunked", (status, b'"accepted":1' in answer, b"connection: close" in answer.lower()), ([200], True, True))
status, answer = talk(chunked + b"\r\n", *[bytes([c]) for c in chunk + b"0\r\nA: b\r\n\r\n"], pause=0.001)
expect("chunked, byte by byte", (status, b'"duplicates":1' in answer), ([200], True))
follower = b"GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n" % address.encode()
expect("what follows the last chunk is not answered", talk(chunked + b"\r\n" + chunk + b"0\r\n\r\n" + follower)[0], [200])
expect("a chunk without an end", talk(chunked + b"\r\nx\r\n")[0], [400])
expect("both", talk(chunked + b"Content-Length: 5\r\n\r\n" + chunk + b"0\r\n\r\n")[0], [400])
for length in (b"+5", b"0x5", b"5, 5", b"1e3", b"-1"):
    expect(f"Content-Length {length}", talk(head + b"Content-Length: " + length + b"\r\n\r\n" + event)[0], [400])
length = b"Content-Length: %d\r\n\r\n" % len(event)
expect("what follows a body is the next request", talk(head + length + event + follower * 2, wait=2)[0], [200, 200, 200])
# The library can't take a body that comes before the answer to the request before it: that is said, not mistaken for events.
for before in (follower, head + length + event, head + length + event + follower):
    status, answer = talk(before + head + length + event, wait=5)
    expect("a body that comes too soon", (status[:-1], status[-1]), ([200] * before.count(b" HTTP/1.1"), 400))
status, answer = talk(head + b"Content-Length: %d\r\n\r\n" % (len(event) - 1), event.replace(b"01", b"02")[:-2], b"}", pause=0.2, wait=2)
expect("in pieces, and cut short by its length", status, [422])
other = event.replace(b"000001", b"000002")
expect("in pieces", talk(head + length, other[:20], other[20:], pause=0.2, wait=2)[0], [200])

"""pipelined.py - several requests in one segment: pipelined.py ADDRESS. The hub must answer, and not spin on what is left."""
import re
import socket
import sys

address = sys.argv[1]
host, port = address.rsplit(":", 1)


def request(method, path, headers="", body=""):
    return f"{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n{body}".encode()


get = request("GET", "/healthz")
post = request("POST", "/nope", "Content-Length: 5\r\n", "hello")
with_length = request("GET", "/healthz", "Content-Length: 5\r\n", "hello")
chunked = request("GET", "/healthz", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")
zero = request("GET", "/healthz", "Content-Length: 0\r\n")
cases = [
    ([get] * 10, [200] * 10),
    ([get, request("GET", "/nope"), request("HEAD", "/healthz"), get], [200, 404, 200, 200]),
    ([get, request("GET", "/api/v1/events"), get], [200, 200, 200]),
    ([zero, get], [200, 200]),
    ([with_length, get], [400]),
    ([get, with_length, get], [200, 400]),
    ([get, get, chunked, get], [200, 200, 400]),
    ([get, post, get], [200, 404]),
    ([get, request("PUT", "/healthz", "Content-Length: 5\r\n", "hello"), get], [200, 405]),
]
for requests, want in cases:
    answer = b""
    with socket.create_connection((host, int(port)), timeout=1.5) as s:
        s.sendall(b"".join(requests))
        try:
            while part := s.recv(65536):
                answer += part
        except (socket.timeout, ConnectionResetError):
            pass
    got = [int(n) for n in re.findall(rb"HTTP/1\.1 (\d{3})", answer)]
    if got != want:
        sys.exit(f"{requests}: got {got}, want {want}")

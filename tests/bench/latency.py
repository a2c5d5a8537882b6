"""latency.py COUNT LOG - one event at a time through a hub on a real log: from the line written to its
input until the frame is read from a WebSocket of bare sockets. LOG is a directory, or a connection string with "=". Prints
p50, p99 and the worst in ms."""
import base64
import os
import socket
import subprocess
import sys
import time

hub = subprocess.Popen(
    [os.environ["HUB"], "-q", "--listen=127.0.0.1:0",
     ("--log=" if "=" in sys.argv[2] else "--data=") + sys.argv[2]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
try:
    address = hub.stdout.readline().decode().strip()
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode()
    s.sendall(
        f"GET /ws/dnc?last=0 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    def read_until(mark):
        text = b""
        while mark not in text:
            more = s.recv(65536)
            if not more:
                sys.exit("latency: the hub has closed the connection")
            text += more

    read_until(b"subscription.confirmed")
    times = []
    for n in range(int(sys.argv[1])):
        mark = b'"n":%d' % n
        line = (b'{"type":"dnc.compliance.violation","phone_number":"+1303%d","violation_type":"t",%s}\n'
                % (2000000 + n, mark))
        start = time.perf_counter()
        hub.stdin.write(line)
        read_until(mark)
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    print(f"p50 {times[len(times) // 2]:.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms, "
          f"worst {times[-1]:.2f} ms")
finally:
    hub.kill()

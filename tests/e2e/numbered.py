"""numbered.py - what the chaos tests share: numbered events, and a producer that sends again what was not acknowledged."""
import random
import socket


def free_address():
    """Below the ports that the system gives to clients: one that connects to a hub which is not there
    could be given the very port and connect to itself."""
    while True:
        port = random.randrange(20000, 30000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return f"127.0.0.1:{port}"


def event(n, producer=0):
    return (
        f'{{"type":"dnc.compliance.violation","id":"0198f0a0-0000-7000-800{producer}-{n:012d}",'
        f'"phone_number":"+1303{2000000 + n}","violation_type":"t","n":{n}}}\n'
    ).encode()


class Producer:
    """At least once: sends again what was not acknowledged, to the next of the sockets. ALLOWED() events may be sent;
    ON_ACK is called after each acknowledgement."""

    def __init__(self, sockets, count, window, number=0, allowed=None, on_ack=lambda: None):
        self.sockets, self.count, self.window, self.number = sockets, count, window, number
        self.allowed, self.on_ack, self.acked = allowed or (lambda: count), on_ack, 0

    def run(self, pause):
        turn = 0
        while self.acked < self.count:
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(self.sockets[turn % len(self.sockets)])
                    self.send(s)
                except OSError:
                    pass
            turn += 1
            pause()

    def fill(self, s, sent):
        """Sends as many as may be under way; how many were sent in all."""
        limit = min(self.count, self.acked + self.window, max(self.allowed(), self.acked + 1))
        s.settimeout(None)
        while sent < limit:
            upto = min(sent + 100, limit)
            s.sendall(b"".join(event(n, self.number) for n in range(sent + 1, upto + 1)))
            sent = upto
        return sent

    def send(self, s):
        base = sent = self.acked
        pending = b""
        while self.acked < self.count:
            sent = self.fill(s, sent)
            s.settimeout(0.05)
            try:
                more = s.recv(4096)
            except TimeoutError:
                continue
            if not more:
                return
            *lines, pending = (pending + more).split(b"\n")
            if lines:
                self.acked = base + int(lines[-1].split()[0])
                self.on_ack()

"""link_test.py - drives one stage over its sockets: a reader that acknowledges late, hangs up and
comes back, and a producer that counts what it is told. Run by link.bats with the stage's command
line after "--"; IN and OUT are the sockets' paths."""
import os
import socket
import subprocess
import sys
import time

IN, OUT = os.environ["IN"], os.environ["OUT"]


def connect(path):
    for _ in range(400):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(path)
            s.settimeout(20)
            return s
        except OSError:
            s.close()
            time.sleep(0.05)
    sys.exit(f"nobody listens on {path}")


def read_until(s, text, enough):
    while not enough(text):
        more = s.recv(65536)
        if not more:
            sys.exit(f"closed after {text[-200:]!r}")
        text += more
    return text


def line(i):
    number = 2025550000 + i
    return (
        f'{{"type":"dnc.compliance.violation","id":"0198f0a0-0000-7000-8000-{i:012d}",'
        f'"phone_number":"+1{number}","violation_type":"t"}}\n'
    ).encode()


def check(what, condition):
    print("ok" if condition else "WRONG", what, flush=True)
    if not condition:
        sys.exit(1)


listener = socket.socket(socket.AF_UNIX)
listener.bind(OUT)
listener.listen()
listener.settimeout(20)
stage = subprocess.Popen(sys.argv[sys.argv.index("--") + 1 :])
try:
    producer = connect(IN)
    producer.sendall(b"".join(line(i) for i in range(1, 11)) + b"nonsense\n\n")
    reader, _ = listener.accept()
    reader.settimeout(20)
    got = read_until(reader, b"", lambda t: t.count(b"\n") >= 10)
    check("all lines go on", got.count(b"\n") == 10)
    producer.settimeout(0.3)
    try:
        early = producer.recv(100)
    except TimeoutError:
        early = b""
    check("nothing is acknowledged before the reader has", early == b"")
    producer.settimeout(20)

    reader.sendall(b"4\n")
    reader.close()
    reader, _ = listener.accept()
    reader.settimeout(20)
    again = read_until(reader, b"", lambda t: t.count(b"\n") >= 6)
    check("what was not acknowledged comes again", again == b"".join(got.splitlines(True)[4:]))
    reader.sendall(b"6 duplicates=2 later=9 rejected=1\n")
    told = read_until(producer, b"", lambda t: b"12 " in t and t.endswith(b"\n"))
    check(
        "what the reader said comes back, with the lines rejected and dropped here",
        told.splitlines()[-1] == b"12 duplicates=2 rejected=2 dropped=1 unclear=2",
    )

    # A producer that never reads its acknowledgements, and one that hangs up at once.
    deaf = connect(IN)
    deaf.sendall(b"".join(line(i) for i in range(100, 10100)))
    short = connect(IN)
    short.sendall(line(99) + b'{"type":"dnc.compl')
    short.close()
    count, text = 0, b""
    while count < 10001:
        text = reader.recv(65536)
        if not text:
            sys.exit("closed")
        count += text.count(b"\n")
        reader.sendall(b"%d duplicates=2 rejected=1\n" % (6 + count))
    check("others are served, and half a line is none", count == 10001)

    stage.terminate()
    check("it ends by itself when all is acknowledged", stage.wait(20) in (0, 1))
finally:
    if stage.poll() is None:
        stage.kill()

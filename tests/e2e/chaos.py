"""chaos.py EVENTS KILLS - the pipeline under kill -9.

A producer that keeps what is not acknowledged sends numbered events to dnc-ingest, which sends them
through dnc-filter to dnc-wsd; three clients that nobody here wrote follow with resume. Meanwhile each
of the three daemons is killed and started again at random moments. At the end every event is in the
log exactly once, and every client had every event exactly once, in the order of the log. Works in
the current folder."""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from numbered import Producer, event, free_address

EVENTS, KILLS = int(sys.argv[1]), int(sys.argv[2])
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(1 << 30)))
HERE = os.path.dirname(os.path.abspath(__file__))
CHOICE = random.Random(SEED)
WINDOW = 2000  # events under way: more than any stage's block
address = ""
daemons = {}
clients = []


def start(name):
    commands = {
        "ingest": ["dnc-ingest", "-q", "--input=unix:a.sock", "--output=unix:b.sock"],
        "filter": ["dnc-filter", "-q", "--input=unix:b.sock", "--output=unix:c.sock"],
        "hub": ["dnc-wsd", "-q", "--input=unix:c.sock", f"--listen={address}", "--data=log",
                "--max-lag=1000000000"],
    }
    errors = open(f"{name}.err", "ab")
    daemons[name] = subprocess.Popen(
        commands[name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
    )
    if name == "hub":
        line = daemons[name].stdout.readline().decode().strip()
        if not line:
            sys.exit("the hub did not start: " + open("hub.err").read())
        return line
    return None


def send_marker():
    """The stage killed last may not listen yet."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect("a.sock")
                s.sendall(event(0))
                s.settimeout(30)
                if s.recv(100) == b"1\n":
                    return
            except OSError:
                time.sleep(0.05)
    fail("the last event was not acknowledged")


def fail(text):
    print("WRONG:", text, f"(CHAOS_SEED={SEED})", flush=True)
    for name in daemons:
        print(name, open(f"{name}.err").read()[-600:])
    sys.exit(1)


def check_client(path, log):
    lines = [line.split() for line in open(path)]
    if any(line[0] == "gap" for line in lines):
        fail(f"{path}: {[' '.join(line) for line in lines if line[0] == 'gap'][:3]}")
    got = [(int(seq), int(n)) for seq, n in lines]
    if got != log[: len(got)] or len(got) != len(log):
        wrong = next((i for i, (a, b) in enumerate(zip(got, log)) if a != b), min(len(got), len(log)))
        fail(f"{path}: {len(got)} of {len(log)} events, wrong from place {wrong}: {got[wrong:wrong + 3]}")


def main():
    global address
    address = free_address()
    start("hub")
    start("filter")
    start("ingest")
    url = f"ws://{address}/ws/dnc"
    # The marker that ends the clients is sent when all else is in the log.
    clients[:] = [
        subprocess.Popen(command + [url, "0"], stdout=open(f"client{i}", "wb"))
        for i, command in enumerate(
            [["node", f"{HERE}/resume.js"], ["node", f"{HERE}/resume.js"],
             ["/usr/bin/python3", f"{HERE}/resume.py"]]
        )
    ]
    producer = Producer(["a.sock"], EVENTS, WINDOW)
    producing = threading.Thread(target=producer.run, args=(lambda: time.sleep(0.02),), daemon=True)
    producing.start()
    started = time.monotonic()
    for k in range(KILLS):
        # The next moment comes when a share of the events has gone through.
        while producer.acked < EVENTS * (k + 1) // (KILLS + 2) and time.monotonic() < started + 600:
            time.sleep(CHOICE.uniform(0.001, 0.05))
            if producer.acked == EVENTS:
                break
        time.sleep(CHOICE.uniform(0, 0.1))
        name = list(daemons)[k % 3] if k < 3 else CHOICE.choice(list(daemons))
        daemons[name].send_signal(signal.SIGKILL)
        daemons[name].wait()
        time.sleep(CHOICE.uniform(0, 0.2))
        start(name)
    producing.join(600)
    if producer.acked < EVENTS:
        fail(f"only {producer.acked} of {EVENTS} events were acknowledged")
    send_marker()
    for c in clients:
        if c.wait(120) != 0:
            fail("a client ended with an error")
    rows = subprocess.run([f"{HERE}/../log-sql", "log", "SELECT seq, event FROM events ORDER BY seq"],
                          stdout=subprocess.PIPE, check=True).stdout.splitlines()
    log = [(int(seq), json.loads(line)["event_data"]["n"]) for seq, line in (row.split(b"|", 1) for row in rows)]
    numbers = [n for _, n in log]
    if sorted(numbers) != list(range(EVENTS + 1)):
        missing = set(range(EVENTS + 1)) - set(numbers)
        fail(f"{len(numbers)} in the log, {len(missing)} missing, {len(numbers) - len(set(numbers))} twice")
    if [seq for seq, _ in log] != list(range(1, EVENTS + 2)):
        fail("the sequence has holes")
    for i in range(3):
        check_client(f"client{i}", log)
    for name in ("ingest", "filter", "hub"):
        daemons[name].terminate()
        if daemons[name].wait(20) not in (0, 1):
            fail(f"{name} ended with {daemons[name].returncode}: something waited")
    print(f"{EVENTS} events, {KILLS} kills, {time.monotonic() - started:.1f} s: each once in the log and"
          " once at each of 3 clients, in order", flush=True)


try:
    main()
finally:
    for process in [*daemons.values(), *clients]:
        if process.poll() is None:
            process.kill()

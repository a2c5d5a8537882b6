"""routes.py EVENTS KILLS - acknowledged routes under kill -9.

A producer that keeps what is not acknowledged sends numbered events to dnc-filter, whose rules send them to a hub, to the hub
of a route, to a file, or to several of these. Meanwhile the hubs and the filter are killed and started again at random
moments. At the end each event is once, by its id, at each destination that it belongs to, and nowhere else. Works in the
current folder."""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

EVENTS, KILLS = int(sys.argv[1]), int(sys.argv[2])
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(1 << 30)))
CHOICE = random.Random(SEED)
WINDOW = 2000  # events under way
RULES = """
[rule only-desk]
where.event_data.to = desk
route = unix:desk.sock
[rule everywhere]
where.event_data.to = all
copy = unix:desk.sock
copy = file:kept.ndjson
[rule only-file]
where.event_data.to = file
route = file:kept.ndjson
"""
TO = ["hub", "desk", "all", "file", "hub"]  # of the event n: TO[n % 5]
daemons = {}


def hub(name):
    return ["dnc-wsd", "-q", f"--input=unix:{name}.sock", "--listen=127.0.0.1:0", f"--data={name}.log"]


COMMANDS = {
    "hub": hub("hub"),
    "desk": hub("desk"),
    "filter": ["dnc-filter", "-q", "--rules=r.rules", "--input=unix:in.sock", "--output=unix:hub.sock"],
}


def start(name):
    errors = open(f"{name}.err", "ab")
    daemons[name] = subprocess.Popen(
        COMMANDS[name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
    )


def event(n):
    return (
        f'{{"type":"dnc.compliance.violation","id":"0198f0a0-0000-7000-8000-{n:012d}",'
        f'"phone_number":"+1303{2000000 + n}","violation_type":"t","n":{n},"to":"{TO[n % 5]}"}}\n'
    ).encode()


def produce(done):
    """At least once: sends again what was not acknowledged."""
    acked = 0
    while acked < EVENTS:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect("in.sock")
                base = sent = acked
                pending = b""
                while acked < EVENTS:
                    while sent < EVENTS and sent - acked < WINDOW:
                        upto = min(sent + 100, EVENTS)
                        s.sendall(b"".join(event(n) for n in range(sent, upto)))
                        sent = upto
                    more = s.recv(4096)
                    if not more:
                        break
                    pending += more
                    *lines, pending = pending.split(b"\n")
                    if lines:
                        acked = done["acked"] = base + int(lines[-1].split()[0])
            except OSError:
                pass
        time.sleep(0.02)
    done["all"] = True


def fail(text):
    print("WRONG:", text, f"(CHAOS_SEED={SEED})", flush=True)
    for name in daemons:
        print(name, open(f"{name}.err").read()[-600:])
    sys.exit(1)


def in_log(name):
    log_sql = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../log-sql")
    lines = subprocess.run([log_sql, f"{name}.log", "SELECT event FROM events"], stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)["event_data"]["n"] for line in lines.splitlines()]


def check(place, got, *to):
    wanted = {n for n in range(EVENTS) if TO[n % 5] in to}
    if sorted(got) == sorted(wanted):
        return
    twice = len(got) - len(set(got))
    fail(f"{place}: {len(got)} events, {len(wanted - set(got))} missing, {twice} twice, "
         f"{len(set(got) - wanted)} that belong elsewhere")


def main():
    with open("r.rules", "w") as f:
        f.write(RULES)
    for name in COMMANDS:
        start(name)
    done = {"acked": 0}
    threading.Thread(target=produce, args=(done,), daemon=True).start()
    started = time.monotonic()
    until = started + 240
    for k in range(KILLS):
        # The next moment comes when a share of the events has gone through.
        while done["acked"] < EVENTS * k // (KILLS + 1) and time.monotonic() < until:
            time.sleep(CHOICE.uniform(0.001, 0.02))
        time.sleep(CHOICE.uniform(0, 0.1))
        name = list(daemons)[k % 3] if k < 3 else CHOICE.choice(list(daemons))
        daemons[name].send_signal(signal.SIGKILL)
        daemons[name].wait()
        time.sleep(CHOICE.uniform(0, 0.2))
        start(name)
    while not done.get("all") and time.monotonic() < until:
        time.sleep(0.02)
    if not done.get("all"):
        fail(f"only {done['acked']} of {EVENTS} events were acknowledged")
    # What is acknowledged is safe: no end in good order is needed.
    took = time.monotonic() - started
    for process in daemons.values():
        process.kill()
        process.wait()
    check("hub", in_log("hub"), "hub", "all")
    check("desk", in_log("desk"), "desk", "all")
    with open("kept.ndjson") as f:
        check("file", [json.loads(line)["event_data"]["n"] for line in f], "file", "all")
    print(f"{EVENTS} events, {KILLS} kills, {took:.1f} s: each once where it belongs", flush=True)


try:
    main()
finally:
    for process in daemons.values():
        if process.poll() is None:
            process.kill()

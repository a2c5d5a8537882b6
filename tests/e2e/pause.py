"""pause.py SECONDS RATE - a client is stopped (SIGSTOP) for SECONDS while RATE events a second flow;
then it must catch up without loss. Prints how the hub's memory and another client's latency took it.
Works in the current folder. Latency is only printed: the machine is shared."""
import json
import os
import signal
import subprocess
import sys
import threading
import time

SECONDS, RATE = float(sys.argv[1]), int(sys.argv[2])
HERE = os.path.dirname(os.path.abspath(__file__))
WARM_UP = 60000  # fills the ring and the log's cache: their memory is not counted as growth
running = True
sent = 0


def event(n):
    return (
        f'{{"type":"dnc.compliance.violation","id":"0198f0a0-0000-7000-8000-{n:012d}",'
        f'"phone_number":"+1303{2000000 + n}","violation_type":"t","n":{n},"t":{time.time_ns()}}}\n'
    ).encode()


def produce(pipe):
    global sent
    pipe.write(b"".join(event(n) for n in range(1, WARM_UP + 1)))
    sent = WARM_UP
    due = time.monotonic()
    while running:
        step = max(1, RATE // 200)
        pipe.write(b"".join(event(n) for n in range(sent + 1, sent + step + 1)))
        pipe.flush()
        sent += step
        due += step / RATE
        time.sleep(max(0, due - time.monotonic()))
    pipe.write(event(0))
    pipe.close()


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def measure(client):
    client.stdin.write(b"\n")
    client.stdin.flush()
    return json.loads(client.stdout.readline())


def lines_in(path):
    with open(path, "rb") as f:
        return sum(1 for _ in f)


def wait(what, condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"WRONG: waited in vain until {what}")
        time.sleep(0.05)


hub = subprocess.Popen(
    ["dnc-wsd", "-q", "--listen=127.0.0.1:0", "--data=log", "--buffer=4M", "--max-lag=1000000000"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
processes = [hub]
try:
    url = f"ws://{hub.stdout.readline().decode().strip()}/ws/dnc"
    out = open("paused", "wb")
    paused = subprocess.Popen(["node", f"{HERE}/resume.js", url, "0"], stdout=out)
    processes.append(paused)
    other = subprocess.Popen(
        ["node", f"{HERE}/latency.js", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    processes.append(other)
    assert other.stdout.readline() == b"ready\n"
    producer = threading.Thread(target=produce, args=(hub.stdin,), daemon=True)
    producer.start()
    wait("the clients are warm", lambda: lines_in("paused") > WARM_UP)
    measure(other)
    time.sleep(min(SECONDS, 20))
    before, memory = measure(other), resident_kib(hub.pid)
    paused.send_signal(signal.SIGSTOP)
    at = sent
    time.sleep(SECONDS)
    during, grown = measure(other), resident_kib(hub.pid) - memory
    paused.send_signal(signal.SIGCONT)
    missed, started = sent - at, time.monotonic()
    wait("the paused client has what it missed", lambda: lines_in("paused") > at + missed)
    caught_up = time.monotonic() - started
    after, grown = measure(other), max(grown, resident_kib(hub.pid) - memory)
    running = False
    if paused.wait(60) != 0:
        sys.exit("WRONG: the paused client ended with an error")
    with open("paused", encoding="ascii") as f:
        seqs = [line.split()[0] for line in f]
    if seqs != [str(n) for n in range(1, sent + 2)]:
        sys.exit(f"WRONG: {len(seqs)} of {sent + 1} events arrived, or not in order")
    print(f"paused {SECONDS:.0f} s at {RATE} events/s: missed {missed}, caught up in {caught_up:.1f} s, "
          f"none lost; the hub grew by {grown} KiB; another client's latency p50/p99 ms: "
          f"{before['p50']}/{before['p99']} before, {during['p50']}/{during['p99']} during, "
          f"{after['p50']}/{after['p99']} while it caught up", flush=True)
    if grown > 10240 and "asan" not in os.environ.get("BIN", ""):
        sys.exit("WRONG: it should grow by no more than 10 MB")
finally:
    for p in processes:
        if p.poll() is None:
            p.send_signal(signal.SIGCONT)
            p.kill()

"""pgchaos.py EVENTS KILLS - two hubs on one log in PostgreSQL, under kill -9.

The servers a, b and c (see tests/postgres.bash) run already, in PG_DIR: a is the primary, whose commits wait for one of the
others. Two producers send numbered events, each to the one hub or the other; clients of WebSocket and of server-sent
events that go from hub to hub follow with resume. Meanwhile hubs, the primary (the newest standby is promoted then) and standbys are killed, or hang for a while, at random
moments. At the end every event is in the log exactly once, and every client had every event exactly once, in the order of
the log. Works in the current folder."""
import http.client
import itertools
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
HERE = os.path.dirname(os.path.abspath(__file__))
LOG = os.environ["LOG"]  # the connection string of the hubs
CHOICE = random.Random(SEED)
WINDOW = 1000  # events under way of each producer
SHARE = EVENTS // 2  # of each producer
STEP = SHARE // (KILLS + 2)  # so many of each from kill to kill,
STEP_SECONDS = 1.5  # in this time
started = time.monotonic()
hubs, clients, addresses = {}, [], {}
acked = [0, 0]
allowed = [0]  # of each producer
pause = {"longest": 0, "since": started}  # between acknowledgements
servers = {"primary": "a", "standbys": ["b", "c"]}


def say(text):
    with open("story", "a") as f:
        print(f"{time.monotonic() - started:7.2f} {text}", file=f)


def fail(text):
    print("WRONG:", text, f"(CHAOS_SEED={SEED})")
    print(open("story").read()[-3000:])
    for name in hubs:
        print(name, open(f"{name}.err").read()[-1500:], flush=True)
    sys.exit(1)


def bash(command):
    """A function of tests/postgres.bash; what it starts stays."""
    say(command)
    done = subprocess.run(["bash", "-c", f'source "{HERE}/../helper.bash"; {command}'], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, env={**os.environ, "BATS_TEST_DIRNAME": HERE}, timeout=180)
    if done.returncode != 0:
        fail(f"{command} ended with {done.returncode}")
    return done.stdout.decode().strip()


def wait_until(condition, what):
    until = time.monotonic() + 60
    while not condition():
        if time.monotonic() > until:
            fail(what + f": {acked}")
        time.sleep(0.01)


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


def start_hub(name):
    """As a service manager does: again until it runs, since the log may not be there yet."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        hubs[name] = subprocess.Popen(
            ["dnc-wsd", "-q", f"--input=unix:{name}.sock", f"--listen={addresses[name]}", f"--log={LOG}",
             "--max-lag=1000000000"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(f"{name}.err", "ab"))
        if hubs[name].stdout.readline():
            return
        say(f"{name} does not start: {hubs[name].wait()}")
        time.sleep(0.2)
    fail(f"{name} did not start")


def event(producer, n):
    return (
        f'{{"type":"dnc.compliance.violation","id":"0198f0a0-0000-7000-800{producer}-{n:012d}",'
        f'"phone_number":"+1303{2000000 + n}","violation_type":"t","n":{producer * 1000000 + n}}}\n'
    ).encode()


def produce(producer, count):
    """At least once: sends again what was not acknowledged, to the other hub."""
    hub = producer
    while acked[producer] < count:
        with socket.socket(socket.AF_UNIX) as s:
            try:
                send(s, f"hub{hub + 1}.sock", producer, count)
            except OSError:
                pass
        hub = 1 - hub
        time.sleep(0.02)


def send(s, path, producer, count):
    s.connect(path)
    base = sent = acked[producer]
    pending = b""
    while acked[producer] < count:
        while sent < count and sent - acked[producer] < WINDOW:
            upto = min(sent + 50, count, max(allowed[0], acked[producer] + 1))
            if upto <= sent:
                break
            s.settimeout(None)
            s.sendall(b"".join(event(producer, n) for n in range(sent + 1, upto + 1)))
            sent = upto
        s.settimeout(0.02)
        try:
            more = s.recv(4096)
        except TimeoutError:
            continue
        if not more:
            return
        pending += more
        *lines, pending = pending.split(b"\n")
        if lines:
            acked[producer] = base + int(lines[-1].split()[0])
            now = time.monotonic()
            if now - pause["since"] > 3:
                say(f"nothing was acknowledged for {now - pause['since']:.1f} s")
            pause["longest"], pause["since"] = max(pause["longest"], now - pause["since"]), now


def stream(path):
    """What resume.js does, by server-sent events: comes back with the last id, to the other hub."""
    last = None
    with open(path, "w", buffering=1) as out:
        for name in itertools.cycle(("hub2", "hub1")):
            try:
                connection = http.client.HTTPConnection(addresses[name], timeout=30)
                connection.request("GET", "/api/v1/stream?since=0", headers={"Last-Event-ID": last} if last else {})
                for line in connection.getresponse():
                    key, _, value = line.decode().rstrip("\n").partition(": ")
                    if key == "id":
                        last = value
                    m = json.loads(value) if key == "data" else {}
                    if m.get("type") == "dnc.connection.gap":
                        print("gap", json.dumps(m["metadata"]), file=out)
                    if "seq" in m:
                        print(m["seq"], m["event_data"]["n"], file=out)
                        if m["event_data"]["n"] == 0:
                            return
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.05)


def release():
    """Allows the events of one step, a few at a time, so that some are always under way."""
    upto = min(allowed[0] + STEP, SHARE)
    while allowed[0] < upto:
        allowed[0] = min(allowed[0] + max(1, STEP // 50), upto)
        time.sleep(STEP_SECONDS / 50)


def kill_hub(name):
    if hubs[name].poll() is not None:
        fail(f"{name} ended by itself with {hubs[name].returncode}")
    say(f"kill {name}")
    hubs[name].send_signal(signal.SIGKILL)
    hubs[name].wait()
    time.sleep(CHOICE.uniform(0, 0.3))
    start_hub(name)


def kill_standby():
    name = CHOICE.choice(servers["standbys"])
    bash(f"kill_postgres {name}")
    time.sleep(CHOICE.uniform(0, 0.5))
    bash(f"restart_postgres {name} && wait_for pg_streams {name}")


def kill_primary():
    """Its machine is lost: what it had is copied from the new one."""
    old = servers["primary"]
    bash(f"kill_postgres {old}")
    time.sleep(CHOICE.uniform(0, 0.3))
    new = bash(f"promote_newest {' '.join(servers['standbys'])} && pg_quorum $PROMOTED && echo $PROMOTED")
    other = next(name for name in servers["standbys"] if name != new)
    bash(f"start_standby {old} {new} a b c && wait_for pg_streams {old} && wait_for pg_streams {other}")
    servers["primary"], servers["standbys"] = new, [old, other]


def hang():
    """As a machine that is cut off for a while: nothing is refused, nothing is answered."""
    names = CHOICE.choice([[servers["primary"]], servers["standbys"]])
    for name in names:
        bash(f"freeze_postgres {name}")
    time.sleep(CHOICE.uniform(0.2, 2))
    for name in names:
        bash(f"thaw_postgres {name}")
        if name != servers["primary"]:
            bash(f"wait_for pg_streams {name}")


streaming = threading.Thread(target=stream, args=("stream",), daemon=True)
ACTIONS = [kill_primary, lambda: kill_hub("hub1"), kill_standby, lambda: kill_hub("hub2"), hang]


def start_clients():
    streaming.start()
    ws = [f"ws://{addresses[name]}/ws/dnc" for name in ("hub1", "hub2")]
    commands = [["node", f"{HERE}/resume.js", ",".join(ws), "0"], ["node", f"{HERE}/resume.js", ",".join(reversed(ws)), "0"],
                ["/usr/bin/python3", f"{HERE}/resume.py", ",".join(ws), "0"]]
    for i, command in enumerate(commands):
        clients.append(subprocess.Popen(command, stdout=open(f"client{i}", "wb")))
    for i, urls in enumerate((ws, reversed(ws))):
        clients.append(subprocess.Popen(
            ["dnc-tail", f"--state=place{i}", "--since=0", "-o", "json", *urls],
            stdin=subprocess.DEVNULL, stdout=open(f"tail{i}", "wb"), stderr=open(f"tail{i}.err", "wb")))


def check_log():
    rows = bash("PG_DATABASE=dnc_log pg_sql " + servers["primary"] + " 'SELECT seq, event FROM dnc.events ORDER BY seq'")
    log = [(int(seq), json.loads(line)["event_data"]["n"]) for seq, line in (row.split("|", 1) for row in rows.splitlines())]
    numbers = [n for _, n in log]
    wanted = {p * 1000000 + n for p in (0, 1) for n in range(1, SHARE + 1)} | {0}
    if set(numbers) != wanted or len(numbers) != len(wanted):
        fail(f"{len(numbers)} in the log, {len(wanted - set(numbers))} missing, {len(numbers) - len(set(numbers))} twice")
    if [seq for seq, _ in log] != list(range(1, len(wanted) + 1)):
        fail("the sequence has holes")
    for p in (0, 1):
        own = [n for n in numbers if n and n // 1000000 == p]
        if own != sorted(own):
            fail(f"the events of producer {p} are out of order")
    return log


def had(path):
    if path.startswith("tail"):
        return [(m["seq"], m["event_data"]["n"]) for m in map(json.loads, open(path))]
    lines = [line.split() for line in open(path)]
    gaps = [" ".join(line) for line in lines if line[0] == "gap"]
    if gaps:
        fail(f"{path}: {gaps[:3]}")
    return [(int(seq), int(n)) for seq, n in lines]


def check_client(path, log):
    got = had(path)
    if got == log:
        return
    wrong = next((i for i, (a, b) in enumerate(zip(got, log)) if a != b), min(len(got), len(log)))
    fail(f"{path}: {len(got)} of {len(log)} events, {len(set(log) - set(got))} lost, {len(got) - len(set(got))} twice, "
         f"{sum(a > b for a, b in zip(got, got[1:]))} out of order, wrong from place {wrong}: {got[wrong:wrong + 3]}")


def tail_has_all(path, count):
    with open(path, "rb") as f:
        return sum(1 for _ in f) >= count


def main():
    for name in ("hub1", "hub2"):
        addresses[name] = free_address()
        start_hub(name)
    start_clients()
    producers = [threading.Thread(target=produce, args=(p, SHARE), daemon=True) for p in (0, 1)]
    for p in producers:
        p.start()
    for k in range(KILLS):
        releasing = threading.Thread(target=release, daemon=True)
        releasing.start()
        time.sleep(CHOICE.uniform(0, STEP_SECONDS))
        (ACTIONS[k] if k < len(ACTIONS) else CHOICE.choice(ACTIONS))()
        releasing.join()
        wait_until(lambda: sum(acked) >= 2 * allowed[0], f"{allowed[0]} events of each producer were not acknowledged")
    allowed[0] = SHARE
    wait_until(lambda: sum(acked) >= 2 * SHARE, "not all events were acknowledged")
    pause["ended"] = pause["longest"]
    # The marker that ends the clients.
    acked[0] = -1
    produce(0, 0)
    for i, c in enumerate(clients[:3]):
        try:
            c.wait(60)
        except subprocess.TimeoutExpired:
            fail(f"client{i} did not get all: the last was {open(f'client{i}').read().splitlines()[-1:]}")
    streaming.join(60)
    log = check_log()
    wait_until(lambda: all(tail_has_all(f"tail{i}", len(log)) for i in (0, 1)), "dnc-tail did not get all")
    for path in ("client0", "client1", "client2", "stream", "tail0", "tail1"):
        check_client(path, log)
    for i in (0, 1):
        if "not received" in open(f"tail{i}.err").read():
            fail(f"tail{i}: " + open(f"tail{i}.err").read()[-500:])
    for name, hub in hubs.items():
        if hub.poll() is not None:
            fail(f"{name} ended by itself with {hub.returncode}")
        hub.terminate()
        if hub.wait(30) != 0:
            fail(f"{name} ended with {hub.returncode}")
    print(f"{EVENTS} events, {KILLS} kills, {time.monotonic() - started:.1f} s: each once in the log and"
          f" once at each of 6 clients, in order; the longest pause was {pause['ended']:.1f} s", flush=True)


try:
    main()
finally:
    for process in [*hubs.values(), *clients]:
        if process.poll() is None:
            process.kill()
            process.wait()

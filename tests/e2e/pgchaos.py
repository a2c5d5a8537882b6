"""pgchaos.py EVENTS FAULTS CLIENTS - three hubs on one log in PostgreSQL, while machines die and networks are cut.

Three servers and three hubs, each on a machine of its own (cluster.py, machines.py). Producers send numbered events: one to
hubs, one through dnc-ingest and one through dnc-filter, which go to the next hub by themselves, and dnc-emit now and then. Clients of
WebSocket and of server-sent events (crowd.py, resume.js, resume.py) and dnc-tail --state go from hub to hub; dnc-tail is killed
now and then. Meanwhile, at random moments, hubs and servers are killed or cut off. At the end every event is in the log of each
server exactly once, and every client had every event exactly once, in the order of the log. Works in the current folder."""
import glob
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from cluster import Cluster
from machines import Machines
from numbered import Producer, free_address

EVENTS, FAULTS, CLIENTS = map(int, sys.argv[1:4])
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(1 << 30)))
HERE = os.path.dirname(os.path.abspath(__file__))
CHOICE = random.Random(SEED)
HUBS = ("hub1", "hub2", "hub3")
PRODUCERS = 3
SHARE = EVENTS // PRODUCERS  # of each
STEP = -(-SHARE // (FAULTS + 2))  # so many of each from fault to fault,
STEP_SECONDS = float(os.environ.get("CHAOS_STEP", 1.5))  # in this time
TAILS = max(2, CLIENTS // 6)
PEERS = 3  # clients that others wrote
CROWDS = 2
started = time.monotonic()
hubs, stages, addresses, clients, tails = {}, {}, {}, [], []
allowed = [0]  # of each producer
pause = {"longest": (0, started), "since": started}  # between acknowledgements; with when it began
happened = []  # when, and what


def say(text):
    happened.append((time.monotonic(), text))
    with open("story", "a") as f:
        print(f"{time.monotonic() - started:7.2f} {text}", file=f)


def fail(text):
    """From any thread."""
    print("WRONG:", text, f"(CHAOS_SEED={SEED})")
    print(open("story").read()[-4000:])
    for name in glob.glob("*.err"):
        print(name, open(name, errors="replace").read()[-1500:], flush=True)
    end_all()
    os._exit(1)


def wait_until(condition, what, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            fail(f"waited in vain until {what}: {[p.acked for p in producers]} acknowledged, {allowed[0]} allowed of each")
        time.sleep(0.01)


def start_hub(name):
    """As a service manager does: again until it runs, since the log may not be there yet."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        hubs[name] = subprocess.Popen(
            [*machines.enter(name), "dnc-wsd", "-q", f"--input=unix:{name}.sock", f"--listen={addresses[name]}", f"--log={log}",
             "--keys=key.pub", "--max-lag=1000000000"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(f"{name}.err", "ab"))
        if hubs[name].stdout.readline():
            return
        say(f"{name} does not start: {hubs[name].wait()}")
        time.sleep(0.2)
    fail(f"{name} did not start")


def sockets(first):
    return [f"{HUBS[(first + i) % 3]}.sock" for i in range(3)]


def start_stage(command, first):
    output = ",".join("unix:" + path for path in sockets(first))
    stages[command] = subprocess.Popen([command, f"--input=unix:{command}.sock", f"--output={output}"],
                                       stdin=subprocess.DEVNULL, stderr=open(f"{command}.err", "ab"))


def note_ack():
    now = time.monotonic()
    if now - pause["since"] > 3:
        say(f"nothing was acknowledged for {now - pause['since']:.1f} s")
    pause["longest"], pause["since"] = max(pause["longest"], (now - pause["since"], pause["since"])), now


def describe(length, since):
    """A pause, with what happened meanwhile."""
    what = [text for at, text in happened if since - 1 < at < since + length and "acknowledged" not in text]
    return f"{length:.1f} s ({', '.join(what)})"


def make_producers():
    return [Producer(paths, SHARE, 1000, number, lambda: allowed[0], note_ack)
            for number, paths in enumerate((sockets(0), ["dnc-ingest.sock"], ["dnc-filter.sock"]))]


producers = make_producers()


def emit(n):
    """One event by dnc-emit, in a place of its own: its producer is number 8."""
    words = [f"id=0198f0a0-0000-7000-8008-{n:012d}", f"phone_number=+1303{2000000 + n}", "violation_type=t",
             f"event_data.n={n}"]
    to = ",".join("./" + path for path in sockets(n))
    for _ in range(20):
        done = subprocess.run(["dnc-emit", f"--socket={to}", "--timeout=30s", "compliance.violation", *words],
                              stdout=subprocess.DEVNULL, stderr=open("emit.err", "ab"))
        if done.returncode == 0:
            return
        say(f"dnc-emit ended with {done.returncode}")
        time.sleep(0.1)
    fail("dnc-emit could not publish an event")


def release():
    """Allows the events of one step, a few at a time, so that some are always under way."""
    upto = min(allowed[0] + STEP, SHARE)
    while allowed[0] < upto:
        allowed[0] = min(allowed[0] + max(1, STEP // 50), upto)
        time.sleep(STEP_SECONDS / 50)


def kill_hub(choice):
    name = choice.choice(HUBS)
    if hubs[name].poll() is not None:
        fail(f"{name} ended by itself with {hubs[name].returncode}")
    say(f"kill {name}")
    hubs[name].send_signal(signal.SIGKILL)
    hubs[name].wait()
    time.sleep(choice.uniform(0, 0.3))
    start_hub(name)


def cut_hub(choice):
    """From the servers, and perhaps also from its clients. Its producers are on its machine."""
    name, networks = choice.choice(HUBS), choice.choice([["back"], ["front", "back"]])
    say(f"cut {name} from {networks}")
    machines.cut(name, *networks)
    time.sleep(choice.uniform(0.5, 12 if FAULTS > 10 else 4))
    machines.heal(name, *networks)
    say(f"{name} is back")


def make_actions():
    """In this order, then at random. Those that cut something off need machines of their own."""
    actions = [(cut_hub, True), (cluster.kill_primary, False), (kill_hub, False), (cluster.cut_primary, True),
               (cluster.kill_standby, False), (lambda choice: cluster.cut_standbys(choice, 1), True), (cluster.crash_primary, False),
               (cluster.hang, False), (lambda choice: cluster.cut_standbys(choice, 2), True)]
    return [action for action, cuts in actions if not (cuts and machines.why)]


class Tail:
    """dnc-tail --state, which appends to a file. Some are killed now and then, and the next one goes on."""

    def __init__(self, number):
        self.number, self.kills, self.process = number, 0, None
        self.start()

    def start(self):
        urls = [f"ws://{addresses[HUBS[(self.number + self.kills + i) % 3]]}/ws/dnc" for i in range(3)]
        say(f"dnc-tail {self.number} starts") if self.kills else None
        self.process = subprocess.Popen(
            ["dnc-tail", f"--state=place{self.number}", "--since=0", "-T", "{seq} {id}", "--token-file=token", *urls], stdin=subprocess.DEVNULL,
            stdout=open(f"tail{self.number}", "ab"), stderr=open(f"tail{self.number}.err", "ab"))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start()

    def keep(self):
        """The first attempt may meet hubs that are all dead or cut off: then it ends, and a service manager starts it."""
        if self.process.poll() in (69, 75):
            self.start()
        elif self.process.poll() is not None:
            fail(f"dnc-tail {self.number} ended with {self.process.returncode}")


def start_clients():
    ws = [f"ws://{addresses[name]}/ws/dnc" for name in HUBS]
    others = max(2 * CROWDS, CLIENTS - TAILS - PEERS)
    for i in range(CROWDS):
        share = (others + i) // CROWDS
        clients.append(subprocess.Popen(["/usr/bin/python3", f"{HERE}/crowd.py", f"crowd{i}", str(share), str(SEED + i),
                                         ",".join(addresses[name] for name in HUBS)], stderr=open(f"crowd{i}.err", "wb")))
    for i, command in enumerate((["node", f"{HERE}/resume.js"], ["node", f"{HERE}/resume.js"], ["/usr/bin/python3", f"{HERE}/resume.py"])):
        clients.append(subprocess.Popen([*command, ",".join(ws[i:] + ws[:i]), "0"], stdout=open(f"peer{i}", "wb"),
                                        stderr=open(f"peer{i}.err", "wb")))
    tails.extend(Tail(i) for i in range(TAILS))


def check_log(emitted):
    rows = cluster.sql(cluster.primary, "SELECT seq, id FROM dnc.events ORDER BY seq").splitlines()
    names = [row.split("|0198f0a0-0000-7000-")[1] for row in rows]
    wanted = {f"800{p}-{n:012d}" for p in range(PRODUCERS) for n in range(1, SHARE + 1)}
    wanted |= {f"8008-{n:012d}" for n in range(1, emitted + 1)} | {"8000-000000000000"}
    if set(names) != wanted or len(names) != len(wanted):
        fail(f"{len(names)} in the log, {len(wanted - set(names))} missing, {len(names) - len(set(names))} twice")
    if [int(row.split("|")[0]) for row in rows] != list(range(1, len(rows) + 1)):
        fail("the sequence has holes")
    for p in range(PRODUCERS):
        own = [name for name in names[:-1] if name.startswith(f"800{p}")]
        if own != sorted(own):
            fail(f"the events of producer {p} are out of order")
    return names


def check_peer(path, names):
    """By number and n, which is also the end of the id."""
    got = [line.split(None, 1) for line in open(path)]
    wanted = [(seq, int(name[5:])) for seq, name in enumerate(names, 1)]
    if any(key == "gap" for key, _ in got) or [(int(seq), int(n)) for seq, n in got] != wanted:
        wrong = next((i for i, (g, w) in enumerate(zip(got, wanted)) if g[0] == "gap" or (int(g[0]), int(g[1])) != w), None)
        fail(f"{path}: {len(got)} of {len(names)} events, the first wrong one: {None if wrong is None else got[wrong]}")


def check_crowd(path, names):
    if open(path + ".ids").read().split() != names:
        fail(f"{path}: other events than in the log")
    reports = [json.loads(line) for line in open(path)]
    wrong = [r for r in reports if r["wrong"] or r["had"] != len(names)]
    if wrong:
        fail(f"{path}: {len(wrong)} of {len(reports)} clients are wrong: {wrong[:3]}")
    return reports


def check_tail(tail, names):
    """After a kill it may have written the end of a line, and repeats what it had not noted as delivered."""
    last, again = 0, 0
    for line in open(f"tail{tail.number}").read().split("\n"):
        seq, _, name = line.partition(" ")
        if len(name) != 36 or not seq.isdigit():
            continue
        seq = int(seq)
        again += seq <= last
        if seq > last + 1 or name[19:] != names[seq - 1] or again > tail.kills:
            fail(f"tail{tail.number}: {seq} {name} after {last}, {again} times back after {tail.kills} kills")
        last = seq
    if last != len(names):
        fail(f"tail{tail.number}: ends with {last} of {len(names)}")
    if "not received" in open(f"tail{tail.number}.err").read():
        fail(f"tail{tail.number}: " + open(f"tail{tail.number}.err").read()[-500:])


def run_faults():
    actions = make_actions()
    for k in range(FAULTS):
        releasing = threading.Thread(target=release, daemon=True)
        releasing.start()
        emitting = threading.Thread(target=emit, args=(k + 1,), daemon=True)
        emitting.start()
        time.sleep(CHOICE.uniform(0, STEP_SECONDS))
        tails[CHOICE.randrange(len(tails) // 2)].kill()
        (actions[k] if k < len(actions) else CHOICE.choice(actions))(CHOICE)
        releasing.join()
        emitting.join()
        wait_until(lambda: all(p.acked >= allowed[0] for p in producers), "all events are acknowledged")
        for tail in tails:
            tail.keep()


def await_end(client):
    """As long as anybody gets on: how fast that is, is the machine's matter."""
    files = [f"crowd{i}.had" for i in range(CROWDS)] + [f"peer{i}" for i in range(PEERS)]
    before, until = None, 0
    while client.poll() is None:
        now = [open(f).read()[-100:] for f in files]
        if now != before:
            before, until = now, time.monotonic() + 120
        elif time.monotonic() > until:
            fail(f"{client.args[:3]} did not get all: {before}")
        time.sleep(0.2)
    if client.returncode != 0:
        fail(f"{client.args[:3]} ended with {client.returncode}")


def await_clients(count):
    with open("total.part", "w") as f:
        f.write(str(count))
    os.rename("total.part", "total")
    for c in clients:
        await_end(c)

    def has_all(tail):
        tail.keep()
        with open(f"tail{tail.number}", "rb") as f:
            f.seek(max(0, os.path.getsize(f.name) - 200))
            return f.read().split(b"\n")[-2].startswith(b"%d " % count) if os.path.getsize(f.name) else False
    wait_until(lambda: all(map(has_all, tails)), "dnc-tail has all", 300)


def end_daemons():
    for name, process in itertools.chain(stages.items(), hubs.items()):
        if process.poll() is not None:
            fail(f"{name} ended by itself with {process.returncode}")
        process.terminate()
        if process.wait(60) not in ((0, 1) if name in stages else (0,)):
            fail(f"{name} ended with {process.returncode}")


def make_token():
    """Hubs serve other machines only with one."""
    subprocess.run(["dnc-token", "keygen", "-o", "key"], stdout=subprocess.DEVNULL, check=True)
    os.environ["HUB_TOKEN"] = subprocess.run(["dnc-token", "mint", "-k", "key", "--sub=chaos", "--role=admin", "--ttl=1d"],
                                             stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    with open("token", "w") as f:
        f.write(os.environ["HUB_TOKEN"])


def main():
    make_token()
    for i, name in enumerate(HUBS):
        machines.add(name, 11 + i, ["front", "back"])
        addresses[name] = free_address() if machines.why else machines.address("front", 11 + i) + ":8080"
        start_hub(name)
    start_stage("dnc-ingest", 1)
    start_stage("dnc-filter", 2)
    start_clients()
    threads = [threading.Thread(target=p.run, args=(lambda: time.sleep(0.02),), daemon=True) for p in producers]
    for t in threads:
        t.start()
    pause["since"] = time.monotonic()
    run_faults()
    allowed[0] = SHARE
    wait_until(lambda: all(p.acked >= SHARE for p in producers), "all events are acknowledged")
    longest = pause["longest"]
    # The marker that ends the clients.
    marker = Producer(sockets(0), 0, 1)
    marker.acked = -1
    marker.run(lambda: None)
    names = check_log(FAULTS)
    await_clients(len(names))
    cluster.same_everywhere()
    reports = [r for i in range(CROWDS) for r in check_crowd(f"crowd{i}", names)]
    for i in range(PEERS):
        check_peer(f"peer{i}", names)
    for tail in tails:
        check_tail(tail, names)
        tail.process.kill()
        tail.process.wait()
    end_daemons()
    print(f"{len(names)} events, {FAULTS} faults, {time.monotonic() - started:.1f} s: each once in the log of 3 servers and once at"
          f" each of {len(reports) + PEERS + TAILS} clients, in order ({sum(r['moves'] for r in reports)} moves,"
          f" {sum(t.kills for t in tails)} kills of dnc-tail); the longest pauses: between acknowledgements {describe(*longest)};"
          f" between events of a client {describe(*max(r['waited'] for r in reports))}", flush=True)
    if machines.why:
        print(f"without network namespaces ({machines.why}): nothing was cut off", flush=True)


def end_all():
    for process in [*hubs.values(), *stages.values(), *clients, *(t.process for t in tails)]:
        if process.poll() is None:
            process.kill()
            process.wait()
    machines.end()


machines = Machines(["front", "back", "peers"])
cluster = Cluster(machines, say, fail, fence=float(os.environ.get("CHAOS_FENCE", 20 if FAULTS > 10 else 2)))
log = cluster.log()
try:
    main()
finally:
    end_all()

"""costly.py [SECONDS [ATTACKERS]] - what attackers with costly patterns cost the others. Starts a hub of BIN with a log of
EVENTS (50000) events, to which 200 a second are added, and prints a line of JSON for each of the phases before, during and
after the attack, of SECONDS (10) each: the round trips of a well-behaved client's pings, the turns of the hub's loop, what
that client got, the hub's memory and descriptors, and what became of the attackers' requests.

Each attacker has a subject of its own and does all of this at once: streams with 25 costly patterns that match nothing, each
with patterns of its own; subscriptions that look for the last events with such patterns, again and again; pages with such
patterns; filters that are compiled, again and again; and pages of 1 MiB that are not read."""
import collections
import json
import multiprocessing
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from connection import Close, Connection, WebSocket

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 10
ATTACKERS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
EVENTS = int(os.environ.get("EVENTS", 50000))
BIN = os.environ["BIN"]
STREAMS, SEARCHES, PAGES, COMPILERS, UNREAD = 8, 2, 6, 1, 30
PINGS_PER_S, PING_CONNECTIONS = 15, 3
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def tool(*arguments, **options):
    return subprocess.run([f"{BIN}/{arguments[0]}", *arguments[1:]], check=True, capture_output=True, text=True, **options).stdout.strip()


def patterns(n, count=25):
    """COUNT patterns that hardly another number N has, none of which matches: four that are close to what one pattern may
    cost on a number, and others that a number is searched through for."""
    def letters(i):
        return LETTERS[n % 26] + LETTERS[(n // 26 + i) % 26]
    return [f".*.*.*.*[{letters(i)}_]" if i < 4 else f"\\d*\\d*[{letters(i)}_]" for i in range(count)]


def subscribe(ws, n, **more):
    ws.frame(0x81, json.dumps({"type": "subscribe", "filters": {"phone_patterns": patterns(n)}, **more}).encode())


def attack(number, address, token, stop, answers):
    """One attacker. ANSWERS gets the counts of what it was answered."""
    os.nice(10)  # it would run on another machine
    header = [f"Authorization: Bearer {token}"]
    counts, lock = collections.Counter(), threading.Lock()

    def count(what):
        with lock:
            counts[what] += 1

    def forever(body):
        def run(i):
            while not stop.is_set():
                try:
                    body(number * 64 + i)
                except (OSError, EOFError, AssertionError):
                    time.sleep(0.1)
        return run

    def session(n):
        ws = WebSocket(address, "/ws/dnc", header, ["dnc.v1"], seconds=600)
        if not ws.turned:
            count(f"upgrade {ws.answer.status}")
            raise EOFError
        ws.message()
        return ws

    def hear(ws):
        ws.deadline = time.monotonic() + 0.5
        try:
            said = ws.message()
        except TimeoutError:
            return
        if isinstance(said, Close):
            count(f"close {said.code}")
            raise EOFError
        said = json.loads(said)
        count(said.get("code") or said["type"])

    def stream(n):
        ws = session(n)
        subscribe(ws, n)
        while not stop.is_set():
            hear(ws)

    def search(n):
        ws = session(n)
        while not stop.is_set():
            subscribe(ws, n, last=1000000)
            hear(ws)

    def compile_filters(n):
        ws = session(n)
        subscribe(ws, n)
        for i in range(1000000):
            if stop.is_set():
                break
            ws.frame(0x81, json.dumps({"type": "update_filters", "filters": {"phone_patterns": patterns(n * 1000 + i)}}).encode())
            hear(ws)
            time.sleep(0.06)

    def page(n):
        query = urllib.parse.urlencode({"phone_patterns": patterns(n)[0]})
        c = Connection(address, seconds=30)
        c.request("GET", f"/api/v1/events?limit=100000&{query}", header)
        status = c.response().status
        count(f"page {status}")
        c.sock.close()
        if status != 200:
            time.sleep(0.2)

    unread = []

    def leave_unread(n):
        c = Connection(address, seconds=120)
        unread.append(c)
        c.sock.setsockopt(1, 8, 4096)  # SO_RCVBUF
        c.request("GET", "/api/v1/events?limit=100000", header)
        count(f"unread page {c.head()[0]}")
        while not stop.is_set():
            time.sleep(0.2)

    kinds = [(stream, STREAMS), (search, SEARCHES), (page, PAGES), (compile_filters, COMPILERS), (leave_unread, UNREAD)]
    threads, i = [], 0
    for body, n in kinds:
        for _ in range(n):
            threads.append(threading.Thread(target=forever(body), args=(i,), daemon=True))
            i += 1
    for t in threads:
        t.start()
    stop.wait()
    time.sleep(0.5)
    with lock:
        answers.put(dict(counts))
    answers.close()
    answers.join_thread()
    os._exit(0)


def quantile(values, q):
    values = sorted(values)
    return round(values[min(len(values) - 1, int(q * len(values)))] * 1000, 2) if values else None


class Client:
    """The well-behaved client: it streams with a cheap pattern, and pings over connections of their own."""

    def __init__(self, address, token):
        header = [f"Authorization: Bearer {token}"]
        self.stream, *self.pings = [WebSocket(address, "/ws/dnc", header, ["dnc.v1"], seconds=600)
                                    for _ in range(1 + PING_CONNECTIONS)]
        self.seqs = []
        self.stream.frame(0x81, b'{"type":"subscribe","filters":{"phone_patterns":["^\\\\+1303555"]}}')
        for p in self.pings:
            p.message()

    def read_events(self, ws):
        said = json.loads(ws.message())
        if "seq" in said:
            self.seqs.append(said["seq"])

    def run(self, seconds):
        """The round trips of the pings of so many seconds."""
        trips, sent, end = [], {}, time.monotonic() + seconds
        due = {p: time.monotonic() + i / PINGS_PER_S / len(self.pings) for i, p in enumerate(self.pings)}
        every = {w.sock: w for w in [self.stream, *self.pings]}
        while (now := time.monotonic()) < end or sent:
            assert now < end + 60, "no pong for a minute"
            for p in self.pings:
                if now < end and p not in sent and now >= due[p]:
                    sent[p] = now
                    due[p] = now + 1 / PINGS_PER_S
                    p.frame(0x81, b'{"type":"ping"}')
            wait = max(0, min([due[p] for p in self.pings if p not in sent] + [now + 0.5]) - now)
            ready = [w for w in every.values() if w.data] or [every[s] for s in select.select(list(every), [], [], wait)[0]]
            for w in ready:
                w.deadline = time.monotonic() + 60
                if w is self.stream:
                    self.read_events(w)
                    continue
                assert "pong" in w.message()
                trips.append(time.monotonic() - sent.pop(w))
        return trips


def metrics(address, token):
    c = Connection(address)
    c.request("GET", "/metrics", [f"Authorization: Bearer {token}"])
    found = {}
    for line in c.response().body.splitlines():
        if m := re.match(r"([^#\s]+) (\S+)$", line):
            found[m.group(1)] = float(m.group(2))
    c.sock.close()
    return found


def turns(before, after):
    """The share of turns of the loop longer than 25 ms, and how many there were."""
    name, longer = "dnc_loop_turn_seconds", 0
    total = after[f"{name}_count"] - before.get(f"{name}_count", 0)
    bounds = sorted((float(m.group(1)), k) for k in after if (m := re.match(name + r'_bucket\{le="([0-9.e-]+)"\}', k)))
    for bound, key in bounds:
        if bound >= 0.025:
            longer = total - (after[key] - before.get(key, 0))
            break
    return {"turns": int(total), "turns_over_25_ms": int(longer)}


def memory(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


def feed(hub, count, stop):
    """The log's first events at once, then 200 a second."""
    def line(i):
        return ('{"type":"dnc.compliance.violation","phone_number":"+1303555%04d","violation_type":"t","n":%d}\n' % (i % 10000, i))

    hub.stdin.write("".join(line(i) for i in range(count)).encode())
    hub.stdin.flush()
    while not stop.wait(0.05):
        hub.stdin.write("".join(line(count + i) for i in range(10)).encode())
        hub.stdin.flush()
        count += 10


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        tool("dnc-token", "keygen", "-o", "key")
        hub = subprocess.Popen([f"{BIN}/dnc-wsd", "-q", "--listen=127.0.0.1:0", "--data=data", "--keys=key.pub", "--sync=off"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open("hub.err", "w"))
        try:
            measure(hub, hub.stdout.readline().decode().strip())
        finally:
            hub.send_signal(signal.SIGTERM)
            hub.stdin.close()
            hub.wait(30)


def measure(hub, address):
    def mint(subject):
        return tool("dnc-token", "mint", "-k", "key", f"--sub={subject}", "--role=admin")

    token, stop_feed, stop = mint("client"), threading.Event(), multiprocessing.Event()
    answers, attackers = multiprocessing.Queue(), []
    tokens = [mint(f"attacker-{i}") for i in range(ATTACKERS)]
    feeder = threading.Thread(target=feed, args=(hub, EVENTS, stop_feed))
    feeder.start()
    until = time.monotonic() + 120
    while metrics(address, token)["dnc_last_seq"] < EVENTS:
        assert time.monotonic() < until, "the log was not filled"
        time.sleep(0.1)
    client = Client(address, token)
    try:
        client.run(1)
        for phase in ("before", "during", "after"):
            if phase == "during":
                attackers = [multiprocessing.Process(target=attack, args=(i, address, t, stop, answers)) for i, t in enumerate(tokens)]
                for a in attackers:
                    a.start()
                client.run(2)
            start, first = metrics(address, token), len(client.seqs)
            trips = client.run(SECONDS)
            end = metrics(address, token)
            line = {"phase": phase, "pings": len(trips), "p50_ms": quantile(trips, 0.5), "p99_ms": quantile(trips, 0.99),
                    "max_ms": quantile(trips, 1), **turns(start, end), "events": len(client.seqs) - first,
                    "rss_kib": memory(hub.pid), "fds": len(os.listdir(f"/proc/{hub.pid}/fd")),
                    "costly_s": round(end.get("dnc_filter_costly_seconds_total", 0) - start.get("dnc_filter_costly_seconds_total", 0), 3),
                    "cpu_s": round(end["process_cpu_seconds_total"] - start["process_cpu_seconds_total"], 2)}
            if phase == "during":
                stop.set()
                sums = collections.Counter()
                for _ in attackers:
                    sums.update(answers.get(timeout=60))
                line["attackers"] = dict(sorted(sums.items()))
                for a in attackers:
                    a.join(30)
            print(json.dumps(line), flush=True)
            if phase == "during":
                client.run(2)
    finally:
        stop.set()
        stop_feed.set()
        feeder.join()
        for a in attackers:
            a.kill()
    holes = [b for a, b in zip(client.seqs, client.seqs[1:]) if b != a + 1]
    print(json.dumps({"received": len(client.seqs), "holes": len(holes)}))


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()

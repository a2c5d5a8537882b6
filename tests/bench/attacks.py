"""attacks.py [SECONDS] - what attacks by one address cost a client at another: for each attack a hub of BIN, and the client's
pings before, during and after it, SECONDS (8) each. Prints a line of JSON for each attack. It is to run in a network namespace
of its own, where CLIENT and ATTACKER are addresses of the loopback interface: who connects to an address comes from it."""
import json
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from connection import Connection
from costly import BIN, Client, feed, memory, metrics, quantile, tool

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 8
CLIENT, ATTACKER = "198.51.100.1", "203.0.113.1"
EVENTS = 50000


def header(token):
    return [f"Authorization: Bearer {token}"]


def hold_silent(address, token, stop):
    """As many connections as one may have, which say nothing; a new one for each that is closed."""
    held = []
    while not stop.is_set():
        while len(held) < 6000 and not stop.is_set():
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((address.rpartition(":")[0], int(address.rpartition(":")[2])))
            held.append(s)
        for s in held[:]:
            try:
                if s.recv(1) == b"":
                    raise OSError
            except BlockingIOError:
                pass
            except OSError:
                s.close()
                held.remove(s)


def leave_unread(address, token, stop):
    held = []
    while not stop.is_set():
        try:
            if len(held) == 300:
                held.pop(0).sock.close()
            c = Connection(address, seconds=5)
            held.append(c)
            c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c.request("GET", "/api/v1/events?limit=100000", header(token))
        except OSError:
            time.sleep(0.01)


def send_slowly(address, token, stop):
    """300 bodies at once, a byte of each a second."""
    held = []
    while not stop.is_set():
        while len(held) < 300 and not stop.is_set():
            try:
                c = Connection(address, seconds=5)
                c.request("POST", "/api/v1/events", [*header(token), "Content-Length: 4000000"], b" " * 60000)
                held.append(c)
            except OSError:
                time.sleep(0.01)
        for c in held[:]:
            try:
                c.sock.settimeout(1)
                c.sock.sendall(b" ")
            except OSError:
                c.sock.close()
                held.remove(c)
        stop.wait(1)


def take_tickets(address, token, stop):
    c = None
    while not stop.is_set():
        try:
            c = c or Connection(address, seconds=5)
            c.deadline = time.monotonic() + 5
            c.request("POST", "/api/v1/tickets", header(token))
            c.response()
        except (OSError, EOFError):
            c = None


def publish_large(address, token, stop):
    """Bodies of all sizes up to 100 kB, one after the other; with TLS where the hub has it."""
    context = ssl.create_default_context(cafile="tls.crt") if os.path.exists("tls.crt") else None
    if context:
        context.check_hostname = False
    size, c = 1000, None
    while not stop.is_set():
        try:
            c = c or Connection(address, context, seconds=5)
            c.deadline = time.monotonic() + 5
            c.request("POST", "/api/v1/events", header(token), b" " * size + b"\n")
            c.response()
            size = 1000 + (size + 791) % 100000
        except (OSError, EOFError):
            c = None


def run(attack, *arguments):
    os.nice(10)  # it would run on another machine
    attack(*arguments)


ATTACKS = {  # what it does, and of how many processes
    "connections that say nothing": (hold_silent, 1),
    "pages that are not read": (leave_unread, 2),
    "bodies that come slowly": (send_slowly, 2),
    "tickets": (take_tickets, 4),
    "bodies of all sizes": (publish_large, 4),
}


def measure(hub, port, attack, processes):
    def mint(subject):
        return tool("dnc-token", "mint", "-k", "key", f"--sub={subject}", "--role=admin")

    token, evil = mint("client"), mint("attacker")
    address, target = f"{CLIENT}:{port}", f"{ATTACKER}:{port}"
    stop_feed, stop = threading.Event(), multiprocessing.Event()
    feeder = threading.Thread(target=feed, args=(hub, EVENTS, stop_feed))
    feeder.start()
    attackers = []
    try:
        until = time.monotonic() + 120
        while metrics(address, token)["dnc_last_seq"] < EVENTS:
            assert time.monotonic() < until, "the log was not filled"
            time.sleep(0.1)
        client, line = Client(address, token), {}
        client.run(1)
        for phase in ("before", "during", "after"):
            if phase == "during":
                attackers = [multiprocessing.Process(target=run, args=(attack, target, evil, stop)) for _ in range(processes)]
                for a in attackers:
                    a.start()
            if phase == "after":
                stop.set()
                for a in attackers:
                    a.join(10)
                    a.kill()
            client.run(2)
            trips = client.run(SECONDS)
            line[phase] = {"p50_ms": quantile(trips, 0.5), "p99_ms": quantile(trips, 0.99), "max_ms": quantile(trips, 1),
                           "rss_mib": round(memory(hub.pid) / 1024), "fds": len(os.listdir(f"/proc/{hub.pid}/fd"))}
        line["holes"] = len([b for a, b in zip(client.seqs, client.seqs[1:]) if b != a + 1])
        return line
    finally:
        stop_feed.set()
        stop.set()
        feeder.join()
        for a in attackers:
            a.kill()


def main():
    for name, (attack, processes) in ATTACKS.items():
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            tool("dnc-token", "keygen", "-o", "key")
            hub = subprocess.Popen([f"{BIN}/dnc-wsd", "-q", "--listen=0.0.0.0:0", "--data=data", "--keys=key.pub", "--sync=off"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open("hub.err", "w"))
            try:
                port = hub.stdout.readline().decode().strip().rpartition(":")[2]
                print(json.dumps({"attack": name, **measure(hub, port, attack, processes)}), flush=True)
            finally:
                hub.terminate()
                hub.stdin.close()
                hub.wait(30)
                os.chdir("/")


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()

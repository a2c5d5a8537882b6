"""patroni.py KILLS - two hubs on a log whose three servers Patroni keeps (see tests/patroni.bash), while events flow.

The leader is killed KILLS times with its Patroni, as a machine that dies; then its PostgreSQL alone, its Patroni alone, a standby,
and etcd; and the leader is changed by plan. At the end every event is in the log exactly once, and every client had every event exactly
once and in order. Prints how long clients got nothing, for each. Works in the current folder."""
import json
import os
import socket
import subprocess
import sys
import threading
import time

KILLS = int(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
LOG = os.environ["LOG"]
RATE = 100  # events a second
started = time.monotonic()
processes, urls, ended = [], [], threading.Event()
arrived = {"last": started, "longest": 0.0, "seq": 0}  # at one client
produced = [0]


def fail(text):
    print("WRONG:", text)
    print(open("story").read()[-3000:])
    for name in ("hub1", "hub2"):
        print(name, open(f"{name}.err").read()[-1500:], flush=True)
    sys.exit(1)


def say(text):
    with open("story", "a") as f:
        print(f"{time.monotonic() - started:7.2f} {text}", file=f)


def bash(command):
    """A function of tests/patroni.bash; what it starts stays."""
    done = subprocess.run(["bash", "-c", f'source "{HERE}/../helper.bash"; source "{HERE}/../patroni.bash"; {command}'],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={**os.environ, "BATS_TEST_DIRNAME": HERE}, timeout=180)
    if done.returncode != 0:
        fail(f"{command} ended with {done.returncode}")
    return done.stdout.decode().strip()


def wait_until(condition, what, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            fail(what)
        time.sleep(0.05)


def spawn(command, out=None, **more):
    p = subprocess.Popen(command, stdout=open(out, "wb") if out else subprocess.PIPE, **{"stdin": subprocess.DEVNULL, **more})
    processes.append(p)
    return p


def start_hub(name):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{s.getsockname()[1]}"
    hub = spawn(["dnc-wsd", "-q", f"--input=unix:{name}.sock", f"--listen={address}", f"--log={LOG}"],
                stderr=open(f"{name}.err", "ab"))
    if not hub.stdout.readline():
        fail(f"{name} did not start")
    urls.append(f"ws://{address}/ws/dnc")
    return hub


def event(n):
    return (f'{{"type":"dnc.compliance.violation","id":"0198f0a0-0000-7000-8000-{n:012d}",'
            f'"phone_number":"+13035550001","violation_type":"t","n":{n}}}\n').encode()


def produce(pipe):
    """Events at a steady rate, until told to end; the last one has the number 0 and ends the clients."""
    while not ended.is_set():
        produced[0] += 1
        pipe.write(event(produced[0]))
        pipe.flush()
        time.sleep(1 / RATE)
    pipe.write(event(0))
    pipe.close()


def watch(pipe):
    """When events come, at one client."""
    for line in pipe:
        now = time.monotonic()
        arrived["longest"] = max(arrived["longest"], now - arrived["last"])
        arrived["last"], arrived["seq"] = now, json.loads(line)["seq"]


def kill_leader():
    leader = bash("patroni_leader")
    say(f"the leader {leader} dies")
    bash(f"kill_patroni {leader}")
    wait_until(lambda: bash("patroni_leader || :") not in ("", leader), "there is no new leader")
    say("there is another")
    comes(1)
    bash(f"start_patroni {leader}")


def kill_server():
    bash("kill_postgres $(patroni_leader)")


def kill_patroni_alone():
    """Its service starts it again, and PostgreSQL goes on meanwhile."""
    leader = bash("patroni_leader")
    bash(f"kill -9 $(cat $PG_DIR/{leader}/patroni.pid); start_patroni {leader}")
    comes(10 * RATE)
    if bash("patroni_leader") != leader:
        fail("another server leads, without need")


def kill_standby():
    name = bash("patroni_sync")
    bash(f"kill_patroni {name}")
    comes(200)
    bash(f"start_patroni {name}")


def switch_over():
    leader, standby = bash("patroni_leader"), bash("patroni_sync")
    bash(f"patronictl -c $PG_DIR/{leader}/config.yml switchover dnc --master {leader} --candidate {standby} --force >&2")
    say("switched over")
    if bash("patroni_leader || :") == leader:
        fail("the leader is the same")
    comes(1)
    say("events come")


def kill_etcd():
    bash("kill_etcd")
    time.sleep(40)  # twice the ttl
    bash("start_etcd")


ACTIONS = {"the leader's machine dies": kill_leader,
           "the leader's PostgreSQL dies": kill_server,
           "the leader's Patroni dies": kill_patroni_alone,
           "the synchronous standby's machine dies": kill_standby,
           "etcd is away for 40 s": kill_etcd,
           "switchover by plan": switch_over}


def comes(more):
    """So many events come after now."""
    seq = arrived["seq"]
    wait_until(lambda: arrived["seq"] >= seq + more, f"no event comes after {seq}")


def measured(name, action):
    comes(50)
    arrived["longest"] = 0.0
    action()
    comes(200)
    wait_until(lambda: bash("patroni_is_whole && echo yes || :") == "yes",
               f"not all servers came back after: {name}: " + bash("patroni_members || :"))
    comes(50)
    wait_until(lambda: arrived["seq"] >= produced[0] - RATE, "clients do not come up with what is produced")
    say(f"{name}: {arrived['longest']:.1f} s")
    return arrived["longest"]


def had(path):
    if path.startswith("ws"):
        return [tuple(map(int, line.split())) for line in open(path)]
    return [(m["seq"], m["event_data"]["n"]) for m in map(json.loads, open(path))]


def check():
    rows = bash("PG_DATABASE=dnc patroni_sql 'SELECT seq, event FROM dnc.events ORDER BY seq'")
    log = [(int(seq), json.loads(line)["event_data"]["n"]) for seq, line in (row.split("|", 1) for row in rows.splitlines())]
    if log != [(n, n) for n in range(1, produced[0] + 1)] + [(produced[0] + 1, 0)]:
        fail(f"{len(log)} of {produced[0] + 1} events in the log, or not in order")
    for path in ("tail1", "tail2", "ws1", "ws2"):
        wait_until(lambda: len(had(path)) >= len(log), f"{path} did not get all: {len(had(path))} of {len(log)}")
        if had(path) != log:
            fail(f"{path} had other events than the log, or in another order")


def main():
    hubs = [start_hub("hub1"), start_hub("hub2")]
    for i in (1, 2):
        order = urls if i == 1 else urls[::-1]
        spawn(["dnc-tail", f"--state=place{i}", "--since=0", "-o", "json", *order], f"tail{i}", stderr=open(f"tail{i}.err", "wb"))
        spawn(["node", f"{HERE}/resume.js", ",".join(order), "0"], f"ws{i}")
    watched = spawn(["dnc-tail", "-q", "--since=0", "-o", "json", *urls], stderr=open("watch.err", "wb"))
    threading.Thread(target=watch, args=(watched.stdout,), daemon=True).start()
    producer = spawn(["dnc-filter", "-q", "--output=unix:hub1.sock,unix:hub2.sock"], "passed", stdin=subprocess.PIPE,
                     stderr=open("filter.err", "wb"))
    producing = threading.Thread(target=produce, args=(producer.stdin,), daemon=True)
    producing.start()
    said = []
    for name, action in ACTIONS.items():
        for _ in range(KILLS if action is kill_leader else 1):
            said.append(f"{name}: {measured(name, action):.1f} s")
    ended.set()
    producing.join()
    if producer.wait(60) != 0:
        fail("dnc-filter failed: " + open("filter.err").read()[-500:])
    check()
    for hub in hubs:
        if hub.poll() is not None:
            fail(f"a hub ended by itself with {hub.returncode}")
    print(f"{produced[0]} events, each once in the log and once at each of 4 clients, in order; nothing came for\n" + "\n".join(said))


try:
    main()
finally:
    for p in processes:
        if p.poll() is None:
            p.kill()
            p.wait()

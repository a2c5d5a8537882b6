"""Kills the parts of `dnc-tail --state=place | reader` at random moments while events come, and counts
what the readers got in whole lines: lost, repeated, torn.

tail_deaths.py reader|tail|both|hub|file|exec EVENTS DEATHS [SEED]
"""
import json, os, random, re, signal, subprocess, sys, tempfile, threading, time

# Writes what it has read before it reads again, and dies between the two: what it took, it has.
READER = """
import os, random, select, signal, sys, time
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
end, random_ = time.monotonic() + float(sys.argv[2]), random.Random(sys.argv[3])
while time.monotonic() < end:
    if not select.select([0], [], [], 0.01)[0]:
        continue
    data = os.read(0, random_.randrange(1, 9000))
    if not data:
        sys.exit(0)
    while data:
        data = data[os.write(out, data):]
    time.sleep(0.001)
os.kill(os.getpid(), signal.SIGKILL)
"""


class Hub:
    def __init__(self, dir):
        self.dir, self.address, self.process = dir, '127.0.0.1:0', None
        self.start()

    def start(self):
        self.process = subprocess.Popen(['dnc-wsd', '--listen=' + self.address, '--data=data'], cwd=self.dir,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=open(self.dir + '/hub.err', 'ab'))
        self.address = self.process.stdout.readline().decode().strip()

    def kill(self):
        self.process.kill()
        self.process.wait()


def make_events(count):
    raw = b''.join(b'{"type":"dnc.compliance.violation","phone_number":"+1303555%04d","violation_type":"t","n":%d}\n'
                   % (i % 10000, i) for i in range(count))
    return subprocess.run(['dnc-ingest'], input=raw, stdout=subprocess.PIPE, check=True).stdout.splitlines(True)


def last_seq(hub):
    out = subprocess.run(['curl', '-s', f'http://{hub.address}/api/v1/info'], stdout=subprocess.PIPE).stdout
    try:
        return json.loads(out)['last_seq']
    except ValueError:
        return -1


def feed(hub, lines, seconds, stop):
    """All events within about SECONDS; again from the start when the hub dies: the log knows them by id."""
    step, at = max(1, len(lines) // 200), 0
    while at < len(lines) and not stop.is_set():
        try:
            hub.process.stdin.write(b''.join(lines[at:at + step]))
            hub.process.stdin.flush()
            at += step
        except (BrokenPipeError, ValueError):
            at = 0
        stop.wait(seconds / 200)


class Pipeline:
    def __init__(self, hub, mode, number, life, seed):
        self.mode, self.reader, self.stuck = mode, None, False
        self.out = f'{hub.dir}/out.{0 if mode in ("file", "exec") else number}'
        command = ['dnc-tail', '-q', '--state=place', '--since=0', '-o', 'json', f'ws://{hub.address}/ws/dnc']
        err = open(hub.dir + '/tail.err', 'ab')
        stdout = open(self.out, 'ab') if mode == 'file' else subprocess.PIPE
        if mode == 'exec':
            # Now and then it dies in the middle, or says that it failed.
            command += ['--batch=50', f'--exec=r=$(od -An -N1 -tu1 /dev/urandom); '
                        f'[ $r -lt 25 ] && {{ head -n 20 >>{self.out}; kill -9 $$; }}; '
                        f'[ $r -gt 245 ] && exit 9; cat >>{self.out}']
        self.tail = subprocess.Popen(command, cwd=hub.dir, stdout=stdout, stderr=err)
        if stdout == subprocess.PIPE and mode != 'exec':
            reader_life = life if mode in ('reader', 'both', 'hub') else 600
            self.reader = subprocess.Popen([sys.executable, '-c', READER, self.out, str(reader_life), str(seed)],
                                           stdin=self.tail.stdout)
        if stdout == subprocess.PIPE:
            self.tail.stdout.close()

    def end(self, life):
        if self.mode in ('tail', 'file', 'exec'):
            time.sleep(life)
            self.tail.kill()
        if self.reader:
            self.reader.wait()
            if self.mode == 'both':
                self.tail.kill()
        try:
            self.tail.wait(10)
        except subprocess.TimeoutExpired:
            self.stuck = True  # it did not see that its reader has left
            self.tail.kill()
            self.tail.wait()


def whole_lines(dir):
    seen, torn = [], 0
    for name in sorted(os.listdir(dir)):
        if name.startswith('out.'):
            for line in open(f'{dir}/{name}', 'rb').read().split(b'\n'):
                try:
                    if line:
                        seen.append(json.loads(line)['seq'])
                except (ValueError, KeyError):
                    torn += 1
    return seen, torn


def main():
    mode, count, deaths = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
    rng = random.Random(seed)
    lines = make_events(count)
    with tempfile.TemporaryDirectory() as dir:
        stuck = 0
        hub, stop = Hub(dir), threading.Event()
        feeder = threading.Thread(target=feed, args=(hub, lines, deaths * 0.3, stop))
        feeder.start()
        try:
            for number in range(deaths):
                life = rng.uniform(0.1, 0.5)
                pipeline = Pipeline(hub, mode, number, life, rng.randrange(1 << 30))
                if mode == 'hub' and number % 4 == 3:
                    time.sleep(life / 2)
                    hub.kill()
                    hub.start()
                pipeline.end(life)
                stuck += pipeline.stuck
            feeder.join(60)
            if mode == 'hub':  # what was in the pipe of one that died; the log knows the others
                feed(hub, lines, 0.2, stop)
            end = time.monotonic() + 60
            while last_seq(hub) < count and time.monotonic() < end:
                time.sleep(0.05)
            last = subprocess.run(['dnc-tail', '-e', '--state=place', '--since=0', '-o', 'json',
                                   f'ws://{hub.address}/ws/dnc'], cwd=dir, stdout=open(dir + '/out.last', 'wb'))
        finally:
            stop.set()
            feeder.join()
            hub.kill()
        seen, torn = whole_lines(dir)
        lost = set(range(1, count + 1)) - set(seen)
        print(f'{mode}: {deaths} deaths, {count} events: {len(lost)} lost, {len(seen) - len(set(seen))} repeated, '
              f'{torn} torn lines (seed {seed})')
        if stuck:
            print(f'{stuck} times dnc-tail went on without a reader')
        if lost or stuck or last.returncode not in (0, 1):
            print('first lost:', sorted(lost)[:10], 'status of the last run:', last.returncode)
            print(open(dir + '/tail.err').read()[-2000:])
            return 1
    return 0


sys.exit(main())

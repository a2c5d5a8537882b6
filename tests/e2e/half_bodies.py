"""half_bodies.py HOST:PORT TOKENS COUNT BYTES MOST - COUNT requests, with TOKENS by turns, that announce 4 MB, send BYTES of it, and stay.
Waits until all is sent and MOST at most have no answer, a minute at the longest; prints how many have none, and
which answers there were; then waits for the end of its input, and closes all."""
import collections, select, socket, sys, time

host, port = sys.argv[1].rsplit(':', 1)
count, size = int(sys.argv[3]), int(sys.argv[4])
heads = [(f'POST /api/v1/events HTTP/1.1\r\nHost: {sys.argv[1]}\r\nAuthorization: Bearer {token}\r\n'
          'Content-Length: 4000000\r\n\r\n').encode() for token in sys.argv[2].split()]
most = int(sys.argv[5])
left = {}
for i in range(count):
    s = socket.create_connection((host, int(port)))
    s.setblocking(False)
    left[s] = heads[i % len(heads)] + b' ' * size
answers, end = collections.Counter(), time.monotonic() + 60
while (any(left.values()) or len(left) > most) and time.monotonic() < end:
    readable, writable, _ = select.select(list(left), [s for s in left if left[s]], [], 1)
    for s in set(readable + writable):
        try:
            if s in readable:
                answer = s.recv(4096)
                answers[f"{answer[9:12].decode()}{' retry' if b'etry-after' in answer.lower() else ''}"] += 1
                del left[s]
            else:
                left[s] = left[s][s.send(left[s][:1 << 16]):]
        except BlockingIOError:
            pass
        except OSError:  # cut off in the middle, the answer may be lost with it
            answers['cut'] += 1
            del left[s]
print(len(left), *sorted(answers), sep='\n', flush=True)
sys.stdin.read()

"""An HTTP server of given answers, for dnc-tail and dnc-emit. Standard input holds a JSON object for each request: status, and
perhaps headers and body, or raw, bytes in hexadecimal, or hang, which never answers, or endless, whose answer has no end; the
last one is for all that follow, an empty object closes the connection. Prints its address first, then a JSON object for each
request: its path, whether it has a token, the lines of its body, and when it came (seconds)."""
import json, socket, sys, time

answers = [json.loads(line) for line in sys.stdin]
server = socket.socket()
server.bind(('127.0.0.1', 0))
server.listen()
print('127.0.0.1:%d' % server.getsockname()[1], flush=True)
while True:
    peer, _ = server.accept()
    head = b''
    while b'\r\n\r\n' not in head:
        more = peer.recv(65536)
        if not more:
            break
        head += more
        if more[0] == 22:  # a TLS handshake
            break
    head, _, sent = head.partition(b'\r\n\r\n')
    length = [int(h[15:]) for h in head.lower().split(b'\r\n') if h.startswith(b'content-length:')]
    while length and len(sent) < length[0]:
        more = peer.recv(65536)
        if not more:
            break
        sent += more
    print(json.dumps({'path': head.split(b' ')[1].decode('latin-1') if head[:4] in (b'GET ', b'POST') else '',
                      'lines': sent.count(b'\n'), 'token': b'authorization:' in head.lower(), 'at': time.monotonic()}), flush=True)
    answer = answers.pop(0) if len(answers) > 1 else answers[0]
    if 'hang' in answer:
        while peer.recv(65536):
            pass
    elif 'endless' in answer:
        try:
            while True:
                peer.sendall(answer['endless'].encode())
                answer['endless'] = 'x' * 4096 + '\r\n'
        except OSError:
            pass
    elif 'raw' in answer:
        peer.sendall(bytes.fromhex(answer['raw']))
    elif answer:
        body = answer.get('body', '')
        if isinstance(body, dict):
            body = json.dumps(body)
        headers = {'Content-Length': len(body), **answer.get('headers', {})}
        peer.sendall(('HTTP/1.1 %d x\r\n' % answer['status'] +
                      ''.join('%s: %s\r\n' % h for h in headers.items()) + '\r\n').encode())
        time.sleep(answer.get('pause', 0))  # the body comes later than its head
        peer.sendall(body.encode())
    peer.close()

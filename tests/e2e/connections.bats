# Connections before and beside their requests: TLS records, deadlines, limits from acceptance on, other origins.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || exit 1
	dnc-token keygen -o key
	dnc-token mint -k key --role=admin --sub=ops >token
}

certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
}

@test "over TLS heads and bodies of every size are answered at once" {
	certificate
	start_hub --tls-cert=tls.crt --tls-key=tls.key
	/usr/bin/python3 - "$ADDRESS" <<-'END'
		import socket, ssl, sys
		host, port = sys.argv[1].rsplit(":", 1)
		context = ssl.create_default_context()
		context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
		s = context.wrap_socket(socket.create_connection((host, int(port)), timeout=10))
		answers = s.makefile("rb")

		def ask(head, body=b""):
		    s.sendall(head.encode() + b"\r\n\r\n" + body)
		    status = int(answers.readline().split()[1])
		    length = 0
		    while (line := answers.readline()) != b"\r\n":
		        if line.lower().startswith(b"content-length:"):
		            length = int(line.split(b":")[1])
		    answers.read(length)
		    return status

		sizes = sorted({*range(2, 70000, 997), *(n + d for n in (4096, 8192, 16384, 24576, 32768, 65536) for d in (-300, -1, 0, 1))})
		for n in sizes:
		    head = f"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: {n}"
		    assert ask(head, b"[]".ljust(n)) == 422, n
		for n in range(100, 15000, 487):
		    pad = "x" * n
		    assert ask(f"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Pad: {pad}") == 200, n
		print(len(sizes), "bodies")
	END
}

@test "a client without TLS is told to use it, and the hub says who it was" {
	certificate
	start_hub --tls-cert=tls.crt --tls-key=tls.key
	run curl -s "http://$ADDRESS/healthz"
	[ "$output" = 'This port speaks TLS: use https:// or wss:// addresses.' ]
	grep -q 'a connection from 127.0.0.1 was refused: it does not speak TLS' hub.err
	curl -s --cacert tls.crt "https://$ADDRESS/healthz"
}

@test "what is refused before its body has come is still answered" {
	start_hub --keys=key.pub
	head -c 4000000 /dev/zero >big
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Expect:' --data-binary @big "http://$ADDRESS/api/v1/events")" = 401 ]
		[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Expect:' -H 'Transfer-Encoding: chunked' --data-binary @big "http://$ADDRESS/none")" = 404 ]
	done
}

@test "a connection that says nothing is closed, one that reads nothing is not read" {
	start_hub
	client <<-END
		within 10
		open
		expect end
	END
	# 2,000 answers of 64 KiB and more are asked for and not read: no memory is spent on them.
	/usr/bin/python3 - "$ADDRESS" "$HUB" <<-'END'
		import socket, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		resident = lambda: int(open(f"/proc/{sys.argv[2]}/statm").read().split()[1]) * 4
		before = resident()
		s = socket.create_connection((host, int(port)))
		s.setblocking(False)
		request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
		taken, until = 0, time.monotonic() + 20
		while taken < 2000 * len(request) // 100 and time.monotonic() < until:
		    try:
		        taken += s.send(request)
		    except BlockingIOError:
		        break
		assert resident() - before < 4096, resident() - before
		s.setblocking(True)
		s.settimeout(20)
		assert s.recv(12) == b"HTTP/1.1 200"
	END
	curl -s "http://$ADDRESS/healthz"
}

@test "pages of an allowed origin read answers and send tokens, others do not" {
	start_hub --keys=key.pub --allow-origin=https://ops.example
	local preflight=(-X OPTIONS -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: authorization, content-type')
	curl -s -D head -o /dev/null "${preflight[@]}" -H 'Origin: https://ops.example' "http://$ADDRESS/api/v1/events"
	head -1 head | grep -q ' 204 '
	grep -qi '^access-control-allow-origin: https://ops.example' head
	grep -qi '^access-control-allow-methods: .*POST' head
	grep -qi '^access-control-allow-headers: .*authorization.*last-event-id' head
	curl -s -D head -o /dev/null -H "Authorization: Bearer $(cat token)" -H 'Origin: https://ops.example' "http://$ADDRESS/api/v1/info"
	head -1 head | grep -q ' 200 '
	grep -qi '^access-control-allow-origin: https://ops.example' head
	grep -qi '^vary: origin' head
	curl -s -D head -o /dev/null "${preflight[@]}" -H 'Origin: https://evil.example' "http://$ADDRESS/api/v1/events"
	head -1 head | grep -q ' 403 '
	refute grep -qi '^access-control' head
}

@test "arguments of the address may be long, and none is lost" {
	start_hub
	events 20 >&9
	wait_for last_seq_is 20
	local long
	long=$(printf 'x%.0s' {1..4000})
	[ "$(curl -s "http://$ADDRESS/api/v1/events?provider=$long" | wc -l)" = 0 ]
	[ "$(curl -s "http://$ADDRESS/api/v1/events?phone_patterns=%5E%5C%2B1303555000%5B1-3%5D&limit=100" | wc -l)" = 3 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$ADDRESS/api/v1/events?provider=$long$long$long")" = 414 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$ADDRESS/api/v1/events?provider=%zz")" = 400 ]
}

@test "an address takes its share of connections, not those of others" {
	unshare -n true 2>/dev/null || skip "no network namespace can be made here"
	cat >flood.py <<-'END'
		import os, socket, sys, time
		host, port = sys.argv[1].rsplit(":", 1)
		address = (host, int(port))
		hub = sys.argv[2]
		descriptors = lambda: len(os.listdir(f"/proc/{hub}/fd"))

		def healthy(source):
		    s = socket.create_connection(address, timeout=10, source_address=(source, 0))
		    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		    return s.recv(12) == b"HTTP/1.1 200"

		flood = []
		for i in range(600):
		    flood.append(socket.create_connection(address, timeout=10, source_address=("192.0.2.66", 0)))
		refused = 0
		for s in flood:
		    s.settimeout(0.05 if refused else 5)
		    try:
		        got = s.recv(100)
		        refused += got.startswith(b"HTTP/1.1 503")
		        if got.startswith(b"HTTP/1.1 503"):
		            continue
		    except (TimeoutError, socket.timeout):
		        pass
		assert descriptors() < 200, descriptors()
		assert healthy("192.0.2.1"), "another address"
		assert refused >= 500, refused
		# Those that are left say nothing, and end.
		until = time.monotonic() + 20
		while not healthy("192.0.2.66"):
		    assert time.monotonic() < until
		    time.sleep(0.2)
		print(refused, "of 600 refused")
	END
	cat >inside <<-'END'
		ip link set lo up
		ip addr add 192.0.2.1/24 dev lo
		ip addr add 192.0.2.66/24 dev lo
		mkfifo in
		exec 9<>in
		"$BIN"/dnc-wsd --listen=192.0.2.1:0 --data=:memory: --max-connections=100 --keys=key.pub <in >address 2>hub.err &
		hub=$!
		for i in {1..600}; do [ -s address ] && break; read -rt 0.05 <> <(:); done
		timeout 60 /usr/bin/python3 flood.py "$(cat address)" $hub
		rc=$?
		kill $hub
		wait $hub
		cat hub.err
		exit $rc
	END
	run unshare -n bash inside
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *'connections are refused: too many are open, this one is from 192.0.2.66'* ]]
}

# Hubs that share a log behind haproxy, with the configurations of examples/haproxy: a balancer with a certificate, and a
# haproxy beside each hub. Clients only know the balancer.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	enter_open_folder haproxy
	declare -gA HUBS=() PORTS=()
	start_postgres log
	pg_make_log log
	# One hub has a login of its own, so that it alone can be cut off.
	pg_sql log 'CREATE ROLE hub_c LOGIN IN ROLE dnc_writer'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=hub.example -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	cat cert.pem key.pem >hub.pem
	export SSL_CERT_FILE="$DIR/cert.pem" CURL_CA_BUNDLE="$DIR/cert.pem" NODE_EXTRA_CA_CERTS="$DIR/cert.pem"
}

start_nth() { # a|b|c
	local n=$1 user=hub
	[ "$n" != c ] || user=hub_c
	mkdir -p "$n"
	rm -f "$n/address"
	dnc-wsd --listen="unix:$DIR/$n/web.sock,mode=0660,group=haproxy" --trust-proxy --input="unix:$DIR/$n/in.sock" \
		--log="$(PG_USER=$user pg_at log) dbname=dnc_log" </dev/null >"$n/address" 2>>"$n/err" 3>&- 9>&- &
	HUBS[$n]=$!
	PIDS+=("$!")
	wait_for has_content "$n/address"
}

# Names that nobody knows are given up soon.
run_haproxy() { # FILE
	RES_OPTIONS='timeout:1 attempts:1' /usr/sbin/haproxy -db -f "$1" >"$1.out" 2>&1 3>&- 9>&- &
	PIDS+=($!)
}

# The examples, with addresses of this test in them, and nothing else changed. Only if C is hub-c.example somebody asks
# for a name, at NAMES_PORT.
start_haproxies() { # [C]
	local n ports
	read -ra ports < <(free_ports 5)
	PORT=${ports[3]} NAMES_PORT=${ports[4]}
	PORTS=([a]=${ports[0]} [b]=${ports[1]} [c]=${ports[2]})
	sed "s|bind :443 ssl crt /etc/haproxy/hub.pem|bind 127.0.0.1:$PORT ssl crt $DIR/hub.pem|; s|/run/haproxy/|$DIR/|
		s|hub-a.example:8081|127.0.0.1:${PORTS[a]}|; s|hub-b.example:8081|127.0.0.1:${PORTS[b]}|
		s|hub-c.example:8081|${1:-127.0.0.1}:${PORTS[c]}|; s|parse-resolv-conf|nameserver test 127.0.0.1:$NAMES_PORT|" "$ROOT/examples/haproxy/balancer.cfg" >balancer.cfg
	for n in a b c; do
		sed "s|bind :8081|bind 127.0.0.1:${PORTS[$n]}|; s|/run/dnc/|$DIR/$n/|; s|192.0.2.10 192.0.2.11|127.0.0.1|" \
			"$ROOT/examples/haproxy/hub.cfg" >"$n/hub.cfg"
		run_haproxy "$n/hub.cfg"
	done
	run_haproxy balancer.cfg
	refute grep -q 'example:8081\|parse-\|/run/\|192.0.2' balancer.cfg a/hub.cfg
	wait_for test -S admin.sock || { cat ./*.out; return 1; }
	if [ -z "${1-}" ]; then wait_for is_up hubs a b c; else wait_for is_up hubs a b; fi
}

# A name server that knows hub-c.example, once there is a file known: as 127.0.0.1.
serve_names() {
	/usr/bin/python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    asked, peer = s.recvfrom(4096)
    end = asked.index(0, 12) + 5
    known = os.path.exists("known")
    v4 = asked[end - 4:end - 2] == b"\0\1" and known
    head = asked[:2] + (b"\x81\x80" if known else b"\x81\x83") + b"\0\1" + (b"\0\1" if v4 else b"\0\0") + b"\0\0\0\0"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton("127.0.0.1") if v4 else b""
    s.sendto(head + asked[12:end] + answer, peer)' "$NAMES_PORT" >names.out 2>&1 3>&- 9>&- &
	NAMES=$!
	PIDS+=("$NAMES")
}


# What the balancer's checks have found: the servers of the backend that get new clients.
ups() { # BACKEND
	/usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect("admin.sock"); s.sendall(b"show stat\n")
names, *rows = [row.strip("# \n").split(",") for row in s.makefile()]
rows = [dict(zip(names, row)) for row in rows]
print(*[r["svname"] for r in rows if r["pxname"] == sys.argv[1] and r.get("status") == "UP" and r["check_status"] == "L7OK"])' "$1"
}
is_up() { [ "$(ups "$1")" = "${*:2}" ]; } # BACKEND SERVER...

say_to() { curl -s --unix-socket "$1/web.sock" "http://hub$2"; } # HUB PATH
clients_of() { say_to "$1" /api/v1/clients | jq -r '.clients | length'; }
addresses_of() { say_to "$1" /api/v1/clients | jq -r '.clients[].address'; }
readyz() { say_to "$1" /readyz | jq -c .failing; }
readyz_is() { [ "$(readyz "$1")" = "$2" ]; }
log_holds() { [ "$(PG_DATABASE=dnc_log pg_sql log 'SELECT count(*) FROM dnc.events')" = "$1" ]; }

# Numbered events, the last of all has the number 0 and ends the clients.
numbered() { # FROM TO
	seq "$1" "$2" | sed 's/.*/{"type":"dnc.compliance.violation","phone_number":"+13035550001","violation_type":"t","n":&}/' | dnc-ingest -q
}

produce() { dnc-filter -q --output="unix:$DIR/a/in.sock,unix:$DIR/b/in.sock,unix:$DIR/c/in.sock"; }

# follow - clients of each kind, behind the balancer, that come back whenever they must
follow() {
	local i url=127.0.0.1:$PORT
	for i in 1 2; do
		dnc-tail --state="place$i" --since=0 -o json "wss://$url/ws/dnc" >"tail$i" 2>"tail$i.err" 3>&- 9>&- &
		PIDS+=($!)
		node "$BATS_TEST_DIRNAME/resume.js" "wss://$url/ws/dnc" 0 >"ws$i" 2>"ws$i.err" 3>&- 9>&- &
		PIDS+=($!)
		node "$BATS_TEST_DIRNAME/eventsource.js" "https://$url/api/v1/stream?since=0" >"sse$i" 2>"sse$i.err" 3>&- 9>&- &
		PIDS+=($!)
	done
	wait_for eval '[ "$(clients_of_all)" = 6 ]'
}
clients_of_all() { echo $(($(clients_of a) + $(clients_of b) + $(clients_of c))); }

# What each client has got: the events' own numbers, in the order of arrival.
seen() { # CLIENT
	case $1 in
	tail*) jq -c .event_data.n "$1" ;;
	ws*) sed 's/^[0-9]* //' "$1" ;;
	sse*) jq -c 'if .failed then . elif .data.seq then .data.event_data.n else empty end' "$1" ;;
	esac
}
has_seen() { [ "$(seen "$1" | tail -n 1)" = "$2" ]; }
has_passed() { [ "$(seen "$1" | tail -n 1)" -ge "$2" ]; }
all_have_seen() { # N
	local client
	for client in tail1 tail2 ws1 ws2 sse1 sse2; do wait_for has_seen "$client" "$1"; done
}

@test "clients go from hub to hub behind haproxy: one is killed, one ends, one loses the log; nothing is lost or twice" {
	local n client
	for n in a b c; do start_nth "$n"; done
	start_haproxies
	follow
	# Clients are spread.
	for n in a b c; do [ "$(clients_of "$n")" = 2 ]; done
	numbered 1 300 | produce
	all_have_seen 300

	# A machine dies while events come.
	(for n in {3..12}; do numbered $((n * 100 + 1)) $((n * 100 + 100)); sleep 0.1; done) | produce &
	PIDS+=($!)
	local producer=$!
	wait_for has_passed tail1 500
	kill -9 "${HUBS[a]}"
	wait "$producer"
	all_have_seen 1300
	wait_for is_up hubs b c
	[ "$(($(clients_of b) + $(clients_of c)))" = 6 ]
	start_nth a
	wait_for is_up hubs a b c

	# A service is stopped while events come.
	(for n in {13..22}; do numbered $((n * 100 + 1)) $((n * 100 + 100)); sleep 0.1; done) | produce &
	PIDS+=($!)
	producer=$!
	wait_for has_passed tail1 1500
	kill "${HUBS[b]}"
	wait "${HUBS[b]}"
	wait "$producer"
	all_have_seen 2300
	[ "$(($(clients_of a) + $(clients_of c)))" = 6 ]
	wait_for is_up hubs a c
	start_nth b
	wait_for is_up hubs a b c

	# One hub loses the log: no new client comes to it, those that it has stay, and have all once it is back.
	local had
	had=$(clients_of c)
	pg_sql log 'ALTER ROLE hub_c NOLOGIN'
	pg_sql log "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hub_c'" >/dev/null
	wait_for readyz_is c '["log"]'
	wait_for is_up hubs a b
	for n in {1..6}; do curl -sf -o /dev/null -D - "https://127.0.0.1:$PORT/readyz"; done >heads
	[ "$(grep -c '^HTTP.* 200' heads)" = 6 ]
	[ "$(grep -ic '^set-cookie: hub=[ab];' heads)" = 6 ]
	numbered 2301 2400 | produce
	[ "$(clients_of c)" = "$had" ]
	pg_sql log 'ALTER ROLE hub_c LOGIN'
	wait_for is_up hubs a b c
	all_have_seen 2400

	numbered 0 0 | produce
	all_have_seen 0
	log_holds 2401
	for client in tail1 tail2 ws1 ws2 sse1 sse2; do
		diff <(seen "$client") <(seq 2400; echo 0)
	done
}

@test "no hub has the log: clients are served what is there, and new ones get what comes first" {
	local n
	for n in a b; do start_nth "$n"; done
	start_nth c
	start_haproxies
	numbered 1 10 | produce
	kill_postgres log
	wait_for is_up hubs
	is_up hubs-without-log a b c
	[ "$(curl -s -o out -w '%{http_code}' "https://127.0.0.1:$PORT/readyz")" = 503 ]
	dnc-tail --since=0 -m 12 -o json "wss://127.0.0.1:$PORT/ws/dnc" >tail1 2>tail1.err 3>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for has_seen tail1 10
	restart_postgres log
	numbered 11 12 | produce
	wait "$tail"
	[ "$(seen tail1 | xargs)" = "$(seq -s ' ' 12)" ]
	wait_for is_up hubs a b c
}

@test "hubs know the clients behind two haproxies, whatever these say, and only the balancer is let in" {
	local n url=https://127.0.0.1
	for n in a b c; do start_nth "$n"; done
	start_haproxies
	url+=:$PORT
	for n in 2 3 4 5 6 7; do
		curl -sN --interface "127.0.0.$n" -H 'X-Forwarded-For: 203.0.113.9' "$url/api/v1/stream" >"stream$n" 3>&- &
		PIDS+=($!)
		wait_for has_content "stream$n"
	done
	for n in 8 9; do
		curl -sN --http1.1 --interface "127.0.0.$n" -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
			-H 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' -H 'X-Forwarded-For: 203.0.113.9' "$url/ws/dnc" >"stream$n" 3>&- &
		PIDS+=($!)
		wait_for has_content "stream$n"
	done
	for n in a b c; do addresses_of "$n"; done | sort >addresses
	diff addresses <(printf '127.0.0.%d\n' {2..9})
	# A page of the balancer's own address is let in by the scheme that browsers see.
	[ "$(curl -s -o out -w '%{http_code}' -H "Origin: $url" "$url/api/v1/info")" = 200 ]
	[ "$(curl -s -o out -w '%{http_code}' -H "Origin: http://127.0.0.1:$PORT" "$url/api/v1/info")" = 403 ]
	# Somebody else could claim any address.
	refute curl -sf --interface 127.0.0.2 --haproxy-protocol "http://127.0.0.1:${PORTS[a]}/healthz"
	[ "$(curl -s --haproxy-protocol "http://127.0.0.1:${PORTS[a]}/healthz" -o out -w '%{http_code}')" = 200 ]
}

@test "a hub whose name can't be resolved stops no balancer, and is served once it can; name servers may go away then" {
	local n
	for n in a b c; do start_nth "$n"; done
	start_haproxies hub-c.example
	/usr/sbin/haproxy -c -q -f balancer.cfg
	serve_names
	[ "$(curl -s -o out -w '%{http_code}' "https://127.0.0.1:$PORT/readyz")" = 200 ]
	is_up hubs a b
	: >known
	wait_for is_up hubs a b c
	wait_for is_up hubs-without-log a b c
	# Longer than 30 s, after which a name server that is away would take a hub out.
	kill "$NAMES"
	sleep 40
	is_up hubs a b c
}

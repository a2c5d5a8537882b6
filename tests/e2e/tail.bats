load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "dnc-tail prints the newest, those that match, and ends at the present" {
	start_hub
	events 100 >&9
	wait_for last_seq_is 100
	export DNC_URL="ws://$ADDRESS"
	[ "$(dnc-tail -e -o json | jq -c .seq | tr '\n' ' ')" = '91 92 93 94 95 96 97 98 99 100 ' ]
	[ "$(dnc-tail -e --since 97 -o json | jq -c .seq | tr '\n' ' ')" = '98 99 100 ' ]
	[ "$(dnc-tail -m 2 -n 50 -p '3$' -o json | jq -c .seq | tr '\n' ' ')" = '3 13 ' ]
	run dnc-tail -e -n 1
	[ "$status" -eq 0 ]
	[[ "$output" == *" critical compliance.violation   +13035550100  -            +1******0100 violation: t" ]]
	run dnc-tail -e -p '^\+0'
	[ "$status" -eq 1 ]
	[[ "$(dnc-tail -e -n 1 --color=always)" == *$'\033[1;37;41mcritical'* ]]
}

@test "nobody there is exit 69 in one line" {
	run dnc-tail ws://127.0.0.1:1/ws/dnc
	[ "$status" -eq 69 ]
	[ "${#lines[@]}" -eq 1 ]
}

# fails STATUS TEXT ARGUMENT... - dnc-tail -e ends with STATUS and one line that contains TEXT
fails() {
	local expected=$1 text=$2
	shift 2
	run timeout 25 dnc-tail -e "$@"
	echo "$output"
	[ "$status" -eq "$expected" ] && [ "${#lines[@]}" -eq 1 ] && [[ "$output" == *"$text"* ]]
}

@test "a connection that is not made ends with a status and what to do" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>openssl.err
	start_hub --tls-cert=tls.crt --tls-key=tls.key
	local port=${ADDRESS##*:}
	fails 69 "ws://127.0.0.1:$port/ws/dnc: the server uses TLS on this port; connect to it with wss://" \
		"ws://127.0.0.1:$port"
	fails 69 "wss://localhost:$port/ws/dnc: the hub's certificate was rejected: self-signed certificate; pass" \
		"wss://localhost:$port"
	fails 69 'IP address mismatch; use the name' --cacert=tls.crt "wss://127.0.0.1:$port"
	fails 69 'no program accepts connections there' ws://127.0.0.1:1
	fails 69 'the name nosuch.invalid has no address' ws://nosuch.invalid
	# A server that accepts and says nothing.
	/usr/bin/python3 -c '
import signal, socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
print(s.getsockname()[1], flush=True)
signal.pause()' >silent 3>&- 9>&- &
	PIDS+=($!)
	wait_for has_content silent
	fails 69 'no answer within' "ws://127.0.0.1:$(cat silent)"
	fails 69 'no answer within' "wss://127.0.0.1:$(cat silent)"
	fails 74 '--cacert: unable to open nope' --cacert=nope "wss://localhost:$port"
	fails 2 '--cacert: tls.key holds no certificate' --cacert=tls.key "wss://localhost:$port"
	fails 74 'unable to read the token file nope' --token-file=nope "wss://localhost:$port"
	fails 2 '--token-file: tls.crt holds no token' --token-file=tls.crt "wss://localhost:$port"
}

@test "a wrong path and a missing token are named" {
	durable_only
	dnc-token keygen -o key >kid
	start_hub --keys=key.pub
	fails 69 'the server has no /wrong (HTTP status 404)' "ws://$ADDRESS/wrong"
	fails 77 'authentication required' "ws://$ADDRESS"
	# A role without dnc:replay: no events only if there are none.
	dnc-token mint -k key --sub=desk --role=operator >token
	run -1 dnc-tail -e --token-file=token "ws://$ADDRESS"
	events 3 >&9
	wait_for log_has data 3
	fails 77 'requires the permission dnc:replay' --token-file=token "ws://$ADDRESS"
}

@test "dnc-tail comes back by itself when the hub was away" {
	start_hub
	# The shell has background jobs ignore SIGINT.
	env --default-signal=INT dnc-tail -n 0 -o json "ws://$ADDRESS/ws/dnc" >out 2>err 3>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	events 3 >&9
	wait_for eval '[ "$(wc -l <out)" -eq 3 ]'
	kill "$HUB"
	wait "$HUB" || :
	wait_for has_line 'reconnecting' err
	wait_for has_line 'unable to reconnect (no program accepts connections there' err
	exec 9>&-
	mkfifo again
	dnc-wsd --listen="$ADDRESS" --data="$BATS_TEST_TMPDIR/data" <again >second 2>second.err 3>&- &
	PIDS+=($!)
	exec 9>again
	wait_for has_line 'reconnected' err
	events 2 >&9
	wait_for eval '[ "$(wc -l <out)" -eq 5 ]'
	kill -INT "$tail"
	local status=0
	wait "$tail" || status=$?
	[ "$status" -eq 130 ]
}

@test "--state goes on where the last one stopped, --since takes times" {
	durable_only
	start_hub
	events 30 >&9
	wait_for last_seq_is 30
	export DNC_URL="ws://$ADDRESS"
	[ "$(dnc-tail -e -n 5 --state=place -o json | jq -c .seq | tr '\n' ' ')" = '26 27 28 29 30 ' ]
	run dnc-tail -e --state=place
	[ "$status" -eq 1 ]
	events 3 >&9
	wait_for last_seq_is 33
	[ "$(dnc-tail -m 2 --state=place -o json | jq -c .seq | tr '\n' ' ')" = '31 32 ' ]
	[ "$(cut -d' ' -f2 place)" = 32 ]
	[ "$(dnc-tail -e --state=place -o json | jq -c .seq | tr '\n' ' ')" = '33 ' ]
	[ "$(dnc-tail -e --since=-1h -o json | wc -l)" -eq 33 ]
	run dnc-tail -e --since=2999-01-01
	[ "$status" -eq 1 ]
	run dnc-tail -e --since=yesterday
	[ "$status" -eq 2 ]
	echo nonsense >place
	run dnc-tail -e --state=place
	[ "$status" -eq 2 ]
	# Another log: what the state names is gone, and that is said.
	echo 'ffffffffffffffff 7' >place
	dnc-tail -e --state=place -o json >out 2>err
	grep -q 'epoch' err
	[ "$(wc -l <out)" -eq 33 ]
}

@test "a hub that was restarted sends what a client lacks, from its log" {
	durable_only
	start_hub
	events 3000 >&9
	wait_for last_seq_is 3000
	kill -9 "$HUB"
	wait "$HUB" || :
	exec 9>&-
	mkfifo again
	dnc-wsd --listen=127.0.0.1:0 --data="$BATS_TEST_TMPDIR/data" <again >address2 2>second.err 3>&- &
	PIDS+=($!)
	exec 9>again
	wait_for has_content address2
	ADDRESS=$(cat address2)
	events 10 >&9
	wait_for last_seq_is 3010
	[ "$(dnc-tail -e --since=0 -o json "ws://$ADDRESS" | jq -c .seq | tr '\n' ' ')" = "$(seq 3010 | tr '\n' ' ')" ]
	[ "$(dnc-tail -e -n 40 -p '00.7$' -o json "ws://$ADDRESS" | wc -l)" -eq 11 ]
}

@test "a reader that leaves ends dnc-tail at once and in silence, also while idle" {
	start_hub
	events 30 >&9
	wait_for last_seq_is 30
	export DNC_URL="ws://$ADDRESS"
	timeout 15 bash -c 'dnc-tail -n 3 2>err | head -n 1 >out; echo "${PIPESTATUS[0]}" >status'
	[ "$(cat status)" = 141 ]
	[ "$(wc -l <out)" -eq 1 ]
	[ ! -s err ]
	# A socket, too; what its reader did not take comes again.
	timeout 15 /usr/bin/python3 - <<-'END'
		import os, signal, socket, subprocess
		ours, theirs = socket.socketpair()
		tail = subprocess.Popen(['dnc-tail', '--state=place', '--since=0', '-o', 'json'], stdout=theirs)
		theirs.close()
		ours.recv(10)
		ours.close()
		assert tail.wait() == -signal.SIGPIPE, tail.returncode
		assert open('place').read().split()[1] == '0', open('place').read()
	END
	run -74 bash -c 'dnc-tail -e >&-'
	[[ "$output" == *'standard output'* ]]
	run -74 bash -c 'dnc-tail -e --state=full.place --since=0 >/dev/full'
	[ "$(cut -d' ' -f2 full.place)" = 0 ]
}

@test "the place is what the reader has taken out of the pipe, not what was written to it" {
	start_hub
	events 100 >&9
	wait_for last_seq_is 100
	export DNC_URL="ws://$ADDRESS"
	mkfifo pipe
	dnc-tail --state=place --since=0 -o json >pipe 3>&- 9>&- &
	local tail=$! status=0
	PIDS+=("$tail")
	exec 8<pipe
	wait_for has_content place
	[ "$(cut -d' ' -f2 place)" = 0 ]	# confirmed, and nothing taken
	local line
	for _ in 1 2 3; do
		read -r line <&8
	done
	head -c 20 <&8 >part	# and some of the fourth
	wait_for eval '[ "$(cut -d" " -f2 place)" = 3 ]'
	exec 8<&-
	wait "$tail" || status=$?
	[ "$status" -eq 141 ]
	[ "$(cut -d' ' -f2 place)" = 3 ]
	# At the end it waits for the reader, so that all is taken.
	[ "$(dnc-tail -e --state=place -o json | { read -rt 0.3 <> <(:) || :; jq -c .seq; } | head -n 1)" = 4 ]
	[ "$(cut -d' ' -f2 place)" = 100 ]
}

@test "readers, dnc-tail, the hub and commands that die lose no event" {
	local mode
	for mode in reader both tail hub file exec; do
		timeout 120 /usr/bin/python3 "$BATS_TEST_DIRNAME/tail_deaths.py" "$mode" "${TAIL_EVENTS:-2000}" "${TAIL_DEATHS:-6}" >out 3>&- 9>&- ||
			{ cat out; return 1; }
		echo "# $(cat out)" >&3
	done
}

@test "--exec is acknowledged by its exit status" {
	start_hub
	events 30 >&9
	wait_for last_seq_is 30
	export DNC_URL="ws://$ADDRESS"
	# shellcheck disable=SC2016
	dnc-tail --since=0 -m 20 -o json --batch=8 --state=place --exec='
		n=$(cat tries || echo 0); echo $((n + 1)) >tries
		cut -d" " -f2 place >>places
		[ $n = 0 ] && exit 3
		[ $n = 1 ] && kill -9 $$
		[ $n = 2 ] && { head -n 3; exit 1; }
		jq -c .seq' >out 2>err
	[ "$(head -n 4 places | sort -u)" = 0 ]
	[ "$(grep -v seq out | tr '\n' ' ')" = "$(seq 20 | tr '\n' ' ')" ]
	[ "$(cut -d' ' -f2 place)" = 20 ]
	grep -q 'exited with status 3; retrying its 8 events in 100 ms' err
	grep -q 'killed by signal 9 .*; retrying its 8 events in 200 ms' err
	grep -q 'exited with status 1; retrying its 8 events in 400 ms' err
	# Nothing need be read, and it works without a place; the rest goes without waiting for more.
	run -0 dnc-tail --since=0 -m 30 --batch=1000 --exec='exit 0'
	run -2 dnc-tail --batch=5
}

@test "SIGTERM waits for the command, for --grace at most" {
	start_hub
	events 5 >&9
	wait_for last_seq_is 5
	export DNC_URL="ws://$ADDRESS"
	mkfifo go
	dnc-tail --since=0 --state=place --exec='cat >got; read -r _ <go' 2>err 3>&- 9>&- &
	local tail=$! status=0
	PIDS+=("$tail")
	wait_for has_content got
	kill "$tail"
	[ "$(cut -d' ' -f2 place)" = 0 ]
	echo >go
	wait "$tail"
	[ "$(cut -d' ' -f2 place)" = 5 ]
	dnc-tail --since=0 --state=other --grace=0s --exec='cat >again; exec sleep 20' 2>err 3>&- 9>&- &
	tail=$!
	PIDS+=("$tail")
	wait_for has_content again
	kill "$tail"
	wait "$tail" || status=$?
	[ "$status" -eq 75 ]
	grep -q 'still running; sending SIGTERM' err
	grep -q '5 events were not acknowledged' err
	[ "$(cut -d' ' -f2 other)" = 0 ]
}

@test "a state file serves one dnc-tail, and is tried before the first event" {
	start_hub
	events 30 >&9
	wait_for last_seq_is 30
	export DNC_URL="ws://$ADDRESS"
	dnc-tail --state=place -n 3 -o json >out 3>&- 9>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for eval '[ "$(wc -l <out)" -eq 3 ]'
	run -75 dnc-tail -e --state=place
	[ "$output" = "dnc-tail: $PWD/place is in use by process $tail" ]
	kill "$tail"
	wait "$tail"
	[ "$(cut -d' ' -f2 place)" = 30 ]
	run -74 --separate-stderr dnc-tail -e --state=missing/place
	[ -z "$output" ]
	run -2 dnc-tail -e --state=/dev/null
	# Where the first run started, though it saw no event.
	dnc-tail -n 0 --state=first -o json >out 3>&- 9>&- &
	tail=$!
	PIDS+=("$tail")
	wait_for has_content first
	kill -9 "$tail"
	wait "$tail" || :
	events 2 >&9
	wait_for last_seq_is 32
	[ "$(dnc-tail -e --state=first -o json | jq -c .seq | tr '\n' ' ')" = '31 32 ' ]
}

@test "a disk that is full is found before the first event, and the place stays" {
	start_hub
	events 30 >&9
	wait_for last_seq_is 30
	export DNC_URL="ws://$ADDRESS"
	mkdir small
	# shellcheck disable=SC2016
	run unshare -rm bash -c '
		mount -t tmpfs -o size=16k none small || exit 99
		dnc-tail -e -m 7 --since=0 --state=small/place >/dev/null || exit 98
		head -c 20000 /dev/zero >small/filler 2>/dev/null
		dnc-tail -e --state=small/place; echo "status $?"
		cut -d" " -f2 small/place; ls small'
	[ "$status" -ne 99 ] || skip "no small file system may be mounted here"
	[[ "$output" == *'No space left on device'*'status 74'*7* ]]
	[[ "$output" != *violation* ]]
}

@test "half a line at the end of a file is ended before the event comes again" {
	start_hub
	events 5 >&9
	wait_for last_seq_is 5
	export DNC_URL="ws://$ADDRESS"
	dnc-tail -e -m 3 --since=0 --state=place -o json >out
	printf '{"seq":4,"ty' >>out
	dnc-tail -e --state=place -o json >>out 2>err
	grep -q 'incomplete line' err
	[ "$(jq -cR 'fromjson? | .seq' out | tr '\n' ' ')" = '1 2 3 4 5 ' ]
}

# The words of a hub, in FILE: [OPTION...] are dnc-tail's. Leaves out, err, and hub.out with what was subscribed.
tail_of_words() {
	rm -f hub.out
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay <words >hub.out 3>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	run -69 --separate-stderr timeout 30 dnc-tail -o json "$@" "ws://$(head -n 1 hub.out)"
}

subscribed() { tail -n +2 hub.out | jq -c '[.since, .epoch]' | tr '\n' ' '; }

@test "a connection that ends before the gap it was promised leaves the place where it was" {
	local confirmed='{"type":"dnc.subscription.confirmed","metadata":{"from_seq":81,"last_seq":100,"epoch":"e2","recovered":false}}'
	local pong='{"type":"dnc.connection.pong","metadata":{"position":80}}' reason option
	printf '%s\n%s\n' "$confirmed" "$pong" >words
	for option in --no-reconnect --batch=5; do
		echo 'e1 50' >place
		tail_of_words --no-reconnect --state=place --exec='cat >>got' "$option"
		[ "$(subscribed)" = '[50,"e1"] ' ]
		[ "$(cat place)" = 'e1 50' ]
	done
	echo 'e1 50' >place
	tail_of_words --no-reconnect --state=place
	[ "$(cat place)" = 'e1 50' ]
	# Without a place there is none yet.
	tail_of_words --no-reconnect --state=fresh --since=50
	[ ! -s fresh ]
	# With the gap it moves, backwards too.
	for reason in retention epoch missing lag; do
		echo 'e1 90' >place
		printf '%s\n' "$confirmed" \
			'{"type":"dnc.connection.gap","metadata":{"from_seq":51,"to_seq":80,"reason":"'$reason'"}}' >words
		tail_of_words --no-reconnect --state=place
		[[ "$stderr" == *'events 51 to 80 were not received'* ]]
		[ "$(cat place)" = 'e2 80' ]
	done
	# A log that went back, and lacks nothing of what it has.
	echo 'e1 90' >place
	printf '%s\n' "${confirmed/81/34}" \
		'{"type":"dnc.connection.gap","metadata":{"from_seq":34,"to_seq":33,"reason":"epoch"}}' >words
	tail_of_words --no-reconnect --state=place
	[[ "$stderr" == *"the hub's log was replaced or restored (epoch): events from 34 on are new, and none of them is missing; the log no longer has the earlier events with these numbers"* ]]
	[ "$(cat place)" = 'e2 33' ]
	# One that knows nothing of this epoch, as of a backup that was made before the hub was restarted.
	echo 'e1 90' >place
	printf '%s\n' "${confirmed/81/1}" \
		'{"type":"dnc.connection.gap","metadata":{"from_seq":1,"to_seq":0,"reason":"epoch"}}' >words
	tail_of_words --no-reconnect --state=place
	[[ "$stderr" == *"the hub's log was replaced or restored (epoch), and does not know the position: all of its events follow, also those that were received before; skip them by id"* ]]
	[[ "$stderr" != *'none of them is missing'* ]]
	[ "$(cat place)" = 'e2 0' ]
	echo 'e1 90' >place
	printf '%s\n' "$confirmed" '{"seq":81,"type":"dnc.list.synced"}' >words
	tail_of_words --no-reconnect --state=place
	[ "$(cat place)" = 'e2 81' ]
}

@test "numbers that no event can have end the run, and the place stays where it was" {
	local confirmed='{"type":"dnc.subscription.confirmed","metadata":{"from_seq":6,"last_seq":25,"epoch":"e1","recovered":true}}'
	local first='{"seq":6,"type":"dnc.list.synced"}' words said
	while IFS='|' read -r words said; do
		echo 'e1 5' >place
		printf '%s\n' "$confirmed" "$first" "$words" '{"seq":26,"type":"dnc.list.synced"}' >words
		tail_of_words --state=place
		echo "$words: $output $stderr"
		[ "$output" = "$first" ]
		[[ "$stderr" == "dnc-tail: the hub $said"* ]]
		[ "$(cat place)" = 'e1 6' ]
	done <<-'END'
		{"type":"dnc.connection.gap","metadata":{"from_seq":7,"to_seq":9223372036854775807,"reason":"lag"}}|named a gap that ends at 9223372036854775807, but the newest event of its log was 25
		{"type":"dnc.connection.pong","metadata":{"position":9223372036854775807}}|named a position at 9223372036854775807
		{"type":"client.stats","metadata":{"position":9223372036854775807,"lag":0}}|named a position at 9223372036854775807
		{"seq":123456789012345678,"type":"dnc.list.synced"}|named an event at 123456789012345678
		{"seq":3,"type":"dnc.list.synced"}|sent event 3 after event 6: its events are not in order
		{"seq":6,"type":"dnc.list.synced"}|sent event 6 after event 6: its events are not in order
	END
	# Where it begins.
	while IFS='|' read -r words said; do
		echo 'e1 5' >place
		printf '%s\n' "$words" '{"seq":27,"type":"dnc.list.synced"}' >words
		tail_of_words --state=place
		echo "$words: $output $stderr"
		[ -z "$output" ]
		[[ "$stderr" == "dnc-tail: the hub $said"* ]]
		[ "$(cat place)" = 'e1 5' ]
	done <<-END
		${confirmed/:6,/:26,}|continues at event 26 instead of 6, and names no gap
		${confirmed/:6,/:2,}|continues at event 2 instead of 6, and names no gap
		$first|sent event 6 before it confirmed the subscription
	END
	printf '%s\n' "${confirmed/:6,/:9223372036854775807,}" >words
	tail_of_words --since=5 --state=fresh
	[[ "$stderr" == *'named a beginning at 9223372036854775806'* ]]
	[ ! -s fresh ]
	# Many events that come later are no such numbers.
	printf '%s\n' "$confirmed" '{"type":"dnc.connection.gap","metadata":{"from_seq":6,"to_seq":1000000,"reason":"lag"}}' \
		'{"seq":2000000,"type":"dnc.list.synced"}' >words
	echo 'e1 5' >place
	tail_of_words --no-reconnect --state=place
	[ "$(cat place)" = 'e1 2000000' ]
}

@test "a connection is kept while the reader takes nothing, however long" {
	cat >hub.py <<-'END'
		import threading
		from frame_hub import c, frame, read
		def send(text): c.sendall(frame(0x81, text.encode()))
		def events():
		    # More than the buffers of both sockets hold.
		    for seq in range(1, 40001): send('{"seq":%d,"x":"%s"}' % (seq, "y" * 1000))
		    print("sent", flush=True)
		send('{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1,"last_seq":40000,"epoch":"e"}}')
		threading.Thread(target=events).start()
		while read() != (10, b""): pass
		print("pong", flush=True)
		while read()[0] != 8: pass
	END
	PYTHONPATH="$BATS_TEST_DIRNAME" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 hub.py >hub.out 3>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	mkfifo go
	dnc-tail --no-reconnect --since=0 -m 40000 -o json "ws://$(head -n 1 hub.out)" 2>err 3>&- | { read -r <go; cat; } >out 3>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for has_line pong hub.out
	refute grep -q sent hub.out
	# As long as a hub, or the library, waits for an answer to a ping.
	[ -z "${PINGS-}" ] || sleep 100
	echo >go
	wait "$tail"
	[ "$(wc -l <out)" -eq 40000 ]
	[ ! -s err ]
}

@test "who connects again before the gap asks for it again, from the same place" {
	local promise='{"type":"dnc.subscription.confirmed","metadata":{"from_seq":81,"last_seq":100,"epoch":"e2","recovered":false}}'
	cat >words <<-END
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":50,"last_seq":50,"epoch":"e1","recovered":true}}
		{"seq":50,"type":"dnc.list.synced"}

		$promise

		$promise
		{"type":"dnc.connection.gap","metadata":{"from_seq":51,"to_seq":80,"reason":"epoch"}}

		{"error":"no more"}
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":81,"last_seq":100,"epoch":"e2","recovered":true}}
		{"type":"error","code":"x","message":"the end"}
	END
	rm -f hub.out
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay <words >hub.out 3>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	run -2 --separate-stderr timeout 30 dnc-tail -o json --since=49 --state=place "ws://$(head -n 1 hub.out)"
	[ "$(subscribed)" = '[49,null] [50,"e1"] [50,"e1"] [80,"e2"] ' ]
	[ "$(grep -c 'events 51 to 80 were not received' <<<"$stderr")" = 1 ]
	# The same before there is a place.
	cat >words <<-END
		$promise

		{"type":"error","code":"x","message":"the end"}
	END
	rm -f hub.out
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay <words >hub.out 3>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	run -2 timeout 30 dnc-tail -o json --since=49 "ws://$(head -n 1 hub.out)"
	[ "$(subscribed)" = '[49,null] [49,null] ' ]
}

@test "another epoch of the log is that of the place, but for a place from before the connection" {
	local promise='{"type":"dnc.subscription.confirmed","metadata":{"from_seq":81,"last_seq":100,"epoch":"e2","recovered":false}}'
	cat >words <<-END
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":51,"last_seq":51,"epoch":"e1","recovered":true}}
		{"seq":51,"type":"dnc.list.synced"}
		{"type":"dnc.connection.epoch","metadata":{"epoch":"e2","first_seq":52}}

		{"type":"dnc.connection.epoch","metadata":{"epoch":"e0","first_seq":52}}

		$promise
		{"type":"dnc.connection.epoch","metadata":{"epoch":"e3","first_seq":81}}

		$promise
		{"type":"dnc.connection.epoch","metadata":{"epoch":"e3","first_seq":81}}
		{"type":"dnc.connection.gap","metadata":{"from_seq":52,"to_seq":80,"reason":"retention"}}

		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":81,"last_seq":80,"epoch":"e3","recovered":true}}
		{"type":"dnc.connection.epoch","metadata":{"epoch":"e4","first_seq":80}}

		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":81,"last_seq":80,"epoch":"e3","recovered":true}}
		{"type":"dnc.connection.epoch","metadata":{"epoch":"e5","first_seq":81}}
		{"seq":81,"type":"dnc.list.synced"}
		{"type":"dnc.connection.epoch","metadata":{"epoch":"e6","first_seq":82}}
		{"type":"error","code":"x","message":"the end"}
	END
	echo 'e1 50' >place
	rm -f hub.out
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay <words >hub.out 3>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	run -2 --separate-stderr timeout 30 dnc-tail -o json --state=place "ws://$(head -n 1 hub.out)"
	[ "$(subscribed)" = '[50,"e1"] [51,"e2"] [51,"e2"] [51,"e2"] [80,"e3"] [80,"e3"] ' ]
	[ "$(cat place)" = 'e6 81' ]
	[ "$(jq -c .seq <<<"$output" | tr '\n' ' ')" = '51 81 ' ]
}

@test "gaps, being held back, warnings and what a role may not see are told in words" {
	echo 'e1 33' >place
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" >hub.out 3>&- <<-'END' &
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":61,"last_seq":60,"epoch":"e2","warning":"the role sees no such type"}}
		{"seq":61,"type":"dnc.list.synced"}
		{"type":"dnc.connection.held_back","metadata":{"reason":"rate_limit","behind":500,"position":61,"last_seq":561}}
		{"type":"dnc.connection.held_back","metadata":{"reason":"lag","behind":800,"position":61,"last_seq":861}}
		{"type":"dnc.connection.gap","metadata":{"from_seq":62,"to_seq":90,"reason":"lag"}}
		{"type":"dnc.connection.gap","metadata":{"from_seq":91,"to_seq":91,"reason":"too_large"}}
		{"type":"dnc.connection.gap","metadata":{"from_seq":92,"to_seq":95,"reason":"new_one"}}
	END
	PIDS+=($!)
	wait_for has_content hub.out
	run -69 dnc-tail --no-reconnect --state=place -o json "ws://$(head -n 1 hub.out)"
	[ "$(tail -n 1 hub.out | jq -c '[.last,.since]')" = '[0,null]' ]
	diff <(printf '%s\n' "$output" | sed '/^dnc-tail: lost /d' | sort) <(sort <<-'END'
		dnc-tail: events 34 to 60 (27) were missed: resuming requires the permission dnc:replay, which the role lacks; continuing with the newest event
		dnc-tail: warning from the hub: the role sees no such type
		{"seq":61,"type":"dnc.list.synced"}
		dnc-tail: 500 events behind, at 61 of 561 (rate_limit): the hub delays this client because its rate limit is lower than the rate of events
		dnc-tail: 800 events behind, at 61 of 861 (lag): the hub delays this client because it reads more slowly than events arrive
		dnc-tail: events 62 to 90 were not received (lag): this client read too slowly; the hub's log has them
		dnc-tail: events 91 to 91 were not received (too_large): too large for a message; the hub's log has them
		dnc-tail: events 92 to 95 were not received (new_one): for a reason that this version of dnc-tail does not know
	END
	)
	[ "$(cat place)" = 'e2 95' ]
}

@test "a state file holds a place and nothing else, and is never written through a link" {
	start_hub
	events 3 >&9
	wait_for last_seq_is 3
	export DNC_URL="ws://$ADDRESS"
	echo precious >other
	ln -s other place.new
	dnc-tail -e --since=0 --state=place -o json >out
	[ "$(wc -l <out)" -eq 3 ]
	[ "$(cat other)" = precious ]
	[ ! -e place.new ]
	local epoch=$(cut -d' ' -f1 place) bad
	for bad in "$epoch 1x" "$epoch 1 junk" " 1" "1" "$epoch" "$epoch -1" "$epoch 18446744073709551616" "" "$epoch  1" "$epoch 1"$'\n2'; do
		printf '%s\n' "$bad" >place
		run dnc-tail -e --state=place -o json
		[ "$status" -ne 0 ]
		[[ "$output" == *'not a state file of dnc-tail'* ]]
	done
	printf '%s 1' "$epoch" >place
	[ "$(dnc-tail -e --state=place -o json | jq -c .seq | tr '\n' ' ')" = '2 3 ' ]
}

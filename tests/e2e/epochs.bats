#!/usr/bin/env bats
# A log that gets another epoch while clients are connected, or has lost what they were sent. The hub's log is one that the test
# changes, as the follower of a shared log would: shared_log.c.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin
	cat >bin/dnc-wsd <<-END
		#!/bin/sh
		exec "$BIN/../test/dnc-wsd-shared" \$HUB_OPTIONS "\$@"
	END
	chmod +x bin/dnc-wsd
	mkfifo changes
	exec 8<>changes
	export DNC_SHARED_LOG=changes
}

teardown() {
	end_processes
	exec 8>&-
}

start_shared_hub() {
	PATH="$PWD/bin:$PATH" start_hub --data=data "$@"
	export DNC_URL="ws://$ADDRESS"
}

epoch_is() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq -r .epoch)" = "$1" ]; }
seqs() { jq -c 'select(.seq).seq' "$1" | tr '\n' ' '; }
told() { jq -c 'select(.type == "dnc.connection.epoch").metadata' "$1"; }
place_is() { [ "$(cat place 2>/dev/null)" = "$1" ]; }

# Starts dnc-tail, which keeps its place, and appends to out and err.
start_tail() {
	dnc-tail -o json --since=0 --state=place "$@" >>out 2>>err 3>&- 8>&- &
	TAIL=$!
	PIDS+=("$TAIL")
}

new_epoch_is_told() { # WORKERS
	local b=00000000000000b1 c=00000000000000c2 i
	start_shared_hub --workers="$1"
	start_tail
	for i in 1 2 3 4; do
		node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 12 '{"type":"subscribe","since":0}' >ws.$i 3>&- 8>&- &
		PIDS+=($!)
	done
	PROTOCOL=cloudevents.json node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 12 '{"type":"subscribe","since":0}' >ws.5 3>&- 8>&- &
	PIDS+=($!)
	node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 1 >idle 3>&- 8>&- &
	PIDS+=($!)
	curl -sN "http://$ADDRESS/api/v1/stream?since=0" >sse 3>&- 8>&- &
	PIDS+=($!)
	wait_for has_content idle
	events 5 >&9
	wait_for has_lines 5 out
	for i in 1 2 3 4 5; do
		wait_for grep -q '"seq":5\|"sequence":"0*5"' ws.$i
	done
	wait_for grep -q ':5$' sse
	# Without any event.
	echo "epoch $b" >&8
	wait_for epoch_is "$b"
	wait_for place_is "$b 5"
	wait_for grep -q "^id: $b:5$" sse
	for i in ws.1 ws.2 ws.3 ws.4 ws.5 idle; do
		wait_for has_line dnc.connection.epoch $i
		[ "$(told $i)" = '{"epoch":"'$b'","first_seq":6}' ]
	done
	events 5 >&9
	wait_for has_lines 10 out
	wait_for place_is "$b 10"
	# Who is away meanwhile comes back with the epoch that it knows.
	kill "$TAIL"
	wait "$TAIL" || :
	echo "epoch $c" >&8
	wait_for epoch_is "$c"
	start_tail
	events 2 >&9
	wait_for has_lines 12 out
	wait_for place_is "$c 12"
	[ "$(seqs out)" = "$(seq 12 | tr '\n' ' ')" ]
	[ "$(grep -vc '^$' err)" = 0 ]
	for i in 1 2 3 4; do
		wait_for has_line closed ws.$i
		[ "$(seqs ws.$i)" = "$(seq 12 | tr '\n' ' ')" ]
		# The message comes before the first event of the epoch.
		[ "$(jq -r 'if .type == "dnc.connection.epoch" then .metadata.first_seq else .seq // empty end' ws.$i | tr '\n' ' ')" = \
			'1 2 3 4 5 6 6 7 8 9 10 11 11 12 ' ]
	done
	[ "$(grep -o "^id: .*" sse | tail -n 1)" = "id: $c:12" ]
	refute grep -q 'connection.gap' ws.1 ws.2 ws.3 ws.4 ws.5 sse idle
}

@test "another epoch is told to every client, and nothing comes twice or is missed" {
	new_epoch_is_told 1
}

@test "another epoch is told to the clients of every worker" {
	new_epoch_is_told 3
}

@test "when the log has lost what was sent the hub ends with 75, and clients are told the gap by the next start" {
	start_shared_hub --workers=2
	events 10 >&9
	wait_for last_seq_is 10
	start_tail
	node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 100 '{"type":"subscribe","since":0}' >ws 3>&- 8>&- &
	PIDS+=($!)
	wait_for has_lines 10 out
	wait_for grep -q '"seq":10' ws
	wait_for grep -q ' 10$' place
	local epoch status=0 address=$ADDRESS
	epoch=$(cut -d' ' -f1 place)
	echo 'lost 9' >&8
	wait "$HUB" || status=$?
	[ "$status" = 75 ]
	grep -q 'events 9 to 10 are not in the log any more' hub.err
	wait_for has_line closed ws
	[[ "$(tail -n 1 ws)" =~ '"closed":1001,"reason":"retry_after_ms='[0-9]{3,4}'"' ]]
	place_is "$epoch 10"
	# What the server that took over has.
	sqlite3 data/events.db 'DELETE FROM events WHERE seq > 8'
	exec 9>&-
	LISTEN=$address start_hub --data=data
	wait_for last_seq_is 8
	wait_for grep -q 'events from 9 on are new, and none of them is missing; the log no longer has the earlier events with these numbers' err
	events 3 >&9
	wait_for has_lines 13 out
	[ "$(seqs out)" = '1 2 3 4 5 6 7 8 9 10 9 10 11 ' ]
	wait_for grep -q ' 11$' place
	refute grep -q "$epoch" place
}

seq_is_at_least() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .last_seq)" -ge "$1" ]; }

@test "what producers have sent is logged once, also when the hub ends because its log has lost events" {
	start_shared_hub --input="unix:$PWD/hub.sock"
	events 100000 >lines
	dnc-filter -q --output="unix:$PWD/hub.sock" <lines 3>&- 8>&- &
	local filter=$! status=0
	PIDS+=("$filter")
	wait_for seq_is_at_least 1000
	echo 'lost 500' >&8
	wait "$HUB" || status=$?
	[ "$status" = 75 ]
	exec 9>&-
	start_hub --data=data --input="unix:$PWD/hub.sock"
	wait "$filter"
	[ "$(sqlite3 data/events.db 'SELECT count(*), count(DISTINCT id) FROM events')" = '100000|100000' ]
}

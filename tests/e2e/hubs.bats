load ../helper

# Hubs that share a log know of each other, and their clients move.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	start_postgres a
	dnc-wsd --init-log --log="$(pg_at a) dbname=postgres"
	# As a hub should be: it may not write the table itself.
	pg_sql a 'CREATE ROLE hub LOGIN IN ROLE dnc_writer'
	LOG="$(PG_USER=hub pg_at a) dbname=postgres"
	PG_USER=hub refute pg_sql a "INSERT INTO dnc.hubs VALUES ('x', 'wss://x', '1', 0, 0)" 2>/dev/null
}


# start_nth N [OPTION...] - a hub on the log that advertises where it is: HUBN, URLN
start_nth() {
	local n=$1 port
	shift
	port=$(free_ports 1)
	rm -f "address$n" "in$n"
	mkfifo "in$n"
	dnc-wsd --listen="127.0.0.1:$port" --log="$LOG" --advertise="ws://127.0.0.1:$port/ws/dnc" "$@" \
		<>"in$n" >"address$n" 2>"hub$n.err" 3>&- &
	PIDS+=("$!")
	eval "HUB$n=$! AT$n=127.0.0.1:$port URL$n=ws://127.0.0.1:$port/ws/dnc"
	wait_for has_content "address$n"
}

# kill_nth N - as a machine that is gone; stop_nth N - in order
kill_nth() {
	local pid="HUB$1"
	kill -9 "${!pid}"
	wait "${!pid}" 2>/dev/null || :
}
stop_nth() {
	local pid="HUB$1"
	kill "${!pid}"
	wait "${!pid}"
}

# others AT - how many others the hub knows
others() { curl -s "http://$1/api/v1/hubs" | jq '.hubs | map(select(.self | not)) | length'; }
knows() { [ "$(others "$1")" = "$2" ]; }
last_of() { [ "$(curl -s "http://$1/api/v1/info" | jq .last_seq)" = "$2" ]; } # AT SEQ

# follow ARGUMENT... - dnc-tail in the background: out, err, TAIL
follow() {
	dnc-tail -o json "$@" >out 2>err 3>&- &
	TAIL=$!
	PIDS+=("$TAIL")
}

now_ms() { date +%s%3N; }

@test "hubs on one log list each other; one that ends is gone at once, one that is killed after a while" {
	start_nth 1
	start_nth 2
	start_nth 3
	wait_for knows "$AT1" 2
	wait_for knows "$AT2" 2
	curl -s "http://$AT1/api/v1/hubs" | jq -c '.hubs[0]' >self
	[ "$(cat self)" = "{\"advertise\":\"$URL1\",\"self\":true,\"connections\":0}" ]
	[ "$(curl -s "http://$AT1/api/v1/hubs" | jq -r '.hubs[].advertise' | sort | xargs)" = "$(printf '%s\n' "$URL1" "$URL2" "$URL3" | sort | xargs)" ]
	# How many clients the others have follows within seconds.
	follow "$URL3"
	wait_for eval '[ "$(curl -s "http://$AT1/api/v1/hubs" | jq "[.hubs[] | select(.self | not) | .connections] | add")" = 1 ]'
	kill -9 "$HUB3"
	local begun=$SECONDS
	[ "$(pg_sql a 'SELECT count(*) FROM dnc.hubs')" = 3 ]
	stop_nth 2
	[ "$(pg_sql a 'SELECT count(*) FROM dnc.hubs')" = 2 ]
	wait_for knows "$AT1" 0
	[ $((SECONDS - begun)) -ge 15 ]
	[ $((SECONDS - begun)) -le 40 ]
}

@test "the rows of hubs wait for no standby server" {
	start_nth 1
	wait_for eval '[ "$(pg_sql a "SELECT count(*) FROM dnc.hubs")" = 1 ]'
	pg_sql a "ALTER SYSTEM SET synchronous_standby_names = 'nobody'" >/dev/null
	pg_sql a 'SELECT pg_reload_conf()' >/dev/null
	local seen
	seen=$(pg_sql a 'SELECT seen_at FROM dnc.hubs')
	wait_for eval '[ "$(pg_sql a "SELECT seen_at FROM dnc.hubs")" -gt "$((seen + 3000))" ]'
	[ "$(pg_sql a "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")" = 0 ]
	stop_nth 1
	[ "$(pg_sql a 'SELECT count(*) FROM dnc.hubs')" = 0 ]
}

@test "dnc-tail is at another hub at once when its hub ends, and misses nothing" {
	start_nth 1
	start_nth 2
	start_nth 3
	wait_for knows "$AT1" 2
	events 500 >in1
	wait_for last_of "$AT3" 500
	follow --follow-hubs --since=0 --state=place "$URL1"
	wait_for has_lines 500 out
	# Events come all the time, from another hub.
	(for i in {1..20}; do events 50; sleep 0.1; done) >in2 3>&- &
	PIDS+=($!)
	wait_for eval '[ "$(wc -l <out)" -ge 600 ]'
	local begun
	begun=$(now_ms)
	kill "$HUB1"
	wait_for has_line "reconnected to ws://127.0.0.1" err
	[ $(($(now_ms) - begun)) -lt 1000 ]
	wait_for has_lines 1500 out
	[ "$(jq .seq out)" = "$(seq 1500)" ]
	grep -q "connection to $URL1 lost (closed by the hub: it is shutting down (close code 1001)); trying ws://" err
	[ "$(grep -c 'not received\|epoch' err)" = 0 ]
	# And on to the third, which the second one names.
	local at
	at=$(sed -n 's|^dnc-tail: reconnected to ||p' err)
	if [ "$at" = "$URL2" ]; then stop_nth 2; else stop_nth 3; fi
	wait_for eval '[ "$(grep -c "reconnected to" err)" = 2 ]'
	[ "$(sed -n 's|^dnc-tail: reconnected to ||p' err | sort)" = "$(printf '%s\n' "$URL2" "$URL3" | sort)" ]
}

@test "an address that was not given gets neither token nor visit, unless --follow-hubs says so" {
	dnc-token keygen -o key >kid
	dnc-token mint --key=key --role=admin --sub=me >token
	start_nth 1 --keys=key.pub
	start_nth 2 --keys=key.pub
	wait_for eval '[ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$AT1/api/v1/hubs" | jq ".hubs | length")" = 2 ]'
	[ "$(curl -s -o body -w '%{http_code}' "http://$AT1/api/v1/hubs")" = 401 ]
	follow --token-file=token "$URL1"
	wait_for eval '[ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$AT1/api/v1/info" | jq .active_connections)" = 1 ]'
	stop_nth 1
	wait_for has_line 'connection lost (closed by the hub: it is shutting down (close code 1001)); reconnecting' err
	wait_for has_line 'unable to reconnect' err
	refute grep -q "$URL2" err
	[ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$AT2/metrics" | sed -n 's/^dnc_connections_opened_total //p')" = 0 ]
	kill "$TAIL"
	# Given, it is used at once; and with the option.
	start_nth 3 --keys=key.pub
	wait_for eval '[ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$AT3/api/v1/hubs" | jq ".hubs | length")" = 2 ]'
	follow --token-file=token --follow-hubs "$URL3"
	wait_for eval '[ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$AT3/api/v1/info" | jq .active_connections)" = 1 ]'
	stop_nth 3
	wait_for has_line "reconnected to $URL2" err
	run -2 dnc-tail --follow-hubs --insecure "$URL1"
	[[ "$output" == *'exclude each other'* ]]
}

@test "a hub tells its clients of others while it runs, and they go there when it is killed" {
	start_nth 1
	follow --follow-hubs --since=0 "$URL1"
	curl -sN "http://$AT1/api/v1/stream" >sse 3>&- &
	PIDS+=($!)
	wait_for has_line 'dnc.subscription.confirmed' sse
	refute grep -q connection.hubs sse
	start_nth 2
	wait_for has_line "^data: {\"type\":\"dnc.connection.hubs\".*\"hubs\":\[\"$URL2\"\]" sse
	# Whoever comes later is told at once.
	curl -sN "http://$AT1/api/v1/stream" >late 3>&- &
	PIDS+=($!)
	wait_for has_line "^data: {\"type\":\"dnc.connection.established\".*\"hubs\":\[\"$URL2\"\]" late
	events 3 >in1
	wait_for has_lines 3 out
	kill_nth 1
	wait_for has_line "reconnected to $URL2" err
	events 2 >in2
	wait_for has_lines 5 out
	[ "$(jq .seq out)" = "$(seq 5)" ]
	refute grep -q 'not received\|epoch' err
}

@test "the hubs that end name others to all clients, WebSocket and server-sent events" {
	start_nth 1
	start_nth 2
	wait_for knows "$AT1" 1
	curl -sN "http://$AT1/api/v1/stream" >sse 3>&- &
	PIDS+=($!)
	wait_for has_line 'dnc.subscription.confirmed' sse
	stop_nth 1
	wait_for has_line "^data: {\"type\":\"dnc.connection.shutdown\".*\"hubs\":\[\"$URL2\"\]" sse
	# Without another hub there is no such message.
	curl -sN "http://$AT2/api/v1/stream" >sse 3>&- &
	PIDS+=($!)
	wait_for has_line 'dnc.subscription.confirmed' sse
	wait_for knows "$AT2" 0
	stop_nth 2
	refute grep -q shutdown sse
}

@test "a hub with a log of its own is alone, and an address must be one" {
	local url
	start_hub --advertise=wss://hub-a.example/ws/dnc
	[ "$(curl -s "http://$ADDRESS/api/v1/hubs")" = '{"hubs":[{"advertise":"wss://hub-a.example/ws/dnc","self":true,"connections":0}]}' ]
	for url in http://a '' wss:// wss://:1 'wss://a b' wss://u@a 'wss://a/?x' wss://a:65536 wss://a:x wss://a: \
		wss://a,wss://b wss://a:1,b:2 'wss://[::1' 'wss://[]' 'wss://[::1]x' "wss://$(printf 'a%.0s' {1..260})"; do
		run -2 dnc-wsd --advertise="$url" --data=:memory:
		[[ "$output" == *'is not an address like wss://hub-a.example/ws/dnc'* ]]
	done
}

@test "hubs that send dnc-tail away as soon as it is there are not asked again and again without a pause" {
	local n
	for n in 1 2; do
		/usr/bin/python3 "$ROOT/tests/e2e/brief_hub.py" >brief$n 2>connections$n 3>&- &
		PIDS+=("$!")
		wait_for has_content brief$n
	done
	run -124 timeout 3 dnc-tail "ws://$(cat brief1)" "ws://$(cat brief2)"
	cat connections1 connections2 | wc -l
	[ "$(cat connections1 connections2 | wc -l)" -lt 30 ]
	[ "$(wc -l <connections2)" -gt 0 ]
}

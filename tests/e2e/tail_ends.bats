load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# seqs OPTION... - what dnc-tail prints, as sequence numbers on one line
seqs() { dnc-tail -o json "$@" | jq -c .seq | tr '\n' ' '; }

# hub_of_words - a hub that says what standard input has; URL is its address
hub_of_words() {
	rm -f hub.out
	cat >words	# a background job has no standard input
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" "$@" <words >hub.out 3>&- 9>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	URL="ws://$(head -n 1 hub.out)"
}

@test "--until ends after an event, whether it matches or not, and with it when it comes" {
	start_hub
	events 30 >&9
	wait_for last_seq_is 30
	export DNC_URL="ws://$ADDRESS"
	[ "$(seqs --until=3)" = '1 2 3 ' ]
	[ "$(seqs --since=5 --until=8)" = '6 7 8 ' ]
	[ "$(seqs --until=15 -p '0$')" = '10 ' ]
	[ "$(seqs -e --since=28 --until=1000)" = '29 30 ' ]
	run -1 dnc-tail --until=9 -p '0$'
	run -1 dnc-tail --until=5 -p '^\+0'
	run -2 dnc-tail --since=5 --until=5
	run -2 dnc-tail -n 3 --until=5
	run -2 dnc-tail --until=tomorrow
	# One that is not there yet: events that do not match count, too.
	dnc-tail -o json --since=30 --until=33 -p '1$' >out 3>&- 9>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	events 4 | sed 's/+1303555/+1303556/' | dnc-ingest -q >&9
	wait "$tail"
	[ "$(jq -c .seq out | tr '\n' ' ')" = '31 ' ]
}

@test "--until takes times: what was logged until then" {
	start_hub
	events 10 >&9
	wait_for last_seq_is 10
	export DNC_URL="ws://$ADDRESS"
	# Events of one commit are of one time.
	wait_for eval '[ "$(date +%s%3N)" -gt "$(($(log_sql data "SELECT max(logged_at) FROM events" 2>/dev/null || echo 0) + 20))" ]'
	local between=$(date -u +%FT%T.%3NZ)
	wait_for eval '[[ $(date -u +%FT%T.%3NZ) > "$between" ]]'
	events 25 | tail -n 5 >&9
	wait_for last_seq_is 15
	[ "$(seqs --until="$between")" = "$(seq 10 | tr '\n' ' ')" ]
	[ "$(seqs --since=8 --until="$between")" = '9 10 ' ]
	[ "$(seqs --since="$between" -e)" = '11 12 13 14 15 ' ]
	[ "$(seqs --since=-1h --until=-0s)" = "$(seq 15 | tr '\n' ' ')" ]
	run -1 --separate-stderr dnc-tail --until=2001-01-01
	[ -z "$stderr" ]
	run -2 dnc-tail --since=-1h --until=-2h
	# A position behind it stays where it is; one before it moves up to it.
	dnc-tail -e --since=12 -m 1 --state=place -o json >out
	local position=$(cat place)
	run -1 dnc-tail --until="$between" --state=place
	[ "$(cat place)" = "$position" ]
	run -1 dnc-tail --since=2 --until="$between" -p '^\+0' --state=other
	[ "$(cut -d' ' -f2 other)" = 10 ]
	[ "$(seqs -e --state=other)" = '11 12 13 14 15 ' ]
	# The future, with the events that come until then.
	dnc-tail -o json --since=13 --until="$(date -u -d '+2 seconds' +%FT%T.%3NZ)" >out 3>&- 9>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for has_lines 2 out
	events 26 | tail -n 1 >&9
	wait "$tail"
	[ "$(jq -c .seq out | tr '\n' ' ')" = '14 15 16 ' ]
}

@test "--timeout ends with 124 when no event comes, connected or not" {
	start_hub
	events 3 >&9
	wait_for last_seq_is 3
	run -124 --separate-stderr timeout 20 dnc-tail --timeout=1s -o json "ws://$ADDRESS"
	[ "${#lines[@]}" -eq 3 ]
	[ "$stderr" = 'dnc-tail: no event came for 1 s (--timeout)' ]
	run -2 dnc-tail --timeout=0s
	# It is the time since the last event, not that of the run.
	dnc-tail --timeout=10s -n 0 -m 3 -o json "ws://$ADDRESS" >out 2>err 3>&- 9>&- &
	local tail=$! begun=$SECONDS
	PIDS+=("$tail")
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	events 5 | tail -n 1 >&9
	wait_for has_lines 1 out
	wait_for eval '[ $((SECONDS - begun)) -ge 6 ]'
	events 6 | tail -n 1 >&9
	wait_for has_lines 2 out
	wait_for eval '[ $((SECONDS - begun)) -ge 11 ]'
	events 7 | tail -n 1 >&9
	wait "$tail"
	# The hub goes away.
	dnc-tail --timeout=2s -n 0 "ws://$ADDRESS" >out 2>err 3>&- 9>&- &
	tail=$!
	PIDS+=("$tail")
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	kill -9 "$HUB"
	local status=0
	wait "$tail" || status=$?
	[ "$status" -eq 124 ]
	[ "$(tail -n 1 err)" = 'dnc-tail: no event came for 2 s (--timeout); there is no connection to the hub' ]
}

@test "--fail-on-gap ends with 3: at once, or with -e at the end, and the next run goes on" {
	local gap='{"type":"dnc.connection.gap","metadata":{"from_seq":2,"to_seq":5,"reason":"lag"}}'
	hub_of_words dnc:replay <<-END
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1,"last_seq":6,"epoch":"e1","recovered":true}}
		{"seq":1,"type":"dnc.list.synced"}
		$gap
		{"seq":6,"type":"dnc.list.synced"}

		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":6,"last_seq":6,"epoch":"e1","recovered":true}}
		{"seq":6,"type":"dnc.list.synced"}
		{"type":"error","code":"x","message":"the end"}
	END
	run -3 --separate-stderr dnc-tail --fail-on-gap --since=0 --state=place -o json "$URL"
	[ "$output" = '{"seq":1,"type":"dnc.list.synced"}' ]
	[[ "$stderr" == *'events 2 to 5 were not received (lag)'* ]]
	[ "$(cat place)" = 'e1 5' ]
	run -2 --separate-stderr dnc-tail --fail-on-gap --state=place -o json "$URL"
	[ "$output" = '{"seq":6,"type":"dnc.list.synced"}' ]
	hub_of_words dnc:replay <<-END
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1,"last_seq":6,"epoch":"e1","recovered":true}}
		$gap
		{"seq":6,"type":"dnc.list.synced"}
		{"type":"dnc.connection.pong","metadata":{"position":6}}
	END
	run -3 --separate-stderr dnc-tail -e --fail-on-gap --since=0 -o json "$URL"
	[ "$output" = '{"seq":6,"type":"dnc.list.synced"}' ]
	# Without a gap nothing changes.
	start_hub
	events 2 >&9
	wait_for last_seq_is 2
	run -0 dnc-tail -e --fail-on-gap "ws://$ADDRESS"
	# A position of another log.
	echo 'ffffffffffffffff 7' >other
	run -3 dnc-tail -e --fail-on-gap --state=other "ws://$ADDRESS"
	run -0 dnc-tail -e --fail-on-gap --since=0 "ws://$ADDRESS"
}

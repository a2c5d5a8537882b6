load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkfifo in1 in2
	start_nth 1 && start_nth 2
}

# start_nth N [OPTION...] - a hub with a log of its own: HUBN, ADDRESSN; its input is descriptor 8 or 9
start_nth() {
	local n=$1 listen=${AT-127.0.0.1:0}
	shift
	rm -f "address$n"
	dnc-wsd --listen="$listen" --data="$BATS_TEST_TMPDIR/data$n" "$@" <"in$n" >"address$n" 2>"hub$n.err" 3>&- &
	PIDS+=("$!")
	eval "HUB$n=$!"
	if [ "$n" = 1 ]; then exec 8>in1; else exec 9>in2; fi
	wait_for has_content "address$n"
	eval "ADDRESS$n=$(cat "address$n")"
}

# kill_nth N - as a machine that is gone
kill_nth() {
	local pid="HUB$1"
	kill -9 "${!pid}"
	wait "${!pid}" 2>/dev/null || :
}

# follow ARGUMENT... - dnc-tail in the background: out, err, TAIL
follow() {
	dnc-tail -o json "$@" >out 2>err 3>&- 8>&- 9>&- &
	TAIL=$!
	PIDS+=("$TAIL")
}

last_of() { [ "$(curl -s "http://$1/api/v1/info" | jq .last_seq)" = "$2" ]; } # ADDRESS SEQ

@test "the second of two hubs is used when the first does not answer, and it says so" {
	events 3 >&9
	wait_for last_of "$ADDRESS2" 3
	kill_nth 1
	run -0 --separate-stderr dnc-tail -e -o json "ws://$ADDRESS1" "ws://$ADDRESS2"
	[ "$(jq -c .seq <<<"$output" | tr '\n' ' ')" = '1 2 3 ' ]
	[[ "${stderr_lines[0]}" == "dnc-tail: unable to connect to ws://$ADDRESS1/ws/dnc (no program accepts connections there"*"); trying ws://$ADDRESS2/ws/dnc" ]]
	[ "${stderr_lines[1]}" = "dnc-tail: connected to ws://$ADDRESS2/ws/dnc" ]
	[ "${#stderr_lines[@]}" -eq 2 ]
	# The same from the environment, with any blanks.
	DNC_URL="  ws://$ADDRESS1	ws://$ADDRESS2 " run -0 --separate-stderr dnc-tail -e -o json
	[ "${#lines[@]}" -eq 3 ]
	# None answers: each is named, and the last one's failure is the status.
	kill_nth 2
	run -69 --separate-stderr dnc-tail -e "ws://$ADDRESS1" "ws://$ADDRESS2"
	[[ "${stderr_lines[1]}" == "dnc-tail: unable to connect to ws://$ADDRESS2/ws/dnc: no program"* ]]
	[ "${#stderr_lines[@]}" -eq 2 ]
	run -2 dnc-tail "ws://$ADDRESS1" http://b
	run -2 dnc-tail ws://{1..9}
	[[ "$output" == *'more than 8'* ]]
}

@test "when a hub dies the next one is asked, and another log behind it is a gap that is told" {
	events 2 >&8
	wait_for last_of "$ADDRESS1" 2
	events 5 >&9
	wait_for last_of "$ADDRESS2" 5
	follow --since=0 --state=place "ws://$ADDRESS1" "ws://$ADDRESS2"
	wait_for has_lines 2 out
	kill_nth 1
	wait_for has_line "reconnected to ws://$ADDRESS2/ws/dnc" err
	wait_for has_lines 7 out
	grep -q "connection to ws://$ADDRESS1/ws/dnc lost (.*); reconnecting" err
	grep -q "unable to connect to ws://$ADDRESS1/ws/dnc (no program.*); trying ws://$ADDRESS2/ws/dnc" err
	grep -q 'this hub has another log than the one before (epoch): its events from 1 on follow' err
	[ "$(jq -c .seq out | tr '\n' ' ')" = '1 2 1 2 3 4 5 ' ]
	# The position is of the other log now.
	wait_for eval '[ "$(cut -d" " -f2 place)" = 5 ]'
	kill "$TAIL"
	wait "$TAIL"
	run -1 --separate-stderr dnc-tail -e --state=place "ws://$ADDRESS2"
	[ -z "$stderr" ]
}

@test "the same log behind another address goes on without a gap, nothing twice" {
	events 3 >&8
	wait_for last_of "$ADDRESS1" 3
	follow --since=0 "ws://$ADDRESS1" "ws://$ADDRESS2"
	wait_for has_lines 3 out
	# The log moves to the second machine.
	kill_nth 1
	kill_nth 2
	rm -rf data2
	mv data1 data2
	AT=$ADDRESS2 start_nth 2
	wait_for has_line "reconnected to ws://$ADDRESS2" err
	events 2 >&9
	wait_for has_lines 5 out
	[ "$(jq -c .seq out | tr '\n' ' ')" = '1 2 3 4 5 ' ]
	[ "$(grep -c 'not received\|epoch' err)" = 0 ]
	# Each outage says once of each hub why it failed.
	[ "$(grep -c 'unable to connect' err)" -le 2 ]
}

@test "a hub that is restarted is not left for another one" {
	events 1 >&8
	wait_for last_of "$ADDRESS1" 1
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay >words.out 3>&- <<-'END' &
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1,"last_seq":1,"epoch":"e1","recovered":true}}
		{"seq":1,"type":"dnc.list.synced"}

		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":2,"last_seq":1,"epoch":"e1","recovered":true}}
		{"seq":2,"type":"dnc.list.synced"}
		{"close":[1001,"retry_after_ms=60000"]}
	END
	PIDS+=($!)
	wait_for has_content words.out
	follow --since=0 "ws://$(head -n 1 words.out)" "ws://$ADDRESS1"
	# The first loss is made good at once where it was; a hub that shuts down for a while is left.
	wait_for has_line "reconnected to ws://$ADDRESS1/ws/dnc" err
	[ "$(sed -n 's/^dnc-tail: \(re\)*connected to //p' err | head -n 3 | sort -u | wc -l)" = 2 ]
	[ "$(sed -n 2p err)" = "dnc-tail: connection to ws://$(head -n 1 words.out)/ws/dnc lost (closed by the hub); reconnecting" ] ||
		{ cat err; return 1; }
	grep -q "lost (closed by the hub: it is shutting down (close code 1001)); trying ws://$ADDRESS1/ws/dnc" err
	[ "$(jq -c .seq out | head -n 2 | tr '\n' ' ')" = '1 2 ' ]
}

@test "who is denied by one hub does not ask the next" {
	dnc-token keygen -o key >kid
	kill_nth 1
	AT=$ADDRESS1 start_nth 1 --keys=key.pub
	run -77 --separate-stderr dnc-tail -e "ws://$ADDRESS1" "ws://$ADDRESS2"
	[ -z "$output" ]
	[[ "$stderr" == *'authentication required'* ]]
	# A server that is no hub is passed over.
	events 1 >&9
	wait_for last_of "$ADDRESS2" 1
	run -0 --separate-stderr dnc-tail -e -o json "ws://$ADDRESS2/wrong" "ws://$ADDRESS2"
	[[ "$stderr" == *"/wrong (the server has no /wrong (HTTP status 404)"*"; trying ws://$ADDRESS2/ws/dnc"* ]]
}

@test "with --no-reconnect each hub is tried once, and the end of the connection is the end" {
	kill_nth 1
	follow --no-reconnect "ws://$ADDRESS1" "ws://$ADDRESS2"
	wait_for has_line "connected to ws://$ADDRESS2" err
	kill_nth 2
	local status=0 begun=$SECONDS
	wait "$TAIL" || status=$?
	[ $((SECONDS - begun)) -lt 15 ]	# a connection that is closed is not first asked whether it still lives
	[ "$status" -eq 69 ]
	grep -q "lost the connection to ws://$ADDRESS2" err
}

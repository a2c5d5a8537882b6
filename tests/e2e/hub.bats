load ../helper

collect() { timeout 30 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" "$@"; }
@test "events arrive once and in order, at node ws and at python3-websockets" {
	start_hub
	events 500 >&9
	collect 500 '{"type":"subscribe","since":0,"id":"a"}' >out
	[ "$(jq -c 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 500 | tr '\n' ' ')" ]
	[ "$(head -1 out | jq -r .type)" = dnc.connection.established ]
	[ "$(jq -r 'select(.request_id == "a") | .metadata.from_seq' out)" = 1 ]
	/usr/bin/python3 "$BATS_TEST_DIRNAME/python_client.py" "ws://$ADDRESS/ws/dnc" 500 >out
	[ "$(tr '\n' ' ' <out)" = "$(seq 500 | tr '\n' ' ')" ]
}

@test "the same when the hub writes only in the library's callback" {
	start_hub --write-in-callback
	events 500 >&9
	collect 500 '{"type":"subscribe","since":0}' >out
	[ "$(jq -c 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 500 | tr '\n' ' ')" ]
}

@test "a query string subscribes, with filter and last" {
	start_hub
	events 500 >&9
	wait_for last_seq_is 500
	timeout 30 node "$BATS_TEST_DIRNAME/collect.js" \
		"ws://$ADDRESS/ws/dnc?phone=00%5B1-9%5D7%24&last=3" 3 >out
	[ "$(jq -r 'select(.seq).phone_number' out | tr '\n' ' ')" = '+13035550077 +13035550087 +13035550097 ' ]
}

@test "no event comes twice on a connection, also when a filter looks back" {
	start_hub
	events 10 >&9
	wait_for last_seq_is 10
	client >out <<-'END'
		connect /ws/dnc?since=0
		until {"seq":10}
		say {"type":"subscribe","filters":{"phone_patterns":["^\\+1"]},"last":3,"id":"back"}
		expect {"type":"dnc.subscription.confirmed","request_id":"back","metadata":{"from_seq":11}}
		shell events 2 >&9
		until {"seq":12}
	END
	[ "$(jq -c 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 12 | tr '\n' ' ')" ]
}

@test "a raw event is made canonical, a bad one rejected with line and code" {
	start_hub --rejects "$BATS_TEST_TMPDIR/rejects"
	echo '{"type":"dnc.x"}' >&9
	echo '{"type":"dnc.number.suppressed","phone_number":"(303) 555-0143","reason":"complaint"}' >&9
	collect 1 '{"type":"subscribe","since":0}' >out
	[ "$(jq -r 'select(.seq).phone_number' out)" = +13035550143 ]
	[ "$(jq -c '[.line,.code]' "$BATS_TEST_TMPDIR/rejects")" = '[1,"unknown_type"]' ]
}

@test "producers on a Unix socket join in" {
	start_hub --input="unix:$BATS_TEST_TMPDIR/sock"
	events 20 | dnc-filter --output="unix:$BATS_TEST_TMPDIR/sock"
	collect 20 '{"type":"subscribe","since":0}' >out
	[ "$(jq -c 'select(.seq).seq' out | wc -l)" -eq 20 ]
}

@test "bad messages are told why and change nothing" {
	start_hub
	events 1 >&9
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		say nonsense
		expect {"type":"error","code":"invalid_json"}
		say {"type":"dance"}
		expect {"type":"error","code":"unknown_type"}
		say {"type":"subscribe","filters":{"phone_patterns":["^("]},"id":5}
		expect {"type":"error","code":"invalid_filter","request_id":5,"path":"filters.phone_patterns[0]","offset":2}
		say {"type":"subscribe","colour":1}
		expect {"type":"error","code":"invalid_field"}
		say {"type":"ping","id":"p"}
		expect {"type":"dnc.connection.pong","request_id":"p"}
		say {"type":"subscribe","since":0}
		expect {"type":"dnc.subscription.confirmed"}
		expect {"seq":1}
	END
}

@test "limits close with their codes" {
	start_hub --max-connections=1
	{
		printf '%s\n' 'connect /ws/dnc' 'frame 0x82 \x01' 'until close 1003' 'expect end'
		printf '%s\n' 'connect /ws/dnc' "say {$(head -c 40000 /dev/zero | tr '\0' ' ')}" 'until close 1009' 'expect end'
		echo 'connect /ws/dnc'
		echo cork
		yes 'say {"type":"ping"}' | head -100
		printf '%s\n' uncork 'until close 1008' 'expect end'
		printf '%s\n' 'connect /ws/dnc' 'expect {"type":"dnc.connection.established"}' 'as other' 'connect /ws/dnc' 'until close 4429'
	} | client
}

@test "pages of other sites are turned away" {
	start_hub
	client <<-'END'
		connect /ws/dnc header "Origin: http://evil.example"
		expect status 403
		as host
		open
		send GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n
		expect status 403
		as good
		http GET /readyz
		expect status 200
	END
	curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_events_total 0$'
	curl -s "http://$ADDRESS/nope" | jq -e '.status == 404'
}

@test "at the end clients get what is left, then 1001" {
	start_hub
	export HUB
	client <<-'END'
		connect /ws/dnc
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell events 50 >&9; wait_for last_seq_is 50; kill -TERM $HUB
		until 50 events
		expect close 1001
		expect end
	END
	wait "$HUB"
}

@test "a stalled client costs no memory and is told what it missed" {
	start_hub --data=:memory: --buffer=1M --max-lag=500
	resident() { awk '/VmRSS/ {print $2}' "/proc/$HUB/status"; }
	export HUB
	export -f resident
	# It does not read while the shell's lines run.
	client >messages <<-'END'
		connect /ws/dnc?since=0
		shell events 10000 >&9; wait_for last_seq_is 10000; resident >before
		shell events 100000 >&9; wait_for last_seq_is 110000; resident >after
		within 60
		until {"type":"dnc.connection.gap"}
	END
	[ "$(tail -1 messages | jq -r .metadata.reason)" = lag ]
	local grown=$(($(cat after) - $(cat before)))
	echo "resident: $(cat before) KiB, then $grown KiB more"
	# A queue would hold over 40 MiB. What grows are batches on their way, up to 8 MiB each: two on a busy machine,
	# more with several workers.
	[ "$grown" -lt 16384 ] || [[ "$BIN" == *asan* || ( -n ${HUB_OPTIONS-} && "$grown" -lt 32768 ) ]]
}

@test "1,000 clients get all of 200 events" {
	start_hub
	mkfifo hold
	timeout 100 node "$BATS_TEST_DIRNAME/many.js" "ws://$ADDRESS/ws/dnc" 1000 200 >out <hold 3>&- &
	PIDS+=($!)
	exec 7>hold
	wait_for has_line ready out
	events 200 >&9
	wait_for has_line done out
	[ "$(tail -1 out)" = 'done 1000 wrong 0' ]
	awk '/VmRSS/ {print "resident with 1,000 clients: " $2 " KiB"}' "/proc/$HUB/status" >&3
	echo end >&7
	exec 7>&-
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

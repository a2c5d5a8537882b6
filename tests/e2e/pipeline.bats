load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "published pages, through the pipeline, to a client: all that matched, once and in order" {
	data="$ROOT/../shared/data/ftc-reported-2020-02-16.pages.ndjson"
	[ -f "$data" ] || skip "the published file is not here"
	mkfifo in
	dnc-ingest -q --map-file "$ROOT/examples/maps/ftc-reported-api.jq" -x rejects "$data" 3>&- |
		tee accepted | dnc-filter --phone '^\+1916' 3>&- | tee matched >in &
	dnc-wsd --listen=127.0.0.1:0 --data=data <in >address 2>hub.err 3>&- &
	PIDS+=($!)
	wait_for has_content address
	ADDRESS=$(cat address)
	wait_for hub_has "$(grep -c '"phone_number":"+1916' <(dnc-ingest -q -x /dev/null \
		--map-file "$ROOT/examples/maps/ftc-reported-api.jq" "$data"))"
	[ "$(($(wc -l <accepted) + $(wc -l <rejects)))" -eq 2144 ]
	[ "$(jq -c 'select((.line | type) != "number" or (.code | type) != "string")' rejects | wc -l)" -eq 0 ]
	timeout 30 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc?since=0" "$(wc -l <matched)" >out
	jq -c 'select(.seq) | del(.seq)' out >received
	jq -c . matched | cmp - received
	[ "$(jq -c 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq "$(wc -l <matched)" | tr '\n' ' ')" ]
}

hub_has() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .last_seq)" = "$1" ]; }

@test "a port in use is one line and exit 69" {
	start_hub
	run dnc-wsd --listen="$ADDRESS" --data=other </dev/null
	[ "$status" -eq 69 ]
	[ "$output" = "dnc-wsd: unable to listen on $ADDRESS: Address already in use" ]
	run dnc-wsd --listen=10.0.0.1:0 --data=other </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *"only loopback"* ]]
}

@test "a socket whose owner lives is not taken over, a stale one is" {
	start_hub --input="unix:$BATS_TEST_TMPDIR/sock"
	run dnc-filter --input="unix:$BATS_TEST_TMPDIR/sock"
	[ "$status" -eq 69 ]
	[ "${#lines[@]}" -eq 1 ]
	kill -9 "$HUB"
	wait "$HUB" || :
	dnc-filter --input="unix:$BATS_TEST_TMPDIR/sock" >out 3>&- &
	PIDS+=($!)
	wait_for dnc-filter --output="unix:$BATS_TEST_TMPDIR/sock" <(events 1)
	wait_for has_content out
}

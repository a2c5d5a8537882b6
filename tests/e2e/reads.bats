load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	command -v strace >/dev/null || skip "strace is not here"
	export ASAN_OPTIONS=detect_leaks=0	# it can't look for leaks while it is traced
}

collect() { timeout 60 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" "$@"; }
seqs() { jq -c 'select(.seq).seq' "$1" | tr '\n' ' '; }

# A hub whose memory holds the newest of 3,000 events alone, and whose reader has read nothing yet.
start_full_hub() {
	start_hub --buffer=256K "$@"
	events 3000 >&9
	wait_for last_seq_is 3000
}

# From now on every read of the log fails. Sets STRACE.
fail_reads() {
	sqlite_only "the server reads the disk"
	strace -qq -f -p "$HUB" -e trace=pread64 -e inject=pread64:error=EIO -o traced 2>strace.err 3>&- 9>&- &
	STRACE=$!
	PIDS+=("$STRACE")
	wait_for is_traced "$HUB" || skip "nothing can be traced here"
}

mend_reads() {
	kill -INT "$STRACE"
	wait "$STRACE" || :
}

@test "a read that fails for a moment costs nothing, and no gap" {
	start_full_hub
	fail_reads
	collect 3000 '{"type":"subscribe","since":0}' >out 3>&- 9>&- &
	local client=$!
	PIDS+=("$client")
	wait_for has_line 'trying again' hub.err
	mend_reads
	wait "$client"
	[ "$(seqs out)" = "$(seq 3000 | tr '\n' ' ')" ]
	refute grep -q gap out
}

@test "while nothing can be read clients are sent away, told no gap, and history is no shorter page" {
	start_full_hub
	fail_reads
	collect 3000 '{"type":"subscribe","since":0}' >since 3>&- 9>&- &
	PIDS+=($!)
	local clients=($!)
	collect 3000 '{"type":"subscribe","last":2500,"filters":{"phone_patterns":["7$"]}}' >last 3>&- 9>&- &
	PIDS+=($!)
	clients+=($!)
	collect 3000 '{"type":"subscribe","since_time":"2020-01-01T00:00:00Z"}' >time 3>&- 9>&- &
	PIDS+=($!)
	clients+=($!)
	[ "$(curl -s -o page -w '%{http_code}' "http://$ADDRESS/api/v1/events?limit=3000")" = 503 ]
	wait "${clients[@]}"
	for out in since last time; do
		[ "$(tail -1 $out | jq -c '[.closed, .reason]')" = "[1011,\"the log can't be read now\"]" ]
		[ "$(seqs $out)" = '' ]
		refute grep -q gap $out
	done
	[ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 20 "http://$ADDRESS/api/v1/stream?since=0")" = 200 ]
	mend_reads
	collect 3000 '{"type":"subscribe","since":0}' >out
	[ "$(seqs out)" = "$(seq 3000 | tr '\n' ' ')" ]
	[ "$(curl -s "http://$ADDRESS/api/v1/events?limit=3000" | wc -l)" -eq 3000 ]
}

@test "rows that somebody deleted are told as missing" {
	start_full_hub
	log_sql data 'DELETE FROM events WHERE seq BETWEEN 100 AND 120'
	collect 2979 '{"type":"subscribe","since":0}' >out
	[ "$(jq -c 'select(.type == "dnc.connection.gap").metadata | [.reason, .from_seq, .to_seq]' out)" = '["missing",100,120]' ]
	[ "$(seqs out)" = "$({ seq 99; seq 121 3000; } | tr '\n' ' ')" ]
	dnc-tail -e --since=0 -o json "ws://$ADDRESS" >tail 2>err
	grep -q "100 to 120 were not received (missing)" err
}

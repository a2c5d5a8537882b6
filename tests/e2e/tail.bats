load ../helper

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
	[[ "$output" == *" critical compliance.violation   +13035550100 +1******0100 violation: t" ]]
	run dnc-tail -e -p nomatch
	[ "$status" -eq 1 ]
	[[ "$(dnc-tail -e -n 1 --color=always)" == *$'\033[1;37;41mcritical'* ]]
}

@test "nobody there is exit 69 in one line" {
	run dnc-tail ws://127.0.0.1:1/ws/dnc
	[ "$status" -eq 69 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "dnc-tail comes back by itself when the hub was away" {
	start_hub
	dnc-tail -n 0 -o json "ws://$ADDRESS/ws/dnc" >out 2>err 3>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	events 3 >&9
	wait_for eval '[ "$(wc -l <out)" -eq 3 ]'
	kill "$HUB"
	wait "$HUB" || :
	wait_for has_line 'connecting again' err
	exec 9>&-
	mkfifo again
	dnc-wsd --listen="$ADDRESS" --data="$BATS_TEST_TMPDIR/data" <again >second 2>second.err 3>&- &
	PIDS+=($!)
	exec 9>again
	wait_for has_line 'connected again' err
	events 2 >&9
	wait_for eval '[ "$(wc -l <out)" -eq 5 ]'
	kill -INT "$tail"
	local status=0
	wait "$tail" || status=$?
	[ "$status" -eq 130 ]
}

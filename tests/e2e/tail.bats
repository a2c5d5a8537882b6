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

@test "--state goes on where the last one stopped, --since takes times" {
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

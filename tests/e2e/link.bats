load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export IN="$BATS_TEST_TMPDIR/in.sock" OUT="$BATS_TEST_TMPDIR/out.sock"
}

drive() { timeout 100 /usr/bin/python3 "$BATS_TEST_DIRNAME/link_test.py" -- "$@" 3>&-; }

@test "dnc-filter acknowledges what its reader has acknowledged" {
	drive dnc-filter --input="unix:$IN" --output="unix:$OUT" -x rejects
	[ "$(jq -r .code rejects | sort | uniq -c | tr -s ' \n' ' ')" = ' 2 invalid_json ' ]
}

@test "dnc-ingest acknowledges what its reader has acknowledged" {
	drive dnc-ingest -q -f ndjson --input="unix:$IN" --output="unix:$OUT" -x rejects
}

@test "a stage whose reader never came says so, and that one may try again" {
	run timeout 60 dnc-filter --output="unix:$OUT" <(events 3)
	[ "$status" -eq 69 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "SIGHUP has services open their rejects anew" {
	dnc-filter --input="unix:$IN" -x rejects >out 2>err 3>&- &
	local stage=$!
	PIDS+=("$stage")
	start_hub --input="unix:$OUT" --rejects="$PWD/hub-rejects"
	reject() { echo nonsense | /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.stdin.buffer.read()); s.shutdown(1); s.recv(10)' "$1"; }
	wait_for test -S "$IN"
	reject "$IN"
	reject "$OUT"
	mv rejects old
	mv hub-rejects old-hub
	kill -HUP "$stage" "$HUB"
	wait_for test -e rejects -a -e hub-rejects
	reject "$IN"
	reject "$OUT"
	[ "$(cat old old-hub rejects hub-rejects | jq -r .code | tr '\n' ' ')" = 'invalid_json invalid_json invalid_json invalid_json ' ]
	[ "$(wc -l <rejects)$(wc -l <hub-rejects)" = 11 ]
}

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export IN="$BATS_TEST_TMPDIR/in.sock" OUT="$BATS_TEST_TMPDIR/out.sock"
}

drive() { timeout 100 /usr/bin/python3 "$BATS_TEST_DIRNAME/link_test.py" -- "$@" 3>&-; }

@test "dnc-filter acknowledges what its reader has acknowledged" {
	drive dnc-filter --input="unix:$IN" --output="unix:$OUT" -x rejects
	[ "$(jq -r .code rejects | sort | uniq -c | tr -s ' \n' ' ')" = ' 1 invalid_json ' ]
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

@test "a list that is published again ends with its count: new, duplicates, rejected" {
	start_hub --input="unix:$OUT" --rejects="$PWD/hub-rejects"
	events 1000 >once
	sed '1,10s/"violation_type":"t"/"violation_type":"u"/' once >changed
	run dnc-ingest --output="unix:$OUT" once
	[ "$output" = 'dnc-ingest: 1000 events: 1000 new, 0 duplicates, 0 rejected' ]
	run dnc-ingest --strict --output="unix:$OUT" once
	[ "$status" -eq 0 ]
	[ "$output" = 'dnc-ingest: 1000 events: 0 new, 1000 duplicates, 0 rejected' ]
	(cat changed; events 1000 | tail -n 5; echo nonsense) >third
	run dnc-ingest --strict -x rejects --output="unix:$OUT" third
	[ "$status" -eq 1 ]
	[ "$output" = 'dnc-ingest: 1006 events: 5 new, 990 duplicates, 11 rejected (10 by a later stage: see its rejects)' ]
	[ "$(jq -r .code hub-rejects | sort | uniq -c | tr -s ' \n' ' ')" = ' 10 id_conflict ' ]
	[ "$(jq -c .line hub-rejects | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 10 ' ]
	run dnc-filter -q --output="unix:$OUT" once
	[ "$output" = '' ]
	# Through a filter that drops half of them, all of the same.
	dnc-filter -q --phone '[02468]$' --input="unix:$IN" --output="unix:$OUT" 3>&- &
	PIDS+=($!)
	run dnc-ingest --output="unix:$IN" once
	[ "$output" = 'dnc-ingest: 1000 events: 0 new, 500 duplicates, 0 rejected, 500 dropped by a rule' ]
	last_seq_is 1005
}

@test "lines of standard input, too: a conflict names them" {
	start_hub --rejects="$PWD/rejects"
	events 1 >in
	cat in in >&9
	sed 's/"violation_type":"t"/"violation_type":"u"/' in >&9
	wait_for has_content rejects
	[ "$(jq -rc '[.line,.source,.code]' rejects)" = '[3,"stdin","id_conflict"]' ]
}

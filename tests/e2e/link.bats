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

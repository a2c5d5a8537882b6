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
	reject() { ADDRESS="unix:$1" client open 'send nonsense\n' half-close 'expect line 1 rejected=1'; }
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
	run dnc-ingest -f ndjson --output="unix:$OUT" once
	[ "$output" = 'dnc-ingest: 1000 events: 1000 new, 0 duplicates, 0 rejected' ]
	run dnc-ingest -f ndjson --strict --output="unix:$OUT" once
	[ "$status" -eq 0 ]
	[ "$output" = 'dnc-ingest: 1000 events: 0 new, 1000 duplicates, 0 rejected' ]
	(cat changed; events 1000 | tail -n 5; echo nonsense) >third
	run dnc-ingest -f ndjson --strict -x rejects --output="unix:$OUT" third
	[ "$status" -eq 1 ]
	[ "${lines[0]}" = 'dnc-ingest: 1006 events: 5 new, 990 duplicates, 11 rejected (10 by a later stage: see its rejects)' ]
	[[ "${lines[1]}" == 'dnc-ingest: 1 rejected with invalid_json'* ]]
	[ "$(jq -r .code hub-rejects | sort | uniq -c | tr -s ' \n' ' ')" = ' 10 id_conflict ' ]
	[ "$(jq -c .line hub-rejects | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 10 ' ]
	run dnc-filter -q --output="unix:$OUT" once
	[ "$output" = '' ]
	head -n 1 once >single
	run dnc-ingest -f ndjson --output="unix:$OUT" single
	[ "$output" = 'dnc-ingest: 1 event: 0 new, 1 duplicates, 0 rejected' ]
	# Through a filter that drops half of them, all of the same.
	dnc-filter -q --phone '[02468]$' --input="unix:$IN" --output="unix:$OUT" 3>&- &
	PIDS+=($!)
	run dnc-ingest -f ndjson --output="unix:$IN" once
	[ "$output" = 'dnc-ingest: 1000 events: 0 new, 500 duplicates, 0 rejected, 500 dropped by a rule' ]
	last_seq_is 1005
}

@test "several producers through one filter are told of their own lines, and of no more" {
	start_hub --input="unix:$OUT"
	dnc-filter -q --input="unix:$IN" --output="unix:$OUT" 3>&- &
	PIDS+=($!)
	wait_for test -S "$IN"
	local i publishers
	events 25000 >all
	split -l 5000 -d -a 1 all list
	publish() {
		publishers=()
		for i in 0 1 2 3; do
			dnc-ingest -f ndjson --output="unix:$IN" "$1$i" 2>"said$i" 3>&- &
			publishers+=($!)
		done
		wait "${publishers[@]}"
	}
	publish list
	[ "$(sort -u said?)" = 'dnc-ingest: 5000 events: 5000 new, 0 duplicates, 0 rejected' ]
	publish list
	[ "$(sort -u said?)" = 'dnc-ingest: 5000 events: 0 new, 5000 duplicates, 0 rejected' ]
	# Some new, some not: whose is not known, but each line counts once.
	for i in 0 1 2 3; do
		sed -n "$((i * 1000 + 1)),$((i * 1000 + 1000))p" list4
		cat "list$i"
	done | split -l 6000 -d -a 1 - mixed
	publish mixed
	awk '$2 != $4 + $6 + $8 {exit 1} {new += $4; known += $6} END {exit !(NR == 4 && new == 4000 && known == 20000)}' said?
	last_seq_is 24000
}

@test "lines of standard input, too: a conflict names them" {
	start_hub --rejects="$PWD/rejects"
	events 1 >in
	cat in in >&9
	sed 's/"violation_type":"t"/"violation_type":"u"/' in >&9
	wait_for has_content rejects
	[ "$(jq -rc '[.line,.source,.code]' rejects)" = '[3,"stdin","id_conflict"]' ]
}

@test "stages that wait for a hub that has stopped say so, and when they go on" {
	start_hub --input="unix:$OUT"
	wait_for test -S "$OUT"
	events 40000 >many # more than a stage keeps
	dnc-filter --input="unix:$IN" --output="unix:$OUT" 2>filter.err 3>&- &
	PIDS+=($!)
	wait_for test -S "$IN"
	kill -STOP "$HUB"
	dnc-ingest -f ndjson --output="unix:$OUT" many 2>ingest.err 3>&- &
	local ingest=$! filtered emit paced start=$EPOCHSECONDS
	dnc-ingest -f ndjson --rate=100/s --output="unix:$OUT" many 2>paced.err 3>&- &
	paced=$!
	dnc-ingest -f ndjson --output="unix:$IN" many 2>filtered.err 3>&- &
	filtered=$!
	dnc-emit --socket="$OUT" --timeout=5m number.suppressed phone_number=2025550101 reason=complaint >/dev/null 2>emit.err 3>&- &
	emit=$!
	PIDS+=("$ingest" "$filtered" "$emit" "$paced")
	local stage
	for stage in ingest filter emit paced; do
		wait_for has_line "waiting for unix:$OUT for 1[0-9] s, since 20.*: it has not acknowledged [0-9]* lines; still trying" $stage.err || break
	done
	wait_for has_line "waiting for unix:$IN for" filtered.err || true
	kill -CONT "$HUB" # before anything fails: one that is stopped does not end
	for stage in ingest filter emit paced; do
		[ "$(grep -c 'waiting for' $stage.err)" -eq 1 ]
	done
	[ "$(grep -c "waiting for unix:$IN for" filtered.err)" -eq 1 ]
	# From the first event on, though --rate lets it write few of them.
	local since
	since=$(date +%s -d "$(grep -o '20[0-9T:-]*Z' paced.err)")
	[ "$since" -ge $((start - 1)) ]
	[ "$since" -le $((start + 5)) ]
	for stage in ingest filter paced; do
		wait_for has_line "unix:$OUT acknowledges again, after" $stage.err
	done
	kill "$paced"
	wait "$ingest"
	wait "$filtered"
	wait "$emit"
	grep -q '40000 events: ' ingest.err
	grep -q '40000 events: ' filtered.err
}

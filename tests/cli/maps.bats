# A map costs at most the record on which it goes wrong; the maps in examples work.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# N records of numbers, in order.
records() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"n\":\"+1303555%04d\",\"i\":%d}\n", i % 10000, i }'
}

SIMPLE='{type: "dnc.number.suppressed", phone_number: .n, reason: "complaint", timestamp: "2026-01-01T00:00:00Z", event_data: {i}}'

@test "a record on which the map loops, takes all memory or ends jq is rejected, and the others pass" {
	records 300 >in
	run -0 dnc-ingest -x rejects --map-timeout=200 --map-memory=64M -j "
		if .i == 10 then def f: f; f
		elif .i == 20 then \"xxxx\" | until(false; . + .)
		elif .i == 30 then 1e18 | todate
		elif .i == 40 then error(\"why\")
		elif .i == 50 then [1]
		elif .i == 60 then ., error(\"late\")
		else $SIMPLE end" in
	[[ "$output" == *$'294 events, 6 records rejected\n'*'6 rejected with map_failed'* ]]
	[ "$(jq -s -c 'map(.line)' rejects)" = '[10,20,30,40,50,60]' ]
	[ "$(jq -r .code rejects | uniq)" = map_failed ]
	[ "$(jq -r .raw rejects | jq -s -c 'map(.i)')" = '[10,20,30,40,50,60]' ]
	[[ "$(jq -r 'select(.line == 10).message' rejects)" == *'longer than 200 ms: it may loop; see --map-timeout' ]]
	[[ "$(jq -r 'select(.line == 20).message' rejects)" == *memory* ]] || [[ "$(jq -r 'select(.line == 20).message' rejects)" == *longer* ]]
	[[ "$(jq -r 'select(.line == 30).message' rejects)" == *'jq failed'* ]]
	[ "$(jq -r 'select(.line == 40).message' rejects)" = 'the map failed: why' ]
	[[ "$(jq -r 'select(.line == 50).message' rejects)" == *'an array; put | .[] after it'* ]]
}

@test "a type without dnc. is that type, with a map and without, and a message names the types" {
	local record='{"type":"number.released","phone_number":"+12025550143","reason":"expired","timestamp":"2026-01-01T00:00:00Z"}' event
	echo "$record" >in
	event=$(sed 's/number\./dnc.&/' in | dnc-ingest -q | jq -c 'del(.id, .metadata)')
	[ -n "$event" ]
	for options in '-f ndjson' '-j .' '-j . --provider=x'; do
		[ "$(dnc-ingest -q $options in | jq -c 'del(.id, .metadata, .provider)')" = "$event" ]
	done
	[ "$(dnc-ingest -q -j . in | jq -r .id)" = "$(dnc-ingest -q -f ndjson in | jq -r .id)" ]
	for options in '-f ndjson' '-j .'; do
		run -1 dnc-ingest -q $options <<<'{"type":"NumberDeleted","phone_number":"+12025550143"}'
		[[ "$output" == *'unknown_type'*'unknown type \"NumberDeleted\"; known are dnc.number.suppressed, '*'dnc.provider.status_change'* ]]
	done
}

@test "--max-rejects stops a file in which each record loops" {
	records 100 >in
	run -1 dnc-ingest -x rejects --map-timeout=50 --max-rejects=2 -j 'def f: f; f' in
	[[ "$output" == *'stopped: 3 of 3 records were rejected'* ]]
	[ "$(wc -l <rejects)" -eq 3 ]
}

@test "the process of a map is killed at random moments, and each record becomes its event, once" {
	records "${MAP_RECORDS:-60000}" >in
	dnc-ingest -q -j "$SIMPLE" in | jq -c 'del(.metadata)' >want
	dnc-ingest -q -x rejects -j "$SIMPLE" in >got 3>&- &
	local pid=$! kills=0
	while kill -0 "$pid" 2>/dev/null && [ "$kills" -lt 20 ]; do
		read -rt "0.0$((RANDOM % 9 + 1))" <> <(:) || :
		kill -9 $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) 2>/dev/null && kills=$((kills + 1))
	done
	wait "$pid"
	[ "$kills" -ge 1 ]
	[ ! -s rejects ]
	jq -c 'del(.metadata)' got | cmp - want
}

@test "lines of a socket are acknowledged when the map has made its events of them" {
	dnc-ingest -q --map-timeout=100 -x rejects -i unix:in.sock -j "if .i == 2 then def f: f; f elif .i == 3 then empty else $SIMPLE end" >out 3>&- &
	PIDS+=($!)
	wait_for test -S in.sock
	records 4 >in
	ADDRESS=unix:in.sock client open 'send-file in' half-close 'until line 4 rejected=1 dropped=1' 'expect end'
	[ "$(jq -s -c 'map(.event_data.i)' out)" = '[1,4]' ]
	[ "$(jq -s -c 'map(.line)' rejects)" = '[2]' ]
}

@test "records of which a map makes nothing are counted: on the terminal, in the summary, of a directory, of a full list" {
	local map="if .i % 3 == 0 then empty else $SIMPLE end"
	records 10 >in
	run -0 --separate-stderr dnc-ingest --summary -P acme -j "$map" in
	[[ "$stderr" == *'3 records: the map made no event' ]]
	[ "$(tail -n 1 <<<"$output" | jq -c '.event_data | [.records_total, .records_added, .records_skipped]')" = '[10,7,3]' ]
	mkdir spool
	cp in spool/in.ndjson
	run -0 --separate-stderr dnc-ingest --watch=spool --once -j "$map"
	[[ "$stderr" == *'7 events, 0 records rejected, 3 that are no events; now '* ]]
	# Files that are read twice are not counted twice.
	run -0 --separate-stderr dnc-ingest --max-rejects=5 -j "$map" in
	[[ "$stderr" == *'3 records: the map made no event' ]]
	run -0 --separate-stderr dnc-ingest --against=set --baseline --reason=complaint -j "$map" in
	[[ "$stderr" == *'3 records: the map made no event' ]]
}

@test "nothing of a map is held back while the input pauses" {
	mkfifo in
	dnc-ingest -q -j "$SIMPLE" <in >out 3>&- &
	PIDS+=($!)
	exec 8>in
	records 1 >&8
	wait_for has_content out
	exec 8>&-
}

@test "the values of options are added to the events of a map that lack them" {
	echo '{}' >in
	dnc-ingest -q --provider=acme --provider-id=p1 --reason=complaint --source=partner -j '
		{type: "dnc.number.suppressed", phone_number: "2025550143", provider: null},
		{type: "dnc.number.suppressed", phone_number: "2025550144", event_data: {reason: "testing", source: null}},
		{type: "dnc.check.performed", phone_number: "2025550145", provider: "own", result: "clear"}' in >out
	[ "$(jq -c '[.provider, .provider_id, .event_data.reason, .event_data.source]' out)" = '["acme","p1","complaint","partner"]
["acme","p1","testing","partner"]
["own","p1",null,null]' ]
}

# Each examples/maps/NAME.jq makes NAME.out of NAME.in.* or examples/data/NAME.*, and NAME.rejects if some records are rejected. Options that it
# needs are in its first line. Ids of records without a time depend on the run, so that has a name; what depends on the
# time of the test is left out.
check_map() {
	local base="${1%.jq}" options input
	input=$(compgen -G "$base.in.*" || compgen -G "$ROOT/examples/data/${base##*/}.*")
	read -ra options < <(sed -n '1s/^# dnc-ingest //p' "$1") || :
	rm -f rejects
	dnc-ingest -q "${options[@]}" --run=examples -x rejects -J "$1" "$input" >events || [ $? -eq 1 ]
	jq -c 'if .timestamp == .metadata.ingested_at then del(.timestamp) else . end | del(.metadata.ingested_at)' events |
		diff "$base.out" -
	if [ -e "$base.rejects" ]; then
		jq -c '{line, item, code, message} | del(.[] | nulls)' rejects | diff "$base.rejects" -
	else
		diff /dev/null rejects
	fi
}

@test "the maps in examples make what is beside them" {
	local map maps=0
	for map in "$ROOT"/examples/maps/*.jq; do
		check_map "$map"
		maps=$((maps + 1))
	done
	[ "$maps" -ge 5 ]
	# No file is without its map.
	for map in "$ROOT"/examples/maps/*; do
		map=${map##*/}
		[ -e "$ROOT/examples/maps/${map%%.*}.jq" ]
	done
}

@test "an event on which the program of dnc-filter loops or ends jq is rejected, and the others pass" {
	records 100 | dnc-ingest -q -j "$SIMPLE" >in
	run -1 dnc-filter --strict -x rejects --jq-timeout=100 -j '
		.event_data.i as $i
		| if $i == 10 then def f: f; f elif $i == 20 then 1e18 | todate elif $i == 30 then 1, error("late") else $i end' in
	[ "$(grep -c '^[0-9]*$' <<<"$output")" -eq 97 ]
	[ "$(jq -s -c 'map(.line)' rejects)" = '[10,20,30]' ]
	[[ "$(jq -r 'select(.line == 10).message' rejects)" == *'see --jq-timeout' ]]
	# The results of all events that count are written.
	[ "$(dnc-filter -m 50 -j .event_data.i in | wc -l)" -eq 50 ]
}

# Which facts are one, when lists are read again.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'phone,type,reason\n2025550143,dnc.number.suppressed,complaint\n2025550143,dnc.number.released,expired\n2025550143,dnc.number.suppressed,complaint\n' >undated.csv
	printf '2025550143,2026-08-29T08:00:00,A\n2025550143,2026-08-29T08:00:00,D\n2025550143,2026-08-29T08:00:00,A\n' >dated
}

ids() { dnc-ingest -q "$@" | jq -r .id; }
distinct() { sort "$@" | uniq | wc -l; }

@test "each row of a list without dates is a fact, the same when the unchanged file is read again" {
	ids undated.csv >one
	[ "$(distinct one)" -eq 3 ]
	ids ./undated.csv >again
	cmp one again
	mkdir moved
	cp -p undated.csv moved
	ids moved/undated.csv >again
	cmp one again
}

@test "a new export is a new statement: another time, size or name of the file" {
	ids undated.csv >one
	touch -d '2026-01-01 00:00:00.000000001' undated.csv
	ids undated.csv >other
	[ "$(distinct one other)" -eq 6 ]
	touch -d '2026-01-01 00:00:00.000000002' undated.csv
	ids undated.csv >third
	[ "$(distinct one other third)" -eq 9 ]
	cp -p undated.csv next.csv
	ids next.csv >fourth
	[ "$(distinct one other third fourth)" -eq 12 ]
}

@test "standard input is a run of its own each time, unless --run names one" {
	ids -f csv <undated.csv >one
	ids -f csv <undated.csv >other
	[ "$(distinct one other)" -eq 6 ]
	ids -f csv --run=2026-08 <undated.csv >one
	ids -f csv --run=2026-08 <undated.csv >again
	cmp one again
	ids -f csv --run=2026-09 <undated.csv >other
	[ "$(distinct one other)" -eq 6 ]
	run dnc-ingest --run= undated.csv
	[ "$status" -eq 2 ]
}

@test "--run holds over a file that is written anew, and tells the files of one run apart" {
	ids --run=a undated.csv >one
	touch -d '2026-01-01' undated.csv
	ids --run=a undated.csv >again
	cmp one again
	mkdir other
	cp -p undated.csv other
	cp -p undated.csv second.csv
	ids --run=a undated.csv second.csv other/undated.csv >all
	[ "$(distinct all)" -eq 9 ]
	ids undated.csv other/undated.csv >all
	[ "$(distinct all)" -eq 6 ]
}

@test "rows with a date are the same in every export, and three facts of one second are three" {
	ids dated >one
	[ "$(distinct one)" -eq 3 ]
	{ echo 2025550199,2026-08-28T08:00:00,A && cat dated; } >next
	ids next >other
	[ "$(distinct one other)" -eq 4 ]
}

@test "a hub logs a number that was suppressed, released and suppressed again three times" {
	start_hub
	dnc-ingest -q undated.csv undated.csv >&9
	wait_for last_seq_is 6
	dnc-ingest -q undated.csv >&9
	printf '{"type":"dnc.provider.status_change","provider":"p","new_status":"online"}\n' >&9
	wait_for last_seq_is 7
}

@test "each fact that looks like another has an id of its own" {
	local list
	for list in \
		'phone,source,reason\n2025550143,federal,regulatory\n2025550143,state,regulatory\n' \
		'phone,source,reason\n2025550143,internal,complaint\n2025550143,internal,internal_policy\n' \
		'phone,reason,expires_at\n2025550143,complaint,2027-01-01T00:00:00Z\n2025550143,complaint,\n' \
		'id,phone,reason\n1,2025550143,complaint\n1,9165550186,complaint\n' \
		'phone,reason,suppressed_at,id\n2025550143,complaint,2026-01-01,1\n2025550143,complaint,2026-01-01,2\n'; do
		# shellcheck disable=SC2059  # the list is the format
		printf "$list" >list
		ids -f csv list >all
		[ "$(distinct all)" -eq 2 ]
	done
	printf '%s\n' Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall \
		'2025550143,2026-02-03 00:00:01,2026-02-02 10:00:00,Reno,Nevada,775,Other,N' \
		'2025550143,2026-02-03 00:00:01,2026-02-02 10:00:00,Reno,Nevada,775,Dropped call or no message,N' \
		'2025550143,2026-02-03 00:00:01,2026-02-02 10:00:00,Reno,Nevada,775,Other,N' >list
	ids -f ftc-reported list >all
	[ "$(distinct all)" -eq 3 ]
	printf '{"id":"42","type":"dnc.number.suppressed","phone_number":"%s","reason":"complaint"}\n' 2025550143 9165550186 >list
	ids -f ndjson list >all
	[ "$(distinct all)" -eq 2 ]
	[ "$(dnc-ingest -q list | jq -r .event_data.source_id | uniq)" = 42 ]
}

@test "captured changes of one moment are three facts, and nothing of the row or the change is lost" {
	printf '%s\n' '{"op":"c","ts_ms":1767225600000,"before":null,"after":{"phone":"2025550143","reason":"complaint"}}' \
		'{"op":"d","ts_ms":1767225600000,"before":{"phone":"2025550143","reason":"complaint"},"after":null}' \
		'{"op":"c","ts_ms":1767225600000,"before":null,"after":{"phone":"2025550143","reason":"complaint"}}' >changes
	ids -f ndjson changes >one
	[ "$(distinct one)" -eq 3 ]
	ids -f ndjson changes >again
	cmp one again
	printf '{"op":"u","ts_ms":1767225600000,"source":{"lsn":%s,"txId":5},"before":{"phone":"9165550186"},"after":{"id":12,"type":"t","phone":2025550143,"reason":"complaint","source":"state","x":[1]}}\n' 1 2 >changes
	dnc-ingest -q --source=federal --provider=p -f ndjson changes >out
	[ "$(jq -c .event_data out | head -1)" = '{"row_id":12,"row_type":"t","x":[1],"source":"state","reason":"complaint","change_capture":{"op":"u","ts_ms":1767225600000,"source":{"lsn":1,"txId":5},"before":{"phone":"9165550186"}}}' ]
	[ "$(jq -r '[.provider,.timestamp]|@csv' out | uniq)" = '"p","2026-01-01T00:00:00.000Z"' ]
	jq -r .id out >one
	[ "$(distinct one)" -eq 2 ]
}

@test "integers that jq would change are rejects of a map and of dnc-filter --jq, never other integers" {
	printf '{"id":50000000014435121,"p":"2025550143"}\n' >in
	run -1 dnc-ingest -q -x rejects -j '{type:"dnc.number.suppressed",phone_number:.p,reason:"complaint",external:(.id|tostring)}' in
	[[ "$output" == *"no record became an event"* ]]
	[ "$(jq -r .code rejects)" = map_failed ]
	[[ "$(jq -r .message rejects)" == *50000000014435121* ]]
	dnc-ingest -q -j '{type:"dnc.number.suppressed",phone_number:.p,reason:"complaint"}' in >out
	[ "$(jq -r .phone_number out)" = +12025550143 ]
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550143","reason":"complaint","n":50000000014435121}\n' >in
	rm rejects
	run -1 dnc-filter -q -x rejects --jq . in
	[[ "$output" == *"failed on every matching event"* ]]
	dnc-filter -q -x /dev/null --jq . in >out || [ $? -eq 1 ]
	[ ! -s out ]
	[ "$(jq -r .code rejects)" = map_failed ]
	[ "$(dnc-filter -q --jq .phone_number in)" = '"+12025550143"' ]
	dnc-filter -q in | grep -q '"n":50000000014435121'
}

@test "lines from a socket get ids that are new" {
	dnc-ingest -q -f csv --input=unix:in.sock >out 3>&- &
	PIDS+=($!)
	wait_for test -S in.sock
	ADDRESS=unix:in.sock client open 'send-file undated.csv' half-close 'until line 4 dropped=1' 'expect end'
	wait_for has_lines 3 out
	[ "$(jq -r '.id[14:15]' out | uniq)" = 7 ]
}


@test "a map that calls input or halt rejects its record, and debug speaks on standard error" {
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550143","reason":"complaint"}\n%.0s' 1 2 >in
	local program
	for program in input halt '"x"|halt_error'; do
		rm -f rejects
		dnc-ingest -q -x rejects -j "$program" in >out || [ $? -eq 1 ]
		[ ! -s out ]
		[ "$(jq -r .code rejects | uniq -c | tr -s ' ')" = ' 2 map_failed' ]
		rm rejects
		dnc-filter -q -x rejects -j "$program" in >out || [ $? -eq 1 ]
		[ ! -s out ]
		[ "$(jq -r .code rejects | uniq -c | tr -s ' ')" = ' 2 map_failed' ]
	done
	dnc-ingest -j '.reason |= debug' in >out 2>err
	[ "$(wc -l <out)" -eq 2 ]
	[ "$(grep -c 'jq debug: "complaint"' err)" -eq 2 ]
	run dnc-ingest -j 'import "x" as x; .' in
	[ "$status" -eq 2 ]
}

@test "numbers that jq would round are refused in a map's results and in its program" {
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550143","reason":"complaint"}\n' >in
	dnc-ingest -q -x rejects -j '.x=("9007199254740993"|tonumber)' in >out || [ $? -eq 1 ]
	[ ! -s out ]
	[ "$(jq -r .code rejects)" = map_failed ]
	run dnc-ingest -j '.x=9007199254740993' in
	[ "$status" -eq 2 ]
	[[ "$output" == *9007199254740993* ]]
	run dnc-filter -j '.x=1e400' in
	[ "$status" -eq 2 ]
	dnc-ingest -q -j '.x="9007199254740993"' in | grep -q '"x":"9007199254740993"'
}

@test "dnc-filter ends with 1 if its program fails on every matching event" {
	dnc-ingest -q undated.csv >in
	run -1 dnc-filter -j error -x rj in
	[ "$output" = 'dnc-filter: --jq: the program failed on every matching event; see the rejects' ]
	[ "$(wc -l <rj)" -eq 3 ]
	# One result is enough, and none is no failure.
	dnc-filter -x rj -j 'if .type == "dnc.number.released" then . else error end' in >out
	[ "$(wc -l <out)" -eq 1 ]
	run -0 dnc-filter -j empty in
}

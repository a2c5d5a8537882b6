bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export DNC_SOCKET="$BATS_TEST_TMPDIR/hub.sock"
}

@test "dnc-emit prints the id of what is in the log" {
	start_hub --input="unix:$DNC_SOCKET"
	id=$(dnc-emit number.suppressed phone_number='(202) 555-0143' reason=consumer_request)
	dnc-emit dnc.list.synced provider=p sync_status=success records_added=5 event_data.sources='x y' event_data.sync_type=own
	wait_for last_seq_is 2
	dnc-tail -e -o json "ws://$ADDRESS" >out
	[ "$(jq -r .id out | head -1)" = "$id" ]
	[ "$(jq -c 'select(.seq == 2).event_data.records_added' out)" = 5 ]
	[ "$(jq -c 'select(.seq == 2) | [.event_data.sources, .event_data.sync_type, .metadata.unknown_values]' out)" = '["x y","own",["sync_type"]]' ]
	[ "$(log_sql data "SELECT id FROM events WHERE phone_number = '+12025550143'")" = "$id" ]
	on_postgres || log_sql data "EXPLAIN QUERY PLAN SELECT * FROM events WHERE phone_number = '+12025550143'" |
		grep -q events_by_phone
}

@test "what is no event is said in one line, exit 2" {
	for args in number.danced 'number.suppressed reason=x' 'number.suppressed phone_number=12 reason=x' \
		'number.suppressed nonsense' 'list.synced provider=p sync_status=success records_added=many' ''; do
		# shellcheck disable=SC2086
		run dnc-emit $args
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "a value that is not JSON is refused with its key" {
	local list=(list.synced provider=p sync_status=success)
	local value
	for value in abc 5,6 '1,"more":2' '{' '1 2'; do
		run -2 dnc-emit "${list[@]}" records_added="$value"
		[ "$output" = "dnc-emit: records_added: \"$value\" is neither a number nor another JSON value" ]
	done
	run -2 dnc-emit "${list[@]}" event_data=x
	[[ "$output" == *'event_data: "x" is neither'* ]]
	# An empty value counts as absent.
	start_hub --input="unix:$DNC_SOCKET"
	dnc-emit "${list[@]}" records_added=
	run -2 dnc-emit number.suppressed phone_number='2025550143 x 2025550144' reason=complaint
	[[ "$output" == *'not a telephone number'* ]]
}

@test "a typing error in a type, a key or a value is refused with the nearest word" {
	local args near
	while read -r near args; do
		# shellcheck disable=SC2086
		run dnc-emit $args
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ "$output" == *"did you mean \"$near\"?"* ]]
	done <<-END
		dnc.number.suppressed number.supressed phone_number=2025550143 reason=complaint
		phone_number number.suppressed phone_numbr=2025550143 reason=complaint
		complaint number.suppressed phone_number=2025550143 reason=complain
		federal number.suppressed phone_number=2025550143 reason=complaint source=fedral
		high number.suppressed phone_number=2025550143 reason=complaint severity=hihg
		failed list.synced provider=p sync_status=faild
	END
	run dnc-emit compliance.violation phone_number=2025550143 violation_type=own agent=7
	[ "$status" -eq 2 ]
	[[ "$output" == *event_data.agent ]]
}

@test "nobody there: 69, or the spool; no acknowledgement in time: 75" {
	run dnc-emit --timeout=1s provider.status_change provider=p new_status=online
	[ "$status" -eq 69 ]
	[ "${#lines[@]}" -eq 1 ]
	run dnc-emit --timeout=1s --spool= provider.status_change provider=p new_status=online
	[ "$status" -eq 2 ]
	[[ "$output" == *'--spool: the name of the directory is empty'* ]]
	mkdir spool
	id=$(dnc-emit -q --timeout=1s --spool=spool provider.status_change provider=p new_status=online)
	[ "$(jq -r .id spool/*.ndjson)" = "$id" ]
	/usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print("there", flush=True); c = s.accept()[0]; sys.stdin.read()' \
		"$DNC_SOCKET" >deaf </dev/zero 3>&- &
	PIDS+=($!)
	wait_for has_content deaf
	run dnc-emit --timeout=1s provider.status_change provider=p new_status=online
	[ "$status" -eq 75 ]
	kill "${PIDS[0]}"
	rm "$DNC_SOCKET"
	start_hub --input="unix:$DNC_SOCKET"
	dnc-ingest -q --output="unix:$DNC_SOCKET" spool/*.ndjson
	dnc-ingest -q --output="unix:$DNC_SOCKET" spool/*.ndjson
	dnc-emit provider.status_change provider=p new_status=offline
	wait_for last_seq_is 2
	[ "$(dnc-tail -e -o json "ws://$ADDRESS" | jq -r .id | head -1)" = "$id" ]
}

SAME=(number.suppressed phone_number=+12025550143 reason=complaint id=0198f0a0-0000-7000-8000-000000000001)

@test "an event again is a duplicate, exit 0; another under its id is rejected, exit 1" {
	start_hub --input="unix:$DNC_SOCKET" --rejects="$PWD/rejects"
	dnc-emit "${SAME[@]}" 2>err
	[ ! -s err ]
	[ "$(dnc-emit "${SAME[@]}" 2>err)" = 0198f0a0-0000-7000-8000-000000000001 ]
	grep -q 'already has this event' err
	for args in 'phone_number=+12025550144 reason=complaint' 'phone_number=+12025550143 reason=consumer_request' \
		'phone_number=+12025550143 reason=complaint provider=p' \
		'phone_number=+12025550143 reason=complaint timestamp=2026-01-02T03:04:05Z' \
		'phone_number=+12025550143 reason=complaint expires_at=2027-01-01T00:00:00Z'; do
		# shellcheck disable=SC2086
		run dnc-emit --spool="$PWD" number.suppressed id=0198f0a0-0000-7000-8000-000000000001 $args
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ "$output" == *'rejected: the log has another event'* ]]
	done
	[ "$(find . -name "*.ndjson")" = "" ]
	[ "$(jq -r .code rejects | sort | uniq -c | tr -s ' \n' ' ')" = ' 5 id_conflict ' ]
	[ "$(jq -r '.raw | fromjson | .id' rejects | sort -u)" = 0198f0a0-0000-7000-8000-000000000001 ]
	curl -s "http://$ADDRESS/metrics" >metrics
	grep -qx 'dnc_input_rejected_total{code="id_conflict"} 5' metrics
	grep -qx 'dnc_duplicates_total 1' metrics
	last_seq_is 1
}

@test "an event that a rule drops on the way is not in the log, exit 1" {
	start_hub --input="unix:$PWD/last.sock"
	dnc-filter -q -t dnc.number.released --input="unix:$DNC_SOCKET" --output="unix:$PWD/last.sock" 3>&- &
	PIDS+=($!)
	run dnc-emit --spool="$PWD" "${SAME[@]}"
	[ "$status" -eq 1 ]
	[[ "$output" == *'dropped by a rule of a stage before the hub'* ]]
	id=$(dnc-emit number.released phone_number=+12025550143 reason=expired)
	[ "${#id}" -eq 36 ]
	last_seq_is 1
	# What the hub says of the filter's lines comes back, too.
	run dnc-emit number.released phone_number=+12025550149 reason=expired id="$id"
	[ "$status" -eq 1 ]
	[[ "$output" == *'rejected: the log has another event'* ]]
}

# silent ADDRESS - a server that takes all and answers nothing; a line of silent.out for its start, and one for each sender
silent() {
	: >silent.out
	/usr/bin/python3 -c '
import socket, sys, threading
a = sys.argv[1]
s = socket.socket(socket.AF_UNIX if a.startswith("/") else socket.AF_INET)
s.bind(a if a.startswith("/") else ("127.0.0.1", 0))
s.listen()
print(s.getsockname() if a.startswith("/") else "http://127.0.0.1:%d" % s.getsockname()[1], flush=True)
kept = []
while True:
    c = s.accept()[0]
    kept.append(c)
    c.recv(1)
    print("taken", flush=True)' "$1" >silent.out 3>&- &
	PIDS+=($!)
	wait_for has_content silent.out
}

# stops STATUS SIGNAL ARGUMENT... - the signal arrives while the event waits: the status, and the event of the printed id is in the spool
stops() {
	local taken status=0
	taken=$(wc -l <silent.out)
	rm -rf spool
	mkdir spool
	env --default-signal=INT dnc-emit --timeout=5m --spool=spool "${@:3}" number.suppressed phone_number=2025550143 reason=complaint >out 2>err 3>&- &
	PIDS+=($!)
	wait_for more_lines "$taken" silent.out
	kill "-$2" "${PIDS[-1]}"
	wait "${PIDS[-1]}" || status=$?
	cat err
	[ "$status" -eq "$1" ] && grep -q "stopped by SIG$2 .*; 1 event was written to spool instead" err &&
		[ "$(jq -r .id spool/*.ndjson)" = "$(cat out)" ]
}
handles_signals() { [ "/proc/$1/exe" -ef "$BIN/dnc-emit" ] && catches_term "$1"; }
# It waits in poll(2) again, for the pipe is empty.
has_read_all() {
	handles_signals "$1" && ! python3 -c 'import os, select, sys
sys.exit(not select.select([os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)], [], [], 0)[0])' "$2"
}
more_lines() { [ "$(wc -l <"$2")" -gt "$1" ]; }

@test "a signal ends the waiting, and what nobody has taken is in the spool" {
	silent "$PWD/silent.sock"
	stops 0 TERM --socket="$PWD/silent.sock"
	stops 130 INT --socket="$PWD/silent.sock"
	stops 0 HUP --socket="$PWD/silent.sock"
	kill "${PIDS[0]}"
	silent tcp
	local url
	url=$(head -n 1 silent.out)
	stops 0 TERM --url="$url"
	stops 130 INT --url="$url"
	# Between two attempts.
	mkdir -p spool
	dnc-emit --timeout=5m --spool=spool --socket="$PWD/nobody.sock" number.suppressed phone_number=2025550143 reason=complaint >out 2>err 3>&- &
	PIDS+=($!)
	wait_for handles_signals "${PIDS[-1]}"
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}"
	[ -s out ]
	# While standard input stays open: what was read, and the incomplete line is rejected.
	local signal status
	for signal in TERM HUP INT; do
		rm -rf spool; mkdir spool; mkfifo "pipe.$signal"
		env --default-signal=INT dnc-emit -q --lines --spool=spool --rejects=rejects --socket="$PWD/nobody.sock" <"pipe.$signal" >out 2>err 3>&- &
		PIDS+=($!)
		exec 7>"pipe.$signal"
		printf '%s\n{"type":' '{"type":"dnc.number.suppressed","phone_number":"2025550143","reason":"complaint"}' >&7
		wait_for has_read_all "${PIDS[-1]}" "pipe.$signal"
		status=0
		kill "-$signal" "${PIDS[-1]}"
		wait "${PIDS[-1]}" || status=$?
		exec 7>&-
		[ "$status" -eq "$([ "$signal" = INT ] && echo 130 || echo 75)" ]
		grep -q "stopped by SIG$signal before the end of standard input.*; 1 event was written to spool instead" err
		[ "$(jq -r .id spool/*.ndjson)" = "$(cat out)" ]
		[ "$(jq -r .raw rejects | tail -n 1)" = '{"type":' ]
	done
	# Without a spool nothing is left of it, and the status says so.
	dnc-emit --timeout=5m --socket="$PWD/nobody.sock" number.suppressed phone_number=2025550143 reason=complaint >out 2>err 3>&- &
	PIDS+=($!)
	# Until then it is a copy of this shell, in which a signal gets lost.
	wait_for is_program "${PIDS[-1]}" dnc-emit
	kill "${PIDS[-1]}"
	status=0
	wait "${PIDS[-1]}" || status=$?
	[ "$status" -eq 143 ]
}

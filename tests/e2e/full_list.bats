# dnc-ingest --against: a full list is compared with the last one, and a hub logs what differs.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export SOCK="$BATS_TEST_TMPDIR/hub.sock"
}

# numbers FROM TO - rows of a registry's full list
numbers() { seq "$1" "$2" | awk '{printf "202,%07d\n", 5550000 + $1}'; }

compare() { dnc-ingest -f ftc-full --against=set -o "unix:$SOCK" "$@"; }

# logged N: all events of the log, of which there are N: type and number
logged() {
	wait_for last_seq_is "$1"
	dnc-tail -n 100000 -e -o json "ws://$ADDRESS/ws/dnc" | jq -r '.type + " " + .phone_number'
}

# Without trying to lock it, which would be in the way.
is_locked() { [ -e "$1" ] && grep -q ":$(stat -c %i "$1") " /proc/locks; }

# says STATUS TEXT COMMAND... - ends with STATUS, and one line of its messages has TEXT
says() {
	run "${@:3}"
	echo "$status: ${output:0:1000}"
	[ "$status" -eq "$1" ] && [[ "$output" == *"$2"* ]]
}

# The set is as it was when it was copied, and nothing else is left.
unchanged() {
	cmp set copy && [ "$(echo set*)" = 'set set.lock' ]
}

@test "only what differs from the last full list becomes an event" {
	start_hub --input="unix:$SOCK"
	numbers 1 1000 >one
	says 0 'a baseline of 1000 numbers, 0 duplicate rows' compare --baseline one
	says 0 '1000 numbers: 0 added, 0 removed, 1000 unchanged' compare one
	[ "$(stat -c %a set)" = 600 ]
	# Not sorted, some of them twice.
	(numbers 11 1003; numbers 20 29) | sort -t, -k2.7 >two
	says 0 '993 numbers: 3 added, 10 removed, 990 unchanged; 10 duplicate rows' compare two
	[[ "$output" == *'13 events: 13 new, 0 duplicates, 0 rejected'* ]]
	logged 13 >log
	[ "$(grep -c released log)" = 10 ]
	[ "$(grep suppressed log | tr '\n' ' ')" = 'dnc.number.suppressed +12025551001 dnc.number.suppressed +12025551002 dnc.number.suppressed +12025551003 ' ]
	says 0 '0 added, 0 removed, 993 unchanged' compare two
	last_seq_is 13
	[ "$(echo set*)" = 'set set.lock' ]
	dnc-tail -n 13 -e -o json "ws://$ADDRESS/ws/dnc" >events
	[ "$(jq -r 'select(.type == "dnc.number.released") | [.provider, .event_data.reason, .event_data.source, .metadata.source_format] | join(" ")' events | sort -u)" = 'federal_dnc regulatory_change federal ftc-full' ]
	[ "$(jq -r 'select(.type == "dnc.number.suppressed") | [.provider, .event_data.reason, .event_data.source] | join(" ")' events | sort -u)" = 'federal_dnc regulatory federal' ]
}

@test "a number that is added, removed and added again is three events" {
	start_hub --input="unix:$SOCK"
	numbers 1 100 >without
	numbers 1 101 >with
	compare --baseline without
	compare with
	compare without
	compare with
	[ "$(logged 3 | tr '\n' ' ')" = 'dnc.number.suppressed +12025550101 dnc.number.released +12025550101 dnc.number.suppressed +12025550101 ' ]
}

@test "the first list is a baseline or published, as its option says" {
	numbers 1 100 >list
	says 2 'set does not exist: for the first list use --baseline' dnc-ingest --against=set list
	[ ! -e set ]
	dnc-ingest --against=set --publish-all list >events
	[ "$(jq -r .type events | uniq -c | tr -s ' ')" = ' 100 dnc.number.suppressed' ]
	[ "$(jq -r .id events | sort -u | wc -l)" = 100 ]
	says 2 '--baseline is for the first list, but set has one' dnc-ingest --against=set --baseline list
	says 2 '--publish-all is for the first list, but set has one' dnc-ingest --against=set --publish-all list
	[ -z "$(dnc-ingest -q --against=set list)" ]
}

@test "a list that may be incomplete releases nothing" {
	numbers 1 1000 >whole
	dnc-ingest --against=set --baseline whole
	cp set copy
	numbers 1 899 >short
	says 1 '101 of 1000 numbers are missing, more than --max-removed allows' dnc-ingest --against=set short
	unchanged
	says 1 'missing' dnc-ingest --against=set --max-removed=100 short
	unchanged
	says 1 'missing' dnc-ingest --against=set --max-removed=0 <(numbers 2 1000)
	: >empty
	says 1 'the list has no number' dnc-ingest --against=set empty
	says 1 'the list has no number' dnc-ingest --against=set --max-removed=1000 empty
	says 1 'the list has no number' dnc-ingest --against=other --baseline empty
	unchanged
	says 74 'the list was not read as a whole' dnc-ingest --against=set whole nowhere
	unchanged
	gzip -c whole >whole.gz
	head -c 200 whole.gz >cut.gz
	run dnc-ingest --against=set -x rejects cut.gz
	[ "$status" -ne 0 ]
	unchanged
	says 1 'more than --max-rejects allows; nothing was published' dnc-ingest --against=set --max-rejects=0 -x rejects <(cat whole; echo nonsense)
	unchanged
	says 1 'more than --max-rejects allows; nothing was published' dnc-ingest --against=set --max-rejects=1% -x rejects <(numbers 1 20; echo nonsense)
	unchanged
	says 1 '1000 of 1000 records were accepted, fewer than --min-records=1001; nothing was published, and set is unchanged' dnc-ingest --against=set --min-records=1001 whole
	says 1 'fewer than --min-records=1' dnc-ingest --against=set --min-records=1 --max-removed=100% empty
	says 74 'the list was not read as a whole' dnc-ingest --against=set --min-records=9999 whole nowhere
	unchanged
	dnc-ingest -q --against=set --max-removed=101 --min-records=899 short >events
	[ "$(jq -r .type events | uniq -c | tr -s ' ')" = ' 101 dnc.number.released' ]
	dnc-ingest -q --against=set --max-removed=100% empty >events
	[ "$(jq -r .type events | uniq -c | tr -s ' ')" = ' 899 dnc.number.released' ]
}

@test "what may be in a rejected row is not released" {
	numbers 1 100 >one
	dnc-ingest --against=set --baseline one
	(numbers 2 101; echo '202,555OOO1') >two
	says 3 '1 number has left the list, but is not released' dnc-ingest -x rejects --against=set two
	[[ "$output" == *'1 added, 0 removed'* ]]
	[[ "$output" == *'dnc.number.suppressed'*'+12025550101'* ]]
	[[ "$output" != *dnc.number.released* ]]
	says 3 'is not released' dnc-ingest -x rejects --against=set two
	[[ "$output" != *'"id"'* ]]
	cp set copy
	dnc-ingest -q -x rejects --against=copy --release-despite-rejects two >events
	[ "$(jq -r '.type + .phone_number' events)" = 'dnc.number.released+12025550001' ]
	dnc-ingest -q --against=set <(numbers 2 101) >events
	[ "$(jq -r '.type + .phone_number' events)" = 'dnc.number.released+12025550001' ]
}

@test "each list has a file of its own, and only full lists are compared" {
	numbers 1 100 >list
	dnc-ingest --against=set --baseline list
	cp set copy
	says 2 'set is for a list of provider federal_dnc' dnc-ingest -f ftc-full --against=set --provider=state_dnc list
	says 2 'set is for a list of provider federal_dnc' dnc-ingest -f numbers --reason=complaint --against=set <(echo 2025550143)
	echo '2025550143,2026-08-29T08:00:00,A' >changes
	says 2 'has the format ftc-change, which is no full list' dnc-ingest --against=set changes
	says 2 '--format=ftc-change is not' dnc-ingest -f ftc-change --against=set changes
	says 2 'together they are no list' dnc-ingest --reason=complaint --against=set list <(echo phone; echo 2025550143)
	says 2 'dnc.number.released is no record of a full list' dnc-ingest -f ndjson --reason=complaint --against=set \
		<(echo '{"type":"dnc.number.released","phone_number":"2025550143","reason":"expired"}')
	says 2 '--against needs --reason for the format csv' dnc-ingest --against=other --baseline <(echo phone; echo 2025550143)
	for list in '<list type="change"><ac val="202"><ph val="5550001" date="2026-08-29T08:00:00" type="A"/></ac></list>' \
		'{"op":"c","before":null,"after":{"phone_number":"+12025550001"},"ts_ms":1756454400000}' \
		'[{"op":"r","before":null,"after":{"phone":"2025550001"}},{"op":"u","before":null,"after":{"phone":"2025550002"}}]' \
		'{"__op":"u","phone_number":"+12025550001"}' \
		'{"database":"d","table":"t","type":"insert","ts":1756454400,"data":{"phone_number":"+12025550001"}}' \
		'{"data":{"phone_number":"+12025550001"},"metadata":{"operation":"insert"}}'; do
		echo "$list" >either
		for to in '--against=set --max-removed=100%' '--against=other --baseline'; do
			says 2 'which is no full list' dnc-ingest $to --provider=federal_dnc --source=federal --reason=regulatory either
			[ ! -e other ]
		done
	done
	says 2 'requires --against' dnc-ingest --baseline list
	says 2 'exclude each other' dnc-ingest --against=set --input=unix:in
	says 2 'exclude each other' dnc-ingest --against=set --run=x list
	unchanged
}

@test "other formats are compared as well" {
	printf 'phone,state\n(202) 555-0143,DC\n+442079460123,\n' >one.csv
	printf '{"type":"dnc.number.suppressed","phone_number":"%s"}\n' +12025550143 +442079460124 >two.ndjson
	options=(--source=internal --reason=complaint --against=set --max-removed=50%)
	dnc-ingest "${options[@]}" --baseline one.csv
	dnc-ingest -q "${options[@]}" -f ndjson two.ndjson >events
	[ "$(jq -r '[.type, .phone_number, .provider, .event_data.reason] | join(" ")' events | tr '\n' ';')" = 'dnc.number.released +442079460123 internal system_cleanup;dnc.number.suppressed +442079460124 internal complaint;' ]
	# The snapshot of a table.
	printf '{"op":"r","before":null,"after":{"phone_number":"%s"}}\n' +12025550143 +442079460124 >three.json
	[ -z "$(dnc-ingest -q "${options[@]}" three.json)" ]
	dnc-ingest -q "${options[@]}" -f numbers --release-reason=expired <(echo '020 7946 0124') -r GB >events
	[ "$(jq -r '[.type, .phone_number, .event_data.reason] | join(" ")' events)" = 'dnc.number.released +12025550143 expired' ]
}

@test "what a list says beside its numbers is told, and what has expired is rejected" {
	options=(--source=internal --reason=complaint --against=set -x rejects)
	printf 'Phone,Country,Opt-Out Date,Campaign,Expires\n2025550143,US,2026-01-01,spring,2999-01-01\n2025550144,US,,,2026-02-01\n2025550145,US,,,\n' >one.csv
	run -0 --separate-stderr dnc-ingest "${options[@]}" --publish-all one.csv
	[[ "$stderr" == *'one.csv: --against compares numbers alone; not used: suppressed_at, campaign, expires_at'* ]]
	[ "$(jq -r .phone_number <<<"$output" | tr '\n' ' ')" = '+12025550143 +12025550145 ' ]
	[ "$(jq -r '[.line, .code] | join(" ")' rejects)" = '3 invalid_field' ]
	printf '{"phone_number":"+12025550143","reason":"expired","suppressed_at":"2026-01-01T00:00:00Z"}\n{"phone_number":"+12025550145","reason":"complaint","source":"internal"}\n' >two.ndjson
	run -0 --separate-stderr dnc-ingest "${options[@]}" -j '. + {type: "dnc.number.suppressed"}' two.ndjson
	[[ "$stderr" == *'two.ndjson: --against compares numbers alone; not used: reason, suppressed_at'* ]]
	printf 'phone,state\n2025550143,DC\n2025550145,DC\n' >three.csv
	run -0 --separate-stderr dnc-ingest "${options[@]}" -c event_data.s=state three.csv
	[[ "$stderr" == *'not used: event_data.s'* || "$stderr" == *'not used: s'* ]]
	# A list of numbers has nothing else.
	run -0 --separate-stderr dnc-ingest "${options[@]}" -f numbers <(printf '2025550143\n2025550145\n')
	[[ "$stderr" != *'not used'* ]]
}

@test "a damaged set is found out before anything is published" {
	numbers 1 1000 >one
	dnc-ingest --against=set --baseline one
	printf x | dd of=set bs=1 seek=500 conv=notrunc status=none
	cp set copy
	says 74 'set is damaged' dnc-ingest --against=set <(numbers 2 1001)
	[[ "$output" != *'"id"'* ]]
	unchanged
	printf x | dd of=set bs=1 seek=50 conv=notrunc status=none
	says 74 'remove it and use --publish-all' dnc-ingest --against=set one
	says 74 'is damaged' dnc-ingest --against=one one
}

@test "one process at a time compares with a set" {
	numbers 1 100 >one
	dnc-ingest --against=set --baseline one
	mkfifo list
	dnc-ingest -q --against=set <list >/dev/null 3>&- &
	PIDS+=("$!")
	exec 8>list
	wait_for is_locked set.lock
	says 75 'another process compares a list with set' dnc-ingest --against=set one
	numbers 1 100 >&8
	exec 8>&-
	wait "${PIDS[-1]}"
	dnc-ingest --against=set one
}

@test "a difference that is not acknowledged is published by the next run, whatever list that one reads" {
	numbers 1 1000 >one
	numbers 51 1100 >two
	numbers 1 1000 >three
	dnc-ingest --against=set --baseline one
	cp set copy
	# Nobody listens.
	run timeout 60 dnc-ingest -q --against=set -o "unix:$SOCK" two
	[ "$status" -eq 69 ]
	cmp set copy
	[ -e set.next ]
	start_hub --input="unix:$SOCK"
	says 0 '150 differences of a run that did not end were published' compare three
	[[ "$output" == *'50 added, 100 removed'* ]]
	logged 300 >log
	[ "$(sort log | uniq -c | awk '{print $1, $2}' | sort | uniq -c | tr -s ' \n' ' ')" = ' 150 1 dnc.number.released 150 1 dnc.number.suppressed ' ]
	head -150 log | grep -c released | grep -qx 50
	# A set that is not the one that the differences follow from.
	dnc-ingest -q --against=set -o "unix:$SOCK" one
	cp set set.next
	says 74 'does not belong to set' compare one
}

@test "what a killed --publish-all has left is published, and then a first list is refused" {
	numbers 1 100 >one
	numbers 1 110 >two
	local option
	for option in --baseline --publish-all; do
		rm -rf set data
		run timeout 60 dnc-ingest -q --against=set --publish-all -o "unix:$SOCK" one
		[ "$status" -eq 69 ]
		[ "$(echo set*)" = 'set.lock set.next' ]
		start_hub --input="unix:$SOCK"
		says 2 "$option is for the first list, but set has one, of the run before, whose events are published" compare $option two
		[[ "$output" == *'100 differences of a run that did not end were published'* ]]
		[[ "$output" != *baseline\ of* ]]
		logged 100 >log
		[ "$(echo set*)" = 'set set.lock' ]
		says 0 '10 added, 0 removed' compare two
		logged 110 >log
		kill "$HUB"
		wait "$HUB"
	done
}

@test "a set that never was is not called unchanged" {
	local option
	for option in --baseline --publish-all; do
		says 1 'and set was not made' dnc-ingest --against=set $option -f ftc-full <(yes nonsense | head -n 50)
		says 1 'and set was not made' dnc-ingest --against=set $option -f ftc-full <(echo)
		says 74 'and set was not made' dnc-ingest --against=set $option -f ftc-full absent
		[[ "$output" != *unchanged* ]]
	done
	[ "$(echo set*)" = set.lock ]
}

@test "a baseline without the numbers of rejected rows is no success" {
	{ numbers 1 100; echo nonsense; } >list
	says 3 '1 rejected row is not in the baseline' dnc-ingest -f ftc-full --against=set --baseline list
	[[ "$output" == *'a baseline of 100 numbers'* ]]
	[ -e set ]
}

@test "a run that is stopped while it reads changes nothing" {
	numbers 1 100 >one
	dnc-ingest --against=set --baseline one
	cp set copy
	mkfifo list
	dnc-ingest --against=set <list 2>err 3>&- &
	local run=$!
	exec 8>list
	numbers 1 90 >&8
	wait_for is_locked set.lock
	kill -TERM "$run"
	wait_for has_line 'stopped before the end of the list' err
	exec 8>&-
	status=0
	wait "$run" || status=$?
	cat err
	[ "$status" -eq 75 ]
	unchanged
}

# Each round compares another list and is killed; then the same list is compared again, or the next round continues.
@test "kill -9 at twenty random moments: each event once, and the set is right" {
	local i list killed=0
	RANDOM=7
	start_hub --input="unix:$SOCK"
	numbers 1 3000 >list0
	compare --baseline list0
	for i in {1..20}; do
		list=list$i
		# Some 5 % leave, and as many come.
		awk -v seed="$i" 'BEGIN { srand(seed); for (n = 1; n <= 3200; n++) if (rand() < 0.95) printf "202,%07d\n", 5550000 + n }' >"$list"
		dnc-ingest -f ftc-full --against=set -o "unix:$SOCK" --rate=1500/s -q "$list" 3>&- &
		PIDS+=("$!")
		# A moment by a random number of turns of the loop, not by the clock: from before the list is read to the end.
		read -rt "0.$(printf %03d $((RANDOM % 400)))" <> <(:) || :
		kill -9 "${PIDS[-1]}" 2>/dev/null && killed=$((killed + 1))
		wait "${PIDS[-1]}" || :
		[ $((i % 2)) = 0 ] || compare -q "$list"
	done
	compare -q list20
	echo "killed $killed"
	[ "$killed" -ge 10 ]
	[ "$(echo set*)" = 'set set.lock' ]
	[ -z "$(dnc-ingest -q --against=set list20)" ]
	dnc-tail -n 100000 -e -o json "ws://$ADDRESS/ws/dnc" >events
	[ "$(jq -r .id events | sort | uniq -d | wc -l)" = 0 ]
	# The state of each number changes with each of its events, and is at the end what the last list says.
	jq -r '.type + " " + (.phone_number[5:])' events >log
	awk 'FILENAME == "list0" { on[substr($0, 5)] = 1; next }
		FILENAME == "log" { is = ($1 ~ /suppressed/); if (is == on[$2] + 0) { print "twice: " $0; bad = 1 } on[$2] = is; events++; next }
		{ last[substr($0, 5)] = 1 }
		END {
			for (n in on) if (on[n] != (n in last)) { print "wrong: " n; bad = 1 }
			for (n in last) if (!(n in on)) { print "lost: " n; bad = 1 }
			print events " events"
			exit bad || events < 1000
		}' list0 log list20
}

# traced OPTION... -- COMMAND... - runs it under strace, to the file trace, without the leak checker, which can't be traced
traced() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1") && shift; done
	command -v strace >/dev/null || skip "strace is not here"
	strace -f -qq -o /dev/null -e trace=none true 2>/dev/null || skip "strace may not be used here"
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o trace "${options[@]}" "${@:2}"
}

@test "an output file is on disk, with the summary, before the set says so" {
	numbers 1 100 >one
	numbers 2 101 >two
	dnc-ingest -q -f ftc-full --against=set --baseline one
	traced -e trace=write,fsync,rename -- dnc-ingest -q -f ftc-full --against=set --summary -P federal_dnc two >out
	cat trace
	[ "$(grep -o 'write(1\|fsync(1)\|rename("set.next"' trace | uniq | tail -3 | tr '\n' ' ')" = 'write(1 fsync(1) rename("set.next" ' ]
	[ "$(tail -1 out | jq -r .type)" = dnc.list.synced ]
}

@test "an error that comes with a signal is told, and not that the run was stopped" {
	numbers 1 100 >one
	numbers 2 101 >two
	dnc-ingest -q -f ftc-full --against=set --baseline one
	says 74 'No space left on device' traced -P "$PWD/out" -e inject=write:error=ENOSPC:signal=TERM -- \
		bash -c 'exec "$@" >out' - dnc-ingest -q -f ftc-full --against=set two
	grep -q SIGTERM trace
	[[ "$output" != *'stopped after'* ]]
}

@test "a set that was renamed, but whose name may not be on disk, is not said to be unchanged" {
	numbers 1 100 >one
	numbers 2 101 >two
	dnc-ingest -q -f ftc-full --against=set --baseline one
	says 74 'nothing was published yet, but set.next is there: the next run with --against=set publishes its differences' \
		traced -e inject=fsync:error=EIO:when=2 -- dnc-ingest -q -f ftc-full --against=set two
	[ -e set.next ]
	[[ "$output" != *unchanged* ]]
	dnc-ingest -q -f ftc-full --against=set two >events
	[ "$(wc -l <events)" -eq 2 ]
}

@test "why a set can't be used is told in the summary as in the message" {
	numbers 1 100 >one
	# The message can't be written, which is another error.
	run -74 bash -c 'dnc-ingest -q -f ftc-full --against=nowhere/set --baseline --summary -P federal_dnc one 2>/dev/full'
	[[ "$(jq -r .event_data.error_message <<<"$output")" == '--against: unable to open nowhere/set.lock: No such file or directory' ]]
}

@test "the summary blames the list for what is wrong with it, and nothing else" {
	code() { # STATUS FILE - the error_code of a run
		run "-$1" bash -c 'dnc-ingest -q -f ftc-full --against=set --summary -P federal_dnc "$1" 2>err' - "$2"
		jq -r 'select(.type == "dnc.list.synced").event_data.error_code' <<<"$output"
	}
	numbers 1 100 >one
	numbers 1 102 >two
	dnc-ingest -q -f ftc-full --against=set --baseline -P federal_dnc one
	: >empty
	[ "$(code 1 empty)" = list_refused ]
	exec 7<>set.lock
	flock 7
	[ "$(code 75 two)" = run_failed ]
	exec 7>&-
	# The set can't be written.
	mkdir set.new
	[ "$(code 74 two)" = run_failed ]
	rmdir set.new
	[ "$(code 0 two)" = null ]
}

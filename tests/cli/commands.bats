load ../helper

@test "a pattern that takes too much work stops dnc-filter, in one line, before anything is lost" {
	run dnc-filter --phone '((((.+)+)+)+)+[^0-9+]' </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'takes too much work'* ]]
	printf '%s\n' '{"type":"dnc.number.released","phone_number":"+12025550143","reason":"expired"}' \
		'{"type":"dnc.number.released","phone_number":"+19165550143","reason":"expired"}' >in
	run dnc-filter --phone '^\+1202|^\+1916((((.+)+)+)+)+[^0-9+]' in
	[ "$status" -eq 2 ]
	[[ "$output" == *2025550143* ]]
	[[ "$output" == *'in:2: a pattern of --phone takes too much work on this number; simplify the pattern' ]]
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "a list becomes events, and the same events when read again" {
	printf '{"type":"dnc.number.suppressed","phone_number":"(303) 555-0143","reason":"complaint","timestamp":"2026-01-02T03:04:05Z","id":"0198f0a0-0000-7000-8000-000000000001"}\n' >in
	dnc-ingest in >once
	dnc-ingest once >twice
	cmp once twice
	[ "$(jq -r .phone_number once)" = +13035550143 ]
	[ "$(jq -r .metadata.source_format once)" = ndjson ]
}

@test "each bad record is a reject with line and code, and nothing else stops" {
	printf '%s\n' '{"type":"dnc.x"}' 'nonsense' '{"type":"dnc.number.suppressed","phone_number":"12","reason":"x"}' \
		'{"type":"dnc.provider.status_change","provider":"p","new_status":"online"}' >in
	dnc-ingest -f ndjson -x rejects in >out 2>err
	[ "$(jq -rc '[.line,.code]' rejects | tr '\n' ' ')" = '[1,"unknown_type"] [2,"invalid_json"] [3,"invalid_phone_number"] ' ]
	[ "$(jq -r .type out)" = dnc.provider.status_change ]
	grep -q '1 event, 3 records rejected' err
	run dnc-ingest --strict -f ndjson -q -x rejects in
	[ "$status" -eq 1 ]
}

@test "usage errors are one line that names the option, exit 2" {
	for c in dnc-ingest dnc-filter dnc-wsd dnc-tail; do
		run "$c" --nonsense
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ "$output" == "$c: --nonsense: "* ]]
		run "$c" --help
		[ "$status" -eq 0 ]
		[[ "$output" == "Usage: $c"* ]]
		run "$c" --version
		[ "$output" = "$c 0.1.0" ]
	done
}

@test "a bad pattern is shown with a caret" {
	run dnc-filter --phone '^(12'
	[ "$status" -eq 2 ]
	[ "${lines[1]}" = '  ^(12' ]
	[ "${lines[2]}" = '      ^' ]
}

@test "an unreadable file, a full disk and a closed output are I/O errors in one line" {
	run dnc-ingest /nonexistent
	[ "$status" -eq 74 ]
	[ "${#lines[@]}" -eq 1 ]
	events 10 >in
	run bash -c 'dnc-filter in >/dev/full'
	[ "$status" -eq 74 ]
	[[ "$output" == *"No space left"* ]]
	# More than a buffer holds: the last write has nothing left to do.
	run bash -c 'dnc-wsd --print-schema >/dev/full'
	[ "$status" -eq 74 ]
	[[ "${lines[-1]}" == *"standard output"* ]]
	for c in 'dnc-filter in' 'dnc-filter --phone 1 in' 'dnc-ingest in' \
		'dnc-emit --spool=. --timeout=1s --socket=none list.synced provider=p sync_status=success'; do
		run bash -c "$c >&-"
		[ "$status" -eq 74 ]
		[[ "${lines[-1]}" == *"standard output"* ]]
	done
	for c in dnc-filter dnc-ingest; do
		run timeout 20 bash -c "$c <&-"
		[ "$status" -eq 74 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

# The reader is gone before the command writes.
without_reader() {
	mkfifo out
	exec 7<>out 6>out 7<&-
	set +e
	timeout 20 "$@" >&6 2>err
	status=$?
	set -e
	exec 6>&-
	rm out
}

@test "a command whose reader has left ends by SIGPIPE, at once and in silence" {
	events 10 >in
	mkfifo hold
	exec 8<>hold
	for c in 'dnc-filter in' 'dnc-ingest in' 'dnc-filter hold' 'dnc-ingest hold' 'dnc-filter -c hold' \
		"dnc-filter --input=unix:$PWD/sock" "dnc-ingest --input=unix:$PWD/sock"; do
		# shellcheck disable=SC2086
		without_reader $c
		echo "$c: $status $(cat err)"
		[ "$status" -eq 141 ]
		[ ! -s err ]
		[ ! -e sock ]
	done
	exec 8>&-
	run bash -c 'yes "$(head -1 in)" | head -100000 | dnc-filter | head -1 >/dev/null; echo "${PIPESTATUS[2]}"'
	[ "$output" = 141 ]
	# A reader of sockets that left comes back: that is no end.
	run timeout 20 bash -c 'dnc-ingest in 2>&1 >/dev/null | true; dnc-ingest -q -x rejects in | wc -l'
	[ "$output" = 10 ]
}

@test "random bytes give rejects, or a file that is refused, never a crash" {
	for seed in 1 2 3 4 5; do
		openssl enc -aes-128-ctr -K 0 -iv 0000000$seed -in /dev/zero 2>/dev/null | head -c 100000 >in
		for f in auto ndjson csv ftc-full ftc-change ftc-reported; do
			rm -f rejects
			run dnc-ingest -f "$f" -x rejects in
			if [ "$status" -eq 0 ]; then [ -s rejects ]; else
				[ "$status" -eq 1 ] || [ "$status" -eq 2 ] || [ "$status" -eq 74 ]
				[[ "$output" == "dnc-ingest: in "* || ( "$status" -eq 1 && "$output" == *"no record became an event"* ) ]]
			fi
		done
		run dnc-filter -x rejects in
		[ "$status" -eq 1 ]
	done
}

@test "an event is handed on at once when input pauses" {
	mkfifo in
	dnc-ingest <in 2>/dev/null 3>&- | dnc-filter >out 3>&- &
	PIDS+=($!)
	exec 8>in
	echo '{"type":"dnc.provider.status_change","provider":"p","new_status":"online"}' >&8
	wait_for has_content out
	exec 8>&-
}

@test "dnc-filter counts, inverts and stops" {
	events 100 >in
	[ "$(dnc-filter -c --phone '00.5$' in)" = 10 ]
	[ "$(dnc-filter -v -c --phone '00.5$' in)" = 90 ]
	[ "$(dnc-filter -m 3 in | wc -l)" -eq 3 ]
	run dnc-filter --severity low in
	[ "$status" -eq 1 ]
}

@test "the published pages of reported calls: 2,144 records, accepted or rejected" {
	data="$ROOT/../shared/data/ftc-reported-2020-02-16.pages.ndjson"
	[ -f "$data" ] || skip "the published file is not here"
	dnc-ingest --map-file "$ROOT/examples/maps/ftc-reported-api.jq" -x rejects "$data" >out 2>/dev/null
	[ "$(wc -l <out)" -eq 1991 ]
	[ "$(wc -l <rejects)" -eq 153 ]
	[ "$(jq -r .id out | sort -u | wc -l)" -eq 1991 ]
	[ "$(jq -c 'select(.line == null or .code == null)' rejects | wc -l)" -eq 0 ]
}

@test "dnc-ingest --rate paces, and ends at once when asked, with all that it has read" {
	events 20 >in
	mkfifo hold
	dnc-ingest --rate=1/s <hold >out 3>&- &
	local pid=$!
	PIDS+=("$pid")
	exec 8>hold
	cat in >&8
	wait_for has_content out
	[ "$(wc -l <out)" -lt 20 ]
	kill "$pid"
	local status=0
	wait "$pid" || status=$?
	[ "$status" = 75 ] # the input has not ended
	exec 8>&-
	[ "$(wc -l <out)" -eq 20 ]
}

@test "an algorithm that is no choice is not answered with the wrong one" {
	run dnc-token keygen -o key --algorithm=RS256
	[ "$status" -eq 2 ]
	[[ "$output" == *'is not one of EdDSA, HS256' ]]
	[ ! -e key ]
}

@test "a limit of the size of files is an error with a message, not the end by a signal, for all commands" {
	local command rc status
	events 2000 >in
	yes nonsense | head -n 2000 >bad
	while IFS='|' read -r command rc; do
		status=0
		# shellcheck disable=SC2086  # words
		(ulimit -f 8; exec $command) >out 2>err 3>&- || status=$?	# 8 KiB
		[ "$status" -eq "$rc" ] || { echo "$command: $status" >&2; cat err >&2; false; }
		[ -s err ]
	done <<-'END'
		dnc-ingest -q in|74
		dnc-ingest -q --format=ndjson -x rejects bad|74
		dnc-filter -q in|74
	END
	for command in ingest filter wsd tail emit token; do
		status=0
		(ulimit -f 0; exec "dnc-$command" --help) >out 2>/dev/null 3>&- || status=$?
		[ "$status" -eq 74 ] || { echo "$command: $status" >&2; false; }
	done
}

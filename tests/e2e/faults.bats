load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_processes
	umount small ro 2>/dev/null || :
}

is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$ADDRESS/readyz")" = "$1" ]; }

@test "a full disk: nothing is acknowledged, readers are served, and it goes on when there is room" {
	sqlite_only "the disk is the server's"
	[ "$(id -u)" = 0 ] || skip "a small file system can only be mounted by root"
	mkdir small
	mount -t tmpfs -o size=3m tmpfs small || skip "no file system can be mounted here"
	start_hub --data=small/log --input="unix:$BATS_TEST_TMPDIR/sock"
	events 500 | dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock"
	wait_for last_seq_is 500
	dd if=/dev/zero of=small/ballast bs=1k count=4000 2>/dev/null || :
	local logged=500
	events 20000 >more
	dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock" <more 3>&- &
	local publisher=$!
	PIDS+=("$publisher")
	wait_for is_ready 503
	[ "$(curl -s "http://$ADDRESS/readyz" | jq -c .failing)" = '["log"]' ]
	curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_log_failures_total [1-9]'
	grep -q 'full' hub.err
	[ "$(dnc-tail -e -n 3 -o json "ws://$ADDRESS" | wc -l)" -eq 3 ]
	kill -0 "$publisher"
	rm small/ballast
	mount -o remount,size=60m small
	wait_for is_ready 200
	wait "$publisher"
	wait_for last_seq_is $((logged + 20000))
	grep -q 'can be written again' hub.err
	kill "$HUB"
	wait "$HUB"
	umount small
}

@test "a log that can't be used is one line, and no new log" {
	sqlite_only "the files are the server's"
	mkdir log
	: >log/events.db
	run dnc-wsd --listen=127.0.0.1:0 --data=log </dev/null
	[ "$status" -eq 74 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" == *"is damaged"*"move it away"* ]]
	[ ! -s log/events.db ]
	run dnc-wsd --listen=127.0.0.1:0 --data=/proc/nonsense </dev/null
	[ "$status" -eq 74 ]
	[ "${#lines[@]}" -eq 1 ]
	start_hub
	run dnc-wsd --listen=127.0.0.1:0 --data="$BATS_TEST_TMPDIR/data" </dev/null
	[ "$status" -eq 69 ]
	[[ "$output" == *"in use by another dnc-wsd"* ]]
}

@test "a directory that may only be read is one line" {
	sqlite_only "the files are the server's"
	mkdir ro
	mount -t tmpfs -o size=1m,ro tmpfs ro || skip "no file system can be mounted here"
	run dnc-wsd --listen=127.0.0.1:0 --data=ro </dev/null
	umount ro
	[ "$status" -eq 74 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" == *"Read-only"* ]]
}

@test "100 publishers at once: all that each sent, once" {
	start_hub --input="unix:$BATS_TEST_TMPDIR/sock"
	# Events of one connection have the digits of its number.
	local k
	for k in $(seq 100 199); do
		seq 100 149 | sed "s/.*/{\"type\":\"dnc.compliance.violation\",\"id\":\"0198f0a0-0000-7000-8000-000000$k&\",\"phone_number\":\"+13032$k&\",\"violation_type\":\"t\"}/" >part.$k
	done
	publish() { # what each is told at the end
		{ for k in $(seq 100 199); do printf '%s\n' "as $k" open "send-file part.$k"; done
			for k in $(seq 100 199); do printf '%s\n' "as $k" "until line $1"; done; } | ADDRESS=unix:$PWD/sock client
	}
	publish 50
	publish '50 duplicates=50 others=50'
	wait_for last_seq_is 5000
	[ "$(log_sql data 'SELECT count(DISTINCT id) FROM events')" = 5000 ]
	curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_duplicates_total 5000$'
}

# bats test_tags=release
@test "a clock that goes back does not take the log with it" {
	sqlite_only "the clock is the server's"
	dpkg -s faketime >/dev/null 2>&1 || skip "faketime is not here"
	release_only 'faketime and the sanitizer do not go together'
	mkdir log
	events 5 | faketime '2030-01-01 00:00:00' dnc-wsd -q --listen=127.0.0.1:0 --data=log --exit-on-eof >/dev/null
	events 5 | faketime '2026-01-01 00:00:00' dnc-wsd -q --listen=127.0.0.1:0 --data=log --exit-on-eof >/dev/null
	[ "$(log_sql log 'SELECT count(*), sum(CASE WHEN logged_at < 1800000000000 THEN 1 ELSE 0 END) FROM events')" = '10|5' ]
	start_hub --data="$PWD/log"
	[ "$(history_count 'since=2026-06-01T00:00:00Z')" = 0 ]
	[ "$(history_count 'until=2026-06-01T00:00:00Z')" = 10 ]
}

history_count() { curl -s "http://$ADDRESS/api/v1/events?$1" | wc -l; }

# bats test_tags=release
@test "a clock a year ahead removes nothing, shows in /readyz, and may be accepted" {
	sqlite_only "the clock is the server's"
	dpkg -s faketime >/dev/null 2>&1 || skip "faketime is not here"
	release_only 'faketime and the sanitizer do not go together'
	mkdir log
	events 50 | dnc-wsd -q --listen=127.0.0.1:0 --data=log --retain=90d --exit-on-eof >/dev/null
	mkfifo in
	exec 9<>in
	local options
	for options in "" --accept-clock; do
		: >address
		# shellcheck disable=SC2086  # it may be none
		FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1 faketime -f +365d dnc-wsd --listen=127.0.0.1:0 --data=log --retain=90d $options <in >address 2>err 3>&- &
		HUB=$!
		PIDS+=("$HUB")
		wait_for has_content address
		# faketime(1) runs the hub as its child.
		PIDS+=("$(pgrep -P "$HUB" || echo "$HUB")")
		ADDRESS=$(cat address)
		if [ "$options" ]; then
			wait_for oldest_seq_is 50
			wait_for is_ready 200
		else
			wait_for is_ready 503
			[ "$(curl -s "http://$ADDRESS/readyz" | jq -c .failing)" = '["clock"]' ]
			oldest_seq_is 1
			curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_log_clock_ahead_seconds 3[01]......'
			grep -q 'restart dnc-wsd with --accept-clock' err
		fi
		stop_faketime
	done
}

oldest_seq_is() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .oldest_seq)" = "$1" ]; }

stop_faketime() {
	kill "${PIDS[-1]}"
	wait "$HUB" || :
}

@test "a log that is moved away under the hub: nothing is acknowledged until it is back" {
	sqlite_only "the files are the server's"
	start_hub --input="unix:$BATS_TEST_TMPDIR/sock"
	events 100 | dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock"
	wait_for last_seq_is 100
	mv data elsewhere
	wait_for is_ready 503
	grep -q 'was removed while in use: restore it' hub.err
	events 50 >more
	dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock" <more 3>&- &
	local publisher=$!
	PIDS+=("$publisher")
	wait_for has_failures
	last_seq_is 100
	mkdir data
	cp elsewhere/events.db data/
	kill -0 "$publisher"
	last_seq_is 100
	rm -r data
	mv elsewhere data
	wait "$publisher"
	wait_for last_seq_is 150
	wait_for is_ready 200
	[ "$(log_sql data 'SELECT count(*), count(DISTINCT id) FROM events')" = '150|150' ]
}

# The status of the hub after SIGTERM.
end_hub() {
	kill "$HUB"
	STATUS=0
	wait "$HUB" || STATUS=$?
	cat hub.err
}

read_all() { grep -qx 'dnc_input_accepted_total 1' <(curl -s "http://$ADDRESS/metrics"); }

@test "an end by which something is lost is 75, and a message tells what" {
	start_hub
	events 1 >&9
	wait_for last_seq_is 1
	end_hub
	[ "$STATUS" -eq 0 ]

	start_hub
	printf '{"id":' >&9
	end_hub
	[ "$STATUS" -eq 75 ]
	grep -q '6 bytes of input, which no producer sends again, were not read: send them again' hub.err

	sqlite_only "the files are the server's"
	start_hub --grace=1s
	mv data elsewhere
	wait_for is_ready 503
	events 2 | tail -n 1 >&9
	wait_for read_all
	end_hub
	[ "$STATUS" -eq 75 ]
	grep -q '1 event was not acknowledged, and may not be in the log: send it again' hub.err
}

has_failures() { curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_log_failures_total [1-9]'; }

@test "a full disk: the hub starts, serves, and makes room when it may keep less" {
	sqlite_only "the disk is the server's"
	[ "$(id -u)" = 0 ] || skip "a small file system can only be mounted by root"
	mkdir small
	mount -t tmpfs -o size=32m tmpfs small || skip "no file system can be mounted here"
	events 8000 >8000
	# A log that was made with a limit can shrink.
	dnc-wsd -q --listen=127.0.0.1:0 --data=small/log --retain=1G --exit-on-eof <8000 >/dev/null
	dd if=/dev/zero of=small/ballast bs=4k count=10000 2>/dev/null || :
	start_hub --data=small/log --input="unix:$BATS_TEST_TMPDIR/sock"
	last_seq_is 8000
	[ "$(history_count 'limit=3')" = 3 ]
	events 1000 >more
	dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock" <more 3>&- &
	local publisher=$!
	PIDS+=("$publisher")
	wait_for is_ready 503
	grep -q 'no event is acknowledged' hub.err
	end_processes
	PIDS=()
	start_hub --data=small/log --input="unix:$BATS_TEST_TMPDIR/sock" --retain=2M
	wait_for prunes
	dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock" <more
	wait_for last_seq_is 9000
	wait_for is_ready 200
	wait_for takes_at_most 2048 small/log
	kill "$HUB"
	wait "$HUB"
	umount small
}

prunes() { curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_log_pruned_total [1-9]'; }
takes_at_most() { [ "$(du -k "$2" | cut -f1)" -le "$1" ]; }

@test "a sync that takes seconds shows in /readyz" {
	sqlite_only "the server syncs"
	command -v strace >/dev/null || skip "strace is not here"
	start_hub --input="unix:$BATS_TEST_TMPDIR/sock"
	wait_for is_ready 200
	strace -qq -f -o /dev/null -e trace=fdatasync,fsync -e inject=fdatasync,fsync:delay_enter=4500000:when=1 -p "$HUB" 3>&- &
	local tracer=$!
	PIDS+=("$tracer")
	wait_for hub_is_traced
	events 10 >ten
	dnc-filter -q --output="unix:$BATS_TEST_TMPDIR/sock" <ten 3>&- &
	local publisher=$!
	PIDS+=("$publisher")
	wait_for is_ready 503
	[ "$(curl -s "http://$ADDRESS/readyz" | jq -c .failing)" = '["log"]' ]
	wait "$publisher"
	wait_for is_ready 200
	wait_for has_line "the log's disk is slow: a write took" hub.err
	# A signal to the hub is lost if its tracer is ended at that moment.
	kill "$tracer"
	wait "$tracer" || true
}

hub_is_traced() { grep -q '^TracerPid:	[1-9]' /proc/"$HUB"/status; }

@test "without descriptors producers wait, and are served when there are some again" {
	(ulimit -n 24; exec dnc-filter --input="unix:$PWD/sock" -x rejects >out 2>err 3>&-) &
	local stage=$!
	PIDS+=("$stage")
	wait_for test -S sock
	{ for i in $(seq 100 139); do
		printf '%s\n' "as $i" open "send {\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+13032000$i\",\"violation_type\":\"t\"}\\n"
	done
	for i in $(seq 100 139); do printf '%s\n' "as $i" 'expect line 1' drop; done; } | ADDRESS=unix:$PWD/sock client
	[ "$(wc -l <out)" -eq 40 ]
	grep -q 'no descriptors are left' err
	[ "$(awk '{print $14 + $15}' "/proc/$stage/stat")" -lt 100 ]
}

fails() { [ "$(curl -s "http://$ADDRESS/readyz" | jq -c .failing)" = "[\"$1\"]" ]; }

@test "rejects on a full disk: the hub is unready, acknowledges nothing, and goes on when there is room" {
	[ "$(id -u)" = 0 ] || skip "a small file system can only be mounted by root"
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small || skip "no file system can be mounted here"
	dd if=/dev/zero of=small/ballast bs=1k count=62 2>/dev/null || :
	start_hub --rejects=small/rejects --input="unix:$PWD/sock"
	awk 'BEGIN { for (i = 1; i <= 200; i++) printf "nonsense number %0100d\n", i }' >bad
	dnc-filter -q -v -t 'dnc.*' --output="unix:$PWD/sock" </dev/null || :
	ADDRESS=unix:$PWD/sock client 'within 60' open 'send-file bad' half-close 'until line 200 rejected=200' 'expect end' 3>&- &
	local producer=$!
	PIDS+=("$producer")
	wait_for fails rejects
	grep -q 'nothing is acknowledged until it succeeds' hub.err
	kill -0 "$producer"
	# HTTP publication does not need them.
	[ "$(curl -s -d '{"type":"dnc.number.released","phone_number":"+12025550143","reason":"expired"}' \
		"http://$ADDRESS/api/v1/events" | jq .accepted)" = 1 ]
	rm small/ballast
	wait_for is_ready 200
	wait "$producer"
	[ "$(jq -r .line small/rejects | tr '\n' ' ')" = "$(seq -s ' ' 200) " ]
	[ "$(grep -c 'nothing is acknowledged until it succeeds' hub.err)" -eq 1 ]
	kill "$HUB"
	wait "$HUB"
	umount small
}

@test "half a line at the end of the rejects is ended before the next reject, also when they are opened again" {
	printf '{"line":1,"source":"x","co' >rejects
	start_hub --rejects=rejects --input="unix:$PWD/sock"
	echo nonsense >&9
	wait_for has_line invalid_json rejects
	[ "$(jq -cR 'fromjson? | .code' rejects)" = '"invalid_json"' ]
	grep -q 'rejects ended in an incomplete line' hub.err
	# A file that somebody put there; a whole line stays as it is.
	printf '{"line":2,"sour' >other
	mv other rejects
	kill -HUP "$HUB"
	wait_for has_line 'tokens reloaded' hub.err	# a line that came before that may go to the old file
	echo nonsense >&9
	wait_for has_line invalid_json rejects
	kill -HUP "$HUB"
	echo nonsense >&9
	wait_for count_is 3 rejects
	[ "$(jq -cR 'fromjson? | .code' rejects | wc -l)" -eq 2 ]
	# By number, and by a run that ends.
	printf '{"half' >rejects
	echo nonsense | dnc-ingest -q -f ndjson -x fd:7 7>>rejects || [ $? -eq 1 ]
	[ "$(jq -cR 'fromjson? | .code' rejects)" = '"invalid_json"' ]
}

count_is() { [ "$(wc -l <"$2")" -eq "$1" ]; }

@test "a reject of which the disk took a part, and the hub was killed, does not swallow the next" {
	[ "$(id -u)" = 0 ] || skip "a small file system can only be mounted by root"
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small || skip "no file system can be mounted here"
	start_hub --rejects=small/rejects
	dd if=/dev/zero of=small/ballast bs=1k count=52 2>/dev/null || :
	awk 'BEGIN { for (i = 1; i <= 200; i++) printf "nonsense number %0100d\n", i }' >&9
	wait_for fails rejects
	[ -n "$(tail -c 1 small/rejects)" ]
	kill -9 "$HUB"
	wait "$HUB" || :
	rm small/ballast
	local before
	before=$(jq -cR 'fromjson? | .line' small/rejects | wc -l)
	exec 9>&-
	start_hub --rejects=small/rejects
	echo nonsense >&9
	wait_for has_line 'incomplete line' hub.err
	wait_for count_is $((before + 2)) small/rejects
	[ "$(jq -cR 'fromjson? | .line' small/rejects | wc -l)" -eq $((before + 1)) ]
	kill "$HUB"
	wait "$HUB"
	umount small
}

@test "rejects whose reader has left: unready, and it still ends when asked" {
	mkfifo rejects
	exec 8<>rejects
	start_hub --rejects="$PWD/rejects" --input="unix:$PWD/sock" 8>&-
	exec 8>&-
	echo nonsense >&9
	wait_for fails rejects
	kill "$HUB"
	local status=0
	wait "$HUB" || status=$?
	[ "$status" -eq 74 ]
	grep -q 'input stopped: unable to write' hub.err
}

@test "rejects of a stage that can't be written: nothing is lost, a service tries again, a run ends with 74" {
	[ "$(id -u)" = 0 ] || skip "a small file system can only be mounted by root"
	mkdir small
	mount -t tmpfs -o size=16k tmpfs small || skip "no file system can be mounted here"
	dd if=/dev/zero of=small/ballast bs=1k count=20 2>/dev/null || :
	run bash -c 'echo nonsense | dnc-ingest -f ndjson -x small/rejects'
	[ "$status" -eq 74 ]
	[[ "$output" == *'No space left'* ]]
	ln -s small/rejects rejects
	dnc-filter --input="unix:$PWD/sock" -x rejects >out 2>err 3>&- &
	local stage=$!
	PIDS+=("$stage")
	wait_for test -S sock
	(echo nonsense; events 1) >in
	ADDRESS=unix:$PWD/sock client 'within 60' open 'send-file in' half-close 'expect line 2 rejected=1' 'expect end' 3>&- &
	local producer=$!
	PIDS+=("$producer")
	wait_for has_line 'nothing is acknowledged until it succeeds' err
	kill -0 "$producer"
	# Where there is room it is opened anew.
	ln -sf elsewhere rejects
	kill -HUP "$stage"
	wait "$producer"
	[ "$(jq -r .code elsewhere)" = invalid_json ]
	[ "$(wc -l <out)" -eq 1 ]
	kill "$stage"
	wait "$stage" || :
	umount small
}

# Starts the hub under strace, which has its system calls fail as the arguments say.
start_faulty_hub() {
	release_only 'strace and the sanitizer do not go together'
	command -v strace >/dev/null || skip "strace is not here"
	strace -f -qq -o /dev/null -e trace=none true 2>/dev/null || skip "strace may not be used here"
	rm -f hub.in address
	mkfifo hub.in
	exec 9<>hub.in
	# -D: the hub, not strace, is the child.
	strace -D -f -qq -o trace "$@" dnc-wsd --listen=127.0.0.1:0 --data=data --input="unix:$PWD/sock" \
		<hub.in >address 2>hub.err 3>&- &
	HUB=$!
	PIDS+=("$HUB")
	wait_for has_content address
	ADDRESS=$(cat address)
}

# bats test_tags=release
@test "an accept that fails for want of memory is tried again after a pause, and said once" {
	start_faulty_hub -e trace=accept4 -e inject=accept4:error=ENOMEM:when=1..8
	# Both sockets have somebody waiting while the first tries fail.
	timeout 60 dnc-emit --timeout=40s --socket="$PWD/sock" number.released phone_number=+12025550143 reason=expired >id 3>&- &
	local emit=$!
	PIDS+=("$emit")
	curl -s --max-time 40 -o info "http://$ADDRESS/api/v1/info"
	wait "$emit"
	has_content id
	wait_for last_seq_is 1
	grep -q 'ENOMEM.*INJECTED' trace
	# A spin would use up the failures, and be over, within a moment: each was a pause of its own.
	jq -e '.uptime_s >= 1' info
	# Each worker that was hit says it once.
	local said
	said=$(grep -c 'unable to accept connections: Cannot allocate memory' hub.err)
	[ "$said" -ge 1 ] && [ "$said" -le 3 ]
	[ -n "${HUB_OPTIONS-}" ] || [ "$said" -eq 1 ]
	[ "$(grep -c 'connections are accepted again' hub.err)" -le "$said" ]
	[ "$(grep -c 'unable to accept producers: Cannot allocate memory' hub.err)" -eq 1 ]
	local threads=2	# that accept, eight failures each
	[ -z "${HUB_OPTIONS-}" ] || threads=4
	[ "$(grep -c 'INJECTED' trace)" -le $((threads * 8)) ]
}

# bats test_tags=release
@test "an acknowledgement that fails closes the connection, and the producer comes again" {
	sqlite_only "its client makes the same system calls"
	start_faulty_hub -e trace=sendto -e inject=sendto:error=ENOBUFS:when=1..2
	events 3 >in
	run timeout 60 dnc-ingest --output="unix:$PWD/sock" in
	[ "$status" -eq 0 ]
	grep -q 'ENOBUFS.*INJECTED' trace
	grep -q 'unable to acknowledge' hub.err
	wait_for last_seq_is 3
}

# bats test_tags=release
@test "a poll that fails does not end the input" {
	sqlite_only "its client makes the same system calls"
	start_faulty_hub -e trace=poll -e inject=poll:error=ENOMEM:when=5..40
	timeout 60 dnc-emit --timeout=40s --socket="$PWD/sock" number.released phone_number=+12025550143 reason=expired >id 3>&- &
	local emit=$!
	PIDS+=("$emit")
	wait_for fails input
	wait_for is_ready 200
	wait "$emit"
	has_content id
	grep -q 'unable to wait for input' hub.err
	grep -q 'input is read again' hub.err
}

# Truncating the WAL is one of the last things that the hub does; the first time is when it opens the log.
@test "a signal while the log is being closed ends nothing and harms nothing" {
	sqlite_only "it has no WAL of its own"
	command -v strace >/dev/null || skip "strace is not here"
	strace -f -qq -o /dev/null -e trace=none true 2>/dev/null || skip "strace may not be used here"
	export ASAN_OPTIONS=detect_leaks=0	# it can't look for leaks while it is traced
	local signal
	for signal in HUP TERM; do
		rm -rf log
		events 5 | strace -f -qq -o trace -P "$PWD/log/events.db-wal" -e trace=ftruncate \
			-e inject=ftruncate:signal=$signal:when=2 \
			dnc-wsd -q --listen=127.0.0.1:0 --data="$PWD/log" --exit-on-eof >/dev/null
		grep -q "SIG$signal" trace
	done
}

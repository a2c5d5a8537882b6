# What --summary says is what really happened, whatever ended the run.
load ../helper

bats_require_minimum_version 1.5.0

HUB_SOCKET=hub.sock

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

open_hub() { start_hub --input="unix:$PWD/$HUB_SOCKET" "$@"; }

# Rows of a change list: N numbers from FIRST on, one a second, every EVERY-th of them deleted.
changes() { # N [FIRST] [EVERY]
	seq "${2:-0}" $((${2:-0} + $1 - 1)) | awk -v every="${3:-4}" '{
		printf "202555%04d,2026-01-%02d %02d:%02d:%02d,%s\n", $1 % 10000, 1 + $1 / 86400, $1 / 3600 % 24,
			$1 / 60 % 60, $1 % 60, $1 % every ? "A" : "D" }'
}

publish() { dnc-ingest -f ftc-change --summary --provider=registry -o "unix:$HUB_SOCKET" "$@"; }

# The same in the background; sets INGEST.
start_publish() {
	dnc-ingest -f ftc-change --summary --provider=registry -o "unix:$HUB_SOCKET" "$@" 3>&- 9>&- 2>err &
	INGEST=$!
	PIDS+=("$INGEST")
}

# The fields of the last summary in the log, as "added removed skipped total processed duplicates invalid status".
summary() {
	log_sql data "SELECT event FROM events WHERE type = 'dnc.list.synced' ORDER BY seq DESC LIMIT 1" |
		jq -r '.event_data | "\(.records_added) \(.records_removed) \(.records_skipped) \(.records_total) \(.records_processed) \(.duplicates_found) \(.invalid_records) \(.sync_status)"'
}

summary_field() { # NAME
	log_sql data "SELECT event FROM events WHERE type = 'dnc.list.synced' ORDER BY seq DESC LIMIT 1" |
		jq -r ".event_data.$1"
}

in_log() { # TYPE
	log_sql data "SELECT count(*) FROM events WHERE type = '$1'"
}

@test "new, known and partly known changes are counted by what they do" {
	open_hub
	changes 400 >first
	publish first
	[ "$(summary)" = "300 100 0 400 400 0 0 success" ]
	[ "$(summary_field data_checksum)" = "blake2b-256:$(b2sum -l 256 <first | cut -d' ' -f1)" ]
	[ "$(summary_field sync_type)" = delta ]
	[ "$(log_sql data "SELECT severity FROM events WHERE type = 'dnc.list.synced'")" = success ]
	publish first
	[ "$(summary)" = "0 0 400 400 400 400 0 success" ]
	# 200 of these are known: every fourth of them is a release.
	changes 400 200 >second
	publish second
	[ "$(summary)" = "150 50 200 400 400 200 0 success" ]
	[ "$(in_log dnc.number.suppressed)" = 450 ]
	[ "$(in_log dnc.number.released)" = 150 ]
	# Both together, one of them twice, and no new number.
	publish first second first
	[ "$(summary)" = "0 0 1200 1200 1200 1200 0 success" ]
	[ "$(summary_field data_checksum)" = "blake2b-256:$(cat first second first | b2sum -l 256 | cut -d' ' -f1)" ]
}

@test "rejects here make the summary partial, and a conflict in the hub, too" {
	open_hub
	{ changes 20; echo nonsense; } >list
	publish list
	[ "$(summary)" = "15 5 0 21 21 0 1 partial" ]
	[ "$(log_sql data "SELECT severity FROM events WHERE type = 'dnc.list.synced'")" = warning ]
	id=0198f0a0-0000-7000-8000-000000000001
	for n in 2025550143 2025550144; do
		echo "{\"type\":\"dnc.number.released\",\"id\":\"$id\",\"phone_number\":\"$n\",\"reason\":\"expired\"}"
	done >conflict
	run -1 dnc-ingest -f ndjson --summary --provider=registry -o "unix:$HUB_SOCKET" conflict
	[ "$(summary)" = "0 1 0 2 2 0 1 partial" ]
}

@test "a file of which a later stage rejects events is no success" {
	open_hub
	line() { echo "{\"id\":\"0195f0a0-0000-7000-8000-00000000000$1\",\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+1202555010$2\",\"reason\":\"complaint\",\"source\":\"internal\"}"; }
	{ line 1 1; line 2 2; } >first
	{ line 1 3; line 2 4; } >conflicts
	{ line 1 3; line 3 5; } >half
	run -0 dnc-ingest -q -f ndjson -o "unix:$HUB_SOCKET" first
	run -1 --separate-stderr dnc-ingest -q -f ndjson -o "unix:$HUB_SOCKET" conflicts
	[[ "$stderr" == *'a later stage rejected 2 of 2 events; see its rejects'* ]]
	run -1 --separate-stderr dnc-ingest -q -f ndjson -o "unix:$HUB_SOCKET" half
	[[ "$stderr" == *'a later stage rejected 1 of 2 events; see its rejects'* ]]
	run -1 --separate-stderr dnc-ingest -q --strict -f ndjson -o "unix:$HUB_SOCKET" half
	[[ "$stderr" == *'a later stage rejected 1 of 2 events; see its rejects'* ]]
}

@test "a CloudEvent that is delivered again is a duplicate, whatever its extension attributes say" {
	open_hub
	local n time
	for time in '' ',"time":"2026-11-25T10:00:00Z"'; do
		for n in 1 2; do
			echo "{\"specversion\":\"1.0\",\"id\":\"e${#time}\",\"source\":\"/x\",\"type\":\"dnc.number.suppressed\",\"traceparent\":\"00-$n\",\"attempt\":$n$time,\"data\":{\"phone_number\":\"+12025550143\",\"reason\":\"complaint\"}}" >delivery
			run -0 --separate-stderr dnc-ingest -f cloudevents -o "unix:$HUB_SOCKET" delivery
			[[ "$stderr" == *"1 event: $((2 - n)) new, $((n - 1)) duplicates, 0 rejected" ]]
		done
	done
	[ "$(in_log dnc.number.suppressed)" = 2 ]
}

@test "what a filter drops on the way is skipped" {
	open_hub
	dnc-filter -q --type=dnc.number.released --type=dnc.list.synced -i "unix:$PWD/rule.sock" -o "unix:$HUB_SOCKET" 3>&- 9>&- &
	PIDS+=("$!")
	wait_for [ -S rule.sock ]
	changes 400 >list
	HUB_SOCKET=rule.sock publish list
	[ "$(summary)" = "0 100 300 400 400 0 0 success" ]
	HUB_SOCKET=rule.sock publish list
	[ "$(summary)" = "0 0 400 400 400 100 0 success" ]
	# And the other way round: releases are dropped.
	dnc-filter -q --type=dnc.number.suppressed --type=dnc.list.synced -i "unix:$PWD/other.sock" -o "unix:$HUB_SOCKET" 3>&- 9>&- &
	PIDS+=("$!")
	wait_for [ -S other.sock ]
	HUB_SOCKET=other.sock publish list
	[ "$(summary)" = "300 0 100 400 400 0 0 success" ]
}

@test "a summary that a rule drops is told" {
	open_hub
	dnc-filter -q --type='dnc.number.*' -i "unix:$PWD/rule.sock" -o "unix:$HUB_SOCKET" 3>&- 9>&- &
	PIDS+=("$!")
	wait_for [ -S rule.sock ]
	changes 4 >list
	HUB_SOCKET=rule.sock run publish list
	[ "$status" -eq 0 ]
	[[ "$output" == *"the summary is not in the log: a rule of a later stage dropped it"* ]]
}

@test "a file that is missing, refused or all wrong: failed, with the reason" {
	open_hub
	changes 20 >list
	run publish list missing
	[ "$status" -eq 74 ]
	[ "$(summary)" = "0 0 20 20 0 0 0 failed" ]
	[ "$(summary_field error_code)" = unreadable_input ]
	[[ "$(summary_field error_message)" == *missing* ]]
	[ "$(summary_field data_checksum)" = null ]
	printf '%%PDF-1.4\n' >refused
	run publish refused
	[ "$status" -eq 74 ]
	[ "$(summary)" = "0 0 0 0 0 0 0 failed" ]
	[ "$(summary_field error_code)" = refused_input ]
	yes nonsense | head -20 >wrong
	run publish wrong
	[ "$status" -eq 1 ]
	[ "$(summary)" = "0 0 0 20 20 0 20 failed" ]
	[ "$(summary_field error_code)" = no_events ]
}

@test "a summary without a provider is a usage error" {
	changes 1 >list
	run dnc-ingest --summary list
	[ "$status" -eq 2 ]
	[[ "$output" == *"--summary needs --provider"* ]]
}

@test "on a pipe the summary counts what was written, and it is read back unchanged" {
	changes 8 >list
	dnc-ingest -f ftc-change --summary=full --provider=registry --provider-id=r-1 list >out
	tail -1 out | jq -e '.event_data.records_added == 6 and .event_data.records_removed == 2 and
		.event_data.sync_type == "full" and .provider_id == "r-1"'
	dnc-ingest out | cmp - out
}

@test "SIGTERM half way: what was done is in the summary, and the rest in the next" {
	open_hub
	changes 4000 >list
	start_publish --rate=200/s list
	wait_for eval '[ "$(in_log dnc.number.suppressed)" -gt 20 ]'
	kill -TERM "$INGEST"
	local status=0
	wait "$INGEST" || status=$?
	[ "$status" -eq 75 ]
	[ "$(summary_field sync_status)" = failed ]
	[ "$(summary_field error_code)" = stopped ]
	[[ "$(summary_field error_message)" == *SIGTERM* ]]
	local added removed
	added=$(in_log dnc.number.suppressed) removed=$(in_log dnc.number.released)
	[ "$added" -lt 3000 ]
	[ "$(summary_field records_added)" = "$added" ]
	[ "$(summary_field records_removed)" = "$removed" ]
	publish list
	[ "$(summary)" = "$((3000 - added)) $((1000 - removed)) $((added + removed)) 4000 4000 $((added + removed)) 0 success" ]
}

@test "change lists are published in the order of time, whatever the order of files and rows" {
	open_hub
	changes 3000 >all
	sort -R all | split -l 700 - part.
	publish part.*
	[ "$(summary)" = "2250 750 0 3000 3000 0 0 success" ]
	log_sql data "SELECT timestamp FROM events WHERE type <> 'dnc.list.synced' ORDER BY seq" >times
	[ "$(wc -l <times)" = 3000 ]
	sort -c times
	# The same rows in another order, all of them twice: nothing is new.
	tac all >again
	publish all again part.aa
	[ "$(summary)" = "0 0 6700 6700 6700 6700 0 success" ]
	# A number that was added, deleted and added within one second: three facts, twice the same ones.
	printf '2025550143,2026-02-01 10:00:00,%s\n' A D A >moment
	publish moment moment
	[ "$(summary)" = "2 1 3 6 6 3 0 success" ]
	[ "$(log_sql data "SELECT type FROM events WHERE timestamp LIKE '2026-02-01%' AND type <> 'dnc.list.synced' ORDER BY seq DESC LIMIT 1")" = dnc.number.suppressed ]
}

@test "no change of a run is published whose files were not all read to their end" {
	local n file
	open_hub
	printf '2025550143,2026-08-01 08:00:00,D\n' >older
	printf '2025550143,2026-08-05 08:00:00,A\n' >newer
	changes 4000 | gzip | head -c 9000 >cut.gz
	printf '%%PDF-1.4\n' >refused
	n=0
	for file in missing cut.gz refused; do
		run publish "$file" newer
		echo "$output"
		[ "$status" -ne 0 ]
		[[ "$output" == *"not published: read the files again"* ]]
		n=$((n + 1))
		[ "$(log_sql data 'SELECT count(*) FROM events')" = "$n" ]
		[ "$(summary_field sync_status) $(summary_field records_processed)" = "failed 0" ]
		[ "$(summary_field records_skipped)" = "$(summary_field records_total)" ]
	done
	publish older newer
	[ "$(log_sql data "SELECT type FROM events WHERE type <> 'dnc.list.synced' ORDER BY seq DESC LIMIT 1")" = dnc.number.suppressed ]
	# With --watch it moves to failed/, from where it may come back.
	mkdir in
	python3 -m zipfile -c in/two.zip newer refused
	run dnc-ingest -f ftc-change --summary --provider=registry --watch=in --once -o "unix:$HUB_SOCKET"
	[ "$status" -eq 1 ]
	[[ "$(cat in/failed/two.zip.reason)" == *"refused is a PDF file"*"; 1 change that was read is not published"* ]]
	[ "$(log_sql data "SELECT count(*) FROM events WHERE type <> 'dnc.list.synced'")" = 2 ]
	# Records that are no changes are published as far as they were read.
	run dnc-ingest -q -f ndjson missing <(dnc-ingest -q -f ftc-change older)
	[ "$status" -eq 74 ]
	[[ "$output" == *'"dnc.number.released"'* ]]
}

@test "the rows of a pipe are published at once, and what is out of order is told" {
	mkfifo pipe
	dnc-ingest -f ftc-change <pipe >out 2>err 3>&- &
	PIDS+=("$!")
	exec 8>pipe
	printf '2025550143,2026-01-02 10:00:05,D\n2025550143,2026-01-02 10:00:00,A\n' >&8
	wait_for has_line released out
	wait_for has_line suppressed out
	exec 8>&-
	wait "${PIDS[-1]}"
	has_line "stdin: line 2 is older than a line before it" err
	# A redirected file is one that ends.
	printf '2025550143,2026-01-02 10:00:05,D\n2025550143,2026-01-02 10:00:00,A\n' >file
	[ "$(dnc-ingest -f ftc-change <file | jq -r .timestamp)" = "2026-01-02T10:00:00.000Z
2026-01-02T10:00:05.000Z" ]
}

@test "a signal while the lists are read: nothing of them is published" {
	open_hub
	changes 10 >list
	mkfifo pipe
	start_publish list pipe
	exec 8>pipe
	wait_for eval "ls -l /proc/$INGEST/fd | grep -q /pipe"
	kill -TERM "$INGEST"
	local status=0
	wait "$INGEST" || status=$?
	[ "$status" -eq 75 ]
	exec 8>&-
	[ "$(summary)" = "0 0 10 10 0 0 0 failed" ]
	[ "$(summary_field error_code)" = stopped ]
	has_line "10 events are not published" err
	publish list
	[ "$(summary)" = "7 3 0 10 10 0 0 success" ]
}

@test "kill -9 at twenty moments: each event once, in order, and the last summary is right" {
	open_hub
	changes 60000 >all
	sort -R all | split -l 20000 - part.
	local i before
	for i in $(seq 20); do
		before=$(log_sql data 'SELECT count(*) FROM events')
		start_publish part.*
		# Later each time: from before the connection until in the middle of the list.
		wait_for eval "! kill -0 $INGEST 2>/dev/null || [ \$(log_sql data 'SELECT count(*) FROM events') -ge $((before + i * 20)) ]"
		kill -KILL "$INGEST" 2>/dev/null || :
		wait "$INGEST" 2>/dev/null || :
	done
	publish part.*
	local added removed known
	read -r added removed known _ < <(summary)
	[ $((added + removed + known)) = 60000 ]
	[ "$(summary | cut -d' ' -f4-)" = "60000 60000 $known 0 success" ]
	[ "$(log_sql data "SELECT count(*), count(DISTINCT id) FROM events WHERE type <> 'dnc.list.synced'")" = '60000|60000' ]
	[ "$(in_log dnc.number.released)" = 15000 ]
	log_sql data "SELECT timestamp FROM events WHERE type <> 'dnc.list.synced' ORDER BY seq" | sort -c
	publish part.*
	[ "$(summary)" = "0 0 60000 60000 60000 60000 0 success" ]
}

@test "after kill -9 of the hub only what was under way is unclear" {
	open_hub
	changes 4000 >list
	start_publish --rate=2000/s list
	wait_for eval '[ "$(in_log dnc.number.suppressed)" -gt 500 ]'
	kill -KILL "$HUB"
	wait "$HUB" || :
	exec 9>&-
	open_hub
	wait "$INGEST"
	cat err
	[ "$(in_log dnc.number.suppressed)" = 3000 ]
	# What is logged, but not acknowledged yet, is known when it is sent again.
	local added removed skipped
	read -r added removed skipped _ < <(summary)
	[ $((added + removed + skipped)) = 4000 ]
	[ $((added + removed)) -gt 3500 ]
}

@test "a hub that stops acknowledging: the run says that there is no summary" {
	open_hub
	kill -STOP "$HUB"
	changes 40 >list
	start_publish list
	local status=0
	# It connects, because the kernel accepts for the hub; nothing is acknowledged.
	wait_for eval "ls -l /proc/$INGEST/fd | grep -q socket"
	kill -TERM "$INGEST"
	wait "$INGEST" || status=$?
	kill -CONT "$HUB"
	[ "$status" -eq 75 ]
	# The summary alone, if the signal came before the first record was sent.
	grep -qE "^dnc-ingest: .*(1 line was|[0-9]+ lines were) not acknowledged by unix:" err
	grep -qE "no summary was published|the summary was not acknowledged" err
}

@test "a signal after everything was published is no failure, whichever it is" {
	local signal status
	open_hub
	printf '202555%04d\n' {1..40} >list
	for signal in INT TERM HUP; do
		kill -STOP "$HUB"
		env --default-signal=INT dnc-ingest -f numbers --reason=complaint --summary --provider=registry \
			-o "unix:$HUB_SOCKET" list 3>&- 9>&- 2>err &
		INGEST=$!
		PIDS+=("$INGEST")
		wait_for eval "ls -l /proc/$INGEST/fd | grep -q socket && ! ls -l /proc/$INGEST/fd | grep -q /list"
		kill "-$signal" "$INGEST"
		kill -CONT "$HUB"
		status=0
		wait "$INGEST" || status=$?
		cat err
		[ "$status" -eq 0 ]
		[ "$(summary_field sync_status)" = success ]
	done
}

@test "the output is a full disk: status 74, and no summary" {
	changes 4000 >list
	run dnc-ingest -f ftc-change --summary --provider=registry -o fd:7 list 7>/dev/full
	[ "$status" -eq 74 ]
	[[ "$output" == *"no summary was published"* ]]
}

@test "the rejects are on a full disk: what was published is counted, and the run failed" {
	open_hub
	{ changes 20; echo nonsense; changes 20 100; } >list
	run publish -x fd:7 list 7>/dev/full
	[ "$status" -eq 74 ]
	[ "$(summary_field sync_status)" = failed ]
	[ "$(summary_field error_code)" = run_failed ]
	[ "$(summary_field records_added)" = "$(in_log dnc.number.suppressed)" ]
	[ "$(summary_field records_removed)" = "$(in_log dnc.number.released)" ]
}

# N numbers, every EVERY-th line of them is none.
numbers() { # N EVERY
	seq "$1" | awk -v every="$2" '{ print $1 % every ? 2025550000 + $1 % 10000 : "nonsense" }'
}

limited() { dnc-ingest -f numbers --reason=complaint --source=consumer -x rejects --provider=registry "$@"; }

@test "--max-rejects: nothing of a wrong file is published, wherever it is wrong" {
	open_hub
	{ numbers 3000 5000; yes nonsense | head -60; } >late
	run limited --max-rejects=50 --summary -o "unix:$HUB_SOCKET" late
	[ "$status" -eq 1 ]
	[[ "$output" == *"51 of 3051 records were rejected, more than --max-rejects allows; nothing was published"* ]]
	[ "$(wc -l <rejects)" = 51 ]
	[ "$(in_log dnc.number.suppressed)" = 0 ]
	[ "$(summary)" = "0 0 3000 3051 51 0 51 failed" ]
	[ "$(summary_field error_code)" = too_many_rejects ]
	# A share of few records counts at the end.
	numbers 50 10 >few
	run limited --max-rejects=9% few
	[ "$status" -eq 1 ]
	[[ "$output" == *"5 of 50 records were rejected"*"nothing was published"* ]]
	# Also where a good file comes first.
	numbers 20 50 >good
	run limited --max-rejects=4 good few
	[ "$status" -eq 1 ]
	[ "$(grep -c 'nothing was published' <<<"$output")" = 1 ]
}

@test "--max-rejects: files within the limit are published once, and each reject is told once" {
	open_hub
	numbers 2000 10 >list
	rm -f rejects
	run limited --max-rejects=200 --summary -o "unix:$HUB_SOCKET" list missing list
	[ "$status" -eq 1 ]
	rm rejects
	run limited --max-rejects=20% --summary -o "unix:$HUB_SOCKET" list missing list
	[ "$status" -eq 74 ]
	[ "$(grep -c missing <<<"$output")" = 1 ]
	[ "$(wc -l <rejects)" = 400 ]
	[ "$(summary)" = "3600 0 0 4000 4000 0 400 failed" ]
	[ "$(summary_field error_code)" = unreadable_input ]
	limited -q list >one
	limited -q --max-rejects=200 list >two
	[ "$(jq -r .id one | sort | sha256sum)" = "$(jq -r .id two | sort | sha256sum)" ]
}

@test "--max-rejects: of a change list nothing is published either, and it is read once" {
	{ changes 3000; yes nonsense | head -60; } >late
	run dnc-ingest -f ftc-change --max-rejects=50 -x rejects late
	[ "$status" -eq 1 ]
	[ "$(grep -c 'nothing was published' <<<"$output")" = 1 ]
	[[ "$output" == *"nothing was published"* ]]
	run dnc-ingest -q -f ftc-change --max-rejects=60 -x rejects late
	[ "${#lines[@]}" -eq 3000 ]
}

@test "--max-rejects: a pipe is judged after 1,000 records, and at its end" {
	run limited --max-rejects=5% < <(numbers 2000 10)
	[ "$status" -eq 1 ]
	[ "$(grep -c 'nothing was published' <<<"$output")" = 1 ]
	[[ "$output" == *"100 of 1000 records were rejected"*"nothing was published"* ]]
	run limited --max-rejects=4 < <(numbers 50 10)
	[ "$status" -eq 1 ]
	[ "$(grep -c 'nothing was published' <<<"$output")" = 1 ]
	run limited -q --max-rejects=5 < <(numbers 50 10)
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 45 ]
	run limited -q --max-rejects=50 < <(numbers 1500 5000; yes nonsense | head -60)
	[ "$status" -eq 1 ]
	[[ "$output" == *"51 of 1551 records were rejected"*"1500 events before that are published"* ]]
}

@test "--watch: each file ends with a summary of its own, before it is moved" {
	mkdir in
	open_hub
	changes 40 >in/1
	# Half of it is known, and a row is none.
	{ changes 40 20; echo nonsense; } >in/2
	yes nonsense | head -20 >in/3
	printf '%%PDF-1.4\n' >in/4
	run dnc-ingest -f ftc-change --summary --provider=registry --watch=in --once -o "unix:$HUB_SOCKET"
	[ "$status" -eq 1 ]
	# After a list that has failed the others wait until a person goes on without it.
	[[ "$output" == *'in/4 is a change list, and waits for 3, which has failed'* ]]
	# What a person has written or emptied is read, too.
	: >in/.dnc-ingest.failed
	run dnc-ingest -f ftc-change --summary --provider=registry --watch=in --once -o "unix:$HUB_SOCKET"
	[[ "$output" == *'in/4 is a change list, and waits for one that has failed, whose name is not known, because in/.dnc-ingest.failed is empty'* ]]
	echo 3 >in/.dnc-ingest.failed
	run dnc-ingest -f ftc-change --summary --provider=registry --watch=in --once -o "unix:$HUB_SOCKET"
	[[ "$output" == *'in/4 is a change list, and waits for 3, which has failed'* ]]
	rm in/.dnc-ingest.failed
	run dnc-ingest -f ftc-change --summary --provider=registry --watch=in --once -o "unix:$HUB_SOCKET"
	[ "$status" -eq 1 ]
	[ "$(find in/done in/failed -type f | sort | tr '\n' ' ')" = 'in/done/1 in/done/2 in/done/2.rejects in/failed/3 in/failed/3.reason in/failed/3.rejects in/failed/4 in/failed/4.reason ' ]
	log_sql data "SELECT event FROM events WHERE type = 'dnc.list.synced' ORDER BY seq" |
		jq -r '.event_data | "\(.records_added) \(.records_removed) \(.records_skipped) \(.records_total) \(.duplicates_found) \(.invalid_records) \(.sync_status) \(.error_code)"' >summaries
	diff summaries - <<-'END'
	30 10 0 40 0 0 success null
	15 5 20 41 20 1 partial null
	0 0 0 20 0 20 failed no_events
	0 0 0 0 0 0 failed refused_input
	END
	# Between the events of the first and those of the second file.
	[ "$(log_sql data "SELECT seq FROM events WHERE type = 'dnc.list.synced' ORDER BY seq LIMIT 1")" = 41 ]
	[ "$(log_sql data "SELECT event FROM events WHERE seq = 41" | jq -r .event_data.data_checksum)" = "blake2b-256:$(b2sum -l 256 <in/done/1 | cut -d' ' -f1)" ]
}

@test "--watch: kill -9 at twenty random moments: each event once, and each file has its summary" {
	local files=40 rows=4000 i name
	mkdir in from
	open_hub
	changes $((files * rows)) >all
	split -l $rows -d -a 2 all from/list-
	for name in from/*; do
		echo nonsense >>"$name"
		b2sum -l 256 <"$name" | cut -d' ' -f1
	done >sums
	for i in {1..20}; do
		mv $(find from -type f | sort | head -2) in
		start_publish --watch=in
		/usr/bin/python3 -c 'import random, time; time.sleep(random.uniform(0.005, 0.3))'
		kill -KILL "$INGEST"
		wait "$INGEST" || :
	done
	publish --watch=in --once
	[ "$(find in -type f -printf '%P\n' | grep -c '^done/list-[0-9]*$')" = $files ]
	[ "$(find in -type f -printf '%P\n' | grep -c '^done/list-[0-9]*.rejects$')" = $files ]
	[ "$(find in -type f | wc -l)" = $((2 * files + 1)) ]
	[ "$(cat in/done/*.rejects | wc -l)" = $files ]
	[ "$(log_sql data "SELECT count(*), count(DISTINCT id) FROM events WHERE type <> 'dnc.list.synced'")" = "$((files * rows))|$((files * rows))" ]
	[ "$(in_log dnc.number.released)" = $((files * rows / 4)) ]
	# Each file has a summary of all its rows. What it counts as known is what an attempt before it had published.
	log_sql data "SELECT event FROM events WHERE type = 'dnc.list.synced' ORDER BY seq" | jq -c .event_data >summaries
	[ "$(jq -r .data_checksum summaries | sort -u)" = "$(sed 's/^/blake2b-256:/' sums | sort -u)" ]
	jq -s -e --argjson rows $rows 'all(.sync_status == "partial" and .invalid_records == 1 and .records_total == $rows + 1
		and .records_added + .records_removed + .records_skipped == $rows)' summaries
	# No event counts as new in two of them.
	jq -s -e --argjson all $((files * rows)) 'map(.records_added + .records_removed) | add <= $all' summaries
}

@test "--watch, --max-rejects: nothing of a wrong file is published, and the next one is, with a map, too" {
	mkdir in
	open_hub
	local n map
	for n in 1 2; do
		if [ "$n" = 1 ]; then map=(); else map=(--map 'if .n then {type: "dnc.number.suppressed", phone_number: .n, reason: "complaint"} else error("none") end'); fi
		seq 1500 | awk '{ printf "{\"type\":\"number.suppressed\",\"reason\":\"complaint\",\"phone_number\":\"202555%04d\",\"n\":\"202555%04d\"}\n", $1, $1 }' >"in/$n-b"
		{ cat "in/$n-b"; yes '{"type":"none"}' | head -50; } >"in/$n-a"
		run dnc-ingest -f ndjson --summary --provider=registry --watch=in --once --max-rejects=1% "${map[@]}" -o "unix:$HUB_SOCKET"
		echo "$output"
		[ "$status" -eq 1 ]
		[[ "$(cat "in/failed/$n-a.reason")" == *'records were rejected, more than --max-rejects allows; nothing was published' ]]
		[ -e "in/done/$n-b" ]
		[ "$(in_log dnc.number.suppressed)" = $((1500 * n)) ]
		[ "$(in_log dnc.list.synced)" = $((2 * n)) ]
		[ "$(summary)" = "1500 0 0 1500 1500 0 0 success" ]
	done
}

@test "--watch: a file that comes again is counted as known" {
	mkdir in
	open_hub
	changes 40 >in/1
	dnc-ingest -f ftc-change --summary --provider=registry --watch=in -o "unix:$HUB_SOCKET" 3>&- 9>&- 2>err &
	PIDS+=($!)
	wait_for test -e in/done/1
	[ "$(summary)" = "30 10 0 40 40 0 0 success" ]
	mv in/done/1 in/again
	wait_for test -e in/done/again
	[ "$(in_log dnc.list.synced)" = 2 ]
	# Under another name the rows have the same ids, because they say when the change was.
	[ "$(summary)" = "0 0 40 40 40 40 0 success" ]
}

full() { seq "$1" "$2" | awk '{printf "202,555%04d\n", $1}'; }
compare() { dnc-ingest -f ftc-full --summary --provider=registry --against=set -o "unix:$HUB_SOCKET" "$@"; }

@test "--against: a baseline is one event; then what differs is counted, and what does not is skipped" {
	open_hub
	full 1 1000 >one
	compare --baseline one
	[ "$(summary)" = "0 0 1000 1000 1000 0 0 success" ]
	[ "$(summary_field sync_type)" = full ]
	[ "$(log_sql data 'SELECT count(*) FROM events')" = 1 ]
	{ full 11 1003; full 20 29; } >two
	compare two
	[ "$(summary)" = "3 10 1000 1013 1013 10 0 success" ]
	[ "$(in_log dnc.number.suppressed) $(in_log dnc.number.released)" = '3 10' ]
	compare two
	[ "$(summary)" = "0 0 1003 1003 1003 10 0 success" ]
	# The missing number may be in the row that was rejected.
	{ full 12 1003; echo nonsense; } >three
	run compare three
	[ "$status" -eq 3 ]
	[ "$(summary)" = "0 0 992 993 993 0 1 partial" ]
}

@test "--against: a list that is refused is a failed sync, and changes nothing" {
	open_hub
	full 1 1000 >one
	compare --baseline one
	cp set copy
	full 1 500 >half
	run compare half
	[ "$status" -eq 1 ]
	[ "$(summary)" = "0 0 500 500 0 0 0 failed" ]
	[ "$(summary_field error_code)" = list_refused ]
	[[ "$(summary_field error_message)" == *'500 of 1000 numbers are missing'* ]]
	{ full 1 1000; yes nonsense | head -20; } >wrong
	run compare --max-rejects=1% wrong
	[ "$status" -eq 1 ]
	[ "$(summary_field error_code)" = too_many_rejects ]
	run compare one missing
	[ "$status" -eq 74 ]
	[ "$(summary_field error_code)" = unreadable_input ]
	cmp set copy
	[ "$(log_sql data 'SELECT count(DISTINCT type) FROM events')" = 1 ]
	# Nothing is published for a command line that is wrong.
	run compare --baseline one
	[ "$status" -eq 2 ]
	[ "$(in_log dnc.list.synced)" = 4 ]
}

@test "--against: without the summary in the log the set stays, and the next run publishes the same differences" {
	open_hub
	full 1 100 >one
	compare --baseline one
	full 1 110 >two
	cp set copy
	# The reader takes the events, and not the summary.
	dnc-filter -i unix:filter.sock -o "unix:$HUB_SOCKET" -x rejects --jq 'if .type == "dnc.list.synced" then error("none") else . end' 3>&- 9>&- &
	PIDS+=($!)
	wait_for test -S filter.sock
	run dnc-ingest -f ftc-full --summary --provider=registry --against=set -o unix:filter.sock two
	echo "$output"
	[ "$status" -eq 1 ]
	[ "$(in_log dnc.number.suppressed)" = 10 ]
	cmp set copy
	[ -e set.next ]
	# The next run ends that one, with its summary, before it reads its own list.
	compare two
	[ "$(in_log dnc.number.suppressed)" = 10 ]
	log_sql data "SELECT event FROM events WHERE type = 'dnc.list.synced' ORDER BY seq DESC LIMIT 2" |
		jq -r '.event_data | "\(.records_added) \(.records_skipped) \(.duplicates_found) \(.sync_status)"' >summaries
	diff summaries - <<-'END'
	0 110 0 success
	0 110 10 success
	END
	[ ! -e set.next ]
}

@test "the summary names the provider of its events, also when the format says another one than the option" {
	providers() { jq -rs 'map(.provider) | unique | join(" ")' "$@"; }
	printf '2025550143,2026-11-25T10:00:00,A\n' >change
	dnc-ingest --summary -P acme_vendor change >events 2>err
	grep -q 'provider is not used: the format says federal_dnc' err
	[ "$(wc -l <events)$(providers events)" = 2federal_dnc ]
	# A format that was given has the layout of other lists, too.
	dnc-ingest -q --summary -f ftc-change -P state_tx change >events
	[ "$(wc -l <events)$(providers events)" = 2state_tx ]
	# Several providers: the option's, and a warning.
	printf 'phone,date\n2125550144,2026-11-25\n' >vendor.csv
	dnc-ingest --summary -P acme_vendor --reason=complaint --source=internal change vendor.csv >events 2>err
	grep -q 'counts the records of several providers as those of acme_vendor' err
	[ "$(jq -r 'select(.type == "dnc.list.synced") | .provider' events)" = acme_vendor ]
	grep -q 'the counts are those of several providers' events
	# Each file of a directory has its own.
	mkdir in
	mv change vendor.csv in
	dnc-ingest -q --watch=in --once --summary -P acme_vendor --reason=complaint --source=internal >events
	[ "$(jq -r 'select(.type == "dnc.list.synced") | .provider' events | sort | tr '\n' ' ')" = 'acme_vendor federal_dnc ' ]
}

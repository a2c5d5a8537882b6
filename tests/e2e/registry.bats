# examples/cron/dnc-registry-sync: what it does with each download, and that no failure stays unnoticed.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset DNC_SOCKET DNC_URL STATE_DIRECTORY
	PATH="$(realpath "$ROOT/examples/cron"):$PATH"
	export REGISTRY_CONFIG=$PWD/config REGISTRY_DIR=$PWD/registry REGISTRY_STATE=$PWD/state REGISTRY_SOCKET=$PWD/hub.sock
	mkdir -p registry/incoming
	cp "$ROOT/examples/data/ftc-change.txt" registry/incoming/2026-11-26.txt
}

serve() { start_hub --input="unix:$REGISTRY_SOCKET" "$@"; }
log() { log_sql data "$1"; }
count() { log "SELECT count(*) FROM events WHERE type = 'dnc.$1'"; }
newest() { log "SELECT event FROM events WHERE type = 'dnc.$1' ORDER BY seq DESC LIMIT 1" | jq -r "$2"; }

# alerts STATUS WORDS ARGUMENT... - the status, and the words on standard error
alerts() {
	run -"$1" --separate-stderr dnc-registry-sync "${@:3}"
	echo "$stderr"
	[ -z "$output" ] && [[ "$stderr" == *"$2"* ]]
}

@test "a list is published, moved to done, and remembered, without a word; the check is content" {
	serve
	run -0 dnc-registry-sync
	[ -z "$output" ]
	[ "$(ls registry/done)" = 2026-11-26.txt ]
	[ "$(ls registry/incoming)$(ls registry/rejects)$(ls state/spool)" = '' ]
	[ "$(count number.suppressed)" -gt 0 ]
	[ "$(count list.synced)" = 1 ]
	[ "$(newest list.synced '.provider + .event_data.sync_status')" = federal_dncsuccess ]
	grep -qE '^[0-9]{10} 2026-11-26.txt$' state/last-success
	run -0 dnc-registry-sync --check
	[ -z "$output" ]
	# The same download again is logged once, and both files are kept.
	local before=$(count number.suppressed)
	cp "$ROOT/examples/data/ftc-change.txt" registry/incoming/2026-11-26.txt
	run -0 dnc-registry-sync
	[ "$(count number.suppressed)" = "$before" ]
	[ "$(find registry/done -type f | wc -l)" = 2 ]
	# Nothing to do is no failure.
	run -0 dnc-registry-sync
	run -2 dnc-registry-sync --nonsense
}

@test "the hub is away: the download stays, an event waits in the spool, and the next run publishes both" {
	export ALERT_COMMAND="cat >>$PWD/mail"
	alerts 69 '2026-11-26.txt: the hub at '
	[[ "$stderr" == *'does not take it; the next run tries again'* ]]
	grep -q 'does not take it' mail
	[ "$(ls registry/incoming)" = 2026-11-26.txt ]
	[ ! -e state/last-success ]
	[ "$(jq -r .event_data.sync_status state/spool/*.ndjson)" = failed ]
	rm mail
	serve
	run -0 dnc-registry-sync
	[ -z "$output" ] && [ ! -e mail ]
	[ "$(ls state/spool)$(ls registry/incoming)" = '' ]
	[ "$(log "SELECT event FROM events WHERE type = 'dnc.list.synced' ORDER BY seq" | jq -r .event_data.sync_status | tr '\n' ' ')" = 'failed success ' ]
}

@test "a wrong list is refused, stays, and does not hold up the others; an empty one is no success" {
	serve
	mv registry/incoming/2026-11-26.txt registry/incoming/c.txt
	printf '<html>\n<p>Your session has ended</p>\n</html>\n' >registry/incoming/a.txt
	: >registry/incoming/b.txt
	echo half >registry/incoming/.hidden
	echo half >registry/incoming/d.txt.part
	alerts 1 'a.txt: refused with status'
	[[ "$stderr" == *'b.txt: refused with status 1: '*'--min-records=1'*'download the list again if it is empty'* ]]
	[ "$(ls registry/incoming | tr '\n' ' ')" = 'a.txt b.txt d.txt.part ' ]
	[ "$(ls registry/done)" = c.txt ]
	[ "$(newest list.synced .event_data.sync_status)" = success ]
	[ "$(log "SELECT count(*) FROM events WHERE type = 'dnc.list.synced' AND event LIKE '%\"failed\"%'")" = 2 ]
	[[ "$(log "SELECT event FROM events WHERE type = 'dnc.list.synced' AND event LIKE '%a.txt%'")" == *'refused'* ]]
	# A name can't change what a terminal shows.
	mv registry/incoming/a.txt registry/incoming/$'a\e[2Jb.txt'
	alerts 1 'a?[2Jb.txt: refused'
	[[ "$stderr" != *$'\e'* ]]
}

@test "a list without a record is no success, whatever it has instead; nor is one with too few" {
	serve
	rm registry/incoming/*
	cd registry/incoming
	printf '\n \n\n' >blank.txt
	gzip </dev/null >nothing.gz
	printf '\n\n' | gzip >blank.gz
	yes nonsense | head -n 5 >rejects.txt
	: >empty.txt
	printf '\357\273\277' >mark.txt
	cd ../..
	local options
	for options in --summary=delta ''; do
		REGISTRY_OPTIONS=$options REGISTRY_MAX_REJECTS=100% alerts 1 'blank.txt: refused with status 1'
		[ "$(grep -c 'refused with status 1' <<<"$stderr")" = 6 ]
		[ "$(ls registry/incoming | wc -l)$(ls registry/done)" = 6 ]
	done
	[ "$(count list.synced)" = 12 ]
	[ "$(log "SELECT count(*) FROM events WHERE event LIKE '%\"failed\"%'")" = 12 ]
	[ "$(log "SELECT count(*) FROM events WHERE event LIKE '%too_few_records%0 of 5 records were accepted, fewer than --min-records=1%'")" = 1 ]
	alerts 1 'was ever published' --check
	rm registry/incoming/*
	cp "$ROOT/examples/data/ftc-change.txt" registry/incoming/2026-11-26.txt
	REGISTRY_MIN_RECORDS=1000 alerts 1 '2026-11-26.txt: refused with status 1'
	[ "$(count number.suppressed)" = 0 ]
	run -0 dnc-registry-sync
	# Who expects days without a change says so.
	printf '\n' >registry/incoming/2026-11-27.txt
	REGISTRY_MIN_RECORDS=0 run -0 dnc-registry-sync
	[ "$(ls registry/incoming)" = '' ]
}

@test "some bad rows are beside the list; too many stop it" {
	serve
	local rows
	for rows in $(seq 2000); do printf '415555%04d,2026-11-25T10:00:00,A\n' "$rows"; done >list
	{ cat list; echo nonsense; } >registry/incoming/2026-11-26.txt
	run -0 --separate-stderr dnc-registry-sync
	[ "$(wc -l <registry/rejects/2026-11-26.txt.ndjson)" = 1 ]
	[[ "$stderr" == *'1 rows were rejected: see '* ]]
	{ cat list; yes nonsense | head -n 100; } >registry/incoming/2026-11-27.txt
	alerts 1 '2026-11-27.txt: refused with status 1'
	[ -e registry/incoming/2026-11-27.txt ]
}

@test "a list of which the hub rejects a part is an alert, and stays" {
	serve
	local record='{"type":"dnc.number.suppressed","reason":"complaint","id":"0197f4a4-0000-7000-8000-000000000001"'
	echo "$record,\"phone_number\":\"2025550101\"}" >registry/incoming/2026-11-26.txt
	export REGISTRY_FORMAT=ndjson
	local options
	run -0 dnc-registry-sync
	{ echo "$record,\"phone_number\":\"2025550102\"}"; echo '{"type":"dnc.number.released","reason":"expired","phone_number":"2025550103"}'; } >registry/incoming/2026-11-27.txt
	for options in --summary=delta ''; do
		REGISTRY_OPTIONS=$options alerts 1 'a later stage rejected 1 of 2 events; see its rejects'
		[[ "$stderr" == *'2026-11-27.txt: refused with status 1'* ]]
		[ -e registry/incoming/2026-11-27.txt ]
		grep -q 2026-11-26.txt state/last-success
	done
	[ "$(count number.released)" = 1 ]
	[ "$(log "SELECT count(*) FROM events WHERE type = 'dnc.list.synced' AND event LIKE '%\"partial\"%'")" = 1 ]
	[ "$(newest list.synced .event_data.sync_status)" = failed ]
}

@test "an alert names the cause, wherever it goes" {
	serve
	mkdir bin
	ln -s "$(command -v dnc-emit)" "$(command -v dnc-registry-sync)" bin/
	export ALERT_COMMAND="cat >$PWD/mail"
	# caused STATUS WORDS - they are in the alert and in the event
	caused() {
		alerts "$1" "$2"
		grep -qF "$2" mail
		[[ "$(newest list.synced .event_data.error_message)" == *"$2"* ]]
		refute grep -q 'download it again' mail
		[ -e registry/incoming/2026-11-26.txt ]
	}
	REGISTRY_FORMAT=ftc-ful caused 1 'ftc-ful'
	REGISTRY_OPTIONS=--sumary caused 1 'sumary'
	REGISTRY_FORMAT=ftc-full REGISTRY_OPTIONS="--against=$PWD/none.set" caused 1 'none.set does not exist: for the first list use --baseline'
	PATH="$PWD/bin:/usr/bin:/bin" caused 1 "can't be run (status 127)"
	[ "$(grep -c . mail)" = 1 ]
	printf '#!/bin/sh\nexit 137\n' >bin/dnc-ingest
	chmod +x bin/dnc-ingest
	PATH="$PWD/bin:$PATH" caused 75 'ended with status 137'
	yes nonsense | head -n 100 >registry/incoming/2026-11-26.txt
	alerts 1 'more than --max-rejects allows'
	grep -q "rejected rows are in $PWD/registry/rejects/2026-11-26.txt.ndjson, the first: [a-z]" mail
}

@test "half a zip file is refused, and stays" {
	serve
	/usr/bin/python3 -c 'import sys, zipfile
with zipfile.ZipFile("list.zip", "w", zipfile.ZIP_DEFLATED) as z: z.write(sys.argv[1], "changes.txt")' registry/incoming/2026-11-26.txt
	rm registry/incoming/2026-11-26.txt
	head -c $(($(stat -c %s list.zip) / 2)) list.zip >registry/incoming/2026-11-26.zip
	alerts 1 '2026-11-26.zip: refused with status'
	[ -e registry/incoming/2026-11-26.zip ]
	[ ! -e state/last-success ]
	[ "$(newest list.synced .event_data.sync_status)" = failed ]
	cp list.zip registry/incoming/2026-11-26.zip
	run -0 dnc-registry-sync
	[ "$(ls registry/done)" = 2026-11-26.zip ]
	[ "$(count number.suppressed)" = 1 ]
}

# Full lists of 1,000 numbers, and a baseline of them.
compare_full_lists() {
	rm -f registry/incoming/*
	export REGISTRY_FORMAT=ftc-full REGISTRY_OPTIONS="--summary=full --against=$PWD/last.set"
	seq -f '202,555%04g' 0 999 >first
	dnc-ingest -q -f ftc-full -P federal_dnc --against=last.set --baseline first >/dev/null
}

differences() {
	log "SELECT substr(type, 12) || phone_number FROM events WHERE phone_number IS NOT NULL ORDER BY seq" | tr '\n' ' '
}

@test "full lists are compared with the last one" {
	serve
	compare_full_lists
	{ sed '/5550143/d' first; echo 202,5551000; } >registry/incoming/2026-11-27.txt
	run -0 dnc-registry-sync
	[ "$(differences | tr ' ' '\n' | sort | tr '\n' ' ')" = 'released+12025550143 suppressed+12025551000 ' ]
	# Half a list would release the other half.
	head -n 500 first >registry/incoming/2026-11-28.txt
	alerts 1 '2026-11-28.txt: refused with status'
	[ "$(count number.released)" = 1 ]
	[ "$(count list.synced)" = 2 ]
	[ "$(newest list.synced '.event_data | [.sync_status, .error_code] | join(" ")')" = 'failed list_refused' ]
}

@test "a full list with a bad row is taken without its releases: an alert, once, and the next one is read" {
	serve
	compare_full_lists
	{ sed '/5550143/d' first; echo 202,5551000; echo nonsense; } >registry/incoming/2026-11-27.txt
	alerts 1 "2026-11-27.txt: published, and the next list is compared with it, but rows were rejected: 1 number has left the list, but is not released"
	[[ "$stderr" == *"1 rejected rows are in $PWD/registry/rejects/2026-11-27.txt.ndjson, the first: neither AREA,NUMBER nor ten digits"* ]]
	[[ "$stderr" != *refused* ]] && [[ "$stderr" != *'download it again'* ]]
	[ "$(ls registry/done)" = 2026-11-27.txt ]
	grep -q 2026-11-27.txt state/last-success
	[ "$(newest list.synced .event_data.sync_status)" = partial ]
	{ sed '/5550143/d' first; echo 202,5551000; } >registry/incoming/2026-11-28.txt
	run -0 dnc-registry-sync
	[ "$(differences)" = 'suppressed+12025551000 released+12025550143 ' ]
	# So without a summary, with which the program reports it itself.
	{ cat first; echo nonsense; } >registry/incoming/2026-11-29.txt
	REGISTRY_OPTIONS="--against=$PWD/last.set" alerts 1 '2026-11-29.txt: published'
	[ "$(newest list.synced .event_data.sync_status)" = partial ]
}

@test "full lists are compared in order: none is read after one that is not accepted, and no older one after a newer one" {
	serve
	compare_full_lists
	head -n 500 first >registry/incoming/2026-11-27.txt
	{ cat first; echo 202,5551000; } >registry/incoming/2026-11-28.txt
	alerts 1 '2026-11-27.txt: refused with status'
	[[ "$stderr" == *'the lists after it are not read'* ]]
	[ "$(ls registry/incoming | tr '\n' ' ')" = '2026-11-27.txt 2026-11-28.txt ' ]
	[ "$(count number.suppressed)" = 0 ]
	# An empty download holds up the next one as well.
	: >registry/incoming/2026-11-27.txt
	alerts 1 '2026-11-27.txt: refused with status 1: '
	[ "$(count number.suppressed)" = 0 ]
	# Corrected: both, in order.
	{ cat first; echo 202,5551001; } >registry/incoming/2026-11-27.txt
	run -0 dnc-registry-sync
	[ "$(differences)" = 'suppressed+12025551001 suppressed+12025551000 released+12025551001 ' ] ||
		[ "$(differences)" = 'suppressed+12025551001 released+12025551001 suppressed+12025551000 ' ]
	# An older one that comes late would release what the newer one has added. The next list is read.
	cp registry/done/2026-11-27.txt registry/incoming/
	{ cat first; echo 202,5551000; echo 202,5551002; } >registry/incoming/2026-11-29.txt
	alerts 1 '2026-11-27.txt: not read, because its name sorts before 2026-11-28.txt'
	[ "$(ls registry/incoming)" = 2026-11-27.txt ]
	[ "$(count number.released)" = 1 ] && [ "$(count number.suppressed)" = 3 ]
	[[ "$(newest list.synced .event_data.sync_status)" = success ]]
	alerts 1 'sorts before 2026-11-29.txt'
	# Change lists have no such order.
	mv registry/done/2026-11-27.txt saved
	cp "$ROOT/examples/data/ftc-change.txt" registry/incoming/2026-11-27.txt
	REGISTRY_FORMAT=ftc-change REGISTRY_OPTIONS= run -0 dnc-registry-sync
	[ "$(ls registry/incoming)" = '' ]
}

@test "a download that goes on is no list, whichever program makes it, and the list that it becomes is read" {
	serve
	compare_full_lists
	local end
	for end in crdownload CRDownload download opdownload partial aria2 tmp part filepart; do
		head -n 980 first >"registry/incoming/2026-11-28.$end"
	done
	# aria2 gives a file its name at the beginning.
	head -n 980 first >registry/incoming/2026-11-27.txt
	: >registry/incoming/2026-11-27.txt.aria2
	run -0 dnc-registry-sync
	[ -z "$output" ]
	[ "$(count number.released)" = 0 ] && [ "$(ls registry/done)" = '' ]
	rm registry/incoming/*
	# An earlier version took one.
	echo "$(date +%s) 2026-11-28.txt.crdownload" >state/last-success
	{ cat first; echo 202,5551000; } >registry/incoming/2026-11-28.txt
	run -0 dnc-registry-sync
	[ "$(differences)" = 'suppressed+12025551000 ' ]
	[ "$(ls registry/done)" = 2026-11-28.txt ]
}

@test "what is no file is an alert: a list may be in it" {
	serve
	mkdir registry/incoming/2026-11-25
	cp registry/incoming/2026-11-26.txt registry/incoming/2026-11-25/
	ln -s nowhere registry/incoming/link
	alerts 1 '2026-11-25: not read, because it is not a file'
	[[ "$stderr" == *'link: not read, because it is not a file'* ]]
	[ "$(ls registry/done)" = 2026-11-26.txt ]
	rm -rf registry/incoming/2026-11-25
	compare_full_lists
	mkdir registry/incoming/2026-11-27
	{ cat first; echo 202,5551000; } >registry/incoming/2026-11-28.txt
	alerts 1 'the lists after it are not read'
	[ -e registry/incoming/2026-11-28.txt ]
}

@test "a full list that can't be moved to done holds up the next one" {
	serve
	compare_full_lists
	{ cat first; echo 202,5551000; } >registry/incoming/2026-11-27.txt
	{ cat first; echo 202,5551001; } >registry/incoming/2026-11-28.txt
	mkdir state
	mkdir state/last-success.new
	alerts 74 "2026-11-27.txt was published, but $PWD/state/last-success can't be written"
	[ "$(differences)" = 'suppressed+12025551000 ' ]
	rmdir state/last-success.new
	run -0 dnc-registry-sync
	[ "$(count number.suppressed)$(count number.released)" = 21 ]
}

@test "a list that is not published to its end is no success, whatever stopped it" {
	serve
	compare_full_lists
	cp first registry/incoming/2026-11-27.txt
	(exec 8>last.set.lock && flock 8 && exec sleep infinity) 3>&- 9>&- &
	PIDS+=($!)
	locked() { refute flock -n last.set.lock true; }
	wait_for locked
	alerts 75 '2026-11-27.txt: not published to its end (status 75 of dnc-ingest: '
	[[ "$stderr" == *'another process compares a list'* ]] && [[ "$stderr" != *'the hub'* ]]
	[ "$(newest list.synced .event_data.sync_status)" = failed ]
	[[ "$(newest list.synced .event_data.error_message)" != *'the hub'* ]]
	# The time is up.
	export REGISTRY_OPTIONS=--rate=1 REGISTRY_TIME_LIMIT=0.2s
	alerts 75 '2026-11-27.txt: not published within 0.2s; the next run tries again'
	# Others signal dnc-ingest alone.
	mkdir bin
	for code in 75 130 143; do
		printf '#!/bin/sh\nexit %s\n' "$code" >bin/dnc-ingest
		chmod +x bin/dnc-ingest
		PATH="$PWD/bin:$PATH" alerts 75 "not published to its end (status $code"
		[ ! -e state/last-success ] && [ -e registry/incoming/2026-11-27.txt ]
	done
}

@test "the state can't be written: the list is published, stays, and the run says so until it can" {
	mkdir state
	mount -t tmpfs -o size=16k tmpfs state || skip "no file system can be mounted here"
	serve
	mkdir state/spool
	touch state/lock
	dd if=/dev/zero of=state/fill bs=4k 2>/dev/null || :
	run --separate-stderr dnc-registry-sync
	umount_when_done() { umount "$BATS_TEST_TMPDIR/state"; }
	echo "$stderr"
	[ "$status" = 74 ] || { umount_when_done; return 1; }
	[[ "$stderr" == *"was published, but "*"last-success can't be written; the next run tries again"* ]] || { umount_when_done; return 1; }
	[ -e registry/incoming/2026-11-26.txt ] || { umount_when_done; return 1; }
	local before=$(count number.suppressed)
	rm state/fill
	run -0 dnc-registry-sync
	[ "$(count number.suppressed)" = "$before" ] && [ -s state/last-success ] && [ "$(ls registry/done)" = 2026-11-26.txt ] || { umount_when_done; return 1; }
	umount_when_done
}

@test "other options for dnc-ingest; with --summary its event is the only one" {
	serve
	printf '0115550143,2026-11-25T10:00:00,A\n4155550123,2026-11-25T10:00:00,A\n' >registry/incoming/2026-11-26.txt
	REGISTRY_MAX_REJECTS=50% REGISTRY_OPTIONS='--strict-phone --source=federal' run -0 --separate-stderr dnc-registry-sync
	[[ "$stderr" == *'1 rows were rejected'* ]]
	[ "$(newest number.suppressed '.event_data.source')" = federal ]
	printf '4155550124,2026-11-25T10:00:00,A\n' >registry/incoming/2026-11-27.txt
	run -0 dnc-registry-sync
	[ "$(count list.synced)" = 2 ]
	[ "$(newest list.synced '.event_data | [.sync_status, .records_added] | join(" ")')" = 'success 1' ]
	yes nonsense | head -n 100 >registry/incoming/2026-11-28.txt
	alerts 1 'refused with status'
	[ "$(count list.synced)" = 3 ]
	[ "$(newest list.synced .event_data.sync_status)" = failed ]
}

@test "two at once: the second one says that another run goes on" {
	mkfifo hold
	serve
	exec 8<>hold
	export DOWNLOAD_COMMAND="read -r go <$PWD/hold"
	dnc-registry-sync 3>&- 8>&- 9>&- &
	PIDS+=($!)
	wait_for test -e state/lock
	locked() { refute flock -n state/lock true; }
	wait_for locked
	alerts 75 'another run goes on'
	[ "$(ls registry/incoming)" = 2026-11-26.txt ]
	echo go >&8
	wait "${PIDS[-1]}"
	[ "$(ls registry/done)" = 2026-11-26.txt ]
	[ "$(count list.synced)" = 1 ]
}

# bats test_tags=release
@test "the check: 31 days are none too many, 32 are, and so are a sync that never was, and a damaged state" {
	serve
	dnc-registry-sync
	local now=$(date +%s)
	run -0 faketime -f +30d dnc-registry-sync --check
	echo "$((now - 32 * 86400)) of-old.txt" >state/last-success
	alerts 1 'no new list of federal_dnc was published for 32 days; the last one was of-old.txt' --check
	[ "$(newest provider.status_change '.event_data.new_status')" = error ]
	[[ "$(newest provider.status_change '.event_data.reason')" == *'32 days'* ]]
	# With another clock, and with an alert by another program. The hub is away.
	echo "$now x.txt" >state/last-success
	kill "$HUB"
	wait "$HUB" || :
	if is_release; then # faketime and the sanitizer do not go together
		ALERT_COMMAND="cat >$PWD/mail" run -1 faketime -f +32d dnc-registry-sync --check
		grep -q 'for 32 days' mail
		[ "$(jq -r .type state/spool/*.ndjson)" = dnc.provider.status_change ]
	fi
	rm state/last-success
	alerts 1 'was ever published' --check
	local bad
	for bad in x '-1 a' '99999999999999999999 a' '12345678901x a'; do
		echo "$bad" >state/last-success
		alerts 1 damaged --check
	done
	echo "$((now + 3 * 86400)) a" >state/last-success
	alerts 1 'check the clock' --check
	# An alert command that fails changes nothing.
	ALERT_COMMAND='exit 3' alerts 1 'ALERT_COMMAND failed with status 3' --check
}

@test "the check: a list that was published before does not count as new, whatever its name" {
	serve
	# age DAYS - the last new list is so old
	age() { sed -i "1s/^[0-9]*/$(($(date +%s) - $1 * 86400))/" state/last-success; }
	dnc-registry-sync
	run -0 dnc-registry-sync --check
	age 40
	cp registry/done/2026-11-26.txt registry/incoming/2026-11-27.txt
	run -0 dnc-registry-sync
	[ "$(ls registry/incoming)" = '' ]
	alerts 1 'no new list of federal_dnc was published for 40 days; the last one was 2026-11-27.txt' --check
	# A mirror that brings old lists in turn is stuck, too.
	echo '4155550124,2026-11-25T10:00:00,A' >registry/incoming/2026-11-28.txt
	run -0 dnc-registry-sync
	run -0 dnc-registry-sync --check
	age 40
	cp registry/done/2026-11-26.txt registry/incoming/2026-11-29.txt
	run -0 dnc-registry-sync
	alerts 1 'for 40 days' --check
	[ "$(wc -l <state/last-success)" = 3 ]
	# Days without a change may be what is expected.
	: >registry/incoming/2026-11-30.txt
	REGISTRY_MIN_RECORDS=0 run -0 dnc-registry-sync
	age 40
	: >registry/incoming/2026-12-01.txt
	REGISTRY_MIN_RECORDS=0 run -0 dnc-registry-sync
	run -0 dnc-registry-sync --check
	# A state of an earlier version has no checksums.
	echo "$(($(date +%s) - 40 * 86400)) old.txt" >state/last-success
	cp registry/done/2026-11-28.txt registry/incoming/2026-12-02.txt
	run -0 dnc-registry-sync
	run -0 dnc-registry-sync --check
	# A full list may become what it was, but not stay it.
	compare_full_lists
	{ cat first; echo 202,5551000; } >registry/incoming/2026-12-03.txt
	cp first registry/incoming/2026-12-04.txt
	run -0 dnc-registry-sync
	age 40
	{ cat first; echo 202,5551000; } >registry/incoming/2026-12-05.txt
	run -0 dnc-registry-sync
	run -0 dnc-registry-sync --check
	age 40
	cp registry/done/2026-12-05.txt registry/incoming/2026-12-06.txt
	run -0 dnc-registry-sync
	alerts 1 'for 40 days; the last one was 2026-12-06.txt' --check
}

@test "a download that fails is an alert; what is there is published; the settings are in a file" {
	serve
	cat >config <<-'END'
		REGISTRY_PROVIDER=state_tx
		DOWNLOAD_COMMAND='exit 7'
	END
	alerts 75 'DOWNLOAD_COMMAND failed with status 7'
	[ "$(ls registry/done)" = 2026-11-26.txt ]
	[ "$(newest list.synced '.provider + .event_data.sync_status')" = state_txsuccess ]
	echo 'DOWNLOAD_COMMAND="cp $ROOT/examples/data/ftc-change.txt next.txt"' >config
	ROOT=$ROOT run -0 dnc-registry-sync
	[ -e registry/done/next.txt ]
}

# A killed process holds its locks until it has ended, and only the first of a group is ours to wait for.
group_has_ended() { ! pgrep -g "$1" -r D,R,S,T >/dev/null; } # PGID

@test "kill -9 in the middle of a run: the next one publishes the rest, and nothing twice" {
	local rows i
	for rows in $(seq 5000); do printf '415555%04d,2026-11-25T10:00:00,A\n' "$rows"; done >list
	for i in $(seq 8); do sed "s/^415555/4155$i$i/" list >"registry/incoming/$i.txt"; done
	rm registry/incoming/2026-11-26.txt
	serve
	for i in $(seq 10); do
		setsid dnc-registry-sync >/dev/null 2>&1 3>&- 9>&- &
		PIDS+=($!)
		/usr/bin/python3 -c 'import time, sys; time.sleep(int(sys.argv[1]) * 0.03)' "$i" 3>&-
		kill -9 -- "-${PIDS[-1]}" 2>/dev/null || :
		wait "${PIDS[-1]}" || :
		wait_for group_has_ended "${PIDS[-1]}"
	done
	dnc-registry-sync
	[ "$(ls registry/incoming)" = '' ]
	[ "$(find registry/done -type f | wc -l)" = 8 ]
	[ "$(count number.suppressed)" = "$(log 'SELECT count(DISTINCT phone_number) FROM events')" ]
	[ "$(count number.suppressed)" = "$(cat registry/done/*.txt | cut -d, -f1 | sort -u | wc -l)" ]
}

@test "an event in the spool that is refused is kept aside, and does not hold up the others" {
	serve
	mkdir -p state/spool
	echo '{"type":"dnc.list.synced"' >state/spool/1.ndjson
	dnc-emit -q --socket="$PWD/none.sock" --timeout=1s --spool=state/spool list.synced provider=federal_dnc sync_status=failed >/dev/null || :
	[ "$(find state/spool -name '*.ndjson' | wc -l)" = 2 ]
	alerts 1 'an event of an earlier run was refused'
	[ "$(ls state/spool)" = 1.ndjson.refused ]
	[ "$(log "SELECT event FROM events" | jq -r .event_data.sync_status | grep -c failed)" = 1 ]
	[ "$(ls registry/done)" = 2026-11-26.txt ]
	run -0 dnc-registry-sync
}

@test "a list that is replaced while it is read stays, and is published by the next run" {
	serve
	export REGISTRY_OPTIONS='--summary=delta --rate=2/s'
	dnc-registry-sync 2>err 3>&- 9>&- &
	local run=$!
	wait_for eval '[ "$(count number.suppressed)" -ge 1 ]'
	echo '2025550177,2026-11-26T08:00:00,A' >new.part
	mv new.part registry/incoming/2026-11-26.txt
	local status=0
	wait "$run" || status=$?
	cat err
	[ "$status" = 75 ]
	grep -q 'another file got this name' err
	[ "$(ls registry/done)$(cat registry/incoming/2026-11-26.txt)" = '2025550177,2026-11-26T08:00:00,A' ]
	REGISTRY_OPTIONS=--summary=delta run -0 dnc-registry-sync
	[ "$(log "SELECT count(*) FROM events WHERE phone_number = '+12025550177'")" = 1 ]
	[ "$(ls registry/done)" = 2026-11-26.txt ]
}

@test "what says nothing of an event in the spool does not set it aside" {
	serve
	mkdir -p state/spool bin
	echo '{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"failed"}' >state/spool/1.ndjson
	local code
	for code in 137 126 127 74 75 69; do
		printf '#!/bin/sh\nexit %s\n' "$code" >bin/dnc-ingest
		chmod +x bin/dnc-ingest
		case $code in 69 | 74) status=$code ;; *) status=75 ;; esac
		PATH="$PWD/bin:$PATH" alerts "$status" 'earlier run'
		[ -e state/spool/1.ndjson ]
		[ "$(ls state/spool/*.refused 2>/dev/null)" = '' ]
		[ -e registry/incoming/2026-11-26.txt ]
	done
	run -0 dnc-registry-sync
	[ "$(ls state/spool)" = '' ]
}

@test "a list that takes the name between the last look and the move is moved back" {
	serve
	mkdir bin
	# The new one comes when the old one is moved.
	cat >bin/mv <<-'END'
		#!/bin/sh
		case $2 in
		*/done/*)
			echo 2025550177,2026-11-26T08:00:00,A >"$1.part"
			/bin/mv "$1.part" "$1"
			;;
		esac
		exec /bin/mv "$@"
	END
	chmod +x bin/mv
	PATH="$PWD/bin:$PATH" alerts 75 'another file got this name'
	[ "$(ls registry/done)" = '' ]
	run -0 dnc-registry-sync
	[ "$(log "SELECT count(*) FROM events WHERE phone_number = '+12025550177'")" = 1 ]
	[ "$(ls registry/done)" = 2026-11-26.txt ]
}

@test "cron's file and the units call what is there" {
	sed '/^#/d; /=/d' "$ROOT/examples/cron/crontab" >lines
	[ "$(wc -l <lines)" = 2 ]
	serve
	while read -r _ _ _ _ _ user command; do
		[ "$user" = dnc-registry ]
		run -0 sh -c "$command"
	done <lines
	[ "$(ls registry/done)" = 2026-11-26.txt ]
	[ "$(sed -n 's|^ExecStart=/usr/local/bin/||p' "$ROOT"/examples/systemd/dnc-registry-*.service | sort)" = \
		"$(sed 's/.*dnc-registry  //' lines | sort)" ]
}

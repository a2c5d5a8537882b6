# Change lists: in the order of time from files, as they come from pipes, and as far as a damaged file can be read.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# A change list in XML with a fault behind its two changes, the later one first.
broken_xml() {
	printf '%s\n' '<list type="change"><ac val="303">' \
		'<ph val="5550144" date="2026-08-29T09:00:00" type="A"/>' \
		'<ph val="5550143" date="2026-08-29T08:00:00" type="A"/>' \
		'<ph val="5550145" date="2026-08-29T08:00:00" type="A"</ac></list>'
}

@test "a change list in a pipe with a name is published as it comes" {
	mkfifo pipe
	dnc-ingest -f ftc-change pipe >out 2>err 3>&- &
	PIDS+=($!)
	exec 7>pipe
	printf '%s\n' 3035550143,2026-08-29T08:00:00,A 3035550143,2026-08-28T08:00:00,D >&7
	wait_for test -s out
	wait_for grep -q 'pipe: line 2 is older than a line before it' err
	exec 7>&-
	wait "${PIDS[-1]}"
	[ "$(jq -r .timestamp out | tr '\n' ' ')" = '2026-08-29T08:00:00.000Z 2026-08-28T08:00:00.000Z ' ]
	# The name says nothing: this one is a file.
	printf '%s\n' 3035550143,2026-08-29T08:00:00,A 3035550143,2026-08-28T08:00:00,D >stdin
	[ "$(dnc-ingest -q -f ftc-change stdin | jq -r .timestamp | head -1)" = 2026-08-28T08:00:00.000Z ]
	[ "$(dnc-ingest -q -f ftc-change <stdin | jq -r .timestamp | head -1)" = 2026-08-28T08:00:00.000Z ]
}

@test "the records before a fault are published, but no change of a list, and messages say so" {
	local limit
	broken_xml >broken.xml
	for limit in '' --max-rejects=5; do
		run -74 --separate-stderr dnc-ingest $limit broken.xml
		[[ "$stderr" == *'broken.xml is not read beyond line 4, column '*'2 events are not published: read the files again'* ]]
		[ -z "$output" ]
		mkdir -p in
		cp broken.xml in/
		sed 's/change/full/; s/ date="[^"]*" type="A"//' broken.xml >in/full.xml
		run -1 --separate-stderr dnc-ingest $limit --watch=in --once
		[ "$(jq -r .phone_number <<<"$output" | tr '\n' ' ')" = '+13035550144 +13035550143 ' ]
		[[ "$(cat in/failed/broken.xml.reason)" == 'in/broken.xml is not read beyond line 4, column '*'; 2 changes that were read are not published; no other change list is taken until this one is published' ]]
		[[ "$(cat in/failed/full.xml.reason)" == 'in/full.xml is not read beyond line 4, column '*'; the 2 events before that are published' ]]
		rm -r in
	done
	# Of a list that is compared nothing is published.
	run -74 --separate-stderr dnc-ingest -f ftc-xml --against=set --publish-all <(sed 's/change/full/; s/ date="[^"]*" type="A"//' broken.xml)
	[ -z "$output" ]
	[[ "$stderr" == *'nothing was published'* && "$stderr" != *'is published'* ]]
}

@test "changes keep the name of their format, from files and from pipes, in the order of time" {
	printf '%s\n' 3035550143,2026-08-29T08:30:00,A >flat
	broken_xml | sed 4d | sed '$a </ac></list>' >list.xml
	dnc-ingest -q list.xml flat >out
	[ "$(jq -r '[.phone_number, .metadata.source_format] | join(" ")' out)" = $'+13035550143 ftc-xml\n+13035550143 ftc-change\n+13035550144 ftc-xml' ]
	cat list.xml | dnc-ingest -q >piped
	[ "$(jq -r .metadata.source_format piped | uniq)" = ftc-xml ]
	[ "$(jq -r .id piped | sort)" = "$(jq -r 'select(.metadata.source_format == "ftc-xml").id' out | sort)" ]
}

@test "the summary says of XML what it says of the other lists of the registry: full or changes" {
	local case
	broken_xml | sed 4d | sed '$a </ac></list>' >changes.xml
	sed 's/change/full/; s/ date="[^"]*" type="A"//' changes.xml >full.xml
	printf '303,5550143\n' >full.txt
	printf '3035550143,2026-08-29T08:30:00,A\n' >changes.txt
	for case in 'full full.xml' 'delta changes.xml' 'full full.xml full.txt' 'delta full.xml changes.xml' 'delta changes.txt' 'full full.txt'; do
		read -ra words <<<"$case"
		[ "$(dnc-ingest -q --summary -P federal_dnc "${words[@]:1}" | jq -r '.event_data.sync_type // empty')" = "${words[0]}" ]
	done
}

# A day's change list in the file NAME: of one number, deleted or added on a day of August.
day() { printf '2025550143,2026-08-%02d 08:00:00,%s\n' "$2" "$3" >"$1"; }

watch_changes() { dnc-ingest -f ftc-change --watch=in --once "$@" >>out 2>>err; }

# The days of the events, as they were published.
days() { jq -r '.timestamp[8:10] + .type[11:]' out | uniq | tr '\n' ' '; }

@test "no change list is published before one that has failed, which is moved back" {
	local format
	for format in ftc-change auto; do
		rm -rf in out err
		mkdir in
		day mon 1 D
		day in/2fri 5 A
		day in/3sat 6 D
		[ $format != auto ] || printf '%s\n' phone_number,timestamp,reason 2025550199,2026-08-01,complaint >in/4numbers.csv
		# What it is can't be seen: it may be a list.
		gzip -c mon | head -c -6 >in/1mon.gz
		run -1 watch_changes -f $format
		[ -f in/failed/1mon.gz ]
		grep -q '; no other change list is taken until this one is published$' in/failed/1mon.gz.reason
		[ -f in/2fri ]
		[ -f in/3sat ]
		grep -q 'in/2fri is a change list, and waits for 1mon.gz, which has failed' err
		! grep -q 'still being written' err
		# The next run waits, too.
		run -1 watch_changes -f $format
		[ -f in/2fri ]
		! grep -q 2025550143 out
		# What is no change list is not held up.
		[ $format != auto ] || grep -q 2025550199 out
		# Put back whole, it is first, whatever the order of the names.
		rm in/failed/1mon.gz
		mv in/2fri in/0fri
		gzip -c mon >in/1mon.gz
		: >out
		watch_changes -f $format
		[ "$(days)" = '01released 05suppressed 06released ' ]
		[ ! -e in/.dnc-ingest.failed ]
	done
}

@test "without the list that has failed the others are published once a person says so" {
	mkdir in
	echo no change >in/1mon
	day in/2fri 5 A
	dnc-ingest -f ftc-change --watch=in >out 2>err 3>&- &
	PIDS+=($!)
	wait_for grep -q 'in/2fri is a change list, and waits for 1mon' err
	[ -f in/2fri ]
	rm in/.dnc-ingest.failed
	wait_for test -f in/done/2fri
	[ "$(days)" = '05suppressed ' ]
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}"
}

@test "a change list that is too old holds up no other" {
	mkdir in
	day in/1mon 1 D
	touch -d '3 days ago' in/1mon
	day in/2fri 5 A
	run -1 watch_changes --watch-max-age=2d
	[ -f in/failed/1mon ]
	[ "$(days)" = '05suppressed ' ]
}

@test "no change list passes one that came before it and is still being written" {
	local format
	for format in ftc-change auto; do
		rm -rf in out err
		mkdir in
		exec 8>in/1mon
		day in/2fri 5 A
		printf '%s\n' phone_number,timestamp,reason 2025550199,2026-08-01,complaint >in/3numbers.csv
		[ $format = auto ] || rm in/3numbers.csv
		day in/4sat 6 D
		watch_changes -f $format
		[ -f in/2fri ] && [ -f in/4sat ]
		[ "$(grep -c 'in/2fri is a change list, and waits for 1mon, which came before it and is not complete yet' err)" -eq 1 ]
		grep -q '1 file is still being written' err
		# What is no change list passes it.
		[ $format != auto ] || [ -f in/done/3numbers.csv ]
		: >out
		: >err
		dnc-ingest -f $format --watch=in >out 2>err 3>&- 8>&- &
		PIDS+=($!)
		wait_for grep -q 'in/4sat is a change list, and waits for 1mon' err
		[ ! -s out ]
		day mon 1 D
		cat mon >&8
		exec 8>&-
		wait_for test -f in/done/4sat
		[ "$(days)" = '01released 05suppressed 06released ' ]
		kill "${PIDS[-1]}"
		wait "${PIDS[-1]}"
		# It may also be taken away.
		exec 8>in/5sun
		echo . >&8
		day .mon 7 A
		dnc-ingest -f $format --watch=in >out 2>err 3>&- 8>&- &
		PIDS+=($!)
		wait_for test -f in/.dnc-ingest.lock
		mv .mon in/6mon
		wait_for grep -q 'in/6mon is a change list, and waits for 5sun' err
		rm in/5sun
		wait_for test -f in/done/6mon
		exec 8>&-
		kill "${PIDS[-1]}"
		wait "${PIDS[-1]}"
	done
}

# bats test_tags=release
@test "kill -9 while the list that had failed is moved to done/: the others wait for it no longer" {
	release_only 'strace and the sanitizer do not go together'
	command -v strace >/dev/null || skip "strace is not here"
	local call code n
	# Each of its own system calls that change the file which says what has failed, and the move to done/.
	for call in unlink rename renameat2; do
		for ((n = 1; ; n++)); do
			rm -rf in out err
			mkdir in
			echo no change >in/1mon
			day in/2fri 5 A
			run -1 watch_changes
			rm in/failed/*
			day in/1mon 1 D
			code=0
			bash -c 'strace -f -qq -o /dev/null -P in/.dnc-ingest.failed -P in/.dnc-ingest.failed.new -P done/1mon \
				-e trace="$1" -e inject="$1:signal=SIGKILL:when=$2" \
				dnc-ingest -q -f ftc-change --watch=in --once >>out; exit' - $call $n 2>/dev/null || code=$?
			watch_changes
			[ ! -e in/.dnc-ingest.failed ]
			[ -f in/done/1mon ] && [ -f in/done/2fri ]
			[ "$(days | awk '{print $1, $NF}')" = '01released 05suppressed' ]
			[ "$code" -ne 0 ] || break
		done
		[ "$n" -gt 1 ]
	done
}

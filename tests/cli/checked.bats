# --max-rejects reads files twice: what is published is what was checked, and each record is an event or a reject, once.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Lines FROM to TO of a list, each fifth of which is nonsense.
numbers() {
	seq "$1" "$2" | awk '{ print $1 % 5 ? 2025550000 + $1 % 10000 : "nonsense " $1 }'
}

# Publishes FILE... as far as the pipe goes, runs CHANGE, and goes on: files behind the first one change between both readings.
publish_while() { # CHANGE FILE...
	local change=$1 pid line
	[ -n "${options[*]}" ] || options=(-f numbers --reason=complaint --source=consumer)
	shift
	rm -f rejects
	mkfifo out
	dnc-ingest "${options[@]}" --max-rejects=50% -x rejects "$@" >out 2>err 3>&- &
	pid=$!
	exec 7<out
	rm out
	read -r line <&7
	eval "$change"
	{ printf '%s\n' "$line" && cat <&7; } >events
	exec 7<&-
	wait "$pid"
}

# Lines of FILE that are events or rejects, twice if they are both.
lines_of() { # FILE
	jq -r 'select(.source == "'"$1"'").line' rejects
	jq -r '.event_data.line // empty' events
}

@test "a map that answers differently in both readings: each record is an event or a reject, never both" {
	seq 2000 | jq -c '{i: .}' >in
	run -0 dnc-ingest -q -f ndjson --max-rejects=1900 -x rejects \
		-j 'if (now * 1000000 | floor) % 4 == 0 then error("x") else {type: "dnc.number.suppressed", phone_number: (2025550000 + .i | tostring), reason: "complaint", event_data: {line: .i}} end' in
	printf '%s\n' "${lines[@]}" >events
	lines_of in | sort -n | cmp - <(seq 2000)
	[ -s rejects ]
}

@test "what is published is judged as well, by its own counts" {
	local until=$(($(date +%s) + 6)) options
	seq 20000 | jq -c '{i: .}' >in
	# The map fails on all records from then on.
	options=(-f ndjson -j "if now > $until then error(\"late\") else {type: \"dnc.number.suppressed\", phone_number: (2025550000 + .i | tostring), reason: \"complaint\"} end")
	run -1 publish_while "until [ \$(date +%s) -gt $until ]; do sleep 0.1; done" in
	cat err
	grep -q 'records were rejected, more than --max-rejects allows; [0-9]* events before that are published' err
	[ "$(wc -l <events)" -gt 0 ]
	[ "$(wc -l <rejects)" -gt "$(wc -l <events)" ]
}

@test "a file that is replaced, extended or removed after it was checked fails, and nothing of it is published" {
	local change
	numbers 1 3000 >list
	for change in 'mv new other' 'cat new >>other' 'rm other' 'cp -p other copy; cat other >other2; cat new >other; truncate -s "$(stat -c %s copy)" other; touch -r copy other' \
		'rm other; mkfifo other'; do
		rm -f other
		numbers 3001 3500 >other
		yes nonsense | head -500 >new
		run -74 publish_while "$change" list other
		cat err
		[ "$(wc -l <events)" = 2400 ]
		[ "$(wc -l <rejects)" = 600 ]
		[ "$(grep -c '^dnc-ingest: .*other' err)" = 1 ]
		[[ "$change" != mv* && "$change" != cat* && "$change" != cp* ]] || grep -q 'other was replaced or changed after it was checked, and nothing of it is published' err
	done
}

@test "a file that changes while it is published: no row is published that was not checked, and it fails" {
	local change options=()
	numbers 1 60000 >list
	yes 3035550143 | head -5000 >more
	{ numbers 1 1000 && yes 3035550143 | head -59000; } >other
	gzip -1k list
	gzip -1k more
	iconv -f UTF-8 -t UTF-16 list >list.16
	cp list list.ok
	for change in 'list:cat more >>list' 'list:cat other >list; touch -r list.ok list' \
		'list.gz:cat more.gz >>list.gz' 'list.16:iconv -f UTF-8 -t UTF-16LE more >>list.16'; do
		cp list.ok list
		run -74 publish_while "${change#*:}" "${change%%:*}"
		cat err
		grep -q "${change%%:*} was changed while it was read; read it again" err
		# Of one block, or of what the pipe and the thread that unpacks were ahead; never all of it.
		[ "$(wc -l <events)" -gt 0 ]
		[ "$(wc -l <events)" -lt 48000 ]
		refute grep -q 3035550143 events
	done
}

@test "a file that could not be checked is not published, though it is there when the others are" {
	numbers 1 3000 >list
	numbers 3001 3500 >new
	run -74 publish_while 'mv new late' list late
	cat err
	[ "$(wc -l <events)" = 2400 ]
	[ "$(wc -l <rejects)" = 600 ]
	[ "$(grep -c late err)" = 1 ]
}

@test "without a second reading the rejects are those of the first, and what a file lacks is told" {
	yes nonsense | head -20 >list
	: >empty
	printf 'phone,reason\n' >header.csv
	run -1 dnc-ingest -f numbers --reason=complaint --source=consumer --max-rejects=10 -x rejects list
	[ "$(wc -l <rejects)" = 11 ]
	rm rejects
	run -0 dnc-ingest --max-rejects=10 -f csv -x rejects empty header.csv
	[[ "$output" == *'empty is empty'*'header.csv has a header, but no rows'* ]]
	printf '%s\n' 3035550143,2026-08-29T08:00:00,A >changes
	run -0 dnc-ingest --max-rejects=10 -f ftc-change -x rejects empty changes
	[ "$(grep -c 'empty is empty' <<<"$output")" = 1 ]
	printf 'phone,reason\n2025550143,complaint\n' >good.csv
	run -0 dnc-ingest --max-rejects=10 -f csv -x rejects empty good.csv
	[ "$(grep -c 'empty is empty' <<<"$output")" = 1 ]
	run -0 dnc-ingest --max-rejects=10 -f ndjson -j empty <(echo '{}')
	echo '{}' >in
	run -0 dnc-ingest --max-rejects=10 -f ndjson -j empty in
	[ "$(grep -c 'the map made none' <<<"$output")" = 1 ]
}

@test "a directory for temporary files that is missing or full is named, and is no missing service" {
	printf '2025550143,2026-08-01 08:00:00,D\nbad\n' >changes
	TMPDIR=$PWD/none run -74 dnc-ingest -q -f ftc-change --max-rejects=10 changes
	[ "$output" = "dnc-ingest: unable to create a temporary file in $PWD/none: No such file or directory (TMPDIR names another directory)" ]
}

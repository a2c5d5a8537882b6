# dnc-ingest --watch with a hub: each event of each file is in the log once, whoever dies.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir in
}

FILES=60 LINES_EACH=500

# The files list-01 to list-60, each with 499 numbers and a line that is none; every tenth has none at all.
make_files() {
	mkdir from
	local i
	for ((i = 1; i <= FILES; i++)); do
		awk -v i="$i" -v n="$LINES_EACH" 'BEGIN { for (k = 1; k < n; k++) {
			if (i % 10) printf "2%02d555%04d\n", i + 10, k; else print "x" k }; print "none" }' \
			>"from/$(printf list-%02d "$i")"
	done
	sha256sum from/* | sed 's|from/||' >sums
}

watcher() { dnc-ingest --watch=in --format=numbers --reason=complaint --output=unix:hub.sock "$@" 2>>err 3>&- 9>&-; }
# In the background. Sets WATCHER.
start_watcher() {
	dnc-ingest --watch=in --format=numbers --reason=complaint --output=unix:hub.sock 2>>err 3>&- 9>&- &
	WATCHER=$!
	PIDS+=("$WATCHER")
}
nothing_waits() { [ -z "$(find in -maxdepth 1 -type f ! -name '.*')" ]; }
events_are() { [ "$(log_sql data 'SELECT count(*) FROM events')" -eq "$1" ]; }

check_all() {
	local i name
	events_are $((FILES * 9 / 10 * (LINES_EACH - 1)))
	[ "$(log_sql data 'SELECT phone_number FROM events' | sort -u | wc -l)" -eq $((FILES * 9 / 10 * (LINES_EACH - 1))) ]
	for ((i = 1; i <= FILES; i++)); do
		name=$(printf list-%02d "$i")
		if ((i % 10)); then
			[ "$(wc -l <"in/done/$name.rejects")" -eq 1 ]
			mv "in/done/$name" from
			rm "in/done/$name.rejects"
		else
			[ "$(wc -l <"in/failed/$name.rejects")" -eq "$LINES_EACH" ]
			grep -q "all $LINES_EACH were rejected" "in/failed/$name.reason"
			mv "in/failed/$name" from
			rm "in/failed/$name.rejects" "in/failed/$name.reason"
		fi
	done
	# The files are what they were, and there is nothing else.
	(cd from && sha256sum --quiet -c ../sums)
	[ "$(find in -type f)" = in/.dnc-ingest.lock ]
}

@test "kill -9 at twenty random moments: each event is in the log once, and every file in its folder" {
	make_files
	start_hub --input=unix:hub.sock
	wait_for test -S hub.sock
	local kill i=0
	for kill in {1..20}; do
		for _ in 1 2 3; do
			i=$((i + 1))
			mv "from/$(printf list-%02d $i)" in
		done
		start_watcher
		/usr/bin/python3 -c 'import random, time; time.sleep(random.uniform(0.005, 0.3))'
		kill -9 "$WATCHER"
		wait "$WATCHER" || :
	done
	[ -z "$(ls from)" ]
	watcher --once || [ $? -eq 1 ]
	check_all
}

@test "the hub is killed while files are read: each event is in the log once" {
	make_files
	start_hub --input=unix:hub.sock
	wait_for test -S hub.sock
	start_watcher
	local kill
	mv from/* in
	for kill in {1..5}; do
		/usr/bin/python3 -c 'import random, time; time.sleep(random.uniform(0.01, 0.3))'
		kill -9 "$HUB"
		wait "$HUB" || :
		start_hub --input=unix:hub.sock
	done
	wait_for nothing_waits
	kill "$WATCHER"
	wait "$WATCHER"
	check_all
}

@test "a hub that is away at first is waited for, and no file is moved before it has its events" {
	printf '2025550101\n' >in/a
	start_watcher
	wait_for test -d in/failed
	[ -e in/a ]
	start_hub --input=unix:hub.sock
	wait_for test -e in/done/a
	events_are 1
	# It goes, and comes back.
	kill "$HUB"
	wait "$HUB"
	printf '2025550102\n' >in/b
	wait_for has_line 'reconnecting' err
	[ -e in/b ]
	start_hub --input=unix:hub.sock
	wait_for test -e in/done/b
	events_are 2
	kill "$WATCHER"
	wait "$WATCHER"
}

@test "a hub that never comes ends it, and the files stay" {
	printf '2025550101\n' >in/a
	run -69 watcher --once
	[ -e in/a ]
	[ "$(find in -name '.*' -type f)" = in/.dnc-ingest.lock ]
}

@test "a file that a later stage rejects completely has failed" {
	start_hub --input=unix:hub.sock --rejects=rejects
	wait_for test -S hub.sock
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550101","reason":"complaint","id":"%s"}\n' 0197f4a4-0000-7000-8000-000000000001 >in/a
	dnc-ingest --watch=in --once --output=unix:hub.sock
	[ -e in/done/a ]
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550199","reason":"complaint","id":"%s"}\n' 0197f4a4-0000-7000-8000-000000000001 >in/a
	run -1 dnc-ingest --watch=in --once --output=unix:hub.sock
	grep -qx 'in/a: a later stage rejected its 1 event: see its rejects' in/failed/a.reason
	events_are 1
	# One that it rejects in part is done, but no success.
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550102","reason":"complaint"}\n' >>in/failed/a
	mv in/failed/a in/b
	printf '{"type":"dnc.number.suppressed","phone_number":"2025550103","reason":"complaint"}\n' >in/c
	run -1 dnc-ingest -q --watch=in --once --output=unix:hub.sock
	[[ "$output" == *'in/b: a later stage rejected 1 of 2 events: see its rejects; now done/b' ]]
	[ -e in/done/b ] && [ -e in/done/c ]
	events_are 3
	run -0 dnc-ingest --watch=in --once --output=unix:hub.sock
}

# Routes of rules: what is acknowledged is safe at each of them, whatever ends in between.
# shellcheck disable=SC2154  # run sets stderr
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "each event is once at each of its routes after kill -9 of hubs and filter at random moments" {
	run timeout 300 /usr/bin/python3 "$BATS_TEST_DIRNAME/routes.py" "${ROUTE_EVENTS:-20000}" "${ROUTE_KILLS:-20}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $output" >&3
}

suppress() { # REASON NUMBER...
	local reason=$1
	shift
	printf '{"type":"dnc.number.suppressed","phone_number":"+1916555%04d","reason":"'"$reason"'"}\n' "$@" | dnc-ingest -q
}

# Starts a hub that reads the route NAME.sock.
start_desk() { # NAME
	dnc-wsd -q --input="unix:$1.sock" --listen=127.0.0.1:0 --data="$1.log" >"$1.address" 2>"$1.err" 3>&- &
	PIDS+=($!)
	wait_for has_content "$1.address"
}

in_log() { # NAME: how many ids its hub has, and how many events
	log_sql "$1.log" 'SELECT count(DISTINCT id), count(*) FROM events'
}

start_filter() { # OPTION...
	dnc-filter --rules=r.rules -i unix:in.sock "$@" >>out 2>>err 3>&- &
	FILTER=$!
	PIDS+=("$FILTER")
	wait_for test -S in.sock
}

rules() { # LINE...: of a rule for complaints
	{ printf '[rule desk]\ntype = dnc.number.suppressed\nsuppress-reason = complaint\n'; printf '%s\n' "$@"; } >r.rules
}

has_files() { compgen -G "$1" >/dev/null; }
has_none() { ! compgen -G "$1" >/dev/null; }
has_events() { [ "$(in_log "$1" 2>/dev/null)" = "$2|$2" ]; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

@test "a producer is acknowledged when the output and all routes have its event safe" {
	rules 'copy = unix:desk.sock' 'copy = file:kept.ndjson'
	start_filter
	suppress complaint {1..50} >in
	dnc-ingest -q -o unix:in.sock <in 2>ingest.err 3>&- &
	local producer=$!
	PIDS+=("$producer")
	# Output and file have all; the desk is down.
	wait_for has_line 5550050 out
	wait_for has_line 5550050 kept.ndjson
	kill -0 "$producer"
	start_desk desk
	wait "$producer"
	has_events desk 50
	[ "$(wc -l <kept.ndjson)" -eq 50 ]
	kill "$FILTER"
	wait "$FILTER"
}

@test "when_down = spool: events wait in files, also for the next filter, and dnc-ingest --watch could read them" {
	rules 'route = unix:desk.sock' 'when_down = spool' 'spool = waiting'
	start_filter
	suppress complaint {1..50} | dnc-ingest -q -o unix:in.sock
	has_files 'waiting/route-*.ndjson'
	[ "$(cat waiting/*.ndjson | dnc-ingest -q | wc -l)" -eq 50 ]
	has_line 'unix:desk.sock is down: events for it wait in .*waiting' err
	kill -9 "$FILTER"
	wait "$FILTER" || :
	start_filter
	suppress complaint {51..60} | dnc-ingest -q -o unix:in.sock
	start_desk desk
	wait_for has_none 'waiting/route-*'
	has_events desk 60
	# In their order.
	log_sql desk.log 'SELECT phone_number FROM events ORDER BY seq' | sort -c
	# And live again.
	suppress complaint 61 | dnc-ingest -q -o unix:in.sock
	has_events desk 61
	kill "$FILTER"
	wait "$FILTER" || [ "$?" -eq 1 ]
	[ ! -s out ]
}

@test "a second filter with the same route and spool does not start; another route may share the directory" {
	rules 'route = unix:desk.sock' 'when_down = spool' 'spool = waiting'
	start_filter
	suppress complaint {1..5} | dnc-ingest -q -o unix:in.sock
	has_files 'waiting/route-*.ndjson'
	suppress complaint {6..9} >in
	run -75 dnc-filter -R r.rules in
	[[ "$output" == *'another process has this route, and its events in '*waiting* ]]
	[ "$(cat waiting/*.ndjson | wc -l)" -eq 5 ]
	rules 'route = file:kept.ndjson' 'when_down = spool' 'spool = waiting'
	run -0 dnc-filter -q -R r.rules in
	[ "$(wc -l <kept.ndjson)" -eq 4 ]
	rules 'route = unix:desk.sock' 'when_down = spool' 'spool = waiting'
	kill -9 "$FILTER"
	wait "$FILTER" || :
	run -0 dnc-filter -q -R r.rules in
	[ "$(cat waiting/*.ndjson | wc -l)" -eq 9 ]
}

@test "when_down = skip: events are left out, and counted in a message" {
	rules 'copy = unix:desk.sock' 'when_down = skip'
	start_filter
	suppress complaint {1..50} | dnc-ingest -q -o unix:in.sock
	[ "$(wc -l <out)" -eq 50 ]
	has_line 'unix:desk.sock is down: events for it are left out' err
	start_desk desk
	wait_for has_line 'takes events again; 50 were left out' err
	suppress complaint {51..60} | dnc-ingest -q -o unix:in.sock
	has_events desk 10
	kill "$FILTER"
	wait "$FILTER"
	has_line 'unix:desk.sock: 50 events were left out' err
}

@test "a command gets each batch until it succeeds; one that hangs is ended with all that it has started" {
	cat >command <<-'END'
		if [ -e ready ]; then cat >>got; else cat >>tried; sleep 1000 & echo $! >>pids; wait; fi
	END
	rules 'route = exec:sh ./command' 'exec.timeout = 1s'
	start_filter
	suppress complaint {1..50} | dnc-ingest -q -o unix:in.sock 2>ingest.err 3>&- &
	local producer=$!
	wait_for has_line 'takes more than 1000 ms; it is ended' err
	wait_for has_line 'the command took too long; retrying its .* events' err
	local p
	for p in $(head -1 pids); do wait_for is_gone "$p"; done
	touch ready
	wait "$producer"
	[ "$(jq -r .id got | sort -u | wc -l)" -eq 50 ]
	[ "$(wc -l <got)" -eq 50 ]
	wait_for has_line 'the command succeeded on attempt' err
	kill "$FILTER"
	wait "$FILTER" || [ "$?" -eq 1 ]
	for p in $(cat pids); do wait_for is_gone "$p"; done
}

@test "a command that prints without end, closes its input or leaves others behind is bounded, named and ended" {
	# Nothing reads its output here: all of it would fill a pipe, or a disk.
	rules 'copy = exec:exec <&-; yes we print' 'exec.timeout = 2s' 'when_down = skip'
	start_filter
	suppress complaint {1..50} | dnc-ingest -q -o unix:in.sock
	[ "$(wc -l <out)" -eq 50 ]
	has_line 'exec:exec <&-; yes we print prints: we print' err
	[ "$(grep -c 'prints more than 16 KiB; the rest is left out' err)" -eq 1 ]
	[ "$(wc -c <err)" -lt 500000 ]
	has_line 'takes more than 2000 ms; it is ended' err
	has_line 'is down: events for it are left out' err
	kill "$FILTER"
	wait "$FILTER"
	# Its events are safe when it exits, and the next batch waits for what it has left behind, but not for ever.
	rm -f err in.sock
	rules 'copy = exec:cat >>got; { echo ready; sleep 1000; } & echo $! >>pids' 'exec.timeout = 1s'
	start_filter
	suppress complaint {51..60} | dnc-ingest -q -o unix:in.sock
	[ "$(wc -l <got)" -eq 10 ]
	wait_for has_line 'prints: ready' err
	suppress complaint {61..70} | dnc-ingest -q -o unix:in.sock
	[ "$(wc -l <got)" -eq 20 ]
	has_line 'left behind takes more than 1000 ms; it is ended' err
	wait_for is_gone "$(head -1 pids)"
	kill "$FILTER"
	wait "$FILTER"
	# As a daemon that was started.
	kill -0 "$(tail -1 pids)"
	kill "$(tail -1 pids)"
}

@test "a command that hangs ends neither the filter's end nor a run without producers; others need not wait for it" {
	local ignoring='trap "" TERM; sleep 1000 & echo $! >>pids; wait; wait; sleep 1000'
	echo "$ignoring" >command
	suppress complaint {1..20} >in
	# What has no producers ends after the first time.
	rules 'copy = exec:sh ./command' 'exec.timeout = 11s'
	SECONDS=0
	run -75 timeout 50 dnc-filter -q -R r.rules in
	[[ "$output" == *'waiting for exec:sh ./command for 1'*' s, since 20'*'Z: process '*' runs, attempt 1; 20 events are not safe there'* ]]
	[[ "$output" == *'the command took too long; 1 attempts were made'* ]]
	[ "$SECONDS" -lt 20 ]
	local p
	for p in $(cat pids); do wait_for is_gone "$p"; done
	# A producer waits for what stalls, but SIGTERM does not; what waits in a spool waits no more.
	rules 'copy = exec:sh ./command' 'exec.timeout = 2s' 'when_down = spool' 'spool = waiting'
	start_filter
	dnc-ingest -q -o unix:in.sock <in
	[ "$(cat waiting/route-*.ndjson | wc -l)" -eq 20 ]
	kill "$FILTER"
	SECONDS=0
	wait "$FILTER"
	[ "$SECONDS" -lt 10 ]
	for p in $(cat pids); do wait_for is_gone "$p"; done
	# And the next one delivers it.
	echo 'cat >>got' >command
	: >none
	run -1 dnc-filter -R r.rules none
	[ "$(jq -r .id got | sort -u | wc -l)" -eq 20 ]
}

@test "a command that exits at once is tried in pauses that grow, whatever comes meanwhile" {
	rules 'copy = exec:echo >>tries; exit 3' 'when_down = skip'
	start_filter
	local i
	SECONDS=0
	# Each batch would be a first one.
	for ((i = 1; SECONDS < 8; i++)); do
		suppress complaint "$i" | dnc-ingest -q -o unix:in.sock
	done
	[ "$(wc -l <tries)" -le 8 ]
	[ "$(wc -l <tries)" -ge 4 ]
	[ "$(wc -l <err)" -le 20 ]
	kill "$FILTER"
	wait "$FILTER"
	[ "$(wc -l <out)" -eq $((i - 1)) ]
	has_line "$((i - 1)) events were left out because it was down" err
}

@test "a full disk stalls a file's route; nothing is torn, lost or twice when there is room again" {
	rules 'copy = file:kept.ndjson'
	start_limited() { ulimit -S -f 16; exec dnc-filter --rules=r.rules -i unix:in.sock >/dev/null 2>>err 3>&-; }
	start_limited &
	FILTER=$!
	PIDS+=("$FILTER")
	wait_for test -S in.sock
	suppress complaint {1..200} | dnc-ingest -q -o unix:in.sock 3>&- &
	local producer=$!
	wait_for has_line 'unable to write .*kept.ndjson: File too large; still trying' err
	kill -0 "$producer"
	# No half of a line is in it.
	[ "$(tail -c 1 kept.ndjson | wc -l)" -eq "$([ -s kept.ndjson ] && echo 1 || echo 0)" ]
	prlimit --pid "$FILTER" --fsize=unlimited
	wait "$producer"
	[ "$(jq -r .id kept.ndjson | sort -u | wc -l)" -eq 200 ]
	[ "$(wc -l <kept.ndjson)" -eq 200 ]
	has_line 'kept.ndjson is written again' err
	kill "$FILTER"
	wait "$FILTER"
}

traced() { # OPTION... - the filter's calls for kept.ndjson, injected. Sets TRACER.
	release_only 'strace and the sanitizer do not go together'
	command -v strace >/dev/null || skip "strace is not here"
	strace -qq -f -o trace -P "$PWD/kept.ndjson" "$@" -p "$FILTER" 2>strace.err 3>&- &
	TRACER=$!
	PIDS+=("$TRACER")
	wait_for is_traced "$FILTER" || skip "nothing can be traced here"
}

# bats test_tags=release
@test "a disk that is slow at one file holds up nobody else, and what stays in memory for it is spooled" {
	rules 'copy = file:kept.ndjson' 'copy = file:other.ndjson' 'copy = exec:cat >>got'
	start_filter
	traced -e trace=fdatasync -e inject=fdatasync:delay_enter=6000000:when=1
	suppress complaint {1..50} >in
	SECONDS=0
	dnc-ingest -q -o unix:in.sock <in 2>ingest.err 3>&- &
	local producer=$!
	PIDS+=("$producer")
	wait_for has_lines 50 out
	wait_for has_lines 50 other.ndjson
	wait_for has_lines 50 got
	[ "$SECONDS" -lt 5 ]
	# But the producer waits for the file.
	kill -0 "$producer"
	wait "$producer"
	[ "$SECONDS" -ge 5 ]
	has_lines 50 kept.ndjson
	kill "$TRACER"
	wait "$TRACER" || :
	kill "$FILTER"
	wait "$FILTER"
	# For ten seconds, and then the events are spooled; the file has them once all the same.
	rm -f in.sock kept.ndjson
	rules 'copy = file:kept.ndjson' 'when_down = spool' 'spool = waiting'
	start_filter
	traced -e trace=fdatasync -e inject=fdatasync:delay_enter=15000000:when=1
	SECONDS=0
	dnc-ingest -q -o unix:in.sock <in
	[ "$SECONDS" -lt 14 ]
	has_line 'kept.ndjson makes no progress: events for it wait in .*waiting' err
	wait_for has_none 'waiting/route-*'
	has_lines 50 kept.ndjson
	[ "$(jq -r .id kept.ndjson | sort -u | wc -l)" -eq 50 ]
	kill "$TRACER"
	wait "$TRACER" || :
	kill "$FILTER"
	wait "$FILTER"
}

# bats test_tags=release
@test "a disk that fails at a file leaves nothing torn or twice in it, even if that can't be cut off at once" {
	local fault
	suppress complaint {1..50} >in
	for fault in fdatasync:error=EIO:when=1..3 ftruncate:error=EIO:when=1..3 newfstatat:error=EIO:when=1..2 write:error=ENOSPC:when=1..2; do
		rm -f in.sock kept.ndjson err
		rules 'copy = file:kept.ndjson'
		start_filter
		if [[ $fault == ftruncate* ]]; then
			traced -e trace=fdatasync,ftruncate -e inject=fdatasync:error=EIO:when=1 -e "inject=$fault"
		else
			traced -e trace="${fault%%:*}" -e "inject=$fault"
		fi
		timeout 60 dnc-ingest -q -o unix:in.sock <in
		has_lines 50 kept.ndjson
		[ "$(jq -r .id kept.ndjson | sort -u | wc -l)" -eq 50 ]
		grep -q INJECTED trace
		has_line 'kept.ndjson.*still trying' err
		has_line 'is written again' err
		kill "$TRACER"
		wait "$TRACER" || :
		kill "$FILTER"
		wait "$FILTER"
	done
}

@test "a file that is removed, renamed or in the way while it is written loses nothing that is acknowledged" {
	rules 'copy = file:kept.ndjson'
	start_filter
	suppress complaint {1..10} | dnc-ingest -q -o unix:in.sock
	# As by logrotate, of whom nobody told.
	mv kept.ndjson kept.1
	suppress complaint {11..20} | dnc-ingest -q -o unix:in.sock
	has_lines 10 kept.1
	has_lines 10 kept.ndjson
	rm kept.ndjson
	suppress complaint {21..30} | dnc-ingest -q -o unix:in.sock
	has_lines 10 kept.ndjson
	has_line 'kept.ndjson was removed; what follows is in a new one' err
	# What has another name goes on if there is no new one.
	mv kept.ndjson kept.2
	mkdir kept.ndjson
	suppress complaint {31..40} | dnc-ingest -q -o unix:in.sock
	suppress complaint {41..50} | dnc-ingest -q -o unix:in.sock
	has_lines 30 kept.2
	[ "$(grep -c 'kept.ndjson: Is a directory; the file that was open stays in use' err)" -eq 1 ]
	# If it has none, there is nothing to write to.
	rm kept.2
	suppress complaint {51..60} | dnc-ingest -q -o unix:in.sock 3>&- &
	local producer=$!
	wait_for has_line 'kept.ndjson: Is a directory; still trying' err
	rmdir kept.ndjson
	mkfifo kept.ndjson
	kill -0 "$producer"
	# With what it has already.
	suppress complaint {61..65} >there
	mv there kept.ndjson
	wait "$producer"
	has_lines 15 kept.ndjson
	# copytruncate
	: >kept.ndjson
	suppress complaint {71..80} | dnc-ingest -q -o unix:in.sock
	has_lines 10 kept.ndjson
	kill "$FILTER"
	wait "$FILTER"
}

@test "a descriptor whose reader takes nothing holds up nobody else, and not the end" {
	mkfifo pipe
	# A pipe holds 64 KiB.
	suppress complaint {1..400} >in
	start_to_pipe() { dnc-filter --rules=r.rules -i unix:in.sock 5<>pipe >>out 2>>err 3>&- & FILTER=$!; PIDS+=("$FILTER"); wait_for test -S in.sock; }
	rules 'copy = fd:5' 'copy = file:kept.ndjson'
	start_to_pipe
	dnc-ingest -q -o unix:in.sock <in 2>ingest.err 3>&- &
	local producer=$!
	PIDS+=("$producer")
	wait_for has_line 5550400 out
	wait_for has_line 5550400 kept.ndjson
	kill -0 "$producer"
	kill "$FILTER"
	SECONDS=0
	wait "$FILTER" || [ "$?" -eq 75 ]
	[ "$SECONDS" -lt 14 ]
	kill "$producer"
	# Spooled: everybody goes on, and later each event is there.
	rm -f kept.ndjson in.sock pipe out
	mkfifo pipe
	rules 'copy = fd:5' 'when_down = spool' 'spool = waiting'
	start_to_pipe
	dnc-ingest -q -o unix:in.sock <in
	has_files 'waiting/route-*.ndjson'
	cat pipe >got 3>&- &
	PIDS+=("$!")
	wait_for has_none 'waiting/route-*.ndjson'
	kill "$FILTER"
	wait "$FILTER"
	[ "$(jq -r .id got | sort -u | wc -l)" -eq 400 ]
}

@test "rules that name the same file, descriptor or command share it: an event is there once, in its order" {
	cat >r.rules <<-END
		[rule a]
		copy = file:kept.ndjson
		copy = fd:5
		copy = exec:cat >>got
		[rule b]
		copy = file:.//./kept.ndjson
		copy = fd:5
		copy = exec:cat >>got
		[rule c]
		suppress-reason = complaint
		type = dnc.number.suppressed
		route = file:kept.ndjson
	END
	suppress complaint {1..500} >in
	run -0 dnc-filter -q -R r.rules in 5>five
	cmp in kept.ndjson
	cmp in five
	cmp in got
	ln -s kept.ndjson link.ndjson
	sed -i 's,\.//\./kept,link,' r.rules
	run -2 dnc-filter -q -R r.rules in 5>five
	[[ "$output" == *'file:link.ndjson is the same file as file:kept.ndjson: rules must name it in the same way'* ]]
	[ ! -s five ]
	cmp in kept.ndjson
}

@test "a torn last line is cut, what is sent again is not written twice, and no other file is touched" {
	rules 'route = file:kept.ndjson'
	suppress complaint {1..50} >in
	run -0 dnc-filter -q --rules=r.rules in
	[ "$(wc -l <kept.ndjson)" -eq 50 ]
	truncate -s -10 kept.ndjson
	run -0 dnc-filter --rules=r.rules in
	[[ "$output" == *'kept.ndjson ended in an incomplete line: its '*' bytes were cut off'* ]]
	jq -r .id kept.ndjson | sort | cmp - <(jq -r .id in | sort)
	printf 'My notes' >kept.ndjson
	run -2 dnc-filter -q --rules=r.rules in
	[[ "$output" == *'kept.ndjson does not end as a file of events'* ]]
	[ "$(cat kept.ndjson)" = 'My notes' ]
}

@test "what the program reads or writes itself is no route, and no input is its output" {
	suppress complaint {1..5} >in
	cp in before
	ln -s in link
	echo '# none' >numbers
	refused() { # ROUTE WHAT ARGUMENT...
		local route=$1 what=$2
		shift 2
		printf '[rule a]\nroute = %s\n[rule b]\nnumbers = numbers\n' "$route" >r.rules
		run -2 timeout 20 dnc-filter -q -R r.rules "$@"
		[[ "$output" == *"the route $route is also $what"* ]]
	}
	refused file:in 'an input' in
	refused file:in 'an input' link
	refused fd:7 'an input' in 7>>in
	refused file:in 'an input' <in
	refused file:r.rules 'a file of the rules' in
	refused file:numbers 'a file of the rules' in
	refused file:bad 'the file of rejects' -x bad in
	refused unix:in.sock 'an input' -i unix:in.sock
	printf '[rule a]\nroute = file:out\n' >r.rules
	run -2 --separate-stderr sh -c 'dnc-filter -q -R r.rules in >>out'
	[[ "$stderr" == *'the route file:out is also the output (fd:1)'* ]]
	[ ! -e bad ]
	cmp in before
	printf 'state = st\n[expect a]\ntype = dnc.list.synced\nwithin = 1d\nemit = dnc.provider.status_change\nemit.provider = acme\nemit.event_data.new_status = down\n[rule b]\nroute = file:st\n' >r.rules
	run -2 dnc-filter -q -R r.rules in
	[[ "$output" == *'the route file:st is also the state of the rules'* ]]
	[ ! -e st ]
	# Also of rules that are read again.
	rules 'copy = file:kept.ndjson'
	start_filter
	rules 'copy = unix:in.sock'
	kill -HUP "$FILTER"
	wait_for has_line 'the route unix:in.sock is also an input .*; the rules that were read before stay in use' err
	suppress complaint {1..5} | dnc-ingest -q -o unix:in.sock
	has_lines 5 kept.ndjson
	kill "$FILTER"
	wait "$FILTER"
	# The output, which may be a file that the shell has opened.
	local program
	for program in dnc-filter dnc-ingest; do
		run -2 timeout 20 "$program" -q -i unix:self.sock -o unix:self.sock
		[[ "$output" == *'the input unix:self.sock is also the output (unix:self.sock)'* ]]
		run -2 --separate-stderr timeout 20 sh -c "$program -q in >>in"
		[[ "$stderr" == *'the input in is also the output'* ]]
		run -2 timeout 20 "$program" -q -x in in
		[[ "$output" == *'the input in is also the file of rejects (in)'* ]]
	done
	cmp in before
	# What is no loop.
	dnc-filter -q </dev/null >/dev/null || [ "$?" -eq 1 ]
	dnc-filter -q in | dnc-filter -q -i fd:0 -o fd:1 | cmp - in
}

@test "without producers, a route that fails ends the run with a status that says so" {
	suppress complaint {1..5} >in
	rules 'route = file:none/kept.ndjson'
	run -69 dnc-filter -q --rules=r.rules in
	[[ "$output" == *'none/kept.ndjson: No such file'* ]]
	rules 'route = file:kept.ndjson'
	run -74 sh -c "ulimit -f 1; exec dnc-filter -q --rules=r.rules in"
	[[ "$output" == *'unable to write '*'kept.ndjson: File too large'* ]]
	rules 'route = exec:exit 3'
	run -75 dnc-filter -q --stats --rules=r.rules in
	[[ "$output" == *'the command exited with status 3; '*' attempts were made'* ]]
	[[ "$output" == *seconds*desk*default* ]]
	# Asking opens nothing.
	rules 'route = file:new.ndjson'
	run -0 dnc-filter --rules=r.rules --check
	run -0 dnc-filter --rules=r.rules --count in
	[ ! -e new.ndjson ]
}

@test "SIGHUP: a route that is removed is finished, others keep what they hold, and files are opened again" {
	rules 'copy = unix:desk.sock' 'copy = file:kept.ndjson'
	start_filter
	suppress complaint {1..50} >in
	dnc-ingest -q -o unix:in.sock <in 2>ingest.err 3>&- &
	local producer=$!
	PIDS+=("$producer")
	wait_for has_line 5550050 kept.ndjson
	mv kept.ndjson kept.old
	rules 'copy = file:kept.ndjson'
	kill -HUP "$FILTER"
	wait_for test -e kept.ndjson
	kill -0 "$producer"
	start_desk desk
	wait "$producer"
	has_events desk 50
	suppress complaint {51..60} | dnc-ingest -q -o unix:in.sock
	[ "$(wc -l <kept.old)" -eq 50 ]
	[ "$(wc -l <kept.ndjson)" -eq 10 ]
	# The desk is no route any more.
	has_events desk 50
	kill "$FILTER"
	wait "$FILTER"
}

# Once in a file, at least once at a command and at an output that acknowledges nothing.
all_have() { # FILE NUMBER
	[ "$(jq -r .id kept.ndjson | sort -u | wc -l) $(wc -l <kept.ndjson)" = "$1 $1" ]
	[ "$(jq -r .id got | sort -u | wc -l)" -eq "$1" ]
	[ "$(jq -r .id out | sort -u | wc -l)" -eq "$1" ]
}

# Runs dnc-filter, whose Nth CALL has this FAULT, and then without. Fails if there is no Nth.
survive() { # CALL FAULT N
	local code=0
	rm -f kept.ndjson got out
	# A process of its own, which says that it was killed where nobody reads it.
	bash -c 'timeout 60 strace -f -qq -o trace -e trace="$1" -e inject="$1:$2:when=$3" \
		dnc-filter -q -R r.rules in >>out 2>err; exit' - "$@" 2>/dev/null || code=$?
	grep -q 'INJECTED\|killed by SIGKILL' trace || return 1
	[ "$code" -ne 127 ] || return 0 # the loader's call
	echo "$* $code" "$(cat err)"
	[ "$code" -ne 124 ]
	if [ "$code" -eq 0 ]; then all_have 6; else [[ $2 == signal* ]] || has_content err; fi
	run -0 dnc-filter -q -R r.rules in
	jq -c .id >/dev/null <out || sed -i '$d' out # what a pipe would have had a part of
	echo "$output" >>out
	all_have 6
}

# bats test_tags=release
@test "whichever system call fails or is the last one, each event is where it belongs, and no failure is a success" {
	release_only 'strace and the sanitizer do not go together'
	command -v strace >/dev/null || skip "strace is not here"
	strace -f -qq -o /dev/null -e trace=none true 2>/dev/null || skip "strace may not be used here"
	rules 'copy = file:kept.ndjson' 'copy = exec:cat >>got'
	suppress complaint {1..6} >in
	local fault n
	for fault in fdatasync:error=EIO fsync:error=EIO flock:error=ENOLCK write:error=ENOSPC memfd_create:error=EMFILE \
		pidfd_open:error=EMFILE pipe2:error=EMFILE epoll_create1:error=EMFILE epoll_ctl:error=ENOMEM eventfd2:error=EMFILE \
		waitid:error=ECHILD poll:error=EINTR fdatasync:signal=KILL write:signal=KILL fsync:signal=KILL waitid:signal=KILL; do
		for ((n = 1; n <= 8; n++)); do
			survive "${fault%%:*}" "${fault#*:}" "$n" || break
		done
		[ "$n" -gt 1 ]
	done
}

@test "a route that is down holds up only the producers that have events for it" {
	rules 'route = unix:desk.sock'
	mkfifo pipe
	exec 7<>pipe
	start_filter -i fd:7
	suppress complaint {1..5} | dnc-ingest -q -o unix:in.sock 2>ingest.err 3>&- 7>&- &
	local producer=$!
	PIDS+=("$producer")
	suppress reassigned {11..20} >others
	timeout 20 dnc-ingest -q -o unix:in.sock <others
	[ "$(wc -l <out)" -eq 10 ]
	kill -0 "$producer"
	# Also if it is removed, and its own producers only until they can send again what it has not.
	rules 'route = file:kept.ndjson'
	kill -HUP "$FILTER"
	wait_for has_line 'unix:desk.sock is no route any more; 5 lines still wait for it' err
	timeout 20 dnc-ingest -q -o unix:in.sock <others
	kill -0 "$producer"
	# What comes from a pipe, and nobody would send again, has gone to another route.
	suppress complaint 99 >&7
	exec 7>&-
	wait_for test -s kept.ndjson
	wait_for has_line 'unix:desk.sock is no route any more, and does not take the 5 lines .* the 1 producers' err
	wait "$producer"
	[ "$(jq -r .id kept.ndjson | sort -u | wc -l)" -eq 6 ]
	kill "$FILTER"
	wait "$FILTER"
}

@test "SIGHUP: a removed route says what it has left out; one that can't be opened is refused, and all stays as it was" {
	rules 'copy = unix:desk.sock' 'when_down = skip'
	start_filter
	suppress complaint {1..50} | dnc-ingest -q -o unix:in.sock
	rules 'copy = file:kept.ndjson'
	kill -HUP "$FILTER"
	wait_for has_line 'unix:desk.sock: 50 events were left out' err
	rules 'copy = file:none/kept.ndjson'
	kill -HUP "$FILTER"
	wait_for has_line 'none/kept.ndjson: No such file or directory; the rules that were read before stay in use' err
	suppress complaint {51..60} | timeout 20 dnc-ingest -q -o unix:in.sock
	[ "$(wc -l <kept.ndjson)" -eq 10 ]
	kill "$FILTER"
	wait "$FILTER"
}

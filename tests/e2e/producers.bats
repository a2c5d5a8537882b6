# Producers that are given several hubs: each hub here has a log of its own, so that what each one got can be counted.
bats_require_minimum_version 1.5.0
load ../helper
load hubs

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	BOTH="unix:$PWD/1.sock,unix:$PWD/2.sock"
}

# produce COMMAND... - in the background: PRODUCER, err
produce() {
	"$@" 2>err 3>&- 9>&- &
	PRODUCER=$!
	PIDS+=("$PRODUCER")
}

# all_are_there FILE - each event of FILE is in one of the logs, and both have theirs in the order of FILE
all_are_there() {
	jq -r .id "$1" >wanted
	ids 1 >got1
	ids 2 >got2
	[ "$(sort -u got1 got2 | wc -l)" = "$(wc -l <wanted)" ]
	[ -z "$(sort -u got1 got2 | comm -3 - <(sort wanted))" ]
	cmp got1 <(grep -Fxf got1 wanted)
	cmp got2 <(grep -Fxf got2 wanted)
}

@test "what a killed hub has not acknowledged goes to the next one: nothing is lost, and nothing twice but that" {
	hub 1
	hub 2
	events 60000 >in
	produce dnc-ingest -f ndjson -o "$BOTH" --rate=20000/s in
	wait_for has_events 1 10000
	die 1
	wait "$PRODUCER"
	cat err
	all_are_there in
	[ "$(count 1)" -ge 10000 ]
	# The first has a beginning, the second the rest.
	cmp got1 <(head -n "$(wc -l <got1)" wanted)
	cmp got2 <(tail -n "$(wc -l <got2)" wanted)
	# Both have only what one read and committed, and could not acknowledge any more.
	[ "$(comm -12 <(sort got1) <(sort got2) | wc -l)" -le 30000 ]
	# One line for the change, and one at the end.
	[ "$(wc -l <err)" = 2 ]
	grep -qx "dnc-ingest: lost the connection to unix:$PWD/1.sock (.*); unix:$PWD/2.sock takes over" err
	grep -q "^dnc-ingest: 60000 events: 60000 new, 0 duplicates, 0 rejected; another hub took over 1 time$" err
}

@test "a service follows hubs that are stopped and started, from end to end" {
	hub 1
	hub 2
	produce dnc-filter -i "unix:$PWD/in.sock" -o "$BOTH" -R <(echo '[rule all]') --metrics=metrics
	local filter=$PRODUCER
	wait_for test -S in.sock
	events 30000 >in
	dnc-ingest -q -o "unix:$PWD/in.sock" --rate=10000/s in 3>&- &
	local ingest=$!
	PIDS+=("$ingest")
	wait_for has_events 1 3000
	end 1
	wait_for has_events 2 3000
	# The one that works stays in use.
	hub 1
	wait_for has_events 2 8000
	end 2
	wait "$ingest"
	hub 2
	kill "$filter"
	wait "$filter"
	cat err
	jq -r .id in | sort >wanted
	[ "$( (ids 1; ids 2) | sort -u | comm -3 - wanted | wc -l)" = 0 ]
	# A hub that ends acknowledges first what it has committed.
	[ "$(($(count 1) + $(count 2)))" = 30000 ]
	[ "$(grep -c 'takes over' err)" = 2 ]
	[ "$(grep -c . err)" = 3 ]
	grep -q '; another hub took over 2 times$' err
	grep -qx 'dnc_filter_output_takeovers_total 2' metrics
	grep -qx 'dnc_filter_output_connections_total 3' metrics
}

@test "a hub that is stopped like a process is left after some seconds, and what it has then is no second event" {
	hub 1
	hub 2
	events 2000 >in
	stop_hub 1
	produce dnc-ingest -o "$BOTH" in
	wait "$PRODUCER"
	cat err
	cmp <(ids 2) <(jq -r .id in)
	[ "$(count 1)" = 0 ]
	grep -qx "dnc-ingest: lost the connection to unix:$PWD/1.sock (it has acknowledged nothing for [5-7] s); unix:$PWD/2.sock takes over" err
	# When it goes on it has the same events, by the same ids: in one log they would be duplicates.
	continue_hub 1
	wait_for has_events 1 1
	end 1
	cmp <(ids 1) <(jq -r .id in | head -n "$(count 1)")
}

@test "while no hub is there the producer waits, and says so once; the first one that comes gets all" {
	hub 1
	hub 2
	events 5000 >in
	mkfifo pipe
	produce dnc-ingest -f ndjson -o "$BOTH" pipe
	exec 9>pipe
	head -n 1000 in >&9
	wait_for has_events 1 1000
	die 2
	die 1
	sed 1,1000d in >&9
	wait_for has_line 'no other address can be reached either; still trying' err
	read -rt 2 <> <(:) || :
	cat err
	[ "$(wc -l <err)" = 1 ]
	hub 2
	exec 9>&-
	wait "$PRODUCER"
	cat err
	all_are_there in
	[ "$(sed -n 2p err)" = "dnc-ingest: connected to unix:$PWD/2.sock" ]
	# None at all: an error within ten seconds, with what to do.
	die 2
	run -69 --separate-stderr dnc-ingest -o "$BOTH" in
	[[ "$stderr" == *"none of 2 addresses can be reached: unable to connect to unix:$PWD/"*'Connection refused' ]]
}

# faulty INJECTION - the producer's system calls fail so; all events come, in order, nothing twice in one log
faulty() {
	rm -rf data1 data2 err
	hub 1
	hub 2
	run -0 strace -f -qq -o trace -e trace="${1%%:*}" -e inject="$1" dnc-ingest -o "$BOTH" in
	echo "$1: $output"
	end 1
	end 2
	all_are_there in
	[ "$(grep -c INJECTED trace)" -gt 0 ]
}

# bats test_tags=release
@test "faults of connect, send and read: nothing is lost, and the order stays" {
	release_only 'strace and the sanitizer do not go together'
	events 20000 >in
	faulty connect:error=ECONNREFUSED:when=1
	[ "$(count 2)" = 20000 ]
	[[ "$output" == *"unable to connect to unix:$PWD/1.sock: Connection refused; unix:$PWD/2.sock takes over"* ]]
	faulty connect:error=EAGAIN:when=1..2
	faulty sendto:error=EPIPE:when=4
	faulty sendto:error=ECONNRESET:when=2+7
	faulty sendto:error=EINTR:when=1+2
	faulty socket:error=EMFILE:when=1..2
}

@test "a route of rules goes to the next hub, too, and two that mean both are two lines" {
	hub 1
	hub 2
	cat >rules <<-E
		[rule all]
		route = unix:1.sock,unix:./2.sock
	E
	dnc-filter --check -R rules
	events 10000 >in
	mkfifo pipe
	produce dnc-filter -R rules pipe
	exec 9>pipe
	head -n 5000 in >&9
	wait_for has_events 1 5000
	die 1
	sed 1,5000d in >&9
	exec 9>&-
	wait "$PRODUCER"
	cat err
	all_are_there in
	grep -qx 'dnc-filter: lost the connection to unix:1.sock (.*); unix:2.sock takes over' err
	printf '[rule a]\nroute = unix:a,file:b\n' >rules
	run -2 dnc-filter --check -R rules
	[[ "$output" == *'only hubs that share one log are several: unix:PATH,unix:PATH'* ]]
	printf '[rule a]\nroute = unix:a, unix:b\n' >rules
	run -2 dnc-filter --check -R rules
	# One of them is an input.
	printf '[rule a]\nroute = unix:a,unix:in.sock\n' >rules
	run -2 dnc-filter -R rules -i unix:in.sock
	[[ "$output" == *'is also an input'* ]]
}

@test "addresses of other kinds do not mix, and an option that is given twice is told" {
	local command
	for command in dnc-ingest dnc-filter; do
		run -2 "$command" -o unix:a,fd:1 </dev/null
		[ "$output" = "$command: --output: \"fd:1\": several addresses must all be unix:PATH, sockets of hubs that share one log; to write to all of them use tee(1), or copy in rules" ]
		run -2 "$command" -o fd:1,unix:a </dev/null
		run -2 "$command" -o unix:a,file:b </dev/null
		run -2 "$command" -o "unix:1,unix:2,unix:3,unix:4,unix:5,unix:6,unix:7,unix:8,unix:9" </dev/null
		[[ "$output" == *'more than 8 addresses'* ]]
		run -2 "$command" -i unix:b -o unix:a,unix:./b
		[[ "$output" == *'is also the output'* ]]
	done
	# The last one counts, as before; who has meant both is told how.
	hub 1
	events 1 >in
	run -0 --separate-stderr dnc-ingest -o unix:2.sock -o unix:1.sock in
	[ "${stderr_lines[0]}" = 'dnc-ingest: --output is given more than once: unix:1.sock is used, and unix:2.sock is not; several hubs that share one log are one value: unix:PATH,unix:PATH' ]
	run -0 --separate-stderr dnc-ingest -q -o unix:2.sock -o unix:1.sock in
	[ -z "$stderr" ]
	# A path may have commas.
	mkdir 'a,b'
	run -69 --separate-stderr dnc-ingest -o 'unix:a,b/x,y.sock' in
	[[ "$stderr" == *"unable to connect to unix:a,b/x,y.sock: No such file or directory; several addresses are written unix:PATH,unix:PATH" ]]
}

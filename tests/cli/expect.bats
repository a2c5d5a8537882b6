# Absence: [expect NAME] of a filter that runs, is killed, started again, and whose clock is set.
# shellcheck disable=SC2154  # run sets stderr
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >r.rules <<-'END'
		state = expect.state
		[expect stale]
		type = dnc.list.synced
		within = 1s by provider
		emit = dnc.provider.status_change
		emit.event_data.new_status = offline
		emit.metadata.note = {provider} was last seen at {last_seen}
	END
}

synced() { # PROVIDER [TIME]
	printf '{"type":"dnc.list.synced","provider":"%s","sync_status":"success"%s}\n' "$1" "${2:+,\"timestamp\":\"$2\"}"
}

# Starts dnc-filter as a service; sets FILTER.
start_filter() {
	rm -f in.sock
	"$@" dnc-filter -R r.rules -i unix:in.sock >>out 2>>err 3>&- &
	FILTER=$!
	PIDS+=("$FILTER")
	wait_for test -S in.sock
}

made() { jq -r 'select(.type == "dnc.provider.status_change") | .provider' out | tr '\n' ' '; }
has_made() { [ "$(made)" = "$1" ]; }

@test "a service makes an event when none came in time, once, and again after the next one" {
	start_filter
	synced a | dnc-ingest -q -o unix:in.sock
	wait_for has_made 'a '
	synced a | dnc-ingest -q -o unix:in.sock
	synced b | dnc-ingest -q -o unix:in.sock
	wait_for has_made 'a a b '
	[ "$(jq -r .id out | sort -u | wc -l)" -eq 6 ]
	jq -se '[.[] | select(.metadata.note)] | all(.metadata.note == "\(.provider) was last seen at \(.metadata.last_seen)")' out
	kill "$FILTER"
	wait "$FILTER"
	# Nothing is awaited any longer.
	[ "$(grep -c '"key"' expect.state)" -eq 0 ]
}

@test "what is awaited survives kill -9: it is made after the start, and once" {
	sed -i 's/1s/8s/' r.rules
	start_filter
	synced a | dnc-ingest -q -o unix:in.sock
	wait_for has_line '"key":\["a"\]' expect.state
	kill -9 "$FILTER"
	wait "$FILTER" || :
	has_made ''
	start_filter
	wait_for has_made 'a '
	wait_for refute has_line '"key"' expect.state
	kill -9 "$FILTER"
	wait "$FILTER" || :
	start_filter
	synced b | dnc-ingest -q -o unix:in.sock
	wait_for has_made 'a b '
}

@test "the state has what is made until the output has acknowledged it; it is made again with the same id" {
	# Nobody acknowledges: a listener that only reads.
	python3 - <<-'END' 3>&- &
		import socket
		s = socket.socket(socket.AF_UNIX); s.bind("hub.sock"); s.listen()
		f = open("received", "ab", buffering=0)
		while True:
		    c, _ = s.accept()
		    while data := c.recv(65536): f.write(data)
	END
	PIDS+=($!)
	wait_for test -S hub.sock
	local i
	for i in 1 2; do
		rm -f in.sock
		dnc-filter -R r.rules -i unix:in.sock -o unix:hub.sock 2>>err 3>&- &
		FILTER=$!
		PIDS+=("$FILTER")
		wait_for test -S in.sock
		if [ "$i" -eq 1 ]; then
			synced a | dnc-ingest -q -o unix:in.sock 2>/dev/null 3>&- &
			PIDS+=($!)
		fi
		wait_for eval "[ \"\$(grep -c status_change received)\" -eq $i ]"
		wait_for has_line '"made":true' expect.state
		kill -9 "$FILTER"
		wait "$FILTER" || :
	done
	[ "$(grep status_change received | sort -u | wc -l)" -eq 1 ]
}

@test "files count by the times of their events" {
	sed -i 's/1s/31d/' r.rules
	{
		synced a 2026-01-01T00:00:00Z
		synced b 2026-01-02T00:00:00Z
		synced a 2026-02-01T00:00:00Z
		synced b 2026-02-02T00:00:01Z
	} >in
	dnc-filter -R r.rules in >out
	[ "$(jq -r '"\(.type) \(.provider) \(.timestamp)"' out | sed -n 4p)" = \
		"dnc.provider.status_change b 2026-02-02T00:00:00.000Z" ]
	has_made 'b '
	# The next file goes on, and the same one makes nothing new.
	dnc-filter -R r.rules in >>out
	synced c 2026-03-05T00:00:00Z >next
	dnc-filter -R r.rules <next >>out
	[ "$(jq -r 'select(.type == "dnc.provider.status_change") | .id' out | sort -u | wc -l)" -eq 2 ]
	has_made 'b a '
}

@test "--count reads the state and leaves it alone: what it counts is still made" {
	synced a 2026-08-29T08:00:00Z >f1
	synced b 2026-08-29T09:00:00Z >f2
	dnc-filter -q -R r.rules f1 >out
	cp expect.state before
	run -0 dnc-filter -q -c -R r.rules f2
	[ "$output" = 2 ]
	cmp expect.state before
	dnc-filter -q -R r.rules f2 >>out
	[ "$(made)" = 'a ' ]
	# It makes none, either.
	rm expect.state
	run -0 dnc-filter -q -c -R r.rules f1
	[ ! -e expect.state ]
}

@test "an event on which --jq fails is rejected as one of the expectations, and the next ones are written" {
	{ synced a 2026-08-29T08:00:00Z; synced b 2026-08-29T09:00:00Z; synced c 2026-08-29T10:00:00Z; } >in
	run -1 dnc-filter -q --strict -R r.rules -x rejects \
		-j 'if .provider == "a" and .type == "dnc.provider.status_change" then error("x") else .provider end' in
	[ "$output" = $'"a"\n"b"\n"b"\n"c"' ]
	[ "$(jq -r '.code + " " + .source' rejects)" = "map_failed expectations" ]
}

@test "a state that is damaged ends the start with 2; none is a new start; a path that can't be written ends it" {
	sed -i 's/^within = 1s/within = 1h/' r.rules # nothing is due, however slow the machine is
	synced a | dnc-filter -R r.rules >/dev/null
	cp expect.state whole
	sed -i 's/"now":"2/"now":"1/; $ s/a/b/' expect.state
	run -2 dnc-filter -R r.rules </dev/null
	[[ "$output" == *'the state expect.state is damaged'*'remove it to wait anew'* ]]
	: >expect.state
	run -2 dnc-filter -R r.rules </dev/null
	cp whole expect.state
	run -1 dnc-filter -R r.rules </dev/null
	rm expect.state
	run -1 dnc-filter -R r.rules </dev/null
	[ -s expect.state ]
	sed -i 's,^state = .*,state = none/s,' r.rules
	run -74 dnc-filter -R r.rules </dev/null
}

in_use() {
	run -75 dnc-filter -R with.rules </dev/null
	[[ "$output" == *'another process uses the state '*'expect.state'* ]]
}

has_read() { [ "$(grep -c "read again: $1 rule" err)" -eq "$2" ]; }

starts() { dnc-filter -q -R with.rules </dev/null >/dev/null || [ "$?" -eq 1 ]; }

@test "a second process with the same state does not start, also after the file was replaced" {
	sed -i 's/1s/1m/' r.rules # longer than the test takes
	cp r.rules with.rules
	dnc-filter --verbose -R r.rules -i unix:in.sock >>out 2>>err 3>&- &
	FILTER=$!
	PIDS+=("$FILTER")
	wait_for test -S in.sock
	synced a | dnc-ingest -q -o unix:in.sock
	wait_for has_line '"key":\["a"\]' expect.state
	in_use
	# Without sections nothing is waited for, and another one may have the file; with them again it is this one's again.
	printf '[rule all]\naction = pass\n' >r.rules
	kill -HUP "$FILTER"
	wait_for has_read 1 1
	starts # and may make what is due by now
	local i
	for i in 1 2; do
		cp with.rules r.rules
		kill -HUP "$FILTER"
		wait_for has_read 0 "$i"
		in_use
	done
	kill -9 "$FILTER"
	wait "$FILTER" || :
	starts
}

@test "rules that are read again go on waiting, unless the conditions are others; --stats counts" {
	sed -i 's/1s/6s/' r.rules
	dnc-filter --verbose --stats -R r.rules -i unix:in.sock >out 2>err 3>&- &
	FILTER=$!
	PIDS+=("$FILTER")
	wait_for test -S in.sock
	synced a | dnc-ingest -q -o unix:in.sock
	echo 'emit.metadata.more = yes' >>r.rules
	kill -HUP "$FILTER"
	wait_for has_line 'read again: 0 rules, 1 expectation' err
	wait_for has_made 'a '
	[ "$(jq -r '.metadata.more // empty' out)" = yes ]
	sed -i 's/6s/7s/' r.rules
	kill -HUP "$FILTER"
	wait_for has_line 'expect stale: its conditions have changed: it starts anew' err
	sed -i 's/^state = .*/state = other/' r.rules
	kill -HUP "$FILTER"
	wait_for has_line '"state" names another file' err
	kill "$FILTER"
	wait "$FILTER"
	grep -qE '^stale +1 +1 +0 +0 +0 +0$' err
}

# bats test_tags=release
@test "a wall clock that is set neither makes an event nor delays one" {
	faketime -f '+0' true 2>/dev/null || skip 'needs faketime'
	release_only 'the sanitizer must come first'
	echo '+0' >clock
	clocked() {
		FAKETIME_TIMESTAMP_FILE="$PWD/clock" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
			LD_PRELOAD="$(echo /usr/lib/*/faketime/libfaketime.so.1)" exec "$@"
	}
	sed -i 's/1s/6s/' r.rules
	start_filter clocked
	synced a | dnc-ingest -q -o unix:in.sock
	wait_for has_line '"key"' expect.state
	echo '+40d' >clock
	synced b | dnc-ingest -q -o unix:in.sock
	has_made ''
	echo '-40d' >clock
	wait_for has_made 'a b '
	kill "$FILTER"
	wait "$FILTER"
	# While it does not run the wall clock counts; set back, nothing that has passed is lost, and nothing is made.
	sed -i 's/6s/31d/' r.rules
	: >out
	synced c >in
	dnc-filter -R r.rules -i fd:0 <in >out
	(echo '-400d' >clock; clocked dnc-filter -R r.rules -i fd:0 </dev/null >>out) || :
	has_made ''
	(echo '+32d' >clock; clocked dnc-filter -R r.rules -i fd:0 </dev/null >>out)
	has_made 'c '
}

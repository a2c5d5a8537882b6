load ../helper

bats_require_minimum_version 1.5.0

# The terminal is tmux's, with a server of its own for each test.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	start_hub
	export DNC_URL="ws://$ADDRESS"
	unset NO_COLOR
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/tmux" ] || term kill-server 2>/dev/null || :
	end_processes
}

term() { tmux -S "$BATS_TEST_TMPDIR/tmux" -f /dev/null "$@"; }

# terminal COLUMNS ROWS - a shell in a terminal of this size
terminal() {
	# No line editor, and the same prompt for every user.
	term new-session -d -x "$1" -y "$2" 'PS1="$ " exec sh' 3>&- 9>&-
	wait_for shows '^\$'
}

type_line() { term send-keys -l "$1" && term send-keys Enter; }
screen() { term capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
last_line() { screen | sed '/^ *$/d' | tail -n 1; }
ends_with() { last_line | grep -qE -- "$1"; } # the last line of the screen matches
subscribed() { curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_audiences 1'; }

# more FROM COUNT - events with these numbers
more() {
	awk -v from="$1" -v n="$2" 'BEGIN { for (i = from; i < from + n; i++)
		printf "{\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+1303555%04d\",\"violation_type\":\"t\",\"n\":%d}\n", i, i }' |
		dnc-ingest -q >&9
}

# start_again - the hub, with the same port and log
start_again() {
	exec 9>&-
	rm -f again
	mkfifo again
	dnc-wsd --listen="$ADDRESS" --data="$BATS_TEST_TMPDIR/data" <again >second 2>second.err 3>&- &
	HUB=$!
	PIDS+=("$HUB")
	exec 9>again
	wait_for has_content second
}

@test "the status stays at the bottom, whole, while events are printed above it" {
	more 1 3
	wait_for last_seq_is 3
	terminal 200 20
	type_line 'dnc-tail --stats'
	wait_for ends_with "^connected to ws://$ADDRESS/ws/dnc, .*events/s, 3 in all, ping [0-9.]+ ms, lag 0, 0 reconnects$"
	local i
	for i in $(seq 4 60); do
		more "$i" 1
	done
	wait_for ends_with "^connected to .* 60 in all, latency -?[0-9]+ ms, lag 0, 0 reconnects$"
	wait_for shows 13035550060
	# Nothing of it stays among the events: each line of the screen is an event, whole.
	[ "$(term capture-pane -p -S - | grep -c 'connected to')" = 1 ]
	[ "$(term capture-pane -p -S - | grep -c 1303555)" = 60 ]
	[ "$(term capture-pane -p -S - | grep 1303555 | grep -vcE 'violation +\+1303555[0-9]{4} .*\+1\*{6}[0-9]{4} violation: t *$')" = 0 ]
	term send-keys C-c
	wait_for ends_with '^\$'
	shows '^dnc-tail: 60 events$'
	[ "$(term capture-pane -p -S - | grep -c 'connected to')" = 0 ]
	type_line 'echo "status $?"'
	wait_for shows '^status 130$'
}

@test "the status fits 80 columns, fewer, and more again" {
	more 1 2
	wait_for last_seq_is 2
	terminal 80 14
	type_line 'dnc-tail --stats'
	wait_for ends_with "^$ADDRESS: .*events/s, ping .* ms, lag 0, 0 reconnects$"
	# The command, the events on a line each, the status.
	[ "$(screen | sed '/^ *$/d' | wc -l)" = 4 ]
	term resize-window -x 44 -y 14
	wait_for ends_with '^[0-9.]+/s, ping .* ms, lag 0, 0 reconnects$'
	[ "$(screen | grep -c reconnects)" = 1 ]
	term resize-window -x 20 -y 14
	wait_for eval '[ "$(last_line | wc -m)" -le 20 ] && ends_with "^[0-9.]+/s, "'
	term resize-window -x 200 -y 14
	wait_for ends_with "^connected to ws://$ADDRESS/ws/dnc, .*2 in all, .* 0 reconnects$"
	[ "$(screen | grep -c reconnects)" = 1 ]
	more 3 1
	wait_for shows 13035550003
	wait_for ends_with '3 in all'
}

@test "a restart of the hub is told, shown and mended" {
	more 1 2
	wait_for last_seq_is 2
	terminal 200 24
	type_line 'dnc-tail --stats'
	wait_for ends_with '^connected to .* 2 in all'
	kill -9 "$HUB"
	wait "$HUB" 2>/dev/null || :
	wait_for ends_with "^not connected: reconnecting to ws://$ADDRESS/ws/dnc, .* 0 reconnects$"
	shows '^dnc-tail: connection lost \(.*\); reconnecting$'
	wait_for shows '^dnc-tail: unable to reconnect \(no program accepts connections there'
	# In color, and not as the rest.
	term capture-pane -p -e | grep -q $'\033\\[33m.*connection lost'
	start_again
	wait_for ends_with '^connected to .* 1 reconnect$'
	shows '^dnc-tail: reconnected$'
	more 3 2
	wait_for ends_with '^connected to .* 4 in all'
	[ "$(screen | grep -c 1303555)" = 4 ]
	[ "$(screen | grep -c 'connection lost')" = 1 ]
}

@test "without --stats a quiet stream says once why it is quiet" {
	terminal 200 10
	type_line 'dnc-tail'
	wait_for shows "^dnc-tail: no events yet: connected to ws://$ADDRESS/ws/dnc, and none came in since$"
	more 1 7
	wait_for shows 13035550007
	term send-keys C-c
	wait_for shows 'dnc-tail: 7 events$'	# behind what the terminal shows of Ctrl-C
	type_line 'clear; dnc-tail -p 0000000 >out'
	wait_for shows "^dnc-tail: no events yet: connected to ws://$ADDRESS/ws/dnc, and none of 7 events from number 1 on matches$"
	[ ! -s out ]
	[ "$(screen | grep -c 'no events yet')" = 1 ]
}

@test "who may not read the past is told so when nothing comes" {
	exec 9>&-
	kill "$HUB"
	wait "$HUB" || :
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=desk --role=operator >token
	dnc-token mint -k key --sub=all --role=admin >all
	start_hub --keys=key.pub
	export DNC_URL="ws://$ADDRESS"
	more 1 7
	wait_for eval 'dnc-tail -e -n 7 --token-file=all | grep -q 13035550007'
	terminal 200 10
	type_line 'dnc-tail --token-file=token'
	wait_for shows "^dnc-tail: no events yet: connected to ws://$ADDRESS/ws/dnc, and none came in since; the role lacks dnc:replay: what came before is not shown$"
}

@test "gaps and errors are in colors of their own, unless NO_COLOR is set" {
	more 1 1
	wait_for last_seq_is 1
	echo 'ffffffffffffffff 7' >place
	cp place again
	terminal 200 10
	type_line 'dnc-tail -e --state=place >/dev/null'
	wait_for shows '^dnc-tail: .*\(epoch\)'
	term capture-pane -p -e | grep -q $'\033\\[33mdnc-tail: .*(epoch)'
	type_line 'dnc-tail --bad 2>&1 | cat -v; dnc-tail ws://127.0.0.1:1'
	wait_for shows 'unable to connect'
	term capture-pane -p -e | grep -q $'\033\\[31mdnc-tail: unable to connect'
	refute shows '\^\['
	type_line 'clear; export NO_COLOR=1; dnc-tail -e --state=again; dnc-tail ws://127.0.0.1:1; dnc-tail --stats'
	wait_for ends_with '^connected to .* 1 in all'
	shows 'unable to connect'
	shows epoch
	refute eval "term capture-pane -p -e | grep -q $'\033'"
	type_line ''
	term send-keys C-c
	wait_for ends_with '^\$'
}

@test "a reader that leaves ends it, and the status with it" {
	more 1 30
	wait_for last_seq_is 30
	terminal 200 10
	type_line 'dnc-tail --stats -n 3 | head -n 1; echo done'
	wait_for shows '^done$'
	[ "$(screen | grep -c 1303555)" = 1 ]
	refute shows reconnects
	# Messages go on above the status when the events go to a file.
	type_line 'clear; dnc-tail --stats -n 3 >out'
	wait_for ends_with '^connected to .* 3 in all'
	refute shows 1303555
	[ "$(grep -c 1303555 out)" = 3 ]
}

@test "elsewhere the status is a message, every ten seconds and at SIGUSR1" {
	more 1 3
	wait_for last_seq_is 3
	dnc-tail >out 2>err 3>&- 9>&- &
	local tail=$!
	PIDS+=("$tail")
	wait_for has_lines 3 out
	[ ! -s err ]
	kill -USR1 "$tail"
	wait_for has_content err
	grep -qE "^dnc-tail: connected to ws://$ADDRESS/ws/dnc, [0-9.]+ events/s, 3 in all, ping [0-9.]+ ms, lag 0, 0 reconnects$" err
	kill -9 "$HUB"
	wait_for has_line 'unable to reconnect' err
	kill -USR1 "$tail"
	wait_for has_line '^dnc-tail: not connected: reconnecting to ' err
	kill "$tail"
	wait "$tail"
	start_again
	dnc-tail --stats >out 2>err 3>&- 9>&- &
	tail=$!
	PIDS+=("$tail")
	wait_for has_lines 1 err
	grep -qE '^dnc-tail: connected to .* 3 in all, ping .* 0 reconnects$' err
	refute grep -q $'[\033\r]' err
	[ "$(wc -l <out)" = 3 ]
	# A reader that takes nothing.
	kill "$tail"
	wait "$tail"
	mkfifo slow
	dnc-tail --since=0 -o json >slow 2>err 3>&- 9>&- &
	tail=$!
	PIDS+=("$tail")
	exec 8<slow
	awk 'BEGIN { for (i = 1; i <= 6000; i++)
		printf "{\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+1303555%04d\",\"violation_type\":\"t\",\"n\":%d}\n", i, 1000 + i }' |
		dnc-ingest -q >&9
	wait_for last_seq_is 6003
	wait_for eval 'kill -USR1 "$tail"; grep -q "output waits" err'
	exec 8<&-
}

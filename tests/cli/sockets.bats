# Who may connect to the Unix sockets that the commands listen on.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

access_of() { stat -c '%a %g' "$1"; }

# stage COMMAND OPTION... - starts a command that reads from a socket until the end of the test
stage() {
	"$@" <fifo >out 2>err 3>&- 9>&- &
	PIDS+=($!)
}

@test "mode and group of a socket are options, the same for every command" {
	mkfifo fifo
	exec 9<>fifo
	local gid other
	gid=$(id -g)
	other=$gid
	[ "$(id -u)" != 0 ] || other=$(getent group daemon | cut -d: -f3)
	umask 022
	stage dnc-filter --input=unix:a,mode=0600
	stage dnc-ingest --input=unix:b,group="$other"
	stage dnc-ingest --input=unix:c,group="$(getent group "$other" | cut -d: -f1)",mode=0620
	stage dnc-filter --input=unix:d
	dnc-wsd --data=:memory: --input=unix:e,mode=660 --listen=unix:f,mode=0606,group="$gid" <fifo >address 2>hub.err 3>&- 9>&- &
	PIDS+=($!)
	for socket in a b c d e f; do
		wait_for test -S "$socket"
		# From the first connection on it has its mode.
		wait_for dnc_connects "$socket"
	done
	[ "$(access_of a)" = "600 $gid" ]
	[ "$(access_of b)" = "660 $other" ]
	[ "$(access_of c)" = "620 $other" ]
	[ "$(access_of d)" = "755 $gid" ]
	[ "$(access_of e)" = "660 $gid" ]
	[ "$(access_of f)" = "606 $gid" ]
	wait_for has_content address
	[ "$(cat address)" = unix:f ]
	[ "$(curl -s --unix-socket f http://hub/healthz | jq -r .status)" = ok ]
	kill "${PIDS[@]}"
	wait "${PIDS[@]}" || :
	for socket in a b c d e; do [ ! -e "$socket" ]; done
}

dnc_connects() {
	/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$1" 2>/dev/null
}

@test "the mode without an option is that of the umask" {
	mkfifo fifo
	exec 9<>fifo
	(umask 077 && exec dnc-filter --input=unix:a <fifo >out 2>err 3>&- 9>&-) &
	PIDS+=($!)
	wait_for dnc_connects a
	[ "$(stat -c %a a)" = 700 ]
}

# refused OPTION TEXT - each command ends with 2 and one line that contains TEXT, and leaves no file
refused() {
	local command
	for command in "dnc-filter --input" "dnc-ingest --input" "dnc-wsd --data=:memory: --input" "dnc-wsd --data=:memory: --listen"; do
		# shellcheck disable=SC2086  # they are words
		run -2 timeout 20 $command="unix:s$1" </dev/null
		echo "$output"
		[[ "${lines[-1]}" == *"unix:s: $2"* ]]
		[ ! -e s ]
	done
}

@test "a wrong mode, an unknown group and an unknown option are refused by name" {
	refused ,mode=0999 'mode=0999: not an octal mode like 0660'
	refused ,mode= 'mode=: not an octal mode like 0660'
	refused ,mode=01777 'mode=01777: not an octal mode like 0660'
	refused ,group=no-such-group 'group=no-such-group: there is no such group'
	refused ,mode=0660,owner=me '"owner=me": after the comma only mode=MODE and group=GROUP are known'
	refused , '"": after the comma only mode=MODE and group=GROUP are known'
}

@test "a group that the process does not belong to is refused, and the socket with it" {
	[ "$(id -u)" = 0 ] || skip 'only root can become somebody else'
	chmod 777 .
	chmod a+x "$(dirname "$PWD")" "$(dirname "$(dirname "$PWD")")"
	cp "$(command -v dnc-filter)" filter
	chmod 755 filter
	run -74 timeout 20 setpriv --reuid=nobody --regid=nogroup --clear-groups ./filter --input=unix:s,group=daemon </dev/null
	echo "$output"
	[[ "$output" == *'unable to set the group of unix:s: Operation not permitted' ]]
	[ ! -e s ]
}

# helper.bash - what the bats files share. BIN is the folder of the programs under test, HUB_OPTIONS
# holds more options for every hub that a test starts, in whatever way (see tests/with-options). LOG_SERVER is set
# where the log of every hub is in PostgreSQL (see tests/on-postgres), LOG_IN_MEMORY where hubs keep none.
ROOT="$BATS_TEST_DIRNAME/../.."
export BIN="${BIN:-$ROOT/build/release/bin}" HUB_OPTIONS="${HUB_OPTIONS-}"
PATH="$BIN:$PATH"
[ -z "$HUB_OPTIONS${LOG_SERVER-}${LOG_IN_MEMORY-}" ] || PATH="$ROOT/tests/with-options:$PATH"
export NODE_PATH="${NODE_PATH:-/usr/share/nodejs}"	# where Debian keeps node-ws
PIDS=() DIR=
source "$ROOT/tests/postgres.bash"

# Waits until the command succeeds, up to 60 s: long enough for a machine with much else to do. The pause between two looks grows by
# an eighth from 50 to 400 ms: who waits long is told a little later, and leaves the machine to what is waited for.
wait_for() {
	local until=$((SECONDS + 60)) ms=50 pause
	while [ "$SECONDS" -lt "$until" ]; do
		"$@" && return 0
		printf -v pause '0.%03d' "$ms"
		read -rt "$pause" <> <(:) || :
		ms=$((ms < 400 ? ms * 9 / 8 : ms))
	done
	echo "waited in vain for: $*" >&2
	return 1
}

has_content() { [ -s "$1" ]; }
last_seq_is() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .last_seq)" = "$1" ]; }
has_line() { grep -q "$1" "$2" 2>/dev/null; }
has_lines() { [ "$(wc -l <"$2")" -eq "$1" ]; } # COUNT FILE

# True if the programs are those that users have: with a sanitizer strace and faketime can't be used. Of most files tests/run runs
# only the tests with the tag "release" with these programs.
is_release() {
	grep -B1 -F "@test \"$BATS_TEST_DESCRIPTION\" {" "$BATS_TEST_FILENAME" | grep -qx '# bats test_tags=release' ||
		{ echo "write '# bats test_tags=release' above this test, or tests/run will skip it everywhere"; exit 1; }
	[[ $BIN == *release* ]]
}
release_only() { is_release || skip "$1"; } # WHY

on_postgres() { [ -n "${LOG_SERVER-}" ]; }

# What the log in DIR answers, whatever its engine.
log_sql() { "$ROOT/tests/log-sql" "$@"; } # DIR SQL
log_has() { [ "$(log_sql "$1" 'SELECT count(*) FROM events')" = "$2" ]; } # DIR COUNT

# Retention in PostgreSQL removes whole partitions: from now on one begins every N events in the log in DIR.
small_partitions() { # DIR N
	! on_postgres || log_sql "$1" "UPDATE log SET value = '$2' WHERE key = 'partition_events'"
}

# For tests of what only a log in files has.
sqlite_only() { # WHY
	! on_postgres || skip "on PostgreSQL: $1"
}

# For tests of what a log is for that outlives the hub.
durable_only() {
	[ -z "${LOG_IN_MEMORY-}" ] || skip "in memory: nothing outlives the hub"
}

free_ports() { # COUNT - so many
	/usr/bin/python3 -c 'import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])' "$1"
}

# Each thread of the process PID is traced.
is_traced() {
	local t
	for t in "/proc/$1"/task/*/status; do
		grep -q '^TracerPid:[[:space:]]*0$' "$t" && return 1
	done
	return 0
}

# Process PID is a program that has set its handler of SIGTERM; it may catch others earlier.
catches_term() { [ $((0x0$(awk '$1 == "SigCgt:" {print $2}' "/proc/$1/status") & 0x4000)) -ne 0 ]; }

# The command fails. A bare ! ends no test: errexit does not see it.
refute() { ! "$@"; }

# A dialogue with the hub: its lines are the arguments, or come on standard input (see tests/e2e/client).
client() { "$ROOT/tests/e2e/client" "$ADDRESS" "$@"; }

# Starts dnc-wsd with the arguments, at LISTEN or a free port; its input is a fifo, held open as descriptor 9.
# Sets HUB (process id) and ADDRESS.
start_hub() {
	local fifo="$BATS_TEST_TMPDIR/hub.in"
	rm -f "$fifo" "$BATS_TEST_TMPDIR/address"	# of a hub before: its address is not this one's
	mkfifo "$fifo"
	dnc-wsd --listen="${LISTEN:-127.0.0.1:0}" --data="$BATS_TEST_TMPDIR/data" "$@" <"$fifo" >"$BATS_TEST_TMPDIR/address" \
		2>"$BATS_TEST_TMPDIR/hub.err" 3>&- &
	HUB=$!
	PIDS+=("$HUB")
	exec 9>"$fifo"
	wait_for has_content "$BATS_TEST_TMPDIR/address"
	export ADDRESS
	ADDRESS=$(cat "$BATS_TEST_TMPDIR/address")
}

teardown() {
	end_processes
	leave_open_folder
}

# For programs that run as other users: nobody else can enter the folder of the test. Sets DIR, the current folder then.
enter_open_folder() { # USERS - who they are
	[ "$(id -u)" = 0 ] || skip "only root can become $1"
	DIR=$(mktemp -d "${TMPDIR:-/tmp}/dnc-open.XXXXXX")
	chmod 755 "$DIR"
	cd "$DIR" || return
}
leave_open_folder() { [ -z "$DIR" ] || { cd / && rm -rf "$DIR"; }; }

end_processes() {
	exec 9>&- || :
	local p
	for p in "${PIDS[@]}"; do
		kill "$p" 2>/dev/null || continue
		# Only one that was stopped needs another signal to end: the leak sanitizer spins when it gets a second one.
		! grep -q '^State:[[:space:]]*T (stopped)' "/proc/$p/status" 2>/dev/null || kill -CONT "$p"
	done
	for p in "${PIDS[@]}"; do
		wait "$p" 2>/dev/null || :
	done
	end_postgres
	drop_databases
}

# Before the system writes them to the disk.
drop_databases() {
	local name drop=()
	[ -e "$BATS_TEST_TMPDIR/.databases" ] || return 0
	while read -r name; do drop+=(-c "DROP DATABASE IF EXISTS $name WITH (FORCE)"); done <"$BATS_TEST_TMPDIR/.databases"
	psql -Xq "$LOG_SERVER user=postgres dbname=postgres" "${drop[@]}" 2>/dev/null || :
}

# Prints N canonical events, about numbers +1303555...., each with an id of its own.
events() {
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+1303555%04d\",\"violation_type\":\"t\",\"n\":%d}\n", i % 10000, i }' |
		dnc-ingest -q
}

# What the lines "shell ..." of a dialogue may use.
export -f wait_for has_content last_seq_is has_line events

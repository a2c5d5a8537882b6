load ../helper

# The servers that other tests rely on: what they say of PostgreSQL must be true of it.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# insert NAME N - an event of the log, so to say
insert() { pg_sql "$1" "INSERT INTO log VALUES ($2)"; }
numbers() { pg_sql "$1" 'SELECT n FROM log ORDER BY n' | xargs; }
has_numbers() { [ "$(numbers "$1")" = "$2" ]; }

@test "a primary starts from the copy of a server, is reached by its socket alone, and ends without a trace" {
	start_postgres a
	pg_is_primary a
	[ "$(pg_sql a 'SHOW listen_addresses')" = '' ]
	[ "$(pg_sql a 'SHOW fsync')" = off ]
	pg_sql a 'CREATE TABLE log (n int)'
	insert a 1
	# The same server at the same time under another name, with settings of its own and its own identity.
	PG_FRESH=1 start_postgres b fsync=on
	[ "$(pg_sql b 'SHOW fsync')" = on ]
	[ "$(pg_sql a 'SELECT system_identifier FROM pg_control_system()')" != "$(pg_sql b 'SELECT system_identifier FROM pg_control_system()')" ]
	# After kill -9 it has what it had committed.
	local pid
	pid=$(pg_pid a)
	kill_postgres a
	refute pg_sql a 'SELECT 1' 2>/dev/null
	[ ! -e "/proc/$pid" ]
	restart_postgres a
	has_numbers a 1
	stop_postgres b
	kill_postgres a
	end_postgres
	[ "$(pgrep -cf "$PG_DIR")" = 0 ]
}

@test "a commit waits while no standby answers, and goes on with the first that does" {
	start_quorum
	pg_sql a 'CREATE TABLE log (n int)'
	insert a 1
	# One is enough.
	freeze_postgres b
	insert a 2
	freeze_postgres c
	insert a 3 2>late &
	local late=$!
	PIDS+=("$late")
	wait_for eval '[ "$(pg_sql a "SELECT count(*) FROM pg_stat_activity WHERE wait_event = '\''SyncRep'\''")" = 1 ]'
	# Who reads the primary does not see it either.
	has_numbers a '1 2'
	thaw_postgres c
	wait "$late"
	has_numbers a '1 2 3'
	thaw_postgres b
	wait_for has_numbers b '1 2 3'
}

@test "promotion of the newest standby keeps what was acknowledged, and the others follow it" {
	start_quorum
	pg_sql a 'CREATE TABLE log (n int)'
	insert a 1
	wait_for has_numbers b 1
	# The last acknowledged one is at c alone.
	kill_postgres b
	insert a 2
	wait_for has_numbers c '1 2'
	restart_postgres b
	kill_postgres c
	wait_for has_numbers b '1 2'
	insert a 3
	kill_postgres a
	restart_postgres c
	promote_newest b c
	[ "$PROMOTED" = b ]
	has_numbers b '1 2 3'
	[ "$(pg_sql b 'SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)')" = 00000002 ]
	wait_for pg_streams c
	insert b 4
	wait_for has_numbers c '1 2 3 4'
	# The old primary comes back as a standby of the new one.
	start_standby a b a b c
	wait_for has_numbers a '1 2 3 4'
	# Whoever wants to write finds the primary among the three.
	[ "$(psql -XAtqc 'SHOW cluster_name' "$(pg_at a b c) dbname=postgres target_session_attrs=read-write")" = b ]
}

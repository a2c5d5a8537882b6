# What a hub reads from standbys of its log: by choice, and when there is no primary. A standby may be behind what clients may see.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# What clients read of a hub with little memory comes from the log.
start_small_on() { start_on "$@" --buffer=256K; } # SERVER... -- [OPTION...]

produce() { events "$1" | dnc-filter -q --output="unix:$PWD/hub.sock"; } # COUNT; ends when all are acknowledged

# All events from the first to COUNT, in order, by replay and by history.
reads_all() { # COUNT
	timeout 60 dnc-tail -e --since=0 -o json "ws://$ADDRESS" >replayed || return
	cmp <(seq "$1") <(jq .seq replayed) || return
	[ "$(curl -sf "http://$ADDRESS/api/v1/events?limit=2&order=desc" | jq .seq | xargs)" = "$1 $(($1 - 1))" ]
}

standby_rows() { curl -s "http://$ADDRESS/metrics" | awk '$1 == "dnc_log_standby_rows_read_total" { print $2 }'; }
has_events() { [ "$(PG_DATABASE=dnc_log pg_sql "$1" 'SELECT count(*) FROM dnc.events')" = "$2" ]; } # SERVER COUNT
pause() { pg_sql "$1" 'SELECT pg_wal_replay_pause()' && wait_for is_paused "$1"; }
is_paused() { [ "$(pg_sql "$1" 'SELECT pg_get_wal_replay_pause_state()')" = paused ]; }

@test "a hub reads from a standby by choice, and what that does not have, from the primary" {
	start_postgres a
	start_standby b a
	pg_make_log a
	start_small_on a -- --log-standby="$(pg_log_at b)"
	produce 2000
	wait_for has_events b 2000
	reads_all 2000
	local before
	before=$(standby_rows)
	[ "$before" -ge 1000 ]
	# It is behind now.
	pause b
	produce 1500
	reads_all 3500
	# What it has is still read there.
	[ "$(curl -sf "http://$ADDRESS/api/v1/events?since=100&limit=2" | jq .seq | xargs)" = '101 102' ]
	[ "$(standby_rows)" -gt "$before" ]
	# It is gone.
	kill_postgres b
	reads_all 3500
	grep -q 'reading from the servers of --log' hub.err
	refute grep -q 'giving up' hub.err
}

@test "a standby that --log names first and that is behind is not asked while there is a primary" {
	start_postgres a
	start_standby b a
	pg_make_log a
	start_small_on b a --
	produce 1000
	wait_for has_events b 1000
	pause b
	produce 1000
	reads_all 2000
	[ "$(standby_rows)" = 0 ]
	refute grep -q 'trying again' hub.err
}

@test "without a primary, the standby that has what clients may see is asked; when all are behind, they wait" {
	start_postgres a
	start_standby b a
	start_standby c a
	pg_make_log a
	start_small_on a b c --
	produce 1000
	wait_for has_events b 1000
	pause b
	produce 1000
	wait_for has_events c 2000
	kill_postgres a
	reads_all 2000
	kill_postgres c
	reads_all 2000 3>&- &
	local reader=$!
	PIDS+=("$reader")
	wait_for grep -q '1000 events behind.*trying again' hub.err
	pg_sql b 'SELECT pg_wal_replay_resume()'
	wait "$reader"
	refute grep -q 'giving up' hub.err
}

# The commands of dnc-postgresql(7), run as they are printed.
# shellcheck disable=SC2154  # COMMANDS is set by documented
load ../helper
load documented

shown <<-'END'
[dnc]
END

# A server that the commands find by the environment, as they would on its machine.
server() {
	start_postgres a
	export PGHOST="$PG_DIR/a" PGUSER=postgres PGSERVICEFILE="$PWD/services"
	printf '[dnc]\nhost=%s\ndbname=dnc\nuser=dnc_hub\n' "$PGHOST" >services
	PATH="$(pg_bin):$PATH"
}

set_up() {
	local n
	for n in 0 1 2 3; do run_command "$n"; done
}

@test "dnc-postgresql: a log is set up, served, queried and dumped" {
	documented <<-'END'
	createdb -E UTF8 -T template0 dnc
	dnc-wsd --log=dbname=dnc --init-log
	createuser dnc_hub
	psql -d dnc -c 'GRANT dnc_writer TO dnc_hub'
	dnc-wsd --log=service=dnc
	psql -d dnc -c 'SELECT seq, event FROM dnc.events ORDER BY seq DESC LIMIT 3'
	pg_dump -d dnc -n dnc -Fc -f dnc.dump
	END
	server
	set_up
	COMMANDS[4]="events 5 | ${COMMANDS[4]}"
	start_documented_hub 4
	wait_for last_seq_is 5
	run_command 5
	[ "$(grep -c '"type":"dnc.compliance.violation"' out.5)" = 3 ]
	run_command 6
	[ "$(pg_restore -f - dnc.dump | grep -c '"type":"dnc.compliance.violation"')" = 5 ]
}

@test "dnc-postgresql: --print-schema makes the same" {
	documented <<-'END'
	dnc-wsd --print-schema | psql -d dnc -v ON_ERROR_STOP=1
	END
	server
	createdb -E UTF8 -T template0 dnc
	run_command 0
	[ "$(psql -XAt -d dnc -c "SELECT value FROM dnc.log WHERE key = 'layout'")" = 1 ]
}

standbys_are() { [ "$(pg_sql a 'SHOW synchronous_standby_names')" = "$1" ]; }

# wait_for_standbys LIST - the setting, in effect
wait_for_standbys() {
	pg_sql a "ALTER SYSTEM SET synchronous_standby_names = '$1'" >/dev/null
	pg_sql a 'SELECT pg_reload_conf()' >/dev/null
	wait_for standbys_are "$1"
}

# waits_with SYNCHRONOUS_COMMIT - sets WAITS: whether an event is acknowledged only once a standby has it, which there is not
waits_with() {
	local hub producer
	pg_sql a "ALTER DATABASE dnc SET synchronous_commit = '$1'"
	rm -f address hub.sock
	dnc-wsd -q --listen=127.0.0.1:0 --log=service=dnc --input=unix:hub.sock </dev/null >address 2>>err 3>&- &
	hub=$!
	PIDS+=("$hub")
	wait_for has_content address
	wait_for_standbys 'ANY 1 (b, c)'
	events 1 | dnc-filter -q --output=unix:hub.sock 2>>err 3>&- &
	producer=$!
	PIDS+=("$producer")
	WAITS=''
	is_acknowledged() { ! kill -0 "$producer" 2>/dev/null && WAITS=no; }
	is_waiting() { [ "$(pg_sql a "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")" = 1 ] && WAITS=yes; }
	is_decided() { is_acknowledged || is_waiting; }
	wait_for is_decided
	wait_for_standbys ''
	wait "$producer"
	kill "$hub"
	wait "$hub"
}

@test "dnc-postgresql: the settings with which a standby is waited for" {
	documented <<-'END'
	createdb -E UTF8 -T template0 dnc
	dnc-wsd --log=dbname=dnc --init-log
	createuser dnc_hub
	psql -d dnc -c 'GRANT dnc_writer TO dnc_hub'
	END
	server
	set_up
	local setting
	for setting in on remote_apply remote_write local off; do
		waits_with "$setting"
		echo "$setting $WAITS"
	done >waited
	diff waited - <<-'END'
		on yes
		remote_apply yes
		remote_write yes
		local no
		off yes
	END
}

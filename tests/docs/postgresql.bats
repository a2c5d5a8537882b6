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

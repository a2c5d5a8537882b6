# The commands of dnc-log(1), run as they are printed.
load ../helper
load documented

@test "dnc-log: moving a log into PostgreSQL, and back" {
	documented <<-'END'
	dnc-log copy --rate=5000 /var/lib/dnc "host=/run/postgresql dbname=dnc"
	dnc-log copy /var/lib/dnc "host=/run/postgresql dbname=dnc"
	dnc-log verify --json /var/lib/dnc "host=/run/postgresql dbname=dnc" | jq .same
	dnc-log copy "host=/run/postgresql dbname=dnc" /var/lib/dnc-back
	END
	start_postgres a
	ln -s "$PG_DIR/a" run/postgresql
	export PGUSER=postgres
	pg_sql a 'CREATE DATABASE dnc'
	PG_DATABASE=dnc pg_sql a "$(cat "$ROOT/lib/log/schema.sql")" >/dev/null
	start_hub --data="$PWD/var/lib/dnc"
	events 40 >&9
	wait_for last_seq_is 40
	run_command 0
	grep -q '^copied 40 events' out.0
	events 2 >&9
	wait_for last_seq_is 42
	kill "$HUB"
	wait "$HUB"
	run_command 1
	grep -q '^copied 2 events' out.1
	run_command 2
	[ "$(cat out.2)" = true ]
	run_command 3
	[ "$(event_count var/lib/dnc-back/events.db)" = 42 ]
}

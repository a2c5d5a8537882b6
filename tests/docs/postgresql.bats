# The commands of dnc-postgresql(7), run as they are printed.
# shellcheck disable=SC2154  # COMMANDS is set by documented
load ../helper
load documented

shown <<-'END'
[dnc]
hostssl dnc dnc_hub 192.0.2.0/24 scram-sha-256
PGSERVICEFILE=/etc/dnc/pg_service.conf
[Service]
END

# A server that the commands find by the environment, as they would on its machine.
server() {
	start_postgres a
	export PGHOST="$PG_DIR/a" PGUSER=postgres PGSERVICEFILE="$PWD/services"
	printf '[dnc]\nhost=%s\ndbname=dnc\nuser=dnc_hub\n' "$PGHOST" >services
	PATH="$(pg_bin):$PATH"
}

# The commands from A to B. A password that is asked for comes from standard input without a terminal.
run_commands() { # A B
	local n
	for ((n = $1; n <= $2; n++)); do
		[[ ${COMMANDS[n]} != *--pwprompt* ]] || COMMANDS[n]="printf 'x\nx\n' | setsid -w ${COMMANDS[n]}"
		run_command "$n"
	done
}

make_log() {
	createdb -E UTF8 -T template0 dnc
	dnc-wsd --log=dbname=dnc --init-log
}

@test "dnc-postgresql: a log is set up, served and dumped" {
	documented <<-'END'
	createdb -E UTF8 -T template0 dnc
	dnc-wsd --log=dbname=dnc --init-log
	createuser --pwprompt dnc_hub
	psql -d dnc -c 'GRANT dnc_writer TO dnc_hub'
	dnc-wsd --log=service=dnc --advertise=ws://127.0.0.1:8080/ws/dnc
	pg_dump -d dnc -n dnc -Fc -f dnc.dump
	END
	server
	run_commands 0 3
	[ ! -s out.1 ] && [ ! -s err.1 ]
	[ "$(psql -XAt -c "SELECT rolpassword LIKE 'SCRAM%' FROM pg_authid WHERE rolname = 'dnc_hub'")" = t ]
	ADDRESS=127.0.0.1:8080
	COMMANDS[4]="events 5 | ${COMMANDS[4]}"
	start_documented_hub 4
	wait_for last_seq_is 5
	run_command 5
	[ "$(pg_restore -f - dnc.dump | grep -c '"type":"dnc.compliance.violation"')" = 5 ]
}

@test "dnc-postgresql: people query the log, and see what holds it up" {
	documented <<-'END'
	createuser --pwprompt analyst
	psql -d dnc -c 'GRANT dnc_reader TO analyst'
	psql -d dnc -c "ALTER ROLE analyst SET statement_timeout = '1min'"
	psql -d dnc -c 'SELECT seq, event FROM dnc.events ORDER BY seq DESC LIMIT 3'
	psql -d dnc -c "SELECT seq, timestamp, type, provider,
	    event::jsonb #>> '{event_data,reason}' AS reason
	    FROM dnc.events WHERE phone_number = '+12025550143' ORDER BY seq"
	psql -d dnc -c "SELECT to_timestamp(logged_at / 1000)::date AS day, provider, count(*)
	    FROM dnc.events WHERE type = 'dnc.number.suppressed'
	    AND seq >= dnc.seq_at(now() - interval '30 days')
	    GROUP BY day, provider ORDER BY day, provider"
	psql -d dnc -c "SELECT type, count(*) FROM dnc.events
	    WHERE seq >= dnc.seq_at(date_trunc('day', now())) GROUP BY type ORDER BY type"
	psql -d dnc -c "SELECT DISTINCT ON (provider, type) provider, type, timestamp FROM dnc.events
	    WHERE type IN ('dnc.list.synced', 'dnc.provider.status_change')
	    ORDER BY provider, type, seq DESC"
	psql -d dnc -c 'SELECT jti, to_timestamp(at / 1000) AS revoked, note FROM dnc.revoked'
	psql -d dnc -c "SELECT advertise, version, connections FROM dnc.hubs
	    WHERE seen_at > extract(epoch FROM now()) * 1000 - 20000"
	psql -d dnc -c "SELECT pid, usename, state, wait_event, left(query, 60) AS query
	    FROM pg_stat_activity WHERE datname = 'dnc'"
	psql -d dnc -c 'SELECT application_name, state, sync_state FROM pg_stat_replication'
	END
	server
	make_log
	run_commands 0 2
	printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"complaint","source":"consumer"}\n' \
		+12025550143 +12025550144 >in
	echo '{"type":"dnc.list.synced","provider":"registry","sync_status":"success","records_added":1}' >>in
	dnc-wsd -q --log=dbname=dnc --advertise=ws://a --input=unix:hub.sock >addresses 3>&- &
	PIDS+=($!)
	wait_for has_content addresses
	dnc-ingest -q --output=unix:hub.sock in
	psql -qd dnc -c "SELECT dnc.revoke('lost-token', NULL, 'a note')"
	wait_for advertised
	PGUSER=analyst run_commands 3 9
	run_commands 10 11
	grep -q '"provider":"registry"' out.3
	grep -q '1 |.*| dnc.number.suppressed | consumer *| complaint' out.4
	grep -q '| consumer *| *2$' out.5
	grep -q 'dnc.number.suppressed | *2$' out.6
	grep -q 'registry *| dnc.list.synced' out.7
	grep -q 'lost-token .*| a note' out.8
	grep -q 'ws://a *|' out.9
	grep -q '| LISTEN dnc\|dnc\.' out.10
	grep -q sync_state out.11
}
advertised() { [ "$(psql -XAt -d dnc -c 'SELECT advertise FROM dnc.hubs')" = ws://a ]; }

@test "dnc-postgresql: the log of a service moves" {
	documented <<-'END'
	psql -d dnc -c 'GRANT dnc_admin TO dnc_hub'
	dnc-log copy --rate=5000 /var/lib/dnc service=dnc
	systemctl stop dnc-wsd.socket dnc-wsd-web.socket dnc-wsd
	dnc-log copy /var/lib/dnc service=dnc
	psql -d dnc -c 'REVOKE dnc_admin FROM dnc_hub'
	END
	server
	make_log
	createuser dnc_hub
	psql -qd dnc -c 'GRANT dnc_writer TO dnc_hub'
	dnc-wsd -q --data="$PWD/var/lib/dnc" --input=unix:hub.sock >addresses 3>&- &
	PIDS+=($!)
	wait_for has_content addresses
	printf '#!/bin/sh\n[ "$*" = "stop dnc-wsd.socket dnc-wsd-web.socket dnc-wsd" ] && kill "$(cat "$HOME/hub.pid")"\n' >bin/systemctl
	events 20 | dnc-ingest -q --output=unix:hub.sock
	run_commands 0 1
	events 30 | dnc-ingest -q --output=unix:hub.sock
	run_commands 2 2
	wait "${PIDS[-1]}"
	run_commands 3 4
	[ "$(psql -XAt -d dnc -c 'SELECT max(seq) FROM dnc.events')" = 50 ]
	dnc-wsd -q --log=service=dnc --exit-on-eof </dev/null
}

@test "dnc-token(1): a token is revoked in a log that hubs share" {
	documented <<-'END'
	dnc-token revoke --log=service=dnc --ttl=8h "$(dnc-token inspect <token | jq -r '.jti // empty')"
	curl -i -H "Authorization: Bearer $(cat token)" http://127.0.0.1:8080/api/v1/info
	END
	server
	make_log
	createuser dnc_hub
	psql -qd dnc -c 'GRANT dnc_revoker TO dnc_hub'
	dnc-token keygen -o desk.jwk >kid
	dnc-token mint -k desk.jwk --sub=desk-7 --role=operator >token
	dnc-wsd -q --log=dbname=dnc --keys=desk.jwk.pub >addresses </dev/null 3>&- &
	PIDS+=($!)
	wait_for has_content addresses
	ADDRESS=$(cat addresses)
	run_command 1
	grep -q '^HTTP/1.1 200' out.1
	run_command 0
	wait_for refused
}
refused() { run_command 1 && grep -q '^HTTP/1.1 401' out.1; }

@test "dnc-postgresql: --print-schema makes the same" {
	documented <<-'END'
	dnc-wsd --print-schema | psql -d dnc -v ON_ERROR_STOP=1
	END
	server
	createdb -E UTF8 -T template0 dnc
	run_command 0
	[ "$(psql -XAt -d dnc -c "SELECT value FROM dnc.log WHERE key = 'layout'")" = 2 ]
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
	createuser --pwprompt dnc_hub
	psql -d dnc -c 'GRANT dnc_writer TO dnc_hub'
	END
	server
	run_commands 0 3
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

@test "dnc-postgresql: a dump is restored on another server, and hubs go on there" {
	documented <<-'END'
	createdb -E UTF8 -T template0 dnc
	dnc-wsd --log=dbname=dnc --init-log
	pg_restore -d dnc --clean --if-exists --single-transaction dnc.dump
	dnc-wsd --log=dbname=dnc --init-log
	END
	server
	make_log
	createuser dnc_hub
	psql -qd dnc -c 'GRANT dnc_writer TO dnc_hub'
	events 300 | timeout 60 dnc-wsd -q --log=service=dnc --listen=127.0.0.1:0 --exit-on-eof
	pg_dump -d dnc -n dnc -Fc -f dnc.dump
	local before
	before=$(psql -XAt -d dnc -c 'SELECT epoch FROM dnc.epochs')
	start_postgres b
	export PGHOST=$PG_DIR/b
	sed -i "s|^host=.*|host=$PGHOST|" services
	run_commands 0 3
	createuser dnc_hub
	psql -qd dnc -c 'GRANT dnc_writer TO dnc_hub'
	events 3 | timeout 60 dnc-wsd -q --log=service=dnc --listen=127.0.0.1:0 --exit-on-eof
	[ "$(psql -XAt -d dnc -c 'SELECT count(*), max(seq) FROM dnc.events')" = '303|303' ]
	[ "$(psql -XAt -d dnc -c 'SELECT epoch FROM dnc.epochs ORDER BY n LIMIT 1')" = "$before" ]
	[ "$(psql -XAt -d dnc -c 'SELECT first_seq FROM dnc.epochs ORDER BY n DESC LIMIT 1')" = 301 ]
}

@test "dnc-postgresql: a restore where a hub has taken events is refused, and changes nothing" {
	server
	make_log
	events 3 | timeout 60 dnc-wsd -q --log=dbname=dnc --listen=127.0.0.1:0 --exit-on-eof
	pg_dump -d dnc -n dnc -Fc -f dnc.dump
	dropdb dnc
	make_log
	events 5 | timeout 60 dnc-wsd -q --log=dbname=dnc --listen=127.0.0.1:0 --exit-on-eof
	run sh -c "$(grep '^pg_restore' "$ROOT/man/dnc-postgresql.7")"
	[ "$status" -eq 1 ]
	[ "$(psql -XAt -d dnc -c 'SELECT count(*), max(seq) FROM dnc.events')" = '5|5' ]
	events 2 | timeout 60 dnc-wsd -q --log=dbname=dnc --listen=127.0.0.1:0 --exit-on-eof
}

# What the manual's text says to run besides, on a line of its own there.
@test "dnc-postgresql: only those who need it may connect, and the others are told what they lack" {
	server
	make_log
	sed -n 's/^\.Ql \(REVOKE ALL ON DATABASE.*\|GRANT CONNECT.*\) [,.]$/\1;/p' "$ROOT/man/dnc-postgresql.7" >rights
	has_lines 2 rights
	psql -Xq -v ON_ERROR_STOP=1 -d dnc -f rights
	psql -Xq -d dnc -c 'CREATE ROLE boss LOGIN IN ROLE dnc_admin; CREATE ROLE clerk LOGIN IN ROLE dnc_revoker; CREATE ROLE stranger LOGIN;
		CREATE ROLE analyst LOGIN IN ROLE dnc_reader'
	dnc-wsd --log='dbname=dnc user=boss' --init-log
	dnc-token revoke --log='dbname=dnc user=clerk' some-token
	run dnc-token revoke --log='dbname=dnc user=stranger' some-token
	[ "$status" -eq 77 ]
	[[ "$output" == *'permission denied for database "dnc": GRANT CONNECT ON DATABASE to a role of this user' ]]
	run dnc-wsd --log='dbname=dnc user=analyst' --init-log
	[ "$status" -eq 77 ]
	[[ "$output" == *'the schema dnc belongs to dnc_admin (55000): Log in as a member of it.' ]]
	run dnc-wsd --log='host=/nowhere dbname=dnc' --listen=127.0.0.1:0
	[ "$status" -eq 74 ]
	[[ "$output" == *'No such file or directory: is the server running there? check host and port' ]]
}

@test "dnc-postgresql: clients read from a standby" {
	documented <<-'END'
	dnc-wsd --log=service=dnc --log-standby=service=dnc
	END
	server
	make_log
	createuser dnc_hub
	psql -qd dnc -c 'GRANT dnc_writer TO dnc_hub'
	events 100 | timeout 60 dnc-wsd -q --log=service=dnc --listen=127.0.0.1:0 --exit-on-eof
	start_standby b a
	has_all() { [ "$(PG_DATABASE=dnc pg_sql b 'SELECT count(*) FROM dnc.events')" = 100 ]; }
	wait_for has_all
	sed -i "s|^host=.*|host=$PG_DIR/a,$PG_DIR/b|" services
	start_documented_hub 0
	timeout 60 dnc-tail -q -e --since=0 -o json "ws://$ADDRESS" >out
	[ "$(wc -l <out)" -eq 100 ]
	curl -s "http://$ADDRESS/metrics" | grep '^dnc_log_standby_rows_read_total 100$'
}

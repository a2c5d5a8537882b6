# Hubs on one log in PostgreSQL: each appends, all show the same. The server and hubs die meanwhile.
load ../helper

setup() {
	start_postgres a || return
	pg_sql a 'CREATE DATABASE dnc'
	PG_DATABASE=dnc pg_sql a "$(cat "$ROOT/lib/log/schema.sql")"
	LOG="$(pg_at a) dbname=dnc"
	cd "$BATS_TEST_TMPDIR" || return
}

# tail_from N OUTPUT [OPTION...] - a client of hub N, which begins with the first event and keeps its position
tail_from() {
	local address="ADDRESS$1" out=$2
	shift 2
	dnc-tail -q --output=json --since=0 "$@" "ws://${!address}/ws/dnc" >>"$out" 2>>"$out.err" 3>&- &
	PIDS+=($!)
}

# numbered FROM TO - events that are told apart by data.n
numbered() {
	awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++)
		printf "{\"type\":\"dnc.compliance.violation\",\"phone_number\":\"+1303555%04d\",\"violation_type\":\"t\",\"n\":%d}\n", i % 10000, i }' |
		dnc-ingest -q
}

produce() { dnc-filter -q --output="unix:$PWD/$1.sock" 2>>produce.err; } # N; events on standard input

log_has_events() { [ "$(PG_DATABASE=dnc pg_sql a 'SELECT count(*) FROM dnc.events')" = "$1" ]; }
is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$1/readyz")" = 200 ]; } # ADDRESS
is_not_ready() { curl -s "http://$1/readyz" | grep -q log; }

# Each of the COUNT events once, in the order of the log.
all_in_order() { # FILE COUNT
	jq .seq "$1" | awk -v n="$2" '$1 != NR { print "event " $1 " is in place " NR; exit 1 } END { exit NR != n }'
	[ "$(jq .event_data.n "$1" | sort -nu | wc -l)" -eq "$2" ]
}

@test "two hubs share a log: their clients see what producers of both have sent, once and in the same order" {
	start_shared 1
	start_shared 2
	tail_from 1 one
	tail_from 2 two
	numbered 1 3000 | produce 1 &
	local first=$!
	numbered 3001 6000 | produce 2
	wait "$first"
	wait_for has_lines 6000 one
	wait_for has_lines 6000 two
	all_in_order one 6000
	cmp one two
	# Both are one log to a client: numbers, epoch, pseudonyms, history.
	[ "$(curl -s "http://$ADDRESS1/api/v1/info" | jq -c '[.epoch, .last_seq, .oldest_seq]')" = \
		"$(curl -s "http://$ADDRESS2/api/v1/info" | jq -c '[.epoch, .last_seq, .oldest_seq]')" ]
	cmp <(curl -s "http://$ADDRESS1/api/v1/events?phone_number=%2B13035550007") \
		<(curl -s "http://$ADDRESS2/api/v1/events?phone_number=%2B13035550007")
	[ "$(curl -s "http://$ADDRESS2/metrics" | awk '$1 == "dnc_log_lag_events" { print $2 }')" = 0 ]
	[ "$(curl -s "http://$ADDRESS2/metrics" | awk '$1 == "dnc_log_rows_read_total" { print ($2 >= 6000) }')" = 1 ]
}

@test "what a producer sends to two hubs is logged once" {
	start_shared 1
	start_shared 2
	numbered 1 500 >events
	produce 1 <events
	produce 2 <events
	log_has_events 500
	[ "$(curl -s "http://$ADDRESS2/metrics" | awk '$1 == "dnc_duplicates_total" { print $2 }')" = 500 ]
}

@test "a client goes from one hub to the other with its position" {
	start_shared 1
	start_shared 2
	numbered 1 100 | produce 1
	dnc-tail -q --output=json --since=0 --state=position -m 60 "ws://$ADDRESS1/ws/dnc" >out
	dnc-tail -q --output=json --state=position --fail-on-gap -m 40 "ws://$ADDRESS2/ws/dnc" >>out
	all_in_order out 100
}

@test "while the server is away /readyz says log, clients stay, producers wait, and then all is there" {
	start_shared 1
	start_shared 2
	tail_from 1 one --no-reconnect
	tail_from 2 two --no-reconnect
	numbered 1 500 | produce 1
	wait_for has_lines 500 one
	wait_for has_lines 500 two
	kill_postgres a
	wait_for is_not_ready "$ADDRESS1"
	wait_for is_not_ready "$ADDRESS2"
	numbered 501 1000 | produce 1 &
	local first=$!
	numbered 1001 1500 | produce 2 &
	local second=$!
	# What is in memory is served.
	[ "$(dnc-tail -q --output=json --since=400 -m 100 "ws://$ADDRESS1/ws/dnc" | wc -l)" -eq 100 ]
	kill -0 "$first" "$second"
	restart_postgres a
	wait "$first"
	wait "$second"
	wait_for has_lines 1500 one
	wait_for has_lines 1500 two
	all_in_order one 1500
	cmp one two
	wait_for is_ready "$ADDRESS1"
	wait_for is_ready "$ADDRESS2"
	[ ! -s one.err ]
	[ ! -s two.err ]
}

@test "nothing is lost or logged twice when a hub is killed while it writes" {
	start_shared 1
	start_shared 2
	tail_from 2 two
	numbered 1 20000 >events
	produce 1 <events &
	local producer=$! i
	for i in 1 2 3; do
		wait_for log_has_more "$((i * 1500))"
		kill -9 "$HUB1"
		wait "$HUB1" || :
		LISTEN=$ADDRESS1 start_shared 1
	done
	wait "$producer"
	log_has_events 20000
	wait_for has_lines 20000 two
	all_in_order two 20000
}
log_has_more() { [ "$(PG_DATABASE=dnc pg_sql a 'SELECT count(*) FROM dnc.events')" -gt "$1" ]; }

@test "at the end a hub still sends its clients what its producers have sent" {
	start_shared 1 --exit-on-eof
	tail_from 1 one --no-reconnect
	wait_for connections_are 1 "$ADDRESS1"
	numbered 1 2000 | produce 1
	kill "$HUB1"
	wait "$HUB1"
	wait_for has_lines 2000 one
	all_in_order one 2000
}
connections_are() { [ "$(curl -s "http://$2/api/v1/info" | jq .active_connections)" = "$1" ]; }

@test "--log refuses a password, --data beside it, and a database without a log" {
	run dnc-wsd --log="$LOG password=secret" </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" != *secret* ]]
	run dnc-wsd --log="$LOG" --data=x </dev/null
	[ "$status" -eq 2 ]
	run dnc-wsd --log="$(pg_at a) dbname=postgres" --listen=127.0.0.1:0 </dev/null
	[ "$status" -ne 0 ]
	[[ "$output" == *"--init-log"* ]]
}

@test "a target_session_attrs that says otherwise is warned of once, and the primary is used" {
	printf '[log]\n%s\ntarget_session_attrs=standby\n' "$(tr ' ' '\n' <<<"$LOG")" >services
	PGSERVICEFILE=$PWD/services LOG=service=log start_shared 1 --workers=2 --log-standby="$LOG target_session_attrs=read-write"
	numbered 1 10 | produce 1
	timeout 60 dnc-tail -q -o json --since=0 -m 10 "ws://$ADDRESS1" >one
	all_in_order one 10
	[ "$(grep -c 'target_session_attrs=standby.* the one that takes writes is used$' 1.err)" -eq 1 ]
	[ "$(grep -c 'target_session_attrs=read-write.* a standby is used, and others while there is none$' 1.err)" -eq 1 ]
	[ "$(grep -c target_session_attrs 1.err)" -eq 2 ]
	PGTARGETSESSIONATTRS=read-only run dnc-log copy "$LOG" copied
	[ "$status" -eq 0 ]
	[ "$(grep -c 'target_session_attrs=read-only.* the one that takes writes is used$' <<<"$output")" -eq 1 ]
	run dnc-token revoke --log="$LOG target_session_attrs=standby" some-token
	[ "$status" -eq 0 ]
	[[ "$output" == *'target_session_attrs=standby'* ]]
	run dnc-wsd --log="$LOG" --log-standby="$LOG target_session_attrs=none" --listen=127.0.0.1:0 </dev/null
	[ "$status" -ne 0 ]
	[[ "$output" == *'invalid target_session_attrs value: "none"'* ]]
}

@test "when the newest events are removed by hand, hubs that have shown them end with 75, and no number comes twice" {
	start_shared 1
	numbered 1 10 | produce 1
	dnc-tail -q --output=json --since=0 --state=place -m 10 "ws://$ADDRESS1/ws/dnc" >one
	PG_DATABASE=dnc pg_sql a 'DELETE FROM dnc.events WHERE seq > 8'
	local status=0
	wait "$HUB1" || status=$?
	[ "$status" = 75 ]
	grep -q 'events 9 to 10 are not in the log any more' 1.err
	start_shared 1
	numbered 11 15 | produce 1 &
	local producer=$!
	PIDS+=("$producer")
	# To this one, too, 9 and 10 are gone when 11 comes.
	status=0
	wait "$HUB1" || status=$?
	[ "$status" = 75 ]
	start_shared 1
	wait "$producer"
	dnc-tail -q --output=json --state=place -m 5 "ws://$ADDRESS1/ws/dnc" >>one
	[ "$(jq -c '[.seq, .event_data.n]' one | tail -5 | tr '\n' ' ')" = '[11,11] [12,12] [13,13] [14,14] [15,15] ' ]
}

@test "retention may take the newest event that a hub has shown, once there is another" {
	start_shared 1
	tail_from 1 one
	numbered 1 10 | produce 1
	wait_for has_lines 10 one
	numbered 11 11 >event
	PG_DATABASE=dnc psql -XAtq -v ON_ERROR_STOP=1 -v event="$(cat event)" -v id="$(jq -r .id event)" "$LOG" >/dev/null <<-'END'
		BEGIN;
		SELECT dnc.append(ARRAY[:'id']::uuid[], '{dnc.compliance.violation}', '{+13035550011}', '{x}', '{critical}',
			'{2026-11-27T00:00:00.000Z}', ARRAY[:'event'], '{}');
		DELETE FROM dnc.events WHERE seq <= 10;
		COMMIT;
	END
	wait_for has_lines 11 one
	all_in_order one 11
	kill -0 "$HUB1"
	[ "$(PG_DATABASE=dnc pg_sql a 'SELECT count(*) FROM dnc.epochs')" = 1 ]
}

@test "a server whose clock is a year ahead removes no event that is to be kept, and no revocation" {
	dpkg -s faketime >/dev/null 2>&1 || skip "faketime is not here"
	PG_DATABASE=dnc pg_sql a "UPDATE dnc.log SET value = '10' WHERE key = 'partition_events'"
	start_shared 1
	numbered 1 25 | produce 1
	PG_DATABASE=dnc pg_sql a "SELECT dnc.revoke('token', dnc.now_ms() + 86400000)"
	stop_postgres a
	PG_ENV="LD_PRELOAD=$(find /usr/lib -name libfaketimeMT.so.1) FAKETIME=+365d FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1" \
		restart_postgres a
	start_shared 2 --retain=90d
	wait_for has_pruned "$ADDRESS2"
	log_has_events 25
	[ "$(PG_DATABASE=dnc pg_sql a "SELECT jti, dnc.now_ms() > expires FROM dnc.revoked")" = 'token|t' ]
	curl -s "http://$ADDRESS2/metrics" | grep -q '^dnc_log_revoked_tokens 1$'
}
has_pruned() { [ "$(curl -s "http://$1/metrics" | awk '$1 == "dnc_log_bytes" { print ($2 > 0) }')" = 1 ]; } # ADDRESS: it learns the size then

@test "a row that was changed by hand: clients before it are told, go on when it is restored, and when it is deleted" {
	start_shared 1
	numbered 1 20 | produce 1
	wait_for log_has_events 20
	sql() { PG_DATABASE=dnc pg_sql a "$1"; }
	local kept
	kept=$(sql 'SELECT event FROM dnc.events WHERE seq = 15')
	sql "UPDATE dnc.events SET event = 'garbage' WHERE seq IN (15, 17)"
	start_shared 2	# its clients read the log's rows
	dnc-tail --output=json --since=0 "ws://$ADDRESS2/ws/dnc" >out 2>err 3>&- &
	PIDS+=($!)
	wait_for has_line 'closed by the hub: the log can.t be read now' err
	grep -q 'event 15 of dnc.events is not as a hub wrote it: restore it from a backup, or delete it' 2.err
	[ "$(wc -l <out)" -eq 14 ]
	wait_for eval 'curl -s "http://$ADDRESS2/metrics" | grep -q "^dnc_closed_total{reason=\"log_unreadable\".* [1-9]"'
	sql "UPDATE dnc.events SET event = '${kept//\'/\'\'}' WHERE seq = 15"
	sql 'DELETE FROM dnc.events WHERE seq = 17'
	wait_for eval '[ "$(wc -l <out)" -eq 19 ]'
	[ "$(jq -s -c '[.[].seq] == [range(1; 17), range(18; 21)]' out)" = true ]
	grep -q 'events 17 to 17 were not received (missing)' err
	is_ready "$ADDRESS1" && is_ready "$ADDRESS2"
}

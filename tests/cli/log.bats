# dnc-log: a log moves between SQLite and PostgreSQL, and nothing of it changes.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Sets LOG to a new, empty log in a database NAME of the server a, which is started when it is needed.
new_log() { # [NAME]
	[ -n "${PG_DIR-}" ] || start_postgres a
	pg_sql a "CREATE DATABASE ${1:-log}"
	LOG="$(pg_at a) dbname=${1:-log}"
	make_schema
}
make_schema() { psql -Xq -v ON_ERROR_STOP=1 -f "$ROOT/lib/log/schema.sql" "$LOG"; }
sql() { psql -XAtq -v ON_ERROR_STOP=1 -c "$1" "$LOG"; }
lite() { sqlite3 "$1/events.db" "$2"; } # DIR SQL

# A hub with the log in DIR, or in LOG.
hub_in() { start_hub --data="$1" "${@:2}"; }
# (start_hub gives a directory.)
hub_in_postgres() {
	rm -f hub.in address
	mkfifo hub.in
	dnc-wsd --listen=127.0.0.1:0 --log="$LOG" <hub.in >address 2>hub.err 3>&- &
	HUB=$!
	PIDS+=("$HUB")
	exec 9>hub.in
	wait_for has_content address || { cat hub.err; return 1; }
	ADDRESS=$(cat address)
}
stop_hub() {
	kill "$HUB"
	exec 9>&-
	wait "$HUB" || :
}
take() { # N EVENTS: adds them; the log has N then
	"${@:2}" >&9
	wait_for last_seq_is "$1"
}

# What providers of lists said.
providers() {
	printf '%s\n' '{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"success"}' \
		'{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"failed"}' \
		'{"type":"dnc.provider.status_change","provider":"Ünïcode | x","new_status":"offline"}' | dnc-ingest -q
}

# A log of N events, some of them of providers, two epochs and 3 audit records in the directory src.
make_source() { # N
	hub_in src
	take $(($1 - 3)) events $(($1 - 3))
	stop_hub
	hub_in src
	take "$1" providers
	stop_hub
	lite src "INSERT INTO access (n, at, record) VALUES (2, 1, 'a'), (3, 2, 'b | ü'), (7, 3, '{}')"
}

# All of a log as text, in the form of both.
dump_lite() { # DIR
	lite "$1" 'SELECT * FROM events ORDER BY seq'
	lite "$1" 'SELECT * FROM access ORDER BY n'
	lite "$1" 'SELECT epoch, first_seq, started_at FROM epochs ORDER BY n'
	lite "$1" "SELECT value FROM log WHERE key = 'mask_key'"
}
dump_log() {
	sql 'SELECT seq, id, type, phone_number, provider, severity, "timestamp", logged_at, event FROM dnc.events ORDER BY seq'
	sql 'SELECT * FROM dnc.access ORDER BY n'
	sql 'SELECT epoch, first_seq, started_at FROM dnc.epochs ORDER BY n'
	sql "SELECT encode(mask_key, 'hex') FROM dnc.secret"
}
refuses() { # STATUS WORDS COMMAND...
	run --separate-stderr "${@:3}"
	[ "$status" -eq "$1" ] && [[ "$stderr" == *"$2"* ]] || { echo "$status: $stderr"; return 1; }
}

# The position of a client is valid: nothing is missing, and the next event comes.
position_is_valid() { # EPOCH SEQ NEXT
	curl -sN -m 30 -H "Last-Event-ID: $1:$2" "http://$ADDRESS/api/v1/stream" >stream 3>&- 9>&- &
	PIDS+=("$!")
	wait_for grep -q "^id: [0-9a-f]*:$3\$" stream
	refute grep -q 'dnc.connection.gap' stream
	[ "$(sed -n 's/^data: {"seq":\([0-9]*\).*/\1/p' stream | head -1)" = $(($2 + 1)) ] || { head -c 1500 stream; return 1; }
}

@test "a log moves to PostgreSQL and back, and clients notice nothing" {
	make_source 500
	local epoch
	epoch=$(lite src 'SELECT epoch FROM epochs ORDER BY n DESC LIMIT 1')
	new_log
	run --separate-stderr dnc-log copy src "$LOG"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'copied 500 events and 3 audit records; the target has events 1 to 500' ]
	[[ "${lines[2]}" == 'source: oldest 1, newest 500, compared 500, blake2b '* ]]
	[ "${lines[2]#source}" = "${lines[3]#target}" ]
	dump_lite src >a
	dump_log >b
	diff a b
	[ "$(lite src "SELECT epoch FROM epochs" | wc -l)" = 2 ]

	# A hub goes on there.
	hub_in_postgres
	[ "$(curl -s "http://$ADDRESS/api/v1/providers" | jq -c '[.providers[] | .provider] | sort')" = '["federal_dnc","Ünïcode | x"]' ]
	position_is_valid "$epoch" 450 500
	take 520 events 20
	[ "$(sql 'SELECT count(*), max(seq) FROM dnc.events')" = '520|520' ]
	[ "$(sql "SELECT count(*) FROM dnc.epochs WHERE first_seq = 501 AND system_identifier <> ''")" = 1 ]
	epoch=$(curl -s "http://$ADDRESS/api/v1/info" | jq -r .epoch)
	stop_hub

	# And back, in a new directory.
	dnc-log copy "$LOG" back
	dump_log >a
	dump_lite back >b
	diff a b
	[ "$(lite back 'PRAGMA integrity_check')" = ok ]
	hub_in back
	position_is_valid "$epoch" 510 520
	[ "$(curl -s "http://$ADDRESS/api/v1/providers" | jq -c '[.providers[] | .provider] | sort')" = '["federal_dnc","Ünïcode | x"]' ]
	take 521 events 1
	[ "$(lite back 'SELECT count(*) = max(seq) FROM events')" = 1 ]
}

@test "back into the directory that it came from" {
	make_source 50
	new_log
	dnc-log copy -q src "$LOG"
	hub_in_postgres
	take 60 events 10
	stop_hub
	dnc-log copy "$LOG" src | grep '^copied 10 events and 0 audit records'
	hub_in src
	[ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 60 ]
}

@test "revoked tokens move between logs in PostgreSQL, and a directory is said to have no list of them" {
	local list='SELECT jti, at, expires, note FROM dnc.revoked ORDER BY 1' revoked
	make_source 10
	new_log
	dnc-log copy -q src "$LOG" >out
	sql "SELECT dnc.revoke('alice-1'), dnc.revoke('b | ü', 4102444800000, 'lost'), dnc.revoke('c', 4102444800000)"
	revoked=$(sql "$list")

	run --separate-stderr dnc-log copy --json "$LOG" back
	[ "$status $(jq -s '.[0].revoked_tokens' <<<"$output")" = '0 0' ]
	[[ "$stderr" == *'the source revokes tokens (3), which were not copied, as a directory has no list of them: write their ids into'*--revoked* ]]

	local from=$LOG
	new_log other
	run --separate-stderr dnc-log copy --json "$from" "$LOG"
	[ "$status $(jq -s '.[0].revoked_tokens' <<<"$output")" = '0 3' ]
	[[ "$stderr" != *revokes* ]]
	[ "$(sql "$list")" = "$revoked" ]

	# Once more: what was revoked meanwhile is revoked, there and here, and for the longer time.
	sql "SELECT dnc.revoke('here')"
	sql "UPDATE dnc.revoked SET expires = 4102444900000 WHERE jti = 'c'"
	psql -XAtq -c "SELECT dnc.revoke('there'), dnc.revoke('b | ü')" "$from" >out
	dnc-log copy -q "$from" "$LOG" >out
	[ "$(sql 'SELECT jti, expires FROM dnc.revoked ORDER BY 1' | paste -sd ' ')" = 'alice-1| b | ü| c|4102444900000 here| there|' ]

	# More than the source revokes, or for longer, is no difference; less is, unless it has expired.
	dnc-log verify "$from" "$LOG" >out
	psql -XAtq -c "SELECT dnc.revoke('new')" -c "INSERT INTO dnc.revoked (jti, at, expires) VALUES ('past', 1, 2)" "$from" >out
	run --separate-stderr dnc-log verify "$from" "$LOG"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'the logs differ: the target accepts 1 token that the source revokes, or will sooner'* ]]
	sql "SELECT dnc.revoke('new', 4102444800000)"
	run --separate-stderr dnc-log verify "$from" "$LOG"
	[ "$status" -eq 1 ]
	sql "SELECT dnc.revoke('new')"
	dnc-log verify "$from" "$LOG" >out

	# A clock that is ahead ends no token.
	psql -XAtq -c "SELECT dnc.revoke('soon', dnc.now_ms() + 86400000)" "$from" >out
	# (The sanitizer wants to be loaded before the library that sets the clock.)
	ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0" \
		refuses 1 'the target accepts 1 token' faketime -f +30d dnc-log verify "$from" "$LOG"
}

@test "a token that is revoked while a copy is compared is copied, too" {
	make_source 10
	new_log
	dnc-log copy -q src "$LOG" >out
	local from=$LOG
	new_log other
	# The source revokes one when the target is told what it revoked before.
	psql -XAtq -c "SELECT dnc.revoke('first')" "$from" >out
	sql 'CREATE EXTENSION dblink'
	sql "CREATE FUNCTION revoke_late() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS \$\$ BEGIN
		IF NOT EXISTS (SELECT FROM dnc.revoked WHERE jti = 'late') THEN
			PERFORM * FROM public.dblink('$from', 'SELECT dnc.revoke(''late'')::text') t(done text);
		END IF; RETURN NULL; END \$\$"
	sql 'CREATE TRIGGER late AFTER INSERT ON dnc.revoked FOR EACH STATEMENT EXECUTE FUNCTION revoke_late()'
	run --separate-stderr dnc-log copy "$from" "$LOG"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *'tokens were revoked meanwhile (1): copying again'* ]]
	[ "$(sql 'SELECT jti FROM dnc.revoked ORDER BY 1' | paste -sd ' ')" = 'first late' ]
}

@test "counts of types are the same" {
	make_source 300
	hub_in src
	take 310 events 10
	stop_hub
	local sums='SELECT type, count(*) FROM events GROUP BY 1 ORDER BY 1'
	new_log
	dnc-log copy -q src "$LOG" >out
	[ "$(lite src "$sums")" = "$(sql 'SELECT type, sum(events) FROM dnc.rates GROUP BY 1 ORDER BY 1')" ]
	dnc-log copy -q "$LOG" back >out
	[ "$(lite back 'SELECT sum(violations), sum(synced), sum(statuses), max(last_seq) FROM rates')" = \
		"$(lite src "SELECT sum(type LIKE '%violation'), sum(type LIKE '%synced'), sum(type LIKE '%change'), max(seq) FROM events")" ]
	# Once more changes nothing.
	dnc-log copy -q "$LOG" back >out
	[ "$(lite back 'SELECT sum(violations) FROM rates')" = "$(lite src "SELECT sum(type LIKE '%violation') FROM events")" ]
}

# Kills it again and again, at other moments, until it has come to its end.
kill_until_done() { # COMMAND...
	local pid n=0 rc ms
	KILLED=0
	while :; do
		"$@" >out 2>err 3>&- &
		pid=$!
		PIDS+=("$pid")
		n=$((n + 1))
		ms=$((RANDOM % 500 + n * 40))
		read -rt "$((ms / 1000)).$(printf %03d $((ms % 1000)))" <> <(:) || :
		if kill -KILL "$pid" 2>/dev/null; then KILLED=$((KILLED + 1)); fi
		rc=0
		wait "$pid" 2>/dev/null || rc=$?
		case $rc in 137) ;; 0) return ;; *) cat err; return 1 ;; esac
		[ "$n" -lt 100 ] || return 1
		[ $((n % 4)) -ne 1 ] || "$BETWEEN"
	done
}
lite_is_closed() {
	[ ! -e back/events.db ] || [ -z "$(lite back "SELECT value FROM log WHERE key = 'copy'")" ] || {
		refuses 74 'is a copy that is not complete: run dnc-log copy again' dnc-wsd --listen=127.0.0.1:0 --data=back </dev/null
	}
}
log_is_closed() {
	[ "$(sql 'SELECT count(*) FROM dnc.events')" = 0 ] || [ "$(sql 'SELECT count(*) FROM dnc.events')" = 5000 ] ||
		refuses 2 'this copy is not complete: run dnc-log copy again' dnc-wsd --listen=127.0.0.1:0 --log="$LOG" </dev/null
}

@test "killed at any time, it goes on where it was: to PostgreSQL" {
	make_source 5000
	new_log
	BETWEEN=log_is_closed kill_until_done dnc-log copy --rate=3000 src "$LOG"
	[ "$KILLED" -ge 3 ]
	dump_lite src >a
	dump_log >b
	diff a b
	[ "$(sql 'SELECT count(*) FROM dnc.ids')" = 5000 ]
	[ "$(sql 'SELECT sum(events) FROM dnc.rates')" = 5000 ]
	dnc-log verify src "$LOG"
	hub_in_postgres
}

@test "killed at any time, it goes on where it was: to SQLite" {
	make_source 5000
	new_log
	dnc-log copy -q src "$LOG"
	BETWEEN=lite_is_closed kill_until_done dnc-log copy --rate=3000 "$LOG" back
	[ "$KILLED" -ge 3 ]
	dump_log >a
	dump_lite back >b
	diff a b
	[ "$(lite back 'PRAGMA integrity_check')" = ok ]
	dnc-log verify "$LOG" back
	hub_in back
}

@test "a source that is in use: what is there is copied, and the rest before the switch" {
	hub_in src
	take 1000 events 1000
	new_log
	{ for i in {1..10}; do events 200; read -rt 0.1 <> <(:) || :; done; } >&9 3>&- &
	PIDS+=("$!")
	local writer=$!
	dnc-log copy --rate=2000 src "$LOG" >out
	grep -q '^copied [0-9]* events' out
	dnc-log copy src "$LOG" >out
	wait "$writer"
	wait_for last_seq_is 3000
	run --separate-stderr dnc-log verify src "$LOG"
	if [ "$status" -ne 0 ]; then [[ "$status $stderr" == '1 '*'newer events: run dnc-log copy'* ]]; fi
	stop_hub
	dnc-log copy src "$LOG" >out
	dnc-log verify src "$LOG"
	dump_lite src >a
	dump_log >b
	diff a b
	[ "$(sql 'SELECT sum(events) FROM dnc.rates')" = 3000 ]
}

@test "a target that is no copy of the source is refused, and stays what it is" {
	make_source 20
	new_log
	hub_in_postgres
	take 5 events 5
	refuses 69 'a hub has it open: stop it' dnc-log copy src "$LOG"
	stop_hub
	dump_log >before
	refuses 2 'is not empty, and no copy of the source: copy into an empty log' dnc-log copy src "$LOG"
	dump_log | diff before -
	# The other direction.
	dump_lite src >before
	refuses 2 'is not empty, and no copy of the source' dnc-log copy "$LOG" src
	dump_lite src | diff before -
	hub_in src
	refuses 69 'src is in use by another dnc-wsd' dnc-log copy "$LOG" src
	stop_hub

	# A copy that a hub has used since: clients may have its numbers.
	new_log used
	dnc-log copy -q src "$LOG"
	hub_in_postgres
	stop_hub
	refuses 2 'a hub has used it: copy into an empty log' dnc-log copy src "$LOG"
	hub_in_postgres
	take 22 events 2
	stop_hub
	refuses 2 'it is newer, or no copy of it' dnc-log copy src "$LOG"

	# Of the same source, but with another event.
	new_log other
	dnc-log copy -q src "$LOG"
	sql "UPDATE dnc.events SET severity = 'low' WHERE seq = 20"
	refuses 2 'has another event 20 than the source' dnc-log copy src "$LOG"
}

@test "the first difference is named" {
	make_source 40
	new_log
	dnc-log copy -q src "$LOG"
	dnc-log verify src "$LOG"
	sql "UPDATE dnc.events SET event = replace(event, 'violation: t', 'violation: u') WHERE seq IN (17, 23)"
	refuses 1 'the logs differ: event 17 is not the same in source and target' dnc-log verify src "$LOG"
	sql 'DELETE FROM dnc.events WHERE seq = 9'
	refuses 1 'the logs differ: event 9 is missing in the target' dnc-log verify src "$LOG"
	refuses 1 'the logs differ: event 9 of the target is missing in the source' dnc-log verify "$LOG" src
	refuses 1 'the logs differ: event 9 is missing in the target' dnc-log copy src "$LOG"
	[ "$(dnc-log verify -qj src "$LOG" 2>/dev/null | jq -c '[.same, .source.newest, .difference]')" = \
		'[false,40,"event 9 is missing in the target"]' ]
	new_log audit
	dnc-log copy -q src "$LOG"
	sql "UPDATE dnc.access SET record = 'x' WHERE n = 3"
	refuses 1 'the logs differ: audit record 3 is not the same' dnc-log verify src "$LOG"
	sql 'CREATE TABLE kept AS SELECT * FROM dnc.access; DELETE FROM dnc.access'
	refuses 1 'the source has audit records up to 7, the target up to 0' dnc-log verify src "$LOG"
	sql 'INSERT INTO dnc.access OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept'
	sql "UPDATE dnc.access SET record = 'b | ü' WHERE n = 3"
	[ "$(dnc-log verify -qj src "$LOG" 2>/dev/null | jq -c '[.source, .target | .newest_audit_record]')" = '[7,7]' ]
	local oldest
	oldest=$(sql 'DELETE FROM dnc.access WHERE n = (SELECT min(n) FROM dnc.access) RETURNING n')
	refuses 1 "the logs differ: audit record $oldest is missing in the target" dnc-log verify src "$LOG"
	# The source may have removed it since.
	dnc-log verify "$LOG" src >out
	sql "DELETE FROM dnc.epochs WHERE n = 1"
	refuses 1 'is missing in the target' dnc-log verify src "$LOG"
}

@test "a source whose oldest events were removed; what they said of providers is kept" {
	hub_in src
	take 3 providers
	take 300 events 297
	stop_hub
	lite src 'DELETE FROM events WHERE seq < 101'
	new_log
	dnc-log copy src "$LOG" | grep 'the target has events 101 to 300'
	hub_in_postgres
	take 301 events 1
	stop_hub
	# As it knows them again when it is back.
	dnc-log copy -q "$LOG" back
	[ "$(lite back 'SELECT provider, fact, seq, at, event FROM providers ORDER BY 1, 2')" = \
		"$(lite src 'SELECT provider, fact, seq, at, event FROM providers ORDER BY 1, 2')" ]
	# What was removed before it was copied can't be left out of the middle.
	new_log late
	lite src 'CREATE TABLE kept AS SELECT * FROM events WHERE seq > 250; DELETE FROM events WHERE seq > 250'
	dnc-log copy -q src "$LOG"
	lite src 'DELETE FROM events; INSERT INTO events SELECT * FROM kept WHERE seq > 260; DROP TABLE kept'
	refuses 2 'the source has removed those up to 260' dnc-log copy src "$LOG"
}

@test "a damaged source: what can be read is right, and the error says where" {
	make_source 3000
	new_log
	lite src 'DELETE FROM events WHERE seq IN (500, 501)'
	run --separate-stderr dnc-log copy src "$LOG"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *'the source does not have 2 of the numbers'* ]]
	dump_lite src >a
	dump_log | diff a -

	lite src 'PRAGMA wal_checkpoint(TRUNCATE)'
	local page
	page=$(lite src "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' LIMIT 1 OFFSET 300")
	dd if=/dev/urandom of=src/events.db bs=4096 seek=$((page - 1)) count=1 conv=notrunc status=none
	new_log damaged
	refuses 74 'src/events.db is damaged' dnc-log copy src "$LOG"
	[ "$(sql 'SELECT count(*) FROM dnc.events WHERE event NOT LIKE '"'{%}'")" = 0 ]
	# What is numbered from below 1 was no event to be copied, and after the highest number none is looked for.
	local numbers
	for numbers in 'seq = -7 WHERE seq = 1' 'seq = 0 WHERE seq = 1' 'seq = 9223372036854775807 WHERE seq = 20'; do
		rm -rf src
		make_source 20
		lite src "UPDATE events SET $numbers"
		refuses 74 'src/events.db: its events are numbered from ' timeout -s KILL 20 dnc-log copy src "$LOG"
		refuses 74 'src/events.db: its events are numbered from ' timeout -s KILL 20 dnc-log copy src to
		refuses 74 'src/events.db: its events are numbered from ' timeout -s KILL 20 dnc-log verify src "$LOG"
	done
	# Numbers that are missing take no time.
	rm -rf src
	make_source 20
	lite src 'UPDATE events SET seq = 4611686018427387904 WHERE seq = 20'
	timeout -s KILL 20 dnc-log copy -q src far
	[ "$(lite far 'SELECT count(*), max(seq) FROM events')" = '20|4611686018427387904' ]
	timeout -s KILL 20 dnc-log verify src far >/dev/null
	: >empty.db
	mkdir none
	refuses 69 'there is no log: unable to open none/events.db' dnc-log copy none "$LOG"
	sqlite3 none/events.db 'CREATE TABLE x (y)'
	refuses 2 'none/events.db has layout 0' dnc-log copy none "$LOG"
}

@test "what is wrong with the arguments, the database and the rights is said" {
	make_source 4
	refuses 2 'everybody can see the arguments of processes' dnc-log copy src 'postgresql://me:secret@localhost/log'
	[[ "$stderr" != *secret* ]]
	refuses 2 'the command is missing: copy or verify' dnc-log
	refuses 2 'TO is empty' dnc-log copy src ''
	refuses 2 'FROM is empty' dnc-log verify '' src
	ln -s src link
	for to in src ./src/ link; do refuses 2 'FROM and TO are the same log' dnc-log copy src "$to"; done
	refuses 2 'FROM and TO are the same log' dnc-log verify host=nowhere host=nowhere
	mkdir pipe
	mkfifo pipe/events.db
	refuses 74 'pipe/events.db is not a file' timeout 60 dnc-log copy pipe back
	refuses 2 '"cpy" is not one of copy, verify' dnc-log cpy a b
	refuses 2 'copy: TO is missing' dnc-log copy src
	refuses 2 '--rate: not an option of verify' dnc-log verify --rate=3 a b
	start_postgres a
	refuses 69 'run dnc-wsd --init-log' dnc-log copy src "$(pg_at a) dbname=postgres"
	refuses 74 'nowhere:5432: No such file or directory' dnc-log copy src "host=$PWD/nowhere dbname=log"
	new_log
	pg_sql a 'CREATE ROLE hub LOGIN; GRANT dnc_writer TO hub; CREATE ROLE boss LOGIN; GRANT dnc_admin TO boss'
	refuses 77 'log in as a member of dnc_admin' dnc-log copy src "${LOG/user=postgres/user=hub}"
	dnc-log copy src "${LOG/user=postgres/user=boss}"
	# Who may read as a hub may copy from there.
	dnc-log copy "${LOG/user=postgres/user=hub}" back
	[ "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'dnc' AND tableowner <> 'dnc_admin'")" = 0 ]
	hub_in_postgres
	take 5 events 1
	stop_hub
	local from=${LOG/user=postgres/user=hub}
	new_log other
	dnc-log copy "$from" "$LOG"
	dnc-log verify "$from" "${LOG/user=postgres/user=hub}"
}

@test "an empty log, and from one database to another" {
	hub_in src
	stop_hub
	new_log
	dnc-log copy src "$LOG" | grep '^copied 0 events'
	[ "$(lite src 'SELECT epoch FROM epochs')" = "$(sql 'SELECT epoch FROM dnc.epochs')" ]
	dnc-log copy -q src "$LOG"
	# Whoever keeps what it reports learns that nothing of it was kept.
	run -74 bash -c 'dnc-log verify src "$0" >/dev/full' "$LOG"
	[[ "${lines[-1]}" == *"standard output"* ]]
	hub_in_postgres
	take 30 events 30
	stop_hub
	local first=$LOG
	dump_log >a
	new_log second
	dnc-log copy "$first" "$LOG" | grep '^copied 30 events'
	dump_log | diff a -
	hub_in_postgres
	take 31 events 1
	[ "$(sql 'SELECT max(n) FROM dnc.epochs')" = 3 ]
}

@test "a signal ends it, and says how to go on" {
	make_source 3000
	new_log
	dnc-log copy --rate=1000 src "$LOG" 2>err 3>&- &
	local pid=$!
	PIDS+=("$pid")
	wait_for eval '[ "$(sql "SELECT count(*) FROM dnc.events")" -gt 0 ]'
	kill -TERM "$pid"
	run wait "$pid"
	local rc=0
	wait "$pid" || rc=$?
	[ "$rc" -eq 75 ]
	grep -q 'stopped after event [0-9]*: run it again to go on' err
	dnc-log copy src "$LOG"
}

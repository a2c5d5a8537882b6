# A log in PostgreSQL whose server is replaced while clients are connected to two hubs: a new epoch, of which what they have seen
# is a part or is not.
load ../helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

create_log() { # SERVER...
	pg_sql "$1" 'CREATE DATABASE dnc'
	PG_DATABASE=dnc pg_sql "$1" "$(cat "$ROOT/lib/log/schema.sql")"
	LOG="$(pg_at "$@") dbname=dnc"
}

# tail_from N OUTPUT: keeps its place in OUTPUT.place
tail_from() {
	local address="ADDRESS$1"
	dnc-tail -o json --since=0 --state="$2.place" "ws://${!address}" >>"$2" 2>>"$2.err" 3>&- &
	PIDS+=($!)
}

produce() { # N COUNT
	events "$2" | timeout 100 dnc-filter -q --output="unix:$PWD/$1.sock"
}

epoch_of() { curl -s "http://$1/api/v1/info" | jq -r .epoch; }
is_epoch() { [ "$(epoch_of "$1")" = "$2" ]; }
place_is() { [ "$(cat "$1.place" 2>/dev/null)" = "$2" ]; }
seqs() { jq -c 'select(.seq).seq' "$1" | tr '\n' ' '; }

@test "a standby that has all takes over: clients of all hubs are told the epoch, and nothing is missed or comes twice" {
	start_quorum
	create_log a b c
	start_shared 1
	start_shared 2
	tail_from 1 one
	tail_from 2 two
	node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS2/ws/dnc" 101 '{"type":"subscribe","since":0}' >ws 3>&- &
	PIDS+=($!)
	produce 1 100
	wait_for has_lines 100 one
	wait_for has_lines 100 two
	local before after
	before=$(epoch_of "$ADDRESS1")
	[ "$before" = "$(epoch_of "$ADDRESS2")" ]
	wait_for place_is one "$before 100"
	kill_postgres a
	promote_newest b c
	# Without any event.
	wait_for has_line dnc.connection.epoch ws
	after=$(jq -r 'select(.type == "dnc.connection.epoch").metadata.epoch' ws)
	[ "$after" != "$before" ]
	[ "$(jq -c 'select(.type == "dnc.connection.epoch").metadata.first_seq' ws)" = 101 ]
	wait_for is_epoch "$ADDRESS1" "$after"
	wait_for is_epoch "$ADDRESS2" "$after"
	wait_for place_is one "$after 100"
	wait_for place_is two "$after 100"
	PG_DATABASE=postgres pg_sql "$PROMOTED" "ALTER SYSTEM SET synchronous_standby_names = ''" >/dev/null
	pg_sql "$PROMOTED" 'SELECT pg_reload_conf()' >/dev/null
	produce 2 100
	wait_for has_lines 200 one
	wait_for has_lines 200 two
	[ "$(seqs one)" = "$(seq 200 | tr '\n' ' ')" ]
	cmp one two
	wait_for place_is one "$after 200"
	[ "$(jq -r 'if .type == "dnc.connection.epoch" then .metadata.epoch else .seq // empty end' ws | sed -n 101,102p | tr '\n' ' ')" = "$after 101 " ]
	# A place of before is valid at each hub.
	echo "$before 100" >old.place
	dnc-tail -o json --state=old.place --fail-on-gap -m 100 "ws://$ADDRESS1" >old
	[ "$(seqs old)" = "$(seq 101 200 | tr '\n' ' ')" ]
	refute grep -q 'gap\|epoch\|not received\|another log' one.err two.err
}

@test "a standby without the newest events takes over: hubs end with 75, and the next start tells the true gap" {
	start_postgres a
	start_standby b a
	create_log a b
	start_shared 1
	produce 1 100
	wait_for eval '[ "$(PG_DATABASE=dnc pg_sql b "SELECT count(*) FROM dnc.events" 2>/dev/null)" = 100 ]'
	kill_postgres b
	tail_from 1 one
	produce 1 5
	wait_for has_lines 105 one
	local before status=0
	before=$(epoch_of "$ADDRESS1")
	wait_for place_is one "$before 105"
	kill_postgres a
	restart_postgres b
	promote b
	wait "$HUB1" || status=$?
	[ "$status" = 75 ]
	grep -q 'events 101 to 105 are not in the log any more' 1.err
	place_is one "$before 105"
	LISTEN=$ADDRESS1 start_shared 1
	wait_for grep -q 'events from 101 on are new, and none of them is missing; the log no longer has the earlier events with these numbers' one.err
	produce 1 3
	wait_for has_lines 108 one
	[ "$(seqs one)" = "$(seq 105 | tr '\n' ' ')101 102 103 " ]
	wait_for place_is one "$(epoch_of "$ADDRESS1") 103"
	# Who had seen no more than there is goes on without a word.
	echo "$before 90" >old.place
	dnc-tail -o json --state=old.place --fail-on-gap -m 13 "ws://$ADDRESS1" >old
	[ "$(seqs old)" = "$(seq 91 103 | tr '\n' ' ')" ]
}

@test "a log that is restored on its own server begins an epoch: whoever had seen more is told the gap" {
	start_postgres a
	create_log a
	start_shared 1
	produce 1 100
	wait_for last_seq_at_is 100 "$ADDRESS1"
	pg_dump -Fc -n dnc -f backup "$LOG"
	produce 1 10
	dnc-tail -q -o json --since=0 --state=place -m 110 "ws://$ADDRESS1" >one
	local before
	before=$(epoch_of "$ADDRESS1")
	kill "$HUB1"
	wait "$HUB1"
	pg_sql a 'DROP DATABASE dnc'
	pg_sql a 'CREATE DATABASE dnc'
	pg_restore -d "$LOG" backup
	LISTEN=$ADDRESS1 start_shared 1
	[ "$(epoch_of "$ADDRESS1")" != "$before" ]
	# The new events have the numbers that the client has seen, and more.
	produce 1 20
	dnc-tail -o json --state=place -m 20 "ws://$ADDRESS1" >>one 2>one.err
	[ "$(seqs one)" = "$(seq 110 | tr '\n' ' ')$(seq 101 120 | tr '\n' ' ')" ]
	grep -q 'events from 101 on are new' one.err
}
last_seq_at_is() { [ "$(curl -s "http://$2/api/v1/info" | jq .last_seq)" = "$1" ]; } # SEQ ADDRESS

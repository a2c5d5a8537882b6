# A hub whose log has a primary and standbys, and what its producers and clients notice when these change.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

produce() { dnc-filter -q --output="unix:$PWD/hub.sock"; } # events on standard input; ends when all are acknowledged

# A client of node ws in the background: what it gets is in the file.
listen() { # FILE
	timeout 120 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 1000000 '{"type":"subscribe","since":0}' >"$1" 3>&- &
	PIDS+=($!)
	wait_for has_line subscription.confirmed "$1"
}

seqs() { jq -c 'select(.seq).seq' "$1" | xargs; }
has_seqs() { [ "$(seqs "$1")" = "$2" ]; } # FILE SEQS
epoch() { curl -s "http://$ADDRESS/api/v1/info" | jq -r .epoch; }
is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$ADDRESS/readyz")" = "$1" ]; }
log_has_events() { [ "$(PG_DATABASE=dnc_log pg_sql "$1" 'SELECT count(*) FROM dnc.events' 2>/dev/null)" = "$2" ]; } # SERVER COUNT

# A hub on three servers with a quorum, and a client that has the two events there are.
start_with_two() {
	start_quorum
	pg_make_log a
	start_on a b c --
	events 2 | produce
	listen out
	wait_for has_seqs out '1 2'
}

@test "what no standby has is neither acknowledged nor shown, and comes once when one is back" {
	start_quorum
	pg_make_log a
	start_on a b c --
	events 3 | produce
	listen out
	wait_for has_seqs out '1 2 3'
	freeze_postgres b
	freeze_postgres c
	events 2 >two
	produce <two &
	local producer=$!
	PIDS+=("$producer")
	is_written() { [ "$(pg_sql a "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'dnc-wsd: appends'")" = 1 ]; }
	wait_for is_written
	# The hub says so after some seconds, in which nothing comes.
	wait_for is_ready 503
	kill -0 "$producer"
	has_seqs out '1 2 3'
	last_seq_is 3
	thaw_postgres b
	wait "$producer"
	wait_for has_seqs out '1 2 3 4 5'
	thaw_postgres c
	log_has_events a 5
}

@test "a standby that has all goes on: clients stay, are told the new epoch, and miss nothing" {
	start_quorum
	pg_make_log a
	start_on a b c --
	events 3 | produce
	listen out
	wait_for has_seqs out '1 2 3'
	local before
	before=$(epoch)
	kill_postgres a
	# The standbys show what is there.
	[ "$(curl -s "http://$ADDRESS/api/v1/events?since=1" | jq -c .seq | xargs)" = '2 3' ]
	events 2 >two
	produce <two &
	local producer=$!
	PIDS+=("$producer")
	wait_for is_ready 503
	[ "$(curl -s "http://$ADDRESS/readyz" | jq -c .failing)" = '["log"]' ]
	promote_newest b c
	pg_quorum "$PROMOTED"
	wait "$producer"
	wait_for is_ready 200
	wait_for has_seqs out '1 2 3 4 5'
	[ "$(epoch)" != "$before" ]
	wait_for has_line connection.epoch out
	[ "$(jq -r 'select(.type == "dnc.connection.epoch").metadata.epoch' out)" = "$(epoch)" ]
	refute grep -q 'closed\|connection.gap' out
	# Who comes with a place of the old epoch goes on, too.
	node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 3 "{\"type\":\"subscribe\",\"since\":2,\"epoch\":\"$before\"}" >late
	has_seqs late '3 4 5'
	refute grep -q connection.gap late
	kill "$HUB"
	wait "$HUB"
}

@test "a standby that lacks what clients have seen: the hub ends, and each is told exactly what is gone" {
	start_postgres a
	start_standby b a a b
	pg_make_log a
	start_on a b --
	events 10 | produce
	wait_for log_has_events b 10
	# Nobody waits for this standby. (One that is frozen would still read what its socket holds.)
	kill_postgres b
	events 5 | produce
	dnc-tail --state=place --since=0 -o json -e "ws://$ADDRESS" >first
	has_seqs first "$(seq -s ' ' 15)"
	listen out
	wait_for has_seqs out "$(seq -s ' ' 15)"
	local before status=0
	before=$(epoch)
	kill_postgres a
	restart_postgres b
	promote b
	wait_for eval '! kill -0 "$HUB" 2>/dev/null'
	wait "$HUB" || status=$?
	[ "$status" -eq 75 ]
	grep -q 'events 11 to 15 are not in the log any more' hub.err
	wait_for has_line '"closed":1001' out
	LISTEN=$ADDRESS start_on a b --
	[ "$(epoch)" != "$before" ]
	events 8 | produce
	# Other events have the numbers of those that are gone.
	run -0 --separate-stderr dnc-tail --state=place -o json -e "ws://$ADDRESS"
	[ "$(jq -c .seq <<<"$output" | xargs)" = "$(seq -s ' ' 11 18)" ]
	[[ "$stderr" == *'(epoch)'* ]]
	node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 8 "{\"type\":\"subscribe\",\"since\":15,\"epoch\":\"$before\"}" >late
	[ "$(jq -c 'select(.type == "dnc.connection.gap").metadata | [.reason, .from_seq, .to_seq]' late)" = '["epoch",11,10]' ]
	has_seqs late "$(seq -s ' ' 11 18)"
	# Who had seen no more than what is left is told nothing.
	node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 10 "{\"type\":\"subscribe\",\"since\":8,\"epoch\":\"$before\"}" >late
	refute grep -q connection.gap late
	has_seqs late "$(seq -s ' ' 9 18)"
}

@test "a primary that hangs: the hub says so, holds what comes, and goes on without loss or repetition" {
	start_postgres a
	pg_make_log a
	start_on a --
	events 3 | produce
	listen out
	freeze_postgres a
	events 4 >four
	produce <four &
	local producer=$!
	PIDS+=("$producer")
	# Clients are served from memory meanwhile.
	wait_for is_ready 503
	[ "$(dnc-tail -e --since=0 -o json "ws://$ADDRESS" | jq -c .seq | xargs)" = '1 2 3' ]
	kill -0 "$producer"
	thaw_postgres a
	wait "$producer"
	wait_for is_ready 200
	wait_for has_seqs out '1 2 3 4 5 6 7'
	log_has_events a 7
	curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_duplicates_total 0$'
}

@test "a standby that stays behind is not waited for: the next server replays" {
	start_postgres a
	start_standby b a
	pg_make_log a
	wait_for log_has_events b 0
	pg_sql b 'SELECT pg_wal_replay_pause()'
	start_on b a --
	events 3000 | produce
	LISTEN=$ADDRESS
	kill "$HUB"
	wait "$HUB"
	start_on b a --	# which has nothing in memory
	timeout 60 dnc-tail -q -o json --since=0 --no-reconnect -m 3000 "ws://$ADDRESS" >out
	[ "$(jq .seq out | tail -1)" = 3000 ]
	refute grep -q 'trying again' hub.err	# nor is it asked
	refute grep -q 'giving up' hub.err
}

@test "an old primary that runs on without its standbys is left for the new one" {
	start_with_two
	# The old one is reached, and takes what it is sent, but commits nothing any more.
	kill_postgres c
	promote b
	pg_sql b "ALTER SYSTEM SET synchronous_standby_names = ''"
	pg_sql b 'SELECT pg_reload_conf()'
	pg_is_primary a
	events 3 >three
	timeout 60 dnc-filter -q --output="unix:$PWD/hub.sock" <three
	wait_for has_seqs out '1 2 3 4 5'
	log_has_events b 5
	pg_is_primary a
	log_has_events a 2
}

@test "a hub without producers leaves an old primary that runs on, too" {
	start_with_two
	kill_postgres c
	promote b
	pg_sql b "ALTER SYSTEM SET synchronous_standby_names = ''"
	pg_sql b 'SELECT pg_reload_conf()'
	events 3 | timeout 60 dnc-wsd --exit-on-eof --listen=127.0.0.1:0 --log="$(pg_log_at b)" 2>other.err
	wait_for has_seqs out '1 2 3 4 5'
	refute grep -q 'closed\|connection.gap' out
	[ "$(jq -r 'select(.type == "dnc.connection.epoch").metadata.epoch' out)" = "$(epoch)" ]
	pg_is_primary a
	log_has_events a 2
	wait_for is_ready 200
}

@test "a hub whose follower was at a server that is left at once goes along to the next one" {
	start_with_two
	kill_postgres a
	wait_for is_ready 503
	listen other	# so that a commit waits, of no event
	kill -STOP "$HUB"
	promote b
	pg_quorum b
	wait_for pg_streams c
	# The hub can follow there, and append nothing.
	export PG_DATABASE=dnc_log
	pg_sql b 'SELECT dnc.check_epoch()'
	psql -XAtq "$(pg_at b) dbname=dnc_log" -c 'BEGIN; LOCK TABLE dnc.epochs IN SHARE UPDATE EXCLUSIVE MODE; SELECT pg_sleep(100)' 3>&- &
	PIDS+=($!)
	is_locked() { [ "$(pg_sql b "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND wait_event = 'PgSleep'")" = 1 ]; }
	wait_for is_locked
	kill -CONT "$HUB"
	follows_b() { [ "$(pg_sql b "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dnc-wsd: follows' AND query LIKE '%dnc.epochs%dnc.log%'")" = 1 ]; }
	wait_for follows_b
	promote c
	pg_sql c "ALTER SYSTEM SET synchronous_standby_names = ''"
	pg_sql c 'SELECT pg_reload_conf()'
	events 3 | timeout 60 dnc-wsd --exit-on-eof --listen=127.0.0.1:0 --log="$(pg_log_at c)" 2>other.err
	wait_for has_seqs out '1 2 3 4 5'
	pg_is_primary b
	wait_for is_ready 200
}

@test "who comes from a hub at the new primary to one at the old primary is told no gap that is none" {
	start_with_two
	kill_postgres c
	promote b
	pg_sql b "ALTER SYSTEM SET synchronous_standby_names = ''"
	pg_sql b 'SELECT pg_reload_conf()'
	append() { events "$1" | timeout 60 dnc-wsd --exit-on-eof --listen=127.0.0.1:0 --log="$(pg_log_at b)" 2>>other.err; }
	append 3
	local new
	new=$(PG_DATABASE=dnc_log pg_sql b 'SELECT epoch FROM dnc.epochs ORDER BY n DESC LIMIT 1')
	[ "$(epoch)" != "$new" ]
	append 1
	# It is closed when the hub finds out that its server does not answer.
	come() {
		timeout 60 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" 1 "{\"type\":\"subscribe\",\"since\":5,\"epoch\":\"$new\"}" >moved 3>&- || :
		refute grep -q connection.gap moved || exit 1
		has_seqs moved 6
	}
	wait_for come
	[ "$(epoch)" = "$new" ]
}

@test "a hub that waits for standbys leaves one process that waits, and is ready when they are back" {
	start_with_two
	freeze_postgres b
	freeze_postgres c
	wait_for is_ready 503
	waiters() { pg_sql a "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'dnc-wsd: appends'"; }
	wait_for eval '[ -n "$(waiters)" ]'
	local first
	first=$(waiters)
	other_waits() { local now; now=$(waiters) && [ -n "$now" ] && [ "$now" != "$first" ]; }
	wait_for other_waits
	[ "$(waiters | wc -w)" -eq 1 ]
	thaw_postgres b
	thaw_postgres c
	wait_for is_ready 200
	has_seqs out '1 2'
}

# How many processes of SERVER wait for standbys, of those that the hub appended by.
waiters_at() { pg_sql "$1" "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'dnc-wsd: appends'"; }

@test "a hub that goes to and fro between two servers without standbys leaves one process at each" {
	start_with_two
	kill_postgres c
	promote b
	pg_quorum b
	# a, b, a, b, a
	local rounds=5 n most=0
	is_left() { [ "$(grep -c 'is slow: a write took' hub.err)" -ge "$rounds" ]; }
	until is_left; do
		for server in a b; do
			n=$(waiters_at "$server")
			[ "$n" -le "$most" ] || most=$n
		done
		[ "$SECONDS" -lt 150 ]
		sleep 0.5
	done
	[ "$most" -eq 1 ]
	is_ready 503
}

@test "what a primary that crashed has written alone is not shown before a standby has it" {
	start_with_two
	is_audited() { PG_DATABASE=dnc_log pg_sql a 'SELECT record FROM dnc.access' | grep -q '"subscribed"'; }
	wait_for is_audited	# so that the next commit is that of events
	kill_postgres b
	kill_postgres c
	events 1 >one	# of two each may have a commit of its own
	timeout 120 dnc-filter -q --output="unix:$PWD/hub.sock" <one &
	local producer=$!
	PIDS+=("$producer")
	# For standbys, or for who waits for them.
	wait_of() { [ "$(pg_sql a "SELECT count(*) FROM pg_stat_activity WHERE (wait_event = 'SyncRep' OR wait_event_type = 'Lock') AND application_name = 'dnc-wsd: $1' AND query LIKE '%$2%'")" -ge 1 ]; }
	wait_for wait_of appends dnc.append
	kill_postgres a
	restart_postgres a
	log_has_events a 3
	wait_for wait_of follows ''
	has_seqs out '1 2'
	last_seq_is 2
	restart_postgres b
	wait "$producer"
	wait_for has_seqs out '1 2 3'
}

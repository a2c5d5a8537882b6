load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

collect() { timeout 30 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" "$@"; }
seqs() { jq -c 'select(.seq).seq' "$1" | tr '\n' ' '; }
confirmed() { jq -r "select(.type == \"dnc.subscription.confirmed\").metadata.$2" "$1"; }
gaps() { jq -c 'select(.type == "dnc.connection.gap").metadata | [.reason, .from_seq, .to_seq]' "$1"; }

again() { # [OPTION...]: starts the hub again, on what is in data
	exec 9>&-
	rm -f hub.in address
	start_hub "$@"
}

stop_hub() { # [SIGNAL]
	kill -"${1:-TERM}" "$HUB"
	wait "$HUB" || :
}

# 33 events, a copy made by the command, and 5 more, which a client has seen. Sets EPOCH.
log_and_copy() { # COMMAND...
	events 33 >&9
	wait_for last_seq_is 33
	"$@"
	events 5 >&9
	collect 38 '{"type":"subscribe","since":0}' >seen
	EPOCH=$(confirmed seen epoch)
}

sqlite_backup() { sqlite3 data/events.db ".backup backup.db"; }
sqlite_vacuum() { sqlite3 data/events.db "VACUUM INTO 'backup.db'"; }
copy_of_files() { mkdir copy && cp data/events.db* copy; } # as a machine without power leaves them

restore() {
	stop_hub
	rm data/events.db*
	if [ -d copy ]; then cp copy/* data; else cp backup.db data/events.db; fi
	again "$@"
}

# A client at 38 of the log that went back to 33 gets all that came after it.
nothing_is_missed() {
	wait_for last_seq_is 33
	events 10 >&9
	wait_for last_seq_is 43
	collect 10 "{\"type\":\"subscribe\",\"since\":38,\"epoch\":\"$EPOCH\"}" >out
	[ "$(seqs out)" = "$(seq 34 43 | tr '\n' ' ')" ]
	[ "$(confirmed out from_seq) $(confirmed out recovered)" = '34 false' ]
	[ "$(gaps out)" = '["epoch",34,33]' ]
	[ "$(confirmed out epoch)" != "$EPOCH" ]
	# Who had seen less is told nothing, and gets the same.
	collect 13 "{\"type\":\"subscribe\",\"since\":30,\"epoch\":\"$EPOCH\"}" >out
	[ "$(seqs out)" = "$(seq 31 43 | tr '\n' ' ')" ]
	[ "$(confirmed out recovered)$(gaps out)" = true ]
}

@test "a log restored from a backup of sqlite3 loses nothing for whoever had seen more" {
	sqlite_only "backups are the server's"
	start_hub
	log_and_copy sqlite_backup
	restore
	nothing_is_missed
}

@test "the same from VACUUM INTO, and with a log that is not synced" {
	sqlite_only "backups are the server's"
	start_hub --sync=off
	log_and_copy sqlite_vacuum
	restore --sync=off
	nothing_is_missed
}

@test "the same after a power cut that took the end of the log" {
	sqlite_only "backups are the server's"
	start_hub --sync=normal
	log_and_copy copy_of_files
	restore --sync=normal
	nothing_is_missed
}

@test "server-sent events and dnc-tail resume behind a restored log" {
	sqlite_only "backups are the server's"
	start_hub
	log_and_copy sqlite_backup
	dnc-tail -q -e --state=place --since=0 -o json "ws://$ADDRESS" >first
	[ "$(wc -l <first)" -eq 38 ]
	restore
	events 10 >&9
	wait_for last_seq_is 43
	curl -sN --max-time 20 -H "Last-Event-ID: $EPOCH:38" "http://$ADDRESS/api/v1/stream" >stream 3>&- 9>&- &
	PIDS+=($!)
	wait_for eval '[ "$(grep -c "^data: {.seq" stream)" -eq 10 ]'
	# The place behind the gap is that before the first event.
	[ "$(sed -n 's/^id: [0-9a-f]*:\([0-9]*\)$/\1/p' stream | uniq | tr '\n' ' ')" = "$(seq 33 43 | tr '\n' ' ')" ]
	[ "$(sed -n 's/^data: //p' stream | jq -c 'select(.seq).seq' | tr '\n' ' ')" = "$(seq 34 43 | tr '\n' ' ')" ]
	dnc-tail -e --state=place -o json "ws://$ADDRESS" >rest 2>err
	[ "$(seqs rest)" = "$(seq 34 43 | tr '\n' ' ')" ]
	grep -q epoch err
}

@test "restarts, also by kill -9, resume without a gap" {
	start_hub
	events 20 >&9
	wait_for last_seq_is 20
	collect 20 '{"type":"subscribe","since":0}' >seen
	local first before
	first=$(confirmed seen epoch)
	stop_hub
	again
	before=$(curl -s "http://$ADDRESS/api/v1/info" | jq -r .epoch)
	# A log that hubs share has the epochs of its server.
	if on_postgres; then [ "$before" = "$first" ]; else [ "$before" != "$first" ]; fi
	events 5 >&9
	wait_for last_seq_is 25
	stop_hub KILL
	again
	events 5 >&9
	wait_for last_seq_is 30
	for place in "20 $first" "15 $first" "20 $before" "25 $before"; do
		collect $((30 - ${place% *})) "{\"type\":\"subscribe\",\"since\":${place% *},\"epoch\":\"${place#* }\"}" >out
		[ "$(seqs out)" = "$(seq $((${place% *} + 1)) 30 | tr '\n' ' ')" ]
		[ "$(confirmed out recovered)$(gaps out)" = true ]
	done
	! on_postgres || return 0
	# A place that the first start never had.
	collect 10 "{\"type\":\"subscribe\",\"since\":21,\"epoch\":\"$first\"}" >out
	[ "$(gaps out)" = '["epoch",21,20]' ]
	[ "$(seqs out)" = "$(seq 21 30 | tr '\n' ' ')" ]
}

@test "a place of another log gets all there is, one without an epoch the present" {
	start_hub
	events 20 >&9
	wait_for last_seq_is 20
	collect 20 '{"type":"subscribe","since":7,"epoch":"0123456789abcdef"}' >out
	[ "$(seqs out)" = "$(seq 20 | tr '\n' ' ')" ]
	[ "$(confirmed out recovered) $(gaps out)" = 'false ["epoch",1,0]' ]
	stop_hub
	again
	events 5 >&9
	wait_for last_seq_is 25
	collect 1 '{"type":"subscribe","since":40}' >late 3>&- 9>&- &
	local client=$!
	PIDS+=("$client")
	wait_for has_line gap late
	events 1 >&9
	wait "$client"
	[ "$(seqs late)" = '26 ' ]
	local first=21	# of this epoch
	! on_postgres || first=1
	[ "$(confirmed late recovered) $(gaps late)" = "false [\"epoch\",$first,25]" ]
}

load ../helper
load documented

# The commands of dnc-wsd(8), BACKUP AND RESTORE, as they stand there, on a log of this test.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir backup
}

# The block of commands in subsection NAME, the Nth.
commands_of() { # NAME N
	awk -v name=".Ss $1" -v n="$2" '/^\.S[hs]/ {on = $0 == name}
		on && /^\.Ed/ {in_block = 0}
		on && in_block && count == n {gsub(/\\e/, "\\"); print}
		on && /^\.Bd/ {in_block = 1; count++}' "$ROOT/man/dnc-wsd.8" |
		sed "s|/var/lib/dnc|$PWD/data|g; s|/backup|$PWD/backup|g"
}

do_as_told() { # NAME N
	commands_of "$@" >commands
	[ -s commands ]
	bash -e -o pipefail commands
}

again() {
	rm -f hub.in address
	start_hub "$@"
}

stop_hub() {
	exec 9>&-
	kill -TERM "$HUB"
	wait "$HUB"
}

collect() { timeout 30 node "$BATS_TEST_DIRNAME/../e2e/collect.js" "ws://$ADDRESS/ws/dnc" "$@"; }
seqs() { jq -c 'select(.seq).seq' "$1" | tr '\n' ' '; }

backup_and_restore() { # N, of the command that makes the backup
	start_hub
	events 20 >&9
	wait_for last_seq_is 20
	[ "$1" = 1 ] || stop_hub
	do_as_told Backup "$1"
	[ "$1" = 1 ] || again
	events 5 >&9
	wait_for last_seq_is 25
	stop_hub
	do_as_told "Restore and move" 1
	[ "$(stat -c %a data/events.db)" = 640 ]
	do_as_told "Restore and move" 2
	[ "$(wc -l <lost.ndjson)" -eq 5 ]
	again
	last_seq_is 20
	cat lost.ndjson >&9
	wait_for last_seq_is 25
	collect 25 '{"type":"subscribe","since":0}' >out
	[ "$(seqs out)" = "$(seq 25 | tr '\n' ' ')" ]
}

@test "a backup that was made while the hub runs is restored as the manual says" {
	documented <<-'END'
	sqlite3 /var/lib/dnc/events.db "VACUUM INTO '/backup/events.db'"
	END
	documented <<-'END'
	mkdir /var/lib/dnc/old
	mv /var/lib/dnc/events.db* /var/lib/dnc/old/
	cp /backup/events.db* /var/lib/dnc/
	chmod 640 /var/lib/dnc/events.db
	END
	documented <<-'END'
	sqlite3 /var/lib/dnc/old/events.db \
	    "ATTACH '/backup/events.db' AS b;
	     SELECT event FROM events WHERE id NOT IN (SELECT id FROM b.events)" >lost.ndjson
	END
	backup_and_restore 1
}

@test "a copy that was made when the hub had ended is restored as the manual says" {
	documented <<-'END'
	cp /var/lib/dnc/events.db* /backup/
	END
	backup_and_restore 2
}

# Writes over pages in the middle of the table of events, or at its end.
damage() { # BYTES_FROM PAGES
	dd if=/dev/zero of=data/events.db bs=4096 seek="$1" count="$2" conv=notrunc 2>/dev/null
}

is_refused() {
	run dnc-wsd --listen=127.0.0.1:0 --data=data </dev/null
	[ "$status" -eq 74 ]
	[[ "$output" == *damaged*"dnc-wsd(8)"* ]]
}

saved_as_told() {
	do_as_told Damage 1 >said 2>errors
	head -1 said | grep -qx ok
	[ -e damaged/events.db ] || [ -e data/damaged/events.db ]
	again
}

@test "what can be read of a damaged log is saved as the manual says" {
	documented <<-'END'
	cd /var/lib/dnc
	version=$(sqlite3 events.db 'PRAGMA writable_schema = ON; PRAGMA user_version')
	{
	    echo 'PRAGMA auto_vacuum = INCREMENTAL;'
	    sqlite3 events.db .dump | sed '$s/^ROLLBACK.*/COMMIT;/'
	    echo "PRAGMA user_version = $version;"
	    echo 'PRAGMA application_id = 0x444E434C;'
	} | sqlite3 saved.db
	sqlite3 saved.db 'PRAGMA quick_check; SELECT count(*), min(seq), max(seq) FROM events'
	mkdir damaged
	mv events.db* damaged/
	mv saved.db events.db
	chmod 640 events.db
	END
	start_hub
	events 3000 >&9
	wait_for last_seq_is 3000
	stop_hub
	local pages
	pages=$(sqlite3 data/events.db 'PRAGMA page_count')
	damage $((pages / 2)) 3
	is_refused
	saved_as_told
	local count missing
	count=$(sqlite3 data/events.db 'SELECT count(*) FROM events')
	echo "saved $count of 3000 events"
	[ "$count" -ge 2500 ]
	missing=$(sqlite3 data/events.db 'SELECT max(seq) - count(*) FROM events')
	collect "$count" '{"type":"subscribe","since":0}' >out
	[ "$(jq -c 'select(.seq).seq' out | sort -n | uniq | wc -l)" -eq "$count" ]
	# What is missing in between is told, no more.
	[ "$(jq -r 'select(.type == "dnc.connection.gap").metadata | select(.reason == "missing") |
		.to_seq - .from_seq + 1' out | awk '{n += $1} END {print n + 0}')" -eq "$missing" ]
	local last
	last=$(sqlite3 data/events.db 'SELECT max(seq) FROM events')
	events 1 >&9
	wait_for last_seq_is $((last + 1))
}

@test "the same of a log that was cut off" {
	start_hub
	events 3000 >&9
	wait_for last_seq_is 3000
	stop_hub
	truncate -s $(($(stat -c %s data/events.db) / 4096 / 4 * 3 * 4096)) data/events.db
	is_refused
	saved_as_told
	echo "saved $(sqlite3 data/events.db 'SELECT count(*) FROM events') of 3000 events"
	[ "$(sqlite3 data/events.db 'SELECT count(*) FROM events')" -ge 1500 ]
	[ "$(sqlite3 data/events.db 'PRAGMA auto_vacuum')" = 2 ]
}

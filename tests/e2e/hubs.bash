# hubs.bash - hubs with logs of their own, in the current folder, that die, end and stop. Loaded after helper.bash.
teardown() {
	for p in "${PIDS[@]}"; do
		kill -CONT "$p" 2>/dev/null || :
	done
	end_processes
}

# hub N [OPTION...] - starts hub N: HUBN, ADDRESSN
hub() {
	local n=$1
	shift
	rm -f "address$n"
	dnc-wsd --listen=127.0.0.1:0 --data="$PWD/data$n" --input="unix:$PWD/$n.sock" "$@" </dev/null >"address$n" 2>>"hub$n.err" 3>&- 9>&- &
	PIDS+=("$!")
	eval "HUB$n=$!"
	wait_for has_content "address$n"
	eval "ADDRESS$n=$(head -n 1 "address$n")"
}

# die N - as a machine that is gone
die() {
	local pid="HUB$1"
	kill -9 "${!pid}"
	wait "${!pid}" 2>/dev/null || :
}

# end N - as a service that is stopped
end() {
	local pid="HUB$1"
	kill "${!pid}"
	wait "${!pid}" || :
}

# stop_hub N, continue_hub N - it closes nothing, and accepts connections
stop_hub() { local pid="HUB$1"; kill -STOP "${!pid}"; }
continue_hub() { local pid="HUB$1"; kill -CONT "${!pid}"; }

log() { sqlite3 "data$1/events.db" "$2"; } # N SQL
count() { log "$1" 'SELECT count(*) FROM events'; }
has_events() { [ "$(curl -s "http://$(head -n 1 "address$1")/api/v1/info" | jq .last_seq)" -ge "$2" ]; } # N COUNT
ids() { log "$1" 'SELECT id FROM events ORDER BY seq'; }

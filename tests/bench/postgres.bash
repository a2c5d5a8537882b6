# postgres.bash - what tests/bench/postgres is made of: logs, hubs, loads and figures.
data="$home/log"
conninfo="$(pg_at a) dbname=dnc"
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"

# An empty log: a database or a directory.
new_log() { # ENGINE
	case $1 in
	sqlite) rm -rf "$data" ;;
	*)
		pg_sql a 'DROP DATABASE IF EXISTS dnc WITH (FORCE)' 2>/dev/null
		pg_sql a 'CREATE DATABASE dnc'
		PG_DATABASE=dnc pg_sql a "$(cat lib/log/schema.sql)" >/dev/null
		;;
	esac
}
place_of() { if [ "$1" = sqlite ]; then echo "$data"; else echo "$conninfo"; fi; }
option_of() { if [ "$1" = sqlite ]; then echo "--data=$data"; else echo "--log=$conninfo"; fi; }

# Runs COMMAND... ENGINE for each engine in turn, RUNS times, each on a new log unless KEEP_LOGS is set; keeps what it prints.
alternate() { # NAME COMMAND... (then the engines, which are known by their names)
	local name=$1 command=() engines=() word i engine
	for word in "${@:2}"; do
		case $word in
		sqlite | postgres | quorum | copy | select) engines+=("$word") ;;
		*) command+=("$word") ;;
		esac
	done
	for engine in "${engines[@]}"; do rm -f "$dir/figures.$name.$engine"; done
	for ((i = 0; i < RUNS; i++)); do
		for engine in "${engines[@]}"; do
			[ -n "${KEEP_LOGS-}" ] || new_log "$engine"
			"${command[@]}" "$engine" >>"$dir/figures.$name.$engine"
		done
	done
}
# The line with the median of the first number in it.
figure() { sed 's/^[^0-9]*\([0-9.]*\)/\1 &/' "$dir/figures.$1" | sort -n | cut -d' ' -f2- | awk '{v[NR] = $0} END {print v[int((NR + 1) / 2)]}'; }

compare() { # NAME TITLE ENGINE...
	local engine own
	own=$(figure "$1.postgres")
	echo "  $2:"
	for engine in "${@:3}"; do
		printf '    %-9s %s' "$engine" "$(figure "$1.$engine")"
		if [ "$engine" = postgres ]; then echo; else echo "; PostgreSQL's log makes $(ratio "${own%% *}" "$(figure "$1.$engine" | cut -d' ' -f1)") of it"; fi
	done
}

# CPU seconds of the server's processes, with those that have ended.
cpu_of_server() {
	local pid
	pid=$(pg_pid a)
	{
		awk '{print $16 + $17}' "/proc/$pid/stat"
		# shellcheck disable=SC2046  # they are words
		for p in $pid $(pgrep -P "$pid"); do awk '{print $14 + $15}' "/proc/$p/stat" 2>/dev/null; done
	} | awk -v tick="$(getconf CLK_TCK)" '{n += $1} END {print n / tick}'
}

make_events() { # COUNT
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++)
		printf "{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+1303%07d\",\"reason\":\"consumer_request\",\"source\":\"consumer\",\"suppressed_by\":\"web form\"}\n", i }' |
		"$BIN"/dnc-ingest -q >"$dir/events"
}

# Sets hub and address; its input is hold.
start_hub() { # NAME ENGINE [OPTION...]
	rm -f "$dir/address.$1"
	"$BIN"/dnc-wsd -q --listen=127.0.0.1:0 "$(option_of "$2")" "${@:3}" <"$dir/hold" >"$dir/address.$1" 2>"$dir/hub.err" &
	hub=$!
	PIDS+=("$hub")
	wait_until test -s "$dir/address.$1"
	address=$(head -1 "$dir/address.$1")
}
end_hub() {
	kill "$hub"
	wait "$hub" 2>/dev/null
}

# How many clients each of three hubs can have, if one of them may get FACTOR times as many: 15,000 if descriptors and memory allow
# (the kernel's buffers on both sides, hub and load: some 40 KiB a client).
hub_clients() { # FACTOR
	awk -v files="$(ulimit -n)" -v kib="$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -v f="$1" -v most="${BENCH_HUB_CLIENTS:-15000}" 'BEGIN {
		n = (files - 600) / f; m = kib / 2 / 40 / 3; n = n < m ? n : m; printf "%d\n", n < most ? n : most}'
}

# Three hubs on the same log: HUBS, AT (addresses); the inputs are descriptors 20 to 22.
start_three() { # CLIENTS
	local i ports
	read -ra ports <<<"$(free_ports 3)"
	HUBS=() AT=()
	for i in 0 1 2; do
		rm -f "$dir/in$i" "$dir/address.$i"
		mkfifo "$dir/in$i"
		AT[i]=127.0.0.1:${ports[i]}
		"$BIN"/dnc-wsd -q --listen="${AT[i]}" --log="$conninfo" --advertise="ws://${AT[i]}/ws/dnc" --max-connections=$((2 * $1)) \
			<"$dir/in$i" >"$dir/address.$i" 2>"$dir/hub.err.$i" &
		HUBS[i]=$!
		PIDS+=("${HUBS[i]}")
		eval "exec $((20 + i))>$dir/in$i"
		wait_until test -s "$dir/address.$i"
	done
}
stop_three() {
	local i
	for i in 0 1 2; do eval "exec $((20 + i))>&-"; done
	kill "${HUBS[@]}" 2>/dev/null
	wait "${HUBS[@]}" 2>/dev/null
}

# Starts a program whose standard input is descriptor FD and whose results are in the file NAME; remembers it in LOADS.
start_client() { # FD NAME COMMAND...
	rm -f "$dir/$2" "$dir/$2.go"
	mkfifo "$dir/$2.go"
	"${@:3}" <"$dir/$2.go" >"$dir/$2" 2>"$dir/$2.err" &
	LOADS+=("$!")
	PIDS+=("$!")
	eval "exec $1>$dir/$2.go"
}
start_load() { start_client "$((30 + ${1#load}))" "$1" "$BENCH/load" "${@:2}"; } # loadN OPTION...
stop_loads() {
	local i
	for i in 0 1 2; do eval "exec $((30 + i))>&-"; done
	kill "${LOADS[@]}" 2>/dev/null
	wait "${LOADS[@]}" 2>/dev/null
	LOADS=()
}
LOADS=()

# COUNT events as those of journal.c, logged a hundred in each ms until now.
fill_postgres() { # COUNT
	local half=$(($1 / 2)) from jobs=()
	PG_DATABASE=dnc pg_sql a "SELECT dnc.check_epoch(); SELECT dnc.make_partitions(1, $1)" >/dev/null
	for from in 1 $((half + 1)); do
		PG_DATABASE=dnc pg_sql a "SET synchronous_commit = off;
			CREATE TEMP TABLE now AS SELECT dnc.now_ms() AS ms;
			INSERT INTO dnc.events SELECT g, id, 'dnc.number.suppressed', phone, 'consumer', 'high', '2026-08-29T08:00:00.000Z', ms - ($1 - g) / 100,
				'{\"id\":\"' || id || '\",\"type\":\"dnc.number.suppressed\",\"phone_number\":\"' || phone || '\",\"provider\":\"consumer\",\"severity\":\"high\",\"timestamp\":\"2026-08-29T08:00:00.000Z\",\"summary\":\"+1******0143 suppressed: consumer_request (consumer)\",\"event_data\":{\"reason\":\"consumer_request\",\"source\":\"consumer\",\"suppressed_by\":\"web form\"},\"metadata\":{\"reason\":\"consumer_request\",\"source\":\"consumer\",\"is_temporary\":false,\"tcpa_relevant\":true,\"gdpr_relevant\":true,\"ingested_at\":\"2026-08-29T08:00:00.000Z\",\"source_format\":\"ndjson\"}}'
			FROM (SELECT g, (lpad(to_hex(g), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(g), 12, '0'))::uuid AS id, '+1' || 2000000000 + g AS phone
				FROM generate_series($from::bigint, $from + $half - 1) g) r, now" &
		jobs+=("$!")
	done
	wait "${jobs[@]}"
	PG_DATABASE=dnc pg_sql a 'INSERT INTO dnc.ids SELECT id, seq FROM dnc.events ORDER BY seq'
	PG_DATABASE=dnc pg_sql a 'VACUUM ANALYZE dnc.events' && pg_sql a CHECKPOINT
}

start_up() { # ENGINE
	local start=$EPOCHREALTIME
	rm -f "$dir/address.one"
	"$BIN"/dnc-wsd -q --listen=127.0.0.1:0 "$(option_of "$1")" <"$dir/hold" >"$dir/address.one" 2>/dev/null &
	hub=$!
	while ! [ -s "$dir/address.one" ]; do read -rt 0.005 <> <(:); done
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.3f s\n", b - a}'
	end_hub
}
# Seconds for a page of the history, and how many events it has.
page() { # QUERY
	curl -s -w '%{time_total} s' -o "$dir/page" "http://$address/api/v1/events?$1"
	echo ", $(wc -l <"$dir/page") events"
}

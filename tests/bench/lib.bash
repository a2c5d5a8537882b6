# lib.bash - what the benches share: medians, ratios, CPU time of a process.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
BIN=build/release/bin
BENCH=build/release/bench
RUNS=${BENCH_RUNS:-5}
[ -d "$BENCH" ] || { echo "bench: the tools are not built: run make benches" >&2; exit 1; }
dir=$(mktemp -d) || exit 1
PIDS=()

bench_clean_up() {
	for p in "${PIDS[@]}"; do
		kill "$p" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$dir"
}
trap bench_clean_up EXIT

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

# Median of the seconds that the command, a line of shell, takes.
seconds_of() {
	local i start
	for ((i = 0; i < RUNS; i++)); do
		start=$EPOCHREALTIME
		bash -c "$1" >"$dir/out" || echo "bench: failed: $1" >&2
		awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}'
	done | median
}

# Processor seconds of the command, a line of shell that ends in one program.
cpu_seconds_of() {
	local i
	for ((i = 0; i < RUNS; i++)); do
		/usr/bin/time -o "$dir/time" -f '%U %S' bash -c "exec $1" >"$dir/out" || echo "bench: failed: $1" >&2
		awk '{ print $1 + $2 }' "$dir/time"
	done | median
}

# CPU seconds, user and system, that a process has used.
cpu_of() { awk -v tick="$(getconf CLK_TCK)" '{print ($14 + $15) / tick}' "/proc/$1/stat"; }

wait_until() { # 30 s at most
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" && return 0
		read -rt 0.05 <> <(:) || :
	done
	echo "bench: waited in vain for: $*" >&2
	exit 1
}

# Prints COUNT suppressions, raw, with random (but always the same) numbers.
suppressions() {
	awk -v n="$1" 'BEGIN {srand(7); split("complaint consumer_request regulatory fraud_prevention", r, " ")
		for (i = 1; i <= n; i++)
			printf "{\"type\":\"dnc.number.suppressed\",\"phone_number\":\"+1%d%07d\",\"reason\":\"%s\",\"source\":\"consumer\",\"suppressed_at\":\"2026-08-29T08:00:00.000Z\",\"suppressed_by\":\"web form %d\"}\n",
				200 + int(rand() * 780), 2000000 + int(rand() * 7999999), r[i % 4 + 1], i}'
}

# CPU seconds of all threads of the processes, to the nanosecond.
cpu_ns_of() { # PID...
	local p
	for p in "$@"; do cat /proc/"$p"/task/*/schedstat; done 2>/dev/null | awk '{n += $1} END {printf "%.6f", n / 1e9}'
}

rss_kib_of() { # PID...
	local p
	for p in "$@"; do awk '/^VmRSS/ {print $2}' "/proc/$p/status"; done | awk '{n += $1} END {print n}'
}

# NAME's value among NAME=VALUE words on standard input.
value_of() { tr ' ' '\n' | sed -n "s/^$1=//p"; }

# Runs servers on the first core and the load on the second, when there are two.
if [ "$(nproc)" -gt 1 ]; then SERVER_CORE=(taskset -c 0) LOAD_CORE=(taskset -c 1); else SERVER_CORE=() LOAD_CORE=(); fi

free_ports() { # COUNT
	/usr/bin/python3 -c 'import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))' "$1"
}

# Waits until something listens on the port.
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Starts a peer. Sets SERVERS (process ids), ADDRESS, URL_PATH, PROTOCOL and PUBLISH (for load).
start_peer() { # dnc|bare|per_message|nchan|ws|mosquitto|nats CLIENTS
	local port port2 conf
	rm -rf "$dir/peer"
	mkdir "$dir/peer"
	mkfifo "$dir/peer/in"
	PROTOCOL=events URL_PATH=/ PUBLISH=fd:9 LOAD_OPTIONS=()
	case $1 in
	dnc_tls)
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/tls.key" -out "$dir/tls.crt" -days 2 -subj /CN=bench 2>/dev/null
		set -- "$1" "$2" "$BIN"/dnc-wsd --quiet --data=:memory: --listen=127.0.0.1:0 --max-connections=19500 --tls-cert="$dir/tls.crt" --tls-key="$dir/tls.key"
		URL_PATH='/ws/dnc?last=0' LOAD_OPTIONS=(-t)
		;;
	dnc) set -- "$1" "$2" "$BIN"/dnc-wsd --quiet --data=:memory: --listen=127.0.0.1:0 --max-connections=19500 && URL_PATH='/ws/dnc?last=0' ;;
	bare) set -- "$1" "$2" "$BENCH"/bare "$2" ;;
	per_message) set -- "$1" "$2" "$BENCH"/per_message && URL_PATH=/ws/dnc ;;
	ws) set -- "$1" "$2" env NODE_PATH=/usr/share/nodejs node tests/bench/peers/ws.js ;;
	nchan | mosquitto | nats)
		conf=$1
		[ "$1" = nchan ] && conf=nginx
		read -r port port2 <<<"$(free_ports 2)"
		sed "s|DIR|$dir/peer|g; s|PORT2|$port2|g; s|PORT|$port|g" "tests/bench/peers/$conf.conf" >"$dir/peer/conf"
		ADDRESS=127.0.0.1:$port
		case $1 in
		nchan) set -- "$1" "$2" nginx -c "$dir/peer/conf" -e "$dir/peer/error" && URL_PATH=/sub PUBLISH=http:$ADDRESS/pub ;;
		mosquitto) set -- "$1" "$2" mosquitto -c "$dir/peer/conf" && PROTOCOL=mqtt PUBLISH=mqtt:127.0.0.1:$port2 ;;
		nats) set -- "$1" "$2" env GOMAXPROCS=1 nats-server -c "$dir/peer/conf" && PROTOCOL=nats PUBLISH=nats:127.0.0.1:$port2 ;;
		esac
		;;
	esac
	"${SERVER_CORE[@]}" "${@:3}" <"$dir/peer/in" >"$dir/peer/out" 2>"$dir/peer/err" &
	SERVERS=("$!")
	PIDS+=("$!")
	exec 9>"$dir/peer/in"
	case $1 in
	nchan | mosquitto | nats)
		wait_until listening "$port"
		[ "$1" = nchan ] && mapfile -t -O 1 SERVERS < <(pgrep -P "${SERVERS[0]}")
		;;
	*)
		wait_until test -s "$dir/peer/out"
		ADDRESS=$(head -1 "$dir/peer/out")
		;;
	esac
}

stop_peer() {
	exec 9>&-
	kill "${SERVERS[0]}" 2>/dev/null
	wait "${SERVERS[0]}" 2>/dev/null
}

# Connects CLIENTS, publishes EVENTS at RATE (0: as fast as they are taken), and disconnects. Sets RESULT, the
# line of load, and CPU, the seconds that the server took; RSS0 and RSS, in KiB, before and with clients.
run_load() { # CLIENTS EVENTS RATE
	local load rate=()
	[ "$3" = 0 ] || rate=(-r "$3")
	rm -f "$dir/load" "$dir/go"
	mkfifo "$dir/go"
	RSS0=$(rss_kib_of "${SERVERS[@]}")
	"${LOAD_CORE[@]}" "$BENCH"/load "${LOAD_OPTIONS[@]}" "${rate[@]}" -p "$PUBLISH" -f "$dir/events" "$PROTOCOL" "$ADDRESS" "$URL_PATH" "$1" "$2" \
		<"$dir/go" >"$dir/load" 2>"$dir/load.err" &
	load=$!
	PIDS+=("$load")
	exec 8>"$dir/go"
	wait_until grep -q ready "$dir/load"
	read -rt 0.3 <> <(:) || :
	RSS=$(rss_kib_of "${SERVERS[@]}")
	local before
	before=$(cpu_ns_of "${SERVERS[@]}")
	echo go >&8
	while kill -0 "$load" 2>/dev/null && ! grep -q seconds= "$dir/load" && [ "$2" -gt 0 ]; do read -rt 0.05 <> <(:) || :; done
	CPU=$(awk -v a="$(cpu_ns_of "${SERVERS[@]}")" -v b="$before" 'BEGIN {print a - b}')
	RESULT=$(grep seconds= "$dir/load")
	exec 8>&-
	wait "$load" || echo "bench: $(cat "$dir/load.err") $RESULT" >&2
}

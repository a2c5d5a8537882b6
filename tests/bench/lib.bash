# lib.bash - what the benches share: medians, ratios, CPU time of a process.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
BIN=build/release/bin
BENCH=build/release/bench
RUNS=${BENCH_RUNS:-5}
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

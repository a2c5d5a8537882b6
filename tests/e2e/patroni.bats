load ../helper
load ../patroni

# Minutes: a part of `make soak`.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_patronis
	end_processes
}

@test "Patroni in synchronous strict mode: what dies is replaced, and nothing is lost, twice or out of order" {
	[ -n "${PATRONI_KILLS-}" ] || skip 'minutes: make soak'
	start_patronis || { tail -n 20 "$PG_DIR"/*/*.log; return 1; }
	patroni_make_log
	export PG_DIR PGPASSFILE="$PWD/pgpass" LOG
	LOG="$(patroni_at) dbname=dnc user=dnc_hub"
	run timeout 1500 /usr/bin/python3 "$BATS_TEST_DIRNAME/patroni.py" "$PATRONI_KILLS" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# ${output//$'\n'/$'\n# '}" >&3
}

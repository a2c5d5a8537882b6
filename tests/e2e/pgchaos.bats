load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# The long form is in `make soak`.
@test "two hubs on one log: kill -9 of hubs and servers loses nothing and doubles nothing" {
	start_quorum
	pg_make_log a
	export PG_DIR LOG
	LOG=$(pg_log_at a b c)
	run timeout 800 /usr/bin/python3 "$BATS_TEST_DIRNAME/pgchaos.py" "${CHAOS_EVENTS:-10000}" "${CHAOS_KILLS:-8}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $output" >&3
}

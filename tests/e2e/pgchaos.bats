load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# The long form is in `make soak`. CHAOS_SEED repeats the choices, CHAOS_STEP is the seconds from fault to fault, CHAOS_FENCE those
# that an old primary runs on.
@test "three hubs on one log: machines that die and networks that are cut lose nothing and double nothing" {
	pg_prepare
	export PG_DIR
	# A network of its own, for the machines in it, if the system lets us have one.
	local own=()
	! unshare -n true 2>/dev/null || own=(env OWN_NETWORK=1 unshare -n)
	run timeout "${CHAOS_SECONDS:-600}" "${own[@]}" /usr/bin/python3 "$BATS_TEST_DIRNAME/pgchaos.py" \
		"${CHAOS_EVENTS:-6000}" "${CHAOS_KILLS:-9}" "${CHAOS_CLIENTS:-18}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	# shellcheck disable=SC2001  # each line
	sed 's/^/# /' <<<"$output" >&3
}

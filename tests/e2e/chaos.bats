load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# node ws takes 0.1 ms of CPU and more to inflate an event, the hub 0.02 ms to compress and send it.
inflating() { [[ $HUB_OPTIONS == *--compress* ]]; }

# The long forms are in `make soak`.
@test "kill -9 at random moments loses nothing and doubles nothing" {
	inflating && CHAOS_EVENTS=${CHAOS_EVENTS:-15000}
	run timeout 300 /usr/bin/python3 "$BATS_TEST_DIRNAME/chaos.py" "${CHAOS_EVENTS:-40000}" "${CHAOS_KILLS:-12}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $output" >&3
}

@test "a client that was paused catches up without loss, and the hub does not grow" {
	inflating && skip "with --compress node would be measured, not the hub"
	run timeout 600 /usr/bin/python3 "$BATS_TEST_DIRNAME/pause.py" "${PAUSE_SECONDS:-3}" "${PAUSE_RATE:-5000}" 3>&-
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $output" >&3
}

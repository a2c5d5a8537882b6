load ../helper

@test "who answers pings stays, who does not is hung up on after a minute" {
	[ -n "${PINGS-}" ] || skip "takes two minutes: see make soak"
	start_hub
	[ "$(timeout 150 /usr/bin/python3 "$BATS_TEST_DIRNAME/pings.py" "$ADDRESS")" = ok ]
}

# The modules of the dashboard that need no browser, in node: tests/browser/unit.
load ../helper

@test "filters in the address, numbers, texts, exports and the stream: all tests of modules pass" {
	run node --test "$BATS_TEST_DIRNAME"/unit/*.test.mjs
	echo "$output"
	[ "$status" -eq 0 ]
	# One for each file at least: a folder without tests passes, too.
	local passed
	passed=$(sed -n 's/^# pass //p; s/^ℹ pass //p' <<<"$output")
	[ "$passed" -ge "$(find "$BATS_TEST_DIRNAME/unit" -name '*.test.mjs' | wc -l)" ]
}

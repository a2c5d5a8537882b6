# browser.bash - what the tests of the dashboard share beside helper.bash: one Chromium for each bats file, and
# `in_page SCRIPT CASE`, which runs the function CASE of SCRIPT.mjs (see lib/run.mjs) with the hub at ADDRESS.
load ../helper

# Long, since several Chromiums may start at once on a machine with little to spare.
setup_file() {
	local said="$BATS_FILE_TMPDIR/browser"
	timeout -k 10 650 node "$BATS_TEST_DIRNAME/lib/chromium.mjs" >"$said" 2>"$said.err" </dev/null 3>&- &
	BROWSER_PID=$!
	export BROWSER BROWSER_PID
	wait_for has_content "$said" || { cat "$said.err" >&2; return 1; }
	BROWSER=$(cat "$said")
}

teardown_file() {
	kill "$BROWSER_PID" 2>/dev/null || :
	wait "$BROWSER_PID" || :
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

in_page() { # SCRIPT CASE
	timeout -k 5 "${PAGE_SECONDS:-240}" node "$ROOT/tests/browser/lib/run.mjs" "$@" 3>&-
}

# Waits until the script says the word (tell() of lib/hub.mjs): it may take as long as what it does before.
script_says() { # WORD
	wait_for test -e "$1" 2>/dev/null || wait_for test -e "$1" 2>/dev/null || wait_for test -e "$1"
}

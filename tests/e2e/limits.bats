load ../helper

# What it costs the others is measured by tests/bench/costly; here only the order of magnitude matters, on any machine.
@test "ten attackers with costly patterns: a well-behaved client is served, and memory has an end" {
	[ -z "${HUB_OPTIONS-}" ] || skip "it starts a hub of its own"
	timeout 300 /usr/bin/python3 "$BATS_TEST_DIRNAME/costly.py" 6 10 >"$BATS_TEST_TMPDIR/lines"
	cat "$BATS_TEST_TMPDIR/lines"
	during() { jq -e "select(.phase == \"during\") | $1" "$BATS_TEST_TMPDIR/lines"; }
	# A single turn took longer than that before there were budgets.
	during '.p99_ms < 400'
	during '.turns_over_25_ms < .turns / 20'
	during '.events > 500'
	# Ten clients with 10 ms of each second, and what may be spent at once.
	during '.costly_s < 6 * 10 * 0.015 + 10 * 0.02 + 0.5'
	during '.attackers["page 429"] + .attackers["unread page 429"] + .attackers["unread page 503"] > 100'
	during '.attackers["unread page 200"] <= 40'
	[[ "$BIN" == *asan* ]] || during '.rss_kib < 400000'
	jq -e 'select(.phase == "after") | .p99_ms < 200' "$BATS_TEST_TMPDIR/lines"
	jq -e 'select(.received) | .holes == 0' "$BATS_TEST_TMPDIR/lines"
}

@test "a page that nobody reads is dropped with its connection, and its place is free for the next" {
	cd "$BATS_TEST_TMPDIR"
	start_hub
	events 20000 >&9
	wait_for last_seq_is 20000
	bytes() { curl -s "http://$ADDRESS/metrics" | sed -n 's/^dnc_page_bytes //p'; }
	no_pages() { [ "$(bytes)" = 0 ]; }
	# 16 at once from one address: each waits to be read by a client that does not.
	for _ in $(seq 16); do
		exec {fd}<>"/dev/tcp/${ADDRESS%:*}/${ADDRESS##*:}"
		printf 'GET /api/v1/events?limit=100000 HTTP/1.1\r\nHost: %s\r\n\r\n' "$ADDRESS" >&"$fd"
		fds+=("$fd")
	done
	is_refused() { [ "$(curl -s -o answer -w '%{http_code}' "http://$ADDRESS/api/v1/events?limit=1")" = 429 ]; }
	wait_for is_refused
	[ "$(jq .status answer)" = 429 ]
	[ "$(bytes)" -gt 1000000 ]
	[ "$(bytes)" -le 33554432 ]
	for fd in "${fds[@]}"; do
		exec {fd}<&-
	done
	wait_for no_pages
	[ "$(curl -s "http://$ADDRESS/api/v1/events?limit=1" | jq .seq)" = 1 ]
	# Pages end at 1 MiB, and the links lead through all of it.
	next=/api/v1/events?limit=100000 all=0 pages=0
	while [ "$next" ]; do
		curl -s -D head "http://$ADDRESS$next" >page
		[ "$(stat -c %s page)" -le 1048576 ]
		all=$((all + $(wc -l <page))) pages=$((pages + 1))
		next=$(sed -n 's/^link: <\(.*\)>; rel="next".*/\1/p' head)
	done
	[ "$all" -eq 20000 ]
	[ "$pages" -gt 3 ]
	wait_for no_pages
}

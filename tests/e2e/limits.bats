load ../helper

# What it costs the others in time is measured by tests/bench/costly; here what is counted holds, on any machine.
@test "ten attackers with costly patterns: a well-behaved client is served, and memory has an end" {
	[ -z "${HUB_OPTIONS-}" ] || skip "it starts a hub of its own"
	timeout 300 /usr/bin/python3 "$BATS_TEST_DIRNAME/costly.py" 6 10 >"$BATS_TEST_TMPDIR/lines"
	cat "$BATS_TEST_TMPDIR/lines"
	holds() { jq -se "map(select($1))[0] | $2" "$BATS_TEST_TMPDIR/lines"; }
	during() { holds '.phase == "during"' "$1"; }
	# Before there were budgets single pings were answered, and no event came in time.
	during '.pings > 20'
	during '.events > 100'
	# Ten clients with 10 ms of each second, and what may be spent at once.
	during '.costly_s < 6 * 10 * 0.015 + 10 * 0.02 + 0.5'
	during '.attackers["page 429"] + .attackers["unread page 429"] > 100'
	during '(.attackers["unread page 200"] // 0) <= 40'
	[[ "$BIN" == *asan* ]] || during '.rss_kib < 400000'
	holds .received '.holes == 0'
}

@test "an address has 16 pages at once, and links lead through pages of 1 MiB" {
	cd "$BATS_TEST_TMPDIR"
	start_hub
	events 20000 >&9
	wait_for last_seq_is 20000
	no_pages() { [ "$(curl -s "http://$ADDRESS/metrics" | sed -n 's/^dnc_page_bytes //p')" = 0 ]; }
	yes "url = \"http://$ADDRESS/api/v1/events?limit=100000\"
	output = /dev/null" | head -120 >urls
	curl -s --parallel --parallel-immediate --parallel-max 60 -w '%{http_code}\n' -K urls >codes
	sort codes | uniq -c
	[ "$(wc -l <codes)" = 60 ]
	[ "$(grep -c 200 codes)" -ge 16 ]
	[ "$(grep -c 429 codes)" -ge 1 ]
	[ "$(sort -u codes | tr '\n' ' ')" = '200 429 ' ]
	wait_for no_pages
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

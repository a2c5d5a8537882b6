load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

get() { curl -s --max-time 20 "$@"; }

@test "history: pages, filters, numbers and times" {
	start_hub
	events 2500 >&9
	wait_for last_seq_is 2500
	api="http://$ADDRESS/api/v1/events"
	get -D head "$api" >page
	[ "$(jq -c .seq page | tr '\n' ' ')" = "$(seq 1000 | tr '\n' ' ')" ]
	grep -qi '^content-type: application/x-ndjson' head
	# The links lead through all of it.
	next=/api/v1/events?limit=700 all=0
	while [ "$next" ]; do
		get -D head "http://$ADDRESS$next" >page
		all=$((all + $(wc -l <page)))
		next=$(sed -n 's/^link: <\(.*\)>; rel="next".*/\1/p' head)
	done
	[ "$all" -eq 2500 ]
	[ "$(get -H 'Accept: application/json' "$api?since=2498" | jq -c 'map(.seq)')" = '[2499,2500]' ]
	[ "$(get -H 'Accept: application/json' "$api?since=9999" | jq -c .)" = '[]' ]
	[ "$(get "$api?since=10&until=12" | jq -c .seq | tr '\n' ' ')" = '11 12 ' ]
	[ "$(get "$api?phone=%2B13035550077" | jq -c .seq)" = 77 ]
	[ "$(get "$api?phone=+13035550077" | jq -c .seq)" = 77 ]
	[ "$(get "$api?phone_patterns=00%5B0-9%5D7%24&limit=3" | jq -c .seq | tr '\n' ' ')" = '7 17 27 ' ]
	[ "$(get "$api?type=dnc.list.*")" = '' ]
	[ "$(get "$api?since=2000-01-01&until=2999-01-01&limit=5000" | wc -l)" -eq 2500 ]
	[ "$(get "$api?since=2999-01-01" | wc -l)" -eq 0 ]
	# The newest first: the links lead back, and events that come meanwhile change nothing.
	next='/api/v1/events?order=desc&limit=700&since=100' all=
	while [ "$next" ]; do
		get -D head "http://$ADDRESS$next" >page
		all+=$(jq -r .seq page)$'\n'
		next=$(sed -n 's/^link: <\(.*\)>; rel="next".*/\1/p' head)
		[ "$(wc -l <page)" -eq 700 ] || [ -z "$next" ]
	done
	[ "$all" = "$(seq 2500 -1 101)"$'\n' ]
	[ "$(get "$api?order=desc&before=12&limit=2" | jq -c .seq | tr '\n' ' ')" = '11 10 ' ]
	[ "$(get "$api?order=desc&phone=%2B13035550077" | jq -c .seq)" = 77 ]
	wait_for has_line '"what":"read".*"events":2,"first_seq":10,"last_seq":11' hub.err
	for bad in 'order=newest' 'before=3' 'order=desc&before=now' 'since=yesterday' 'limit=0' 'colour=red' 'phone=12' 'phone_patterns=(' 'last=3'; do
		[ "$(get "$api?$bad" | jq .status)" = 400 ]
	done
	# What the dashboard shows to people, too: nothing in it is escaped.
	[[ "$(get "$api?phone=12" | jq -r .detail)" == *' must be a telephone number such as +12025550143' ]]
}

@test "server-sent events: live, with ids that resume, and the end of the hub" {
	start_hub
	events 20 >&9
	wait_for last_seq_is 20
	curl -sN --max-time 60 -D head "http://$ADDRESS/api/v1/stream?since=0" >stream 3>&- 9>&- &
	local client=$!
	PIDS+=("$client")
	wait_for eval '[ "$(grep -c "^data: {.seq" stream)" -eq 20 ]'
	grep -qi '^content-type: text/event-stream' head
	events 5 >&9
	wait_for eval '[ "$(grep -c "^data: {.seq" stream)" -eq 25 ]'
	[ "$(sed -n 's/^data: //p' stream | jq -c 'select(.seq).seq' | tr '\n' ' ')" = "$(seq 25 | tr '\n' ' ')" ]
	id=$(grep '^id: .*:22$' stream | sed 's/^id: //')
	curl -sN --max-time 60 -H "Last-Event-ID: $id" "http://$ADDRESS/api/v1/stream" >again 3>&- 9>&- &
	PIDS+=($!)
	wait_for eval '[ "$(grep -c "^data: {.seq" again)" -eq 3 ]'
	grep -q "^id: ${id%:*}:25$" again
	kill "$HUB"
	wait "$HUB" "$client"
}

@test "what retention took is gone everywhere: memory, log and history, and each says so" {
	start_hub
	small_partitions data 100
	events 300 >&9
	wait_for last_seq_is 300
	exec 9>&-
	kill "$HUB"
	wait "$HUB" || :
	rm hub.in address
	log_sql data 'UPDATE events SET logged_at = 1000 WHERE seq <= 200'
	start_hub --retain=1d # all that it may remove is old
	wait_for eval '[ "$(get "http://$ADDRESS/api/v1/info" | jq .oldest_seq)" -eq 201 ]'
	same() {
		dnc-tail -e --since=5 -o json "ws://$ADDRESS" >out 2>err
		[ "$(jq -c .seq out | tr '\n' ' ')" = "$(seq 201 "$1" | tr '\n' ' ')" ]
		grep -q '6 to 200 .*retention' err
		api="http://$ADDRESS/api/v1/events"
		[ "$(get -D head "$api?since=5&limit=3" | jq -c .seq | tr '\n' ' ')" = '201 202 203 ' ]
		grep -qi '^x-dnc-gap: 6-200' head
		grep -qi '^link: .*since=203' head
		get -D head -H 'Accept: application/json' "$api" | jq -e 'length == '"$(($1 - 200))"
		grep -qi '^x-dnc-gap: 1-200' head
		get -D head "$api?since=2020-01-01" >page
		grep -qi '^x-dnc-gap: 1-200' head
		get -D head "$api?since=5&until=50" >page
		[ ! -s page ]
		grep -qi '^x-dnc-gap: 6-50' head
		get -D head "$api?since=5&phone=%2B13035550250" >page
		[ "$(jq .seq page)" = 250 ]
		grep -qi '^x-dnc-gap: 6-200' head
		get -D head "$api?order=desc&since=5&limit=3" >page
		refute grep -qi x-dnc-gap head
		get -D head "$api?order=desc&since=5&before=203" >page
		[ "$(jq -c .seq page | tr '\n' ' ')" = '202 201 ' ]
		grep -qi '^x-dnc-gap: 6-200' head
		get -D head "$api?since=200" >page
		refute grep -qi x-dnc-gap head
		get -D head "$api?since=9999" >page
		refute grep -qi x-dnc-gap head
	}
	same 300
}

@test "what retention took is not served from memory, before a restart or after" {
	start_hub --retain=1M
	small_partitions data 1000
	events 20000 >&9
	wait_for last_seq_is 20000
	log_oldest() { log_sql data 'SELECT min(seq) FROM events'; }
	settled() { # it has removed what it had to, and knows
		local before
		before=$(log_oldest)
		[ "$before" -gt 1 ] && [ "$(get "http://$ADDRESS/api/v1/info" | jq .oldest_seq)" = "$before" ] &&
			dnc-tail -e --since=0 -o json "ws://$ADDRESS" >out 2>err && [ "$(log_oldest)" = "$before" ]
	}
	same() {
		wait_for settled
		local oldest
		oldest=$(log_oldest)
		[ "$(head -1 out | jq .seq)" = "$oldest" ]
		[ "$(tail -1 out | jq .seq)" = 20000 ]
		grep -q "1 to $((oldest - 1)) .*retention" err
		[ "$(get "http://$ADDRESS/api/v1/events?limit=1" | jq .seq)" = "$oldest" ]
		[ "$(dnc-tail -e --lines=20000 -o json "ws://$ADDRESS" | head -1 | jq .seq)" = "$oldest" ]
	}
	same
	exec 9>&-
	kill "$HUB"
	wait "$HUB" || :
	rm hub.in address
	start_hub --retain=1M
	same
}

@test "what retention took is told as a gap, and the rest follows" {
	start_hub --retain=1M --buffer=256K
	small_partitions data 1000
	events 20000 >&9
	wait_for last_seq_is 20000
	pruned() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .oldest_seq)" -gt 10000 ]; }
	wait_for pruned
	dnc-tail -e --since=5 -o json "ws://$ADDRESS" >out 2>err
	local oldest
	oldest=$(head -1 out | jq .seq)
	grep -q "events 6 to [0-9]* were not received (retention)" err
	# More may go while it reads: what did not come was told, each once.
	{ jq -c .seq out; sed -n 's/.*events \([0-9]*\) to \([0-9]*\) were not received (retention).*/\1 \2/p' err | while read -r from to; do seq "$from" "$to"; done; } |
		sort -n >seen
	diff -q seen <(seq 6 20000)
	[ "$(curl -s "http://$ADDRESS/api/v1/events?limit=1" | jq .seq)" -ge "$oldest" ]
}

@test "history: an answer without events is not audited as one that has them" {
	start_hub
	for number in +13035550143 +13035550144 +4366666666666; do
		printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"x"}\n' "$number"
	done | dnc-ingest >&9
	wait_for last_seq_is 3
	api="http://$ADDRESS/api/v1/events"
	[ "$(get -o body -w '%{http_code}' -G --data-urlencode 'phone_patterns=^\+(1303|43666666(((6*)*)*)*[^6]$)' "$api")" = 400 ]
	grep -q 'takes too much work on some numbers' body
	get "$api?since=1" >page
	wait_for has_line 'audit {.*"what":"read"' hub.err
	[ "$(grep -c 'audit {.*"what":"read"' hub.err)" = 1 ]
	grep -q '"what":"read",.*"events":2,"first_seq":2,"last_seq":3}' hub.err
}

@test "history: the link of a number's page tells nothing of events that the role does not see" {
	cat >roles.conf <<-'END'
		[role s]
		permissions = dnc:pii dnc:replay dnc:read
		sees = {"event_types":["dnc.number.*"]}
	END
	start_hub --roles=roles.conf --default-role=s
	for number in +13035550143 +13035550144; do
		printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"x"}\n' "$number"
	done | dnc-ingest >&9
	printf '{"type":"dnc.compliance.violation","phone_number":"+13035550144","violation_type":"t"}\n' | dnc-ingest >&9
	printf '{"type":"dnc.number.suppressed","phone_number":"+13035550145","reason":"x"}\n' | dnc-ingest >&9
	wait_for last_seq_is 4
	# The next page of the number ...143 or ...144, whose event is 1 or 2.
	link_of() { get -D - -o /dev/null "http://$ADDRESS/api/v1/events?phone=%2B1303555014$1&$2" | sed -n 's/^link: <.*[&?]\(since\|before\)=\([0-9]*\)>.*/\2/p'; }
	[ "$(link_of 3 limit=1) $(link_of 4 limit=1)" = '1 2' ]
	[ "$(link_of 3 'limit=1&until=1')$(link_of 4 'limit=1&until=2')" = '' ]
	[ "$(link_of 3 'limit=1&until=2') $(link_of 4 'limit=1&until=3')" = '1 2' ]
	[ "$(link_of 3 'limit=1&order=desc&before=9')$(link_of 4 'limit=1&order=desc&since=1')" = '' ]
	[ "$(link_of 5 limit=1)" = '' ]
}

@test "history: Accept names the form by whole media types and weights" {
	start_hub
	events 1 >&9
	wait_for last_seq_is 1
	while IFS='|' read -r accept type; do
		get -D head -o page -H "Accept: $accept" "http://$ADDRESS/api/v1/events"
		grep -qi "^content-type: $type.\$" head || { echo "$accept" && false; }
	done <<-'END'
		*/*|application/x-ndjson
		application/json|application/json
		application/json-seq|application/x-ndjson
		application/jsonl|application/x-ndjson
		application/json;q=0|application/x-ndjson
		text/html, Application/JSON ; q=0.1|application/json
		application/x-ndjson, application/json|application/x-ndjson
		application/x-ndjson;q=0.5, application/json|application/json
	END
}

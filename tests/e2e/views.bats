# What clients see, by role and by form.
load ../helper

collect() { timeout 30 node "$BATS_TEST_DIRNAME/collect.js" "ws://$ADDRESS/ws/dnc" "$@"; }

# One event of each type; numbers stand in odd places, too.
one_of_each() {
	dnc-ingest <<-'END'
		{"type":"dnc.number.suppressed","phone_number":"+13035550143","reason":"complaint","source":"consumer","suppressed_by":"web","notes":"called from (303) 555-0143, then +44 20 7946 0958","caller":13035550143}
		{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}
		{"type":"dnc.check.performed","phone_number":"+13035550145","result":"allowed","metadata":{"lines":{"3035550145":"mobile"}}}
		{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"success","records_added":1234567}
		{"type":"dnc.compliance.violation","phone_number":"+13035550146","violation_type":"called_while_suppressed"}
		{"type":"dnc.provider.status_change","provider":"vendor","new_status":"offline"}
	END
}

export -f one_of_each

types() { jq -r 'select(.seq).type' out | sed 's/^dnc\.//' | tr '\n' ' '; }

# Subscribes as ROLE, lets one event of each type come, and waits for the COUNT that the role may see.
as_role() { # ROLE COUNT
	start_hub --default-role="$1"
	client >out <<-END
		connect /ws/dnc
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell one_of_each >&9
		until $2 events
		say {"type":"ping"}
		expect {"type":"dnc.connection.pong"}
	END
}

@test "a role without numbers sees none, nowhere, and no violations" {
	as_role operator 5
	[ "$(types)" = 'number.suppressed number.released check.performed list.synced provider.status_change ' ]
	[ "$(jq -r 'select(.seq==1).phone_number' out)" = '+1******0143' ]
	[ "$(jq -c 'select(.seq==1).event_data' out)" = '{"reason":"complaint","source":"consumer","suppressed_by":"web"}' ]
	[ "$(jq -c 'select(.seq==3) | [.event_data, .metadata.lines]' out)" = '[{"result":"allowed"},null]' ]
	[ "$(jq -r 'select(.seq==4).event_data.records_added' out)" = 1000000 ]
	refute grep -Eq '303[^0-9]{0,3}555|7946' out
}

@test "a masked event is the same at every door, after a restart, too, and its id is not its own" {
	durable_only
	printf '[role desk]\npermissions = dnc:read dnc:stream dnc:replay\nrate = none\n' >roles.conf
	start_hub --roles=roles.conf --default-role=desk --workers=2
	one_of_each >&9
	wait_for last_seq_is 6
	collect 5 '{"type":"subscribe","since":0}' >out
	jq -c 'select(.seq)' out >stream
	[ "$(wc -l <stream)" = 5 ]
	curl -s "http://$ADDRESS/api/v1/events" >past
	diff stream past
	client >raw <<-'END'
		stream /api/v1/stream?since=0
		until 5 events
	END
	jq -c '.data | if type == "string" then fromjson else . end | select(.seq)' raw | diff stream -
	PROTOCOL=cloudevents.json collect 5 '{"type":"subscribe","since":0}' >out
	jq -c 'select(.data.seq).data' out | diff stream -
	[ -z "$(jq -r 'select(.data.seq) | select(.id != .data.id)' out)" ]
	jq -r .id stream | sort >shown
	log_sql data 'SELECT id FROM events' | sort >own
	[ -z "$(comm -12 shown own)" ]
	kill "$HUB"
	wait "$HUB"
	exec 9>&-
	rm hub.in address
	start_hub --roles=roles.conf --default-role=desk
	curl -s "http://$ADDRESS/api/v1/events" | diff stream -
}

@test "a role shows fields besides, or hides some; SIGHUP changes it for those who are connected" {
	printf '[role desk]\npermissions = dnc:stream\nrate = none\nshows = event_data.list_name\n' >roles.conf
	start_hub --roles=roles.conf --default-role=desk
	export HUB
	one() { echo '{"type":"dnc.number.suppressed","phone_number":"+13035550143","reason":"complaint","source":"state","list_name":"Q3 2026"}' | dnc-ingest; }
	change() { sed -i "s/^shows.*/$1/" roles.conf; kill -HUP "$HUB"; wait_for has_line 'tokens reloaded' hub.err; }
	export -f one change
	client >out <<-'END'
		connect /ws/dnc
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell one >&9
		expect {"event_data":{"reason":"complaint","source":"state","list_name":"Q3 2026"}}
		shell change 'hides = source, phone_number'; one >&9
		expect {"seq":2,"phone_number":null,"summary":"number suppressed: complaint","event_data":{"reason":"complaint","source":null}}
	END
}

@test "compliance sees all, security what is grave, each with whole numbers" {
	as_role compliance 6
	[ "$(types)" = 'number.suppressed number.released check.performed list.synced compliance.violation provider.status_change ' ]
	[ "$(jq -r 'select(.seq==1).phone_number' out)" = +13035550143 ]
	[ "$(jq -c 'select(.type=="dnc.connection.established").metadata | [.role, .rate_limit, .permissions]' out)" = \
		'["compliance",null,["dnc:read","dnc:stream","dnc:replay","dnc:pii","compliance:read"]]' ]
}

@test "security sees violations and what is of high severity" {
	as_role security 1
	[ "$(types)" = 'compliance.violation ' ]
}

@test "roles without the stream are told so, and get nothing" {
	start_hub --default-role=monitor
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		say {"type":"subscribe","id":1}
		expect {"type":"error","code":"forbidden","request_id":1}
		say {"type":"ping","id":2}
		expect {"type":"dnc.connection.pong","request_id":2}
	END
}

@test "without dnc:replay no stream starts in the past" {
	start_hub --default-role=telephony
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		say {"type":"subscribe","since":0,"id":1}
		expect {"code":"forbidden","request_id":1}
		say {"type":"subscribe","last":5,"id":2}
		expect {"code":"forbidden","request_id":2}
		say {"type":"subscribe","last":0,"id":3}
		expect {"type":"dnc.subscription.confirmed","request_id":3}
		shell one_of_each >&9
		expect {"seq":1}
	END
}

@test "filters of a masked view see what it shows: they give no digits away" {
	durable_only
	printf '[role desk]\npermissions = dnc:read dnc:stream dnc:replay\nrate = none\n' >roles.conf
	start_hub --roles=roles.conf --default-role=desk
	one_of_each >&9
	wait_for last_seq_is 6
	collect 3 '{"type":"subscribe","since":0,"filters":[{"phone_patterns":["^\\+1303"]},{"custom_filters":{"phone_number":["+13035550143"]}},{"custom_filters":{"event_data.caller":["13035550143"]}},{"phone_patterns":["014[345]$"]}]}' >out
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = '1 2 3 ' ]
	collect 1 '{"type":"subscribe","filters":{"phone_patterns":["5550145"]},"since":0}' \
		'{"type":"update_filters","filters":{"phone_patterns":["^\\+1\\*{6}0145"]}}' '{"type":"subscribe","since":2,"filters":{"phone_patterns":["^\\+1\\*{6}0145"]}}' >out
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = '3 ' ]
	# The past, by HTTP, is masked, too.
	[ "$(curl -s "http://$ADDRESS/api/v1/events?phone=%2B1******0143" | jq -r .phone_number)" = '+1******0143' ]
	for number in 0143 0199; do
		[ "$(curl -s "http://$ADDRESS/api/v1/events?phone=%2B1303555$number" | jq -c '[.status, .detail]')" = \
			"[403,\"access denied: without dnc:pii phone must be a number as this role sees it, such as +1******$number\"]" ]
	done
	[ -z "$(curl -s "http://$ADDRESS/api/v1/events?phone_patterns=5550143")" ]
}

@test "CloudEvents, whole and masked" {
	start_hub
	one_of_each >&9
	PROTOCOL=cloudevents.json collect 6 '{"type":"subscribe","since":0}' >out
	[ "$(jq -c 'select(.sequence=="1") | [.specversion,.source,.type,.subject,.datacontenttype,.severity,.data.seq]' out)" = \
		'["1.0","/dnc/consumer","dnc.number.suppressed","+13035550143","application/json","medium",1]' ]
	[ "$(jq -r 'select(.sequence=="5").id' out)" = "$(jq -r 'select(.sequence=="5").data.id' out)" ]
	[ "$(jq -r 'select(.sequence=="5").source' out)" = /dnc/hub ]
	[ "$(jq -r 'select(.metadata.protocol?).metadata.protocol' out)" = cloudevents.json ]
}

@test "a rate limit paces: the burst at once, the rest in time, nothing lost" {
	printf '[role slow]\npermissions = dnc:read dnc:stream dnc:replay dnc:pii compliance:read\nrate = 1200/min\nburst = 20\n' >roles.conf
	start_hub --roles=roles.conf --default-role=slow
	local start=$EPOCHREALTIME
	client >out <<-'END'
		connect /ws/dnc
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell events 60 >&9
		until 25 events
		say {"type":"get_stats"}
		until {"type":"client.stats","metadata":{"rate_limited":true}}
		until 60 events
	END
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 60 | tr '\n' ' ')" ]
	# 40 of them at 20 a second.
	awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {exit !(b - a > 1.8)}'
	curl -s "http://$ADDRESS/metrics" | awk '$1 == "dnc_rate_limited_total" {n = $2} END {exit !(n > 0)}'
}

@test "one that its rate leaves too far behind is told, and goes on at the present" {
	printf '[role slow]\npermissions = dnc:read dnc:stream dnc:pii compliance:read\nrate = 60/min\nburst = 5\n' >roles.conf
	start_hub --roles=roles.conf --default-role=slow --max-lag=50
	events 195 >more	# made before: it may take as long as the rate needs for the next event
	client >out <<-'END'
		connect /ws/dnc
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell events 5 >&9
		until 5 events
		shell cat more >&9
		until {"type":"dnc.connection.gap","metadata":{"reason":"rate_limit"}}
		shell wait_for last_seq_is 200; events 1 >&9
		until 6 events
	END
	# Each event came or was told as missing.
	[ "$(jq -r 'if .seq then .seq elif .type == "dnc.connection.gap" then range(.metadata.from_seq; .metadata.to_seq + 1) else empty end' out |
		head -200 | tr '\n' ' ')" = "$(seq 200 | tr '\n' ' ')" ]
	[ "$(jq -r 'select(.type=="dnc.connection.gap").metadata.reason' out | sort -u)" = rate_limit ]
}

@test "who is held back by a rate limit is told how far behind, and when that is over" {
	printf '[role slow]\npermissions = dnc:read dnc:stream dnc:replay dnc:pii compliance:read\nrate = 600/min\nburst = 10\n' >roles.conf
	start_hub --roles=roles.conf --default-role=slow
	client <<-'END'
		as stream
		stream /api/v1/stream
		into stream
		until {"data":{"type":"dnc.subscription.confirmed"}}
		as client
		connect /ws/dnc
		into out
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell events 50 >&9
		until 50 events
		until {"type":"dnc.connection.held_back","metadata":{"behind":0}}
		say {"type":"ping"}
		until {"type":"dnc.connection.pong"}
		as stream
		until {"data":{"type":"dnc.connection.held_back","metadata":{"behind":0}}}
	END
	held() { jq -c 'select(.type=="dnc.connection.held_back").metadata'; }
	[ "$(held <out | jq -r .reason | sort -u)" = rate_limit ]
	[ "$(held <out | jq -c 'select(.behind > 0) | [.behind + .position == .last_seq, .last_seq, .per_minute]')" = '[true,50,600]' ]
	[ "$(held <out | tail -1 | jq -c '[.behind,.position,.last_seq]')" = '[0,50,50]' ]
	[ "$(jq -c .data stream | held | wc -l)" = 2 ]
	# Whoever is not held back hears nothing of it.
	[ "$(held <out | wc -l)" = 2 ]
}

@test "who reads too slowly is told so" {
	start_hub
	# More than the sockets hold, then some now and then: it does not come nearer.
	client >messages <<-'END'
		connect /ws/dnc?since=0
		shell events 30000 >&9; wait_for last_seq_is 30000
		shell for i in 1 2 3 4 5 6; do events 10 >&9; wait_for last_seq_is $((30000 + i * 10)); read -rt 0.6 <> <(:) || :; done
		until {"type":"dnc.connection.held_back","metadata":{"reason":"lag"}}
	END
}

@test "the confirmation warns of what can bring nothing" {
	start_hub --default-role=operator
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		say {"type":"subscribe","filters":{"event_types":["dnc.compliance.violation"]}}
		expect {"metadata":{"warning":"role operator sees none of these event types: none will be sent"}}
		say {"type":"subscribe","filters":{"event_types":["dnc.compliance.violation","dnc.list.synced"]}}
		expect {"type":"dnc.subscription.confirmed","metadata":{"warning":null}}
		say {"type":"subscribe","filters":{"phone_patterns":["^\\+1916"]}}
		expect {"metadata":{"warning":"role operator sees masked numbers (+1******4567): no number starts with these digits"}}
		say {"type":"subscribe","filters":{"phone_patterns":["^\\+1", "0143$"]}}
		expect {"type":"dnc.subscription.confirmed","metadata":{"warning":null}}
		say {"type":"subscribe"}
		expect {"type":"dnc.subscription.confirmed","metadata":{"warning":null}}
		as stream
		stream /api/v1/stream?type=dnc.compliance.violation
		until {"data":{"metadata":{"warning":"~^role operator sees none of these event types"}}}
	END
}

@test "each of many subscribe requests in a row is answered, once" {
	durable_only
	start_hub
	events 300 >&9
	wait_for last_seq_is 300
	# What is answered to REQUESTs that come in one piece, in their order: "confirmed", or the code of an error. Each once.
	at_once() { # REQUEST...
		local i=0 request
		{ echo connect /ws/dnc; echo cork
			for request in "$@"; do echo "say {\"id\":$((i += 1)),\"type\":$request}"; done
			echo uncork; echo "until $i answers"; echo 'say {"type":"ping","id":"last"}'; echo 'until {"request_id":"last"}'
		} >dialogue
		client <dialogue >out || return
		jq -r 'select(.request_id and .request_id != "last") | "\(.request_id) \(.code // (.type | ltrimstr("dnc.subscription.")))"' out | sort -n | cut -d' ' -f2 | tr '\n' ' '
	}
	# A search that ends before the next request is read is confirmed, so it may take some tries. Nothing else may differ.
	superseding() { # WANTED REQUEST...
		local got i may=${1//superseded/@(superseded|confirmed)}
		for i in {1..50}; do
			got=$(at_once "${@:2}")
			echo "$i: $got"
			[ "$got" != "$1" ] || return 0
			[[ $got == $may ]] || return 1
		done
		return 1
	}
	local now='"subscribe"' end='"unsubscribe"' time='"subscribe","since_time":"2020-01-01T00:00:00Z"'
	local last='"subscribe","last":7,"filters":{"phone_patterns":["^.13035550"]}'
	[ "$(at_once "$now" "$now" "$now")" = 'confirmed confirmed confirmed ' ]
	[ "$(at_once "$last" "$last" "$last")" = 'confirmed confirmed confirmed ' ]
	superseding 'superseded superseded confirmed ' "$time" "$time" "$time"
	superseding 'superseded confirmed ' "$time" "$now"
	superseding 'superseded confirmed confirmed ' "$time" "$end" "$now"
}

@test "compressed frames, the same for all who ask, read by two other implementations" {
	start_hub --compress
	events 300 >&9
	wait_for last_seq_is 300
	local long i
	long=$(printf '{"type":"subscribe","since":0,"id":"%s"}' "$(seq -s, 30)")
	for i in 1 2 3 4; do long+=$(printf '%300s' ''); done
	# Over 1,024 bytes node ws compresses, too: twice, so that both sides start anew each time.
	EXTENSIONS=1 collect 300 "$long" "$long" '{"type":"ping","id":"p"}' >out
	[ "$(head -1 out | jq -r .extensions)" = permessage-deflate ]
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 300 | tr '\n' ' ')" ]
	[ "$(jq -r 'select(.request_id=="p").type' out)" = dnc.connection.pong ]
	/usr/bin/python3 "$BATS_TEST_DIRNAME/python_client.py" "ws://$ADDRESS/ws/dnc" 300 >out
	[ "$(tr '\n' ' ' <out)" = "$(seq 300 | tr '\n' ' ')" ]
	PROTOCOL=cloudevents.json collect 5 '{"type":"subscribe","last":5}' >out
	[ "$(jq -r 'select(.sequence).sequence' out | tr '\n' ' ')" = '296 297 298 299 300 ' ]
	[ "$(curl -s "http://$ADDRESS/metrics" | awk '$1 == "dnc_delivered_bytes_total" {print $2 < 650 * 605 * 0.7}')" = 1 ]
}

@test "a compressed message of many pieces is answered though nothing follows it" {
	start_hub --compress
	events 1 >&9
	wait_for last_seq_is 1
	collect 1 "{\"type\":\"subscribe\",\"since\":0$(printf '%20000s')}" >out
	[ "$(jq -r 'select(.seq).seq' out)" = 1 ]
}

@test "so many connections from one address, no more" {
	start_hub --max-connections-per-ip=2
	client <<-'END'
		as first
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		as second
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		as third
		connect /ws/dnc
		expect close 4429 too many connections from this address
	END
	# Workers tell each other their figures once a second.
	refused_one() { curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_connections_refused_total 1$'; }
	wait_for refused_one
}

@test "promtool has nothing to say of the metrics" {
	start_hub --default-role=compliance
	client <<-'END'
		connect /ws/dnc
		say {"type":"subscribe","filters":{"severities":["info","low","medium","high","critical","success","error","warning"]}}
		until {"type":"dnc.subscription.confirmed"}
		shell one_of_each >&9
		until 6 events
	END
	curl -s "http://$ADDRESS/metrics" >metrics
	local said
	said=$(promtool check metrics <metrics 2>&1) || { echo "$said"; return 1; }
	[ -z "$said" ]
	# Workers tell each other their figures once a second.
	observed() { curl -s "http://$ADDRESS/metrics" | awk -v n="$1_seconds_count" '$1 == n && $2 > 0 {found = 1} END {exit !found}'; }
	for name in dnc_match dnc_delivery dnc_loop_turn dnc_log_commit; do
		wait_for observed $name
	done
	grep -q '^dnc_client_lag_events{quantile="0.99"} ' metrics
	grep -q '^process_resident_memory_bytes ' metrics
	refute grep -q 3035550 metrics
}

@test "roles are printed in the form that is read" {
	dnc-wsd --print-roles >roles.conf
	dnc-wsd --print-roles --roles=roles.conf | diff - roles.conf
	printf '[role a]\npermissions = dnc:everything\n' >bad.conf
	run dnc-wsd --print-roles --roles=bad.conf
	[ "$status" -eq 2 ]
	[[ "$output" == *'bad.conf'*'unknown permission "dnc:everything"'* ]]
	run dnc-wsd --print-roles --roles=missing.conf
	[ "$status" -eq 74 ]
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "what a role sees is a gap when it takes too much work to know, and the rest comes" {
	durable_only
	printf '%s\n' '[role desk]' 'permissions = dnc:read dnc:stream dnc:replay dnc:pii' \
		'sees = [{"phone_patterns":["^\\+43666666(((6*)*)*)*[^6]$"]},{"phone_patterns":["^\\+1303"]}]' >roles.conf
	four() {
		printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"x"}\n' \
			+13035550143 +4366666666666 +4366666666667 +13035550144 | dnc-ingest
	}
	export -f four
	start_hub --roles=roles.conf --default-role=desk
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell four >&9
		expect {"seq":1}
		expect {"type":"dnc.connection.gap","metadata":{"from_seq":2,"to_seq":2,"reason":"role_cost"}}
		expect {"seq":3}
		expect {"seq":4}
		say {"type":"ping"}
		expect {"type":"dnc.connection.pong"}
	END
	[ "$(grep -c 'what a role sees take too much work' hub.err)" = 1 ]
	curl -s "http://$ADDRESS/api/v1/events" -D head >page
	[ "$(jq -r .seq page)" = 1 ]
	grep -q '^link: </api/v1/events?since=1>' head
	curl -s "http://$ADDRESS/api/v1/events?since=1" -D head >page
	[ "$(jq -r .seq page | tr '\n' ' ')" = '3 4 ' ]
	grep -q '^x-dnc-gap: 2-2' head
	# The same with the newest event first.
	curl -s "http://$ADDRESS/api/v1/events?order=desc" -D head >page
	[ "$(jq -r .seq page | tr '\n' ' ')" = '4 3 ' ]
	grep -q '^link: </api/v1/events?order=desc&before=3>' head
	refute grep -qi '^x-dnc-gap' head
	curl -s "http://$ADDRESS/api/v1/events?order=desc&before=3" -D head >page
	[ "$(jq -r .seq page)" = 1 ]
	grep -q '^x-dnc-gap: 2-2' head
	refute grep -qi '^link' head
}

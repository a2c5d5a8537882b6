# What the hub tells of itself and its clients: information, named filters, figures.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

mint() { dnc-token mint -k key --sub=desk "$@"; }
get() { curl -s --max-time 20 ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "http://$ADDRESS/api/v1/$1"; }

@test "info tells who asks, and what it may do" {
	start_hub --default-role=operator
	[ "$(get info | jq -c '[.authentication, .you]')" = \
		'[false,{"role":"operator","permissions":["dnc:read","dnc:stream","telephony:read"],"masked":true,"sees_all":true}]' ]
	exec 9>&-
	kill "$HUB"
	wait "$HUB" || :
	dnc-token keygen -o key
	start_hub --keys=key
	TOKEN=$(mint --role=compliance --ttl=1h)
	[ "$(get info | jq -c '[.authentication, (.you | .subject, .role, .masked)]')" = '[true,"desk","compliance",false]' ]
	[ "$(get info | jq '.you.expires_at | fromdate? // (.[:19] + "Z" | fromdate) | . - now | . > 3500 and . < 3601')" = true ]
	TOKEN=$(mint --role=operator --perm=metrics:read)
	[ "$(get info | jq -c '.you.permissions')" = '["dnc:read","dnc:stream","telephony:read","metrics:read"]' ]
}

@test "info tells whether the role sees all events" {
	cat >roles.conf <<-'END'
		[role part]
		permissions = dnc:read, dnc:stream
		sees = {"providers":["federal_dnc"]}
	END
	dnc-token keygen -o key
	start_hub --keys=key --roles=roles.conf
	local role seen
	while read -r role seen; do
		TOKEN=$(mint --role="$role")
		[ "$(get info | jq -c '[.you.role, .you.sees_all]')" = "[\"$role\",$seen]" ]
	done <<-'END'
		part false
		operator true
		security false
		compliance true
		admin true
	END
}

@test "named filters are offered to their roles, and a reload changes them" {
	cat >roles.conf <<-'END'
		[filter urgent]
		filter = {"min_severity": "high",
		  "event_types": ["dnc.compliance.violation"]}
		about = What must be answered at once
		roles = compliance, late
		[role late]
		permissions = dnc:stream
		[filter all]
		filter = {}
	END
	# They are printed as they can be read.
	dnc-wsd --roles=roles.conf --print-roles >printed
	grep -q '^about = What must be answered at once$' printed
	dnc-wsd --roles=printed --print-roles | diff printed -
	dnc-token keygen -o key
	start_hub --keys=key --roles=roles.conf
	TOKEN=$(mint --role=late)
	[ "$(get filters | jq -c .)" = '{"filters":[{"name":"urgent","about":"What must be answered at once","filter":{"event_types":["dnc.compliance.violation"],"min_severity":"high"}},{"name":"all","filter":{}}]}' ] ||
		{ get filters; false; }
	# It is what a client can send.
	client <<-END
		connect /ws/dnc header "Authorization: Bearer $TOKEN"
		say {"type":"subscribe","filters":$(get filters | jq -c '.filters[0].filter')}
		until {"type":"dnc.subscription.confirmed"}
	END
	TOKEN=$(mint --role=operator)
	[ "$(get filters | jq -c '.filters | map(.name)')" = '["all"]' ]
	TOKEN=$(mint --role=publisher)
	[ "$(get filters | jq .status)" = 403 ]
	printf '[filter one]\nfilter = {}\n[filter two]\nfilter = {"severities":["low"]}\n' >roles.conf
	kill -HUP "$HUB"
	TOKEN=$(mint --role=operator)
	reloaded() { [ "$(get filters | jq -c '.filters | map(.name)')" = '["one","two"]' ]; }
	wait_for reloaded
	# One that is wrong changes nothing, and is named with its line.
	printf '[filter one]\nfilter = {}\n[filter two]\nfilter = {"colour":1}\n' >roles.conf
	kill -HUP "$HUB"
	wait_for has_line 'roles.conf:4: \[filter two\] filter: ' hub.err
	reloaded
}

@test "stats tells what happens" {
	dnc-token keygen -o key
	start_hub --keys=key --rejects=rejects --workers=3
	TOKEN=$(mint --role=admin)
	[ "$(get stats | jq -c '[.events.last_at, .latency_ms, .log.commit_ms.p50]')" = \
		'[null,{"p50":null,"p99":null,"max":null,"count":0},null]' ]
	connections() { [ "$(get stats | jq '.connections.active')" = "$1" ]; }
	for filter in '{"phone_patterns":["^\\+1303555000"]}' '{"min_severity":"low"}' '{}' '{}'; do
		echo "{\"type\":\"subscribe\",\"filters\":$filter}" >"subscribe.$((++n))"
		client <<-END >/dev/null &
			connect /ws/dnc header "Authorization: Bearer $TOKEN"
			say $(cat "subscribe.$n")
			until {"type":"dnc.subscription.confirmed"}
			shell touch ready.$n
			within 120
			until 1 events
			shell touch got.$n
			until 1000 events
		END
		PIDS+=($!)
		wait_for test -e "ready.$n"
	done
	wait_for connections 4
	{
		events 100
		echo '{"type":"dnc.unheard.of"}'
	} >&9
	for n in 1 2 3 4; do wait_for test -e "got.$n"; done
	# Each worker tells its own counts, once a second. The first filter looks at the numbers that begin as it says, and gets nine of them.
	counted() {
		[ "$(get stats | jq '.events.total == 100 and .filters.evaluated >= 209 and .input.rejected == 1 and
			.latency_ms.count >= 100 and .events.per_s > 0 and
			(.filters.channels | any(.evaluated == 9 and .matched == 9 and .efficiency == 1))')" = true ]
	}
	wait_for counted || { get stats; false; }
	get stats >stats
	jq . stats >&2
	jq -e '.connections.by_role.admin == 4 and .latency_ms.p50 > 0 and .latency_ms.p99 <= .latency_ms.max' stats
	jq -e '(.filters.channels | length) >= 3 and (.filters.channels | map(.clients) | add) == 4' stats
	jq -e '.filters.channels | all(.matched <= .evaluated)' stats
	[ "$(get clients | jq -c '.clients | map(.channel) | unique')" = "$(jq -c '.filters.channels | map(.id) | sort' stats)" ]
	jq -e '.ready and .input.accepted == 100 and .queues.ring_events == 100 and .lag.max == 0' stats
	jq -e '.log.bytes > 0 and .log.commit_ms.p99 > 0' stats
	on_postgres || jq -e '.log.disk_free_bytes > 0' stats
	jq -e '(now - (.events.last_at[:19] + "Z" | fromdate)) < 120' stats
	jq -e '.recent.rejects[0] | .line == 101 and .code == "unknown_type" and (has("text") | not)' stats
}

@test "rejects and refusals are told to those who may know, without what was sent" {
	dnc-token keygen -o key
	start_hub --keys=key --rejects=rejects
	TOKEN=$(mint --role=publisher)
	printf '%s\n' '{"phone_number":"+13035550199"}' '{"type":"dnc.x","phone_number":"+13035550199"}' >body
	curl -s -o answer -H "Authorization: Bearer $TOKEN" --data-binary @body "http://$ADDRESS/api/v1/events"
	[ "$(jq .rejected_count answer)" = 2 ]
	echo 'nonsense +13035550199' >&9
	[ "$(get events | jq .status)" = 403 ]
	TOKEN=$(mint --role=monitor --permission=dnc:read)
	three() { [ "$(get stats | jq '.recent.rejects | length')" = 3 ]; }
	wait_for three
	get stats >stats
	jq -c .recent stats
	[ "$(jq -c '.recent.rejects | sort_by(.source, .line) | map([.source, .line, .code])' stats)" = \
		'[["http:desk",1,"missing_type"],["http:desk",2,"unknown_type"],["stdin",1,"invalid_json"]]' ]
	[ "$(jq -c '.recent.refusals | map([.address, .reason])' stats)" = \
		'[["127.0.0.1","access denied: the permission dnc:replay is missing; use a token whose role has it"]]' ]
	refute grep -q 5550199 stats
	jq -e '(.connections | has("by_role") | not) and (.filters | has("channels") | not)' stats
	TOKEN=$(mint --role=operator)
	get stats | jq -e 'has("events") and (has("recent") | not)'
}

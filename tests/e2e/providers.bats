# What the hub knows last of each provider, and how much was logged lately.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

get() { curl -s --max-time 10 "http://$ADDRESS/api/v1/$1"; }
providers() { get providers | jq -c '.providers[]'; }

# The sum of all steps of TYPE in PERIOD.
counted() { get "rates?period=$1" | jq ".types[\"dnc.$2\"] | add"; } # PERIOD TYPE

synced() { # PROVIDER STATUS [MEMBERS]
	printf '{"type":"dnc.list.synced","provider":"%s","sync_status":"%s"%s}\n' "$1" "$2" "${3:+,$3}"
}

# Publishes the records on standard input, and waits until N are in the log.
log() { # N
	dnc-ingest -q >&9
	wait_for last_seq_is "$1"
}

days_ago() { date -u -d "@$(($(date +%s) - $1 * 86400 ${2:+- $2}))" +%Y-%m-%dT%H:%M:%SZ; } # DAYS [SECONDS]

# Kills the hub as a crash does.
crash() {
	kill -9 "$HUB"
	wait "$HUB" || :
}

fill() {
	{
		synced federal_dnc success '"provider_id":"p-1","records_added":3'
		synced federal_dnc failed
		synced state_tx success
		echo '{"type":"dnc.provider.status_change","provider":"state_tx","old_status":"online","new_status":"degraded"}'
		echo '{"type":"dnc.compliance.violation","phone_number":"+13035550143","violation_type":"t"}'
	} | log 5
}

# What does not depend on the time of the test.
as_known() { get providers | jq -c 'del(.now) | del(.. | .age_s?)'; }

check_filled() {
	[ "$(providers | jq -r '[.provider, .last_sync.seq, .last_sync.sync_status, .last_good_sync.seq, .last_good_sync.sync_status, .status, .status_seq, .overdue] | join(" ")')" = \
		$'federal_dnc 2 failed 1 success   false\nstate_tx 3 success 3 success degraded 4 false' ]
	[ "$(counted 15m list.synced) $(counted 24h list.synced) $(counted 15m compliance.violation) $(counted 24h number.released)" = '3 3 1 0' ]
}

@test "providers and rates are known with either kind of log, and after kill -9" {
	local data
	for data in "$PWD/data" :memory:; do
		start_hub --data="$data"
		[ "$(providers)" = '' ]
		fill
		check_filled
		get providers | jq -e '.since == null and .max_age_s == 2678400 and (.providers[0].last_sync | .age_s >= 0 and .age_s < 600 and .summary == "federal_dnc list sync: failed")'
		as_known >before
		crash
	done
	# Of the first one: the second had no directory.
	start_hub
	check_filled
	as_known | diff before - >changed || grep -q . changed
	crash
	start_hub
	check_filled
	# An orderly end.
	kill "$HUB"
	wait "$HUB" || :
	start_hub
	check_filled
}

@test "rates count each event in the log once, though the hub is killed while events come" {
	local i before=0 all
	for i in 1 2 3 4; do
		start_hub
		while :; do
			events 2000
			synced "p$i" success
		done 2>/dev/null >&9 &
		PIDS+=("$!")
		# Some are logged, and more are coming.
		more_than() { [ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .last_seq)" -gt "$1" ]; }
		wait_for more_than "$((before + 2500))"
		crash
		exec 9>&-
		kill "${PIDS[-1]}" 2>/dev/null || :
		wait "${PIDS[-1]}" || :
		start_hub
		before=$(get info | jq .last_seq)
		all=$(get 'rates?period=24h' | jq '[.types[][]] | add')
		echo "$before events, $all counted"
		[ "$all" = "$before" ]
		[ "$(counted 15m list.synced)" = "$(log_sql data "SELECT count(*) FROM events WHERE type = 'dnc.list.synced'")" ]
		[ "$(get providers | jq -r '[.providers[].last_good_sync.seq] | join(" ")')" = \
			"$(log_sql data "SELECT max(seq) FROM events WHERE type = 'dnc.list.synced' GROUP BY provider ORDER BY provider" | paste -sd' ')" ]
		crash
	done
}

@test "a list is overdue after 31 days without a good sync" {
	start_hub
	{
		synced a success "\"timestamp\":\"$(days_ago 30)\""
		synced b success "\"timestamp\":\"$(days_ago 31 60)\""
		synced b partial
		synced c failed
		synced d completed
		synced e SUCCESS
		echo '{"type":"dnc.provider.status_change","provider":"f","new_status":"offline"}'
		# One that arrives late changes nothing.
		synced e success "\"timestamp\":\"$(days_ago 40)\""
		# A clock that is ahead makes no sync newer than it is.
		synced g success "\"timestamp\":\"2999-01-01T00:00:00Z\""
	} | log 9
	providers >known
	[ "$(jq -r '"\(.provider) \(.last_sync.seq) \(.last_good_sync.seq) \(.overdue)"' known)" = 'a 1 1 false
b 3 2 true
c 4 null true
d 5 null true
e 6 6 false
f null null true
g 9 9 false' ]
	jq -se '.[6].last_good_sync | .age_s < 600 and (.at | startswith("2999") | not)' known
	jq -se '.[0].last_good_sync.age_s | . >= 30 * 86400 and . < 30 * 86400 + 600' known
	curl -s "http://$ADDRESS/metrics" | grep '^dnc_provider' >metrics
	grep -q '^dnc_providers_refused_total 0$' metrics
	# Whose list was never taken well is no smaller than any limit, and neither is who has told only its status.
	[ "$(awk '/sync_age/ {print $1, ($2 == "+Inf" || $2 + 0 > 31 * 86400)}' metrics)" = 'dnc_provider_last_sync_age_seconds{provider="a"} 0
dnc_provider_last_sync_age_seconds{provider="b"} 1
dnc_provider_last_sync_age_seconds{provider="c"} 1
dnc_provider_last_sync_age_seconds{provider="d"} 1
dnc_provider_last_sync_age_seconds{provider="e"} 0
dnc_provider_last_sync_age_seconds{provider="f"} 1
dnc_provider_last_sync_age_seconds{provider="g"} 0' ]
}

@test "each role gets what it sees of providers and rates" {
	cat >roles.conf <<-'END'
		[role desk]
		permissions = dnc:read
		[role blind]
		permissions = dnc:read
		hides = provider
		[role mute]
		permissions = dnc:read
		hides = event_data.sync_status
		[role failures]
		permissions = dnc:read compliance:read
		sees = {"sync_statuses": ["failed"], "event_types": ["dnc.list.synced"]}
		[role none]
		permissions = dnc:stream
	END
	start_hub --roles=roles.conf --default-role=desk
	fill
	as_role() {
		kill "$HUB"
		wait "$HUB" || :
		start_hub --roles=roles.conf --default-role="$1"
	}
	# Masked, and without violations.
	[ "$(providers | jq -r '"\(.provider) \(.provider_id) \(.last_sync.sync_status) \(.last_good_sync.seq) \(.overdue)"')" = $'federal_dnc null failed 1 false\nstate_tx null success 3 false' ]
	[ "$(get rates | jq -c '.types | keys')" = '["dnc.check.performed","dnc.list.synced","dnc.number.released","dnc.number.suppressed","dnc.provider.status_change"]' ]
	get stats | jq -e '.events.total == 5 and (.events.last_at | type) == "string" and .queues.ring_events == 5'
	# The bytes of an event, and what the filters of others match, would tell what is masked in it.
	get stats | jq -e '[.queues.ring_bytes, .queues.log_bytes, .filters[]] | all(. == null) and length == 5'
	get stats | jq -e '[.log | .bytes, .free_bytes, .wal_bytes] | all(. % 65536 == 0)'
	as_role blind
	[ "$(get providers | jq -c .providers)" = '[]' ]
	as_role mute
	[ "$(providers | jq -c '[.provider, .last_sync.seq, .last_sync.sync_status, .last_good_sync, .overdue, .status]')" = '["federal_dnc",2,null,null,null,null]
["state_tx",3,null,null,null,"degraded"]' ]
	as_role failures
	[ "$(providers | jq -c '[.provider, .last_sync.seq, .last_good_sync, .overdue, .status]')" = '["federal_dnc",2,null,null,null]' ]
	# What counts all events is hidden alike, and no refusal: a page asks for it again and again.
	get rates | jq -e '.types == {} and .step_s == 10 and (.reason | startswith("the role sees some events only, and the counts are those of all"))'
	get stats | jq -e '[.events[], .latency_ms.count, .input[], .queues.ring_events, .queues.log_events] | all(. == null) and length == 10'
	! grep 'audit {.*refused' hub.err
	as_role none
	[ "$(get providers | jq .status) $(get rates | jq .status)" = '403 403' ]
}

@test "rates have the steps of their period, and what is wrong with a query is said" {
	start_hub
	events 3 | log 3
	get rates >short
	get 'rates?period=24h' >long
	jq -e '.period == "15m" and .step_s == 10 and (.types | length) == 6 and all(.types[]; length == 90)' short
	jq -e '.period == "24h" and .step_s == 900 and all(.types[]; length == 96)' long
	# Before the log was begun nothing is known; 0 would be a lie.
	jq -e '.types["dnc.number.released"] | .[0] == null and .[-1] == 0' short
	jq -e '.types["dnc.number.released"] | .[0] == null and .[-1] == 0' long
	jq -e '(.now | .[:19] + "Z" | fromdate) - (.from | .[:19] + "Z" | fromdate) | . >= 890 and . < 901' short
	jq -e '.counted_from > .from and .counted_from <= .now' short
	[ "$(get 'rates?period=1h' | jq -r '"\(.status) \(.detail)"')" = '400 period must be 15m or 24h' ]
	[ "$(get 'rates?colour=red' | jq -r '"\(.status) \(.detail)"')" = '400 colour is unknown: only period is known' ]
	[ "$(counted 15m compliance.violation)" = 3 ]
}

@test "names of providers are data, in JSON and in metrics" {
	start_hub
	jq -cn '{type: "dnc.list.synced", provider: "a\"b\\c\nd\u001b[31m", sync_status: "success"}' | log 1
	[ "$(providers | jq -r .provider)" = $'a"b\\c\nd\e[31m' ]
	curl -s "http://$ADDRESS/metrics" >metrics
	grep -qF 'dnc_provider_last_sync_age_seconds{provider="a\"b\\c\\nd\\u001b[31m"} ' metrics || { grep '^dnc_prov' metrics; false; }
	crash
	start_hub
	[ "$(providers | jq -r .provider)" = $'a"b\\c\nd\e[31m' ]
}

@test "the example of a sync, sent by dnc-emit, is a provider" {
	start_hub --input="unix:$PWD/ingest.sock"
	dnc-emit -q --socket="$PWD/ingest.sock" list.synced provider=federal_dnc sync_status=success records_added=1204
	wait_for last_seq_is 1
	dnc-ingest -q --output="unix:$PWD/ingest.sock" "$ROOT/examples/data/suppressions.ndjson"
	wait_for eval '[ "$(counted 15m list.synced)" = 2 ]'
	[ "$(providers | jq -c '[.provider, .last_good_sync.seq, .status, .overdue]')" = '["federal_dnc",5,null,false]
["state_dnc",null,"degraded",true]' ]
}

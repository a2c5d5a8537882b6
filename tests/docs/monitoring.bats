# The alerts for Prometheus and the dashboard for Grafana in examples/: what they ask for is what hubs say.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp -r "$ROOT/examples/prometheus" "$ROOT/examples/grafana" .
	DASHBOARD=grafana/dnc-hubs.json
}

# What the dashboard asks for; its variables stand for what Grafana puts there.
expressions() {
	jq -r '(.panels[].targets // [] | .[].expr), .annotations.list[].expr' "$DASHBOARD" |
		sed 's/\$__rate_interval/5m/g; s/\$job/.*/g; s/\$instance/.*/g'
}

metrics_in() { grep -oE '\b(dnc|process)_[a-z_]+' | sort -u; }

# A hub with this log, with an event of each kind that makes metrics, a reject, a client that is there and one that was.
all_metrics() { # OPTION
	mkfifo in
	dnc-wsd -q --listen=127.0.0.1:0 "$1" <>in >address 2>err 3>&- &
	PIDS+=($!)
	wait_for has_content address
	ADDRESS=$(cat address)
	events 3 >in
	echo 'no event' >in
	echo '{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"success"}' | dnc-ingest -q >in
	wait_for last_seq_is 4
	dnc-tail -e --since=0 "ws://$ADDRESS" >tail
	[ "$(wc -l <tail)" = 4 ]
	curl -sN "http://$ADDRESS/api/v1/stream" >stream 3>&- &
	PIDS+=($!)
	wait_for has_content stream
	curl -s "http://$ADDRESS/metrics" >metrics
	promtool check metrics <metrics
	{ sed '/^#/d; s/[{ ].*//' metrics; awk '$2 == "TYPE" {print $3}' metrics; } | sort -u
}

# asked_for_is_there FILE - each metric that is asked for is in the list FILE
asked_for_is_there() {
	{ cat prometheus/dnc.rules.yml; expressions; } | metrics_in >asked
	[ "$(wc -l <asked)" -ge 40 ]
	comm -23 asked "$1" >missing
	diff missing /dev/null
}

@test "the alerts are valid, and each one is tested" {
	cd prometheus
	promtool check rules dnc.rules.yml
	touch dnc.token
	sed "s|/etc/prometheus/|$PWD/|" prometheus.yml >here.yml
	promtool check config here.yml
	promtool test rules dnc.rules.test.yml
	diff <(grep -oP 'alert: \K.*' dnc.rules.yml | sort) <(grep -oP 'alertname: \K.*' dnc.rules.test.yml | sort)
}

@test "the dashboard is JSON that Grafana reads, each of its questions is one, and no panel covers another" {
	jq -e '.title and .uid and .schemaVersion and (.panels | length > 20)' "$DASHBOARD"
	[ "$(jq '[.panels[].id] | length - (unique | length)' "$DASHBOARD")" = 0 ]
	[ "$(jq -c '[.panels[].gridPos | select(.x + .w > 24)]' "$DASHBOARD")" = '[]' ]
	[ "$(jq -c '[.panels[].gridPos | [range(.x; .x + .w)] as $x | [range(.y; .y + .h)] as $y | $x[] as $i | $y[] as $j | [$i, $j]] | length - (unique | length)' "$DASHBOARD")" = 0 ]
	expressions | jq -Rn '{groups: [{name: "all", rules: [foreach inputs as $e (0; . + 1; {record: "asked:\(.)", expr: $e})]}]}' >all.yml
	promtool check rules all.yml
}

@test "each metric of the alerts and the dashboard is one of a hub with a log in files" {
	all_metrics --data=data >there
	asked_for_is_there there
	grep -qx 'dnc_ready 1' metrics
}

@test "each metric of the alerts and the dashboard is one of a hub on PostgreSQL" {
	start_postgres a
	pg_make_log a
	all_metrics --log="$(pg_log_at a)" >there
	asked_for_is_there there
	# What a file has not.
	[ "$(awk '$1 == "dnc_log_rows_read_total" {print ($2 >= 4)}' metrics)" = 1 ]
	kill_postgres a
	events 1 >in
	not_ready() { curl -s "http://$ADDRESS/metrics" | grep -qx 'dnc_ready 0'; }
	wait_for not_ready
}

# The commands of README.md and the manuals, run as they are printed, each with its effect. How a check is
# written is told in documented.bash.
load ../helper
load documented

# Blocks that hold no command.
shown <<'END'
cron, scripts ---- dnc-emit ---.
120 duplicates=3 rejected=1 dropped=2
<list type="full" val="303"><ac val="303"><ph val="5550143"/></ac></list>
list.csv: read as csv: 3 columns separated by semicolons, the header names phone
{"line":17,"source":"list.csv","code":"invalid_phone_number","message":"...","raw":"..."}
{"type":"dnc.number.suppressed","phone_number":"(202) 555-0143",
[role night-shift]
[filter urgent]
{"now":...,"max_age_s":2678400,"providers":[{
{"period":"15m","now":...,"step_s":10,"from":...,
dnc_provider_last_sync_age_seconds > 31 * 86400
[rule area]
{"event": {"type": "dnc.number.suppressed", "phone_number": "+19165550143", "reason": "complaint"}, "verdict": "drop"}
{"name": "fraud is marked",
01890a5d-...: pass by fraud (sacramento: phone)
map $http_upgrade $connection_upgrade {
defaults
END
shown <<'END'
dnc-ingest | dnc-filter | dnc-wsd serves ws://127.0.0.1:41837/ws/dnc (also http://127.0.0.1:41837/metrics)
END

@test "each command of README and the manuals has a check, and each check its command" {
	# (The rules of dnc-rules(5) are checked in tests/cli/rules.bats.)
	heredocs_of shown "$BATS_TEST_DIRNAME"/*.bats | tr -d '\0' >shown
	documented_commands shown "$ROOT/README.md" "$ROOT"/man/*.[178] >documented
	heredocs_of documented "$BATS_TEST_DIRNAME"/*.bats | all_commands_in >checked
	[ "$(wc -l <documented)" -gt 30 ]
	if ! diff documented checked >differences; then
		sed -n 's/^< /has no check: /p; s/^> /is no longer documented: /p' differences
		return 1
	fi
}

@test "a new command in a manual is found, whatever it begins with" {
	cat >page.8 <<-'E'
		.Bd -literal
		rsync a b |
		    cat
		echo 'x
		y' \e
		    z
		.Ed
		.Dl one
		text
		.Bd -literal -offset indent
		{"line":1}
		not code
		.Ed
	E
	printf 'Text `make it` and `word`.\n\n    $one\n    # no\n    two     # three\n' >page.md
	echo '{"line":1}' >named
	[ "$(documented_commands named page.8 page.md | LC_ALL=C sort)" = "\$one
echo 'x y' z
make it
one
rsync a b | cat
two" ]
}

# README.md

@test "README: the demo" {
	documented <<-'END'
	DEMO_SECONDS=10 make demo
	END
	[[ $BIN == *release* ]] || skip "once is enough"
	cd "$ROOT"
	run_command
	cd "$BATS_TEST_TMPDIR"
	grep -q 'serves ws://127.0.0.1:' out.0
	[ "$(grep -c 'number.suppressed\|number.released\|check.performed' out.0)" -ge 5 ]
}

@test "README: the demo without an end" {
	documented <<-'END'
	make demo
	END
	skip "runs until Ctrl-C; with DEMO_SECONDS it is run"
}

@test "README: the tests" {
	documented <<-'END'
	make check
	END
	skip "runs this"
}

@test "README: benches" {
	documented <<-'END'
	make bench
	make bench-hub
	make soak
	END
	skip "take minutes, and measure the machine"
}

@test "README: help" {
	documented <<-'END'
	make help
	END
	cd "$ROOT"
	run_command
	cd "$BATS_TEST_TMPDIR"
	grep -q '^make check ' out.0
	grep -q '^make bench-hub ' out.0
}

@test "README: install" {
	documented <<-'END'
	make install
	END
	[[ $BIN == *release* ]] || skip "once is enough"
	export DESTDIR="$BATS_TEST_TMPDIR/root" PREFIX=/usr
	cd "$ROOT"
	run_command
	local c
	for c in $(cd cmd && echo *); do
		[ -x "$DESTDIR/usr/bin/$c" ]
		[ -f "$DESTDIR/usr/share/bash-completion/completions/$c" ]
		[ -f "$DESTDIR/usr/share/man/man1/$c.1" ] || [ -f "$DESTDIR/usr/share/man/man8/$c.8" ]
	done
	[ -f "$DESTDIR/usr/share/man/man7/dnc-events.7" ]
}

@test "README: a manual before it is installed" {
	documented <<-'END'
	man ./man/dnc-wsd.8
	END
	[ -n "$(type -p man)" ] || skip "man-db is not here"
	cd "$ROOT"
	run_command
	grep -q 'keep the log of Do-Not-Call events' "$BATS_TEST_TMPDIR/out.0"
}

# A baseline of 100 numbers by the command 0 is no event; then one that has left and one that is new, by the command 1, are the
# two events of the hub with the socket SOCKET.
compares_full_lists() { # SET SOCKET
	seq -f '202,555%04g' 1 100 >full-1.txt
	seq -f '202,555%04g' 2 101 >full-2.txt
	start_hub --input=unix:"$2"
	run_command 0
	[ ! -s out.0 ]
	grep -q 'a baseline of 100 numbers, 0 duplicate rows; no event was made of them' err.0
	[ "$(stat -c %a "$1")" = 600 ]
	cp "$1" baseline
	run_command 1
	[ "$(sqlite3 data/events.db 'SELECT type || phone_number FROM events ORDER BY phone_number' | tr '\n' ' ')" = \
		'dnc.number.released+12025550001 dnc.number.suppressed+12025550101 ' ]
	refute cmp -s "$1" baseline
	# It is the set of the second list: the same once more makes no event.
	run_command 1
	[ "$(event_count data/events.db)" -eq 2 ]
}

@test "README: a full list is compared with the one before" {
	documented <<-'END'
	dnc-ingest --format=ftc-full --against=federal.set --baseline full-1.txt
	dnc-ingest --format=ftc-full --against=federal.set --output=unix:hub.sock full-2.txt
	END
	compares_full_lists federal.set hub.sock
}

@test "README: a list of numbers, one area code, served; followed, asked for and queried" {
	documented <<-'END'
	dnc-ingest --format=numbers --reason=complaint --source=consumer numbers.txt |
	    dnc-filter --phone '^\+1916' | dnc-wsd
	curl 'http://127.0.0.1:8080/api/v1/events?phone=%2B19165550186'
	sqlite3 ~/.local/state/dnc/events.db "SELECT event FROM events WHERE phone_number = '+19165550186'"
	END
	printf '%s\n' '(916) 555-0186' '(202) 555-0143' '916-555-0187' >numbers.txt
	start_documented_hub 0
	wait_for last_seq_is 2
	run_command 1
	[ "$(jq -c '[.seq,.type,.event_data.reason,.event_data.source]' out.1)" = '[1,"dnc.number.suppressed","complaint","consumer"]' ]
	run_command 2
	[ "$(jq -r .phone_number out.2)" = +19165550186 ]
}

@test "README: a list of one's own, and its sync" {
	documented <<-'END'
	dnc-wsd --input=unix:hub.sock
	dnc-ingest --summary --provider=my_list --output=unix:hub.sock mylist.csv
	dnc-tail -e -n 1 -t dnc.list.synced
	END
	printf 'phone_number,reason\n(202) 555-0143,complaint\n916-555-0186,consumer_request\n' >mylist.csv
	start_documented_hub 0
	wait_for test -S hub.sock
	run_command 1
	run_command 2
	grep -q 'list.synced .* my_list ' out.2
	curl -s "http://$ADDRESS/api/v1/providers" | jq -e '.providers[0] | .provider == "my_list" and .last_good_sync.sync_status == "success"'
	curl -s "http://$ADDRESS/" | grep -q 'id="providers"'
}

@test "README: the events of a month for a spreadsheet" {
	documented <<-'END'
	dnc-tail -e --since=-30d -o csv >month.csv
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events 3 >&9
	wait_for last_seq_is 3
	run_command
	[ "$(cut -d, -f 1,5 month.csv | tr '\n' ' ')" = 'seq,phone_number 1,+13035550001 2,+13035550002 3,+13035550003 ' ]
}

@test "README: the newest events and those to come" {
	documented <<-'END'
	dnc-tail -n 100
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events 150 >&9
	wait_for last_seq_is 150
	start_command
	wait_for lines_are 100 out.0
	events 1 >&9
	wait_for lines_are 101 out.0
	tail -1 out.0 | grep -q +13035550001
}

@test "README: a dialer goes on where it stopped" {
	documented <<-'END'
	dnc-tail --state=place -o json | load-dialer
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events 5 >&9
	wait_for last_seq_is 5
	follows_after_a_restart dialed
}

# The dialer has 5 events; while it is away there come 5 more, and it goes on with those.
follows_after_a_restart() { # FILE
	: >"$1"
	start_command
	wait_for lines_are 5 "$1"
	kill "$STARTED"
	wait "$STARTED" || :
	events 5 >&9
	wait_for last_seq_is 10
	start_command
	wait_for lines_are 10 "$1"
	[ "$(jq .seq "$1" | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 10 ' ]
}

@test "README: a dialer that has succeeded before the place moves" {
	documented <<-'END'
	dnc-tail --state=place -o json --exec=load-dialer
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events 5 >&9
	wait_for last_seq_is 5
	goes_back_when_the_dialer_fails place
}

# The dialer fails once with what it had in its hands, gets it again, and the place is that of its success.
goes_back_when_the_dialer_fails() { # STATE-FILE
	cat >bin/load-dialer <<-'END'
		#!/bin/sh
		cat >>"$HOME/had"
		[ -e "$HOME/failed" ] || { : >"$HOME/failed"; exit 1; }
		exec cp "$HOME/had" "$HOME/dialed"
	END
	start_command
	wait_for test -e failed
	all_came() { [ "$(jq .seq dialed 2>/dev/null | sort -un | tr '\n' ' ')" = '1 2 3 4 5 ' ]; }
	wait_for all_came
	place_is() { [ "$(cut -d' ' -f2 "$1")" = 5 ]; }
	wait_for place_is "$1"
	[ "$(jq .seq had | sort | uniq -d | wc -l)" -ge 1 ]
}

# A certificate for this machine, which what is run here trusts.
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=hub.example -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	export SSL_CERT_FILE="$BATS_TEST_TMPDIR/cert.pem" CURL_CA_BUNDLE="$BATS_TEST_TMPDIR/cert.pem"
}

@test "README: a key, a token, TLS, and what an operator sees" {
	documented <<-'END'
	dnc-token keygen -o desk.jwk
	dnc-token mint -k desk.jwk --sub=desk-7 --role=operator --ttl=8h >token
	dnc-wsd --keys=desk.jwk.pub --listen=0.0.0.0:8443 --tls-cert=cert.pem --tls-key=key.pem --input=unix:hub.sock
	dnc-tail --token-file=token wss://hub.example:8443/ws/dnc
	END
	make_certificate
	run_command 0
	run_command 1
	start_documented_hub 2
	start_command 3
	wait_for subscribed https desk.jwk
	events 1 | dnc-filter --output=unix:hub.sock
	echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}' | dnc-filter --output=unix:hub.sock
	wait_for has_content out.3
	grep -qF '+1******0144' out.3
	refute grep -q '5550144\|violation' out.3
}

# Somebody has subscribed at the hub, seen with a token that the key signs.
subscribed() { # SCHEME KEY
	[ "$(curl -s -H "Authorization: Bearer $(dnc-token mint -k "$2" --sub=me --role=admin)" \
		"$1://$ADDRESS/api/v1/clients" | jq '.clients | map(select(.subscribed)) | length')" = 1 ]
}

@test "README: events by HTTP, and the log of access" {
	documented <<-'END'
	curl -H "Authorization: Bearer $(cat feed)" --data-binary @events.ndjson https://hub.example:8443/api/v1/events
	sqlite3 events.db "SELECT record FROM access"
	END
	make_certificate
	dnc-token keygen -o feed.jwk >kid
	dnc-token mint -k feed.jwk --sub=feed --role=publisher >feed
	start_hub --keys=feed.jwk.pub --tls-cert=cert.pem --tls-key=key.pem
	events 3 >events.ndjson
	run_command 0
	[ "$(jq -c '[.accepted,.last_seq,.rejected]' out.0)" = '[3,3,[]]' ]
	[ "$(event_count data/events.db)" = 3 ]
	cd data
	published() { run_command 1 && grep -q published ../out.1; }
	wait_for published
	[ "$(jq -r 'select(.what == "published").subject' ../out.1)" = feed ]
}

@test "README: the roles built in" {
	documented <<-'END'
	dnc-wsd --print-roles
	END
	run_command
	grep -qF '[role operator]' out.0
}

@test "README: what the bench of the filter runs" {
	documented <<-'END'
	dnc-filter --phone '^\+1916'
	END
	printf '{"type":"dnc.number.released","phone_number":"+1%s5550143","reason":"expired"}\n' 916 202 >in
	run_command <in
	[ "$(jq -r .phone_number out.0)" = +19165550143 ]
}

# dnc-ingest(1)

@test "dnc-ingest(1): the first event of a CSV file" {
	documented <<-'END'
	dnc-ingest --format=csv --source=partner -x rejects examples/data/suppressions.csv | head -1
	END
	run_command || :	# head has left
	[ "$(jq -c '[.type,.event_data.source,.metadata.source_format]' out.0)" = '["dnc.number.suppressed","partner","csv"]' ]
}

@test "dnc-ingest(1): a map" {
	documented <<-'END'
	dnc-ingest -J examples/maps/ftc-reported-api.jq -x rejects examples/data/reported-page.json
	END
	run_command
	[ "$(jq -r .type out.0 | sort -u)" = dnc.compliance.violation ]
	[ "$(cat out.0 rejects | wc -l)" -eq "$(jq '.data | length' examples/data/reported-page.json)" ]
}

@test "dnc-ingest(1): a change list to the hub" {
	documented <<-'END'
	dnc-ingest --format=ftc-change --output=unix:/run/dnc/hub.sock changes.txt
	END
	start_hub --input=unix:"$DNC_SOCKET"
	cp examples/data/ftc-change.txt changes.txt
	run_command
	[ "$(event_count data/events.db)" -gt 0 ]
	[ "$(event_count data/events.db)" -eq "$(grep -c . changes.txt)" ]
}

@test "dnc-ingest(1): a change list with its summary" {
	documented <<-'END'
	dnc-ingest --summary --provider=federal_dnc -o unix:/run/dnc/hub.sock changes.txt
	END
	start_hub --input=unix:"$DNC_SOCKET"
	cp examples/data/ftc-change.txt changes.txt
	run_command
	[ "$(event_count data/events.db)" -eq $(($(grep -c . changes.txt) + 1)) ]
	[ "$(sqlite3 data/events.db "SELECT severity FROM events WHERE type = 'dnc.list.synced'")" = success ]
}

@test "dnc-ingest(1): a full list is compared with the one before" {
	documented <<-'END'
	dnc-ingest -f ftc-full --against=/var/lib/dnc/federal.set --baseline full-1.txt
	dnc-ingest -f ftc-full --against=/var/lib/dnc/federal.set -o unix:/run/dnc/hub.sock full-2.txt
	END
	compares_full_lists var/lib/dnc/federal.set "$DNC_SOCKET"
}

@test "README, dnc-ingest(1): the files of a directory" {
	documented <<-'END'
	dnc-ingest --watch=/var/spool/dnc --output=unix:/run/dnc/hub.sock
	END
	mkdir -p var/spool/dnc
	cp examples/data/suppressions.csv var/spool/dnc/first.csv
	start_hub --input=unix:"$DNC_SOCKET"
	start_command
	wait_for test -e var/spool/dnc/done/first.csv
	printf 'x\n' >var/spool/dnc/second
	wait_for test -e var/spool/dnc/failed/second.reason
	[ "$(event_count data/events.db)" -eq 2 ]
}

@test "dnc-ingest(1): the files of a directory, from cron" {
	documented <<-'END'
	dnc-ingest --watch=/var/spool/dnc --once --watch-max-age=2d --output=unix:/run/dnc/hub.sock
	END
	mkdir -p var/spool/dnc
	cp examples/data/suppressions.csv var/spool/dnc/first.csv
	start_hub --input=unix:"$DNC_SOCKET"
	run_command
	[ -e var/spool/dnc/done/first.csv ]
	[ "$(event_count data/events.db)" -eq 2 ]
	cp examples/data/numbers.txt var/spool/dnc/old
	touch -d '3 days ago' var/spool/dnc/old
	run run_command
	[ "$status" -eq 1 ]
	grep -q ' was last modified' var/spool/dnc/failed/old.reason
	[ "$(event_count data/events.db)" -eq 2 ]
}

@test "dnc-ingest(1): full lists with their summaries" {
	documented <<-'END'
	dnc-ingest -f ftc-full --against=/var/lib/dnc/vendor.set --baseline --summary -P vendor \
	    -o unix:/run/dnc/hub.sock full-1.txt
	dnc-ingest -f ftc-full --against=/var/lib/dnc/vendor.set --summary -P vendor \
	    -o unix:/run/dnc/hub.sock full-2.txt
	END
	mkdir -p var/lib/dnc
	start_hub --input=unix:"$DNC_SOCKET"
	cp examples/data/ftc-full.txt full-1.txt
	{ cat full-1.txt; echo 303,5550199; } >full-2.txt
	run_command 0
	run_command 1
	[ "$(sqlite3 data/events.db "SELECT event FROM events WHERE type = 'dnc.list.synced'" |
		jq -r '.event_data | "\(.sync_status) \(.records_added)"' | tr '\n' ' ')" = 'success 0 success 1 ' ]
}

@test "dnc-ingest(1): the files of a directory with their summaries" {
	documented <<-'END'
	dnc-ingest --watch=/var/spool/dnc --once --summary -P vendor --output=unix:/run/dnc/hub.sock
	END
	mkdir -p var/spool/dnc
	cp examples/data/suppressions.csv var/spool/dnc/first.csv
	cp examples/data/ftc-change.txt var/spool/dnc/second
	start_hub --input=unix:"$DNC_SOCKET"
	run_command
	[ -e var/spool/dnc/done/second ]
	[ "$(sqlite3 data/events.db "SELECT count(*) FROM events WHERE type = 'dnc.list.synced'")" -eq 2 ]
}

@test "dnc-ingest(1): a compressed export with columns of its own" {
	documented <<-'END'
	dnc-ingest -c phone_number=Mobile -c event_data.campaign="Campaign Id" \
	    --reason=consumer_request --source=internal export.csv.gz
	END
	printf '%s\n' 'Home,Mobile,Campaign Id' '2025550143,9165550186,17' ',9165550187,' | gzip >export.csv.gz
	run_command
	[ "$(jq -c '[.phone_number,.event_data.campaign,.event_data.reason]' out.0 | tr -d '\n')" = \
		'["+19165550186","17","consumer_request"]["+19165550187",null,"consumer_request"]' ]
}

# dnc-filter(1)

@test "dnc-filter(1): of one reason and area" {
	documented <<-'END'
	dnc-ingest -q examples/data/suppressions.ndjson |
	    dnc-filter -t dnc.number.suppressed --suppress-reason=consumer_request -p '^\+1202'
	END
	run_command
	[ "$(jq -rc '[.type,.event_data.reason,.phone_number[:5]]' out.0 | sort -u)" = '["dnc.number.suppressed","consumer_request","+1202"]' ]
}

@test "dnc-filter(1): count what concerns compliance" {
	documented <<-'END'
	dnc-filter -c --compliance-only <events.ndjson
	END
	events 7 >events.ndjson
	echo '{"type":"dnc.provider.status_change","provider":"p","new_status":"online"}' >>events.ndjson
	run_command
	[ "$(cat out.0)" = 7 ]
}

@test "README: rules are checked, tested and used" {
	documented <<-'END'
	dnc-filter --rules=desk.rules --check
	dnc-filter --rules=desk.rules --test=desk.test
	dnc-filter --rules=desk.rules --explain --stats events.ndjson >passed.ndjson
	END
	awk '/^    \[rule area\]/ {on = 1} on && !/^    / && !/^$/ {exit} on {print substr($0, 5)}' "$ROOT/README.md" >desk.rules
	[ "$(grep -c . desk.rules)" -eq 8 ]
	sed -n 's/^    \({"event".*\)/\1/p' "$ROOT/README.md" >desk.test
	printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"fraud_prevention"}\n' +19165550143 +12025550143 >events.ndjson
	run_command 0
	[ ! -s out.0 ] && [ ! -s err.0 ]
	run_command 1
	[ "$(cat out.1)" = '1 case, 0 failed' ]
	run_command 2
	[ "$(jq -r '.phone_number + " " + .severity' passed.ndjson)" = '+12025550143 critical' ]
	cmp passed.ndjson fraud.ndjson
	grep -q ': drop by area$' err.2
}

@test "dnc-filter(1): rules are checked, tested and used" {
	documented <<-'END'
	dnc-filter --rules=examples/rules/call-centre.rules --check
	dnc-filter --rules=examples/rules/call-centre.rules \
	    --test=examples/rules/call-centre.test
	dnc-ingest -q examples/data/suppressions.ndjson |
	    dnc-filter --rules=examples/rules/call-centre.rules --stats
	END
	run_command 0
	[ ! -s out.0 ]
	run_command 1
	grep -q ', 0 failed$' out.1
	run_command 2
	[ "$(wc -l <out.2)" = 7 ]
	grep -q '^check-flood  *1  *1 ' err.2
}

@test "dnc-filter(1): numbers only" {
	documented <<-'END'
	dnc-ingest -q examples/data/suppressions.ndjson | dnc-filter -j .phone_number
	END
	run_command
	grep -qx '"+12025550143"' out.0
}

# dnc-tail(1)

@test "dnc-tail(1): violations up to now" {
	documented <<-'END'
	dnc-tail -e -n 1000 --compliance-only -o json | jq -r .phone_number
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events 3 >&9
	wait_for last_seq_is 3
	run_command
	[ "$(tr '\n' ' ' <out.0)" = '+13035550001 +13035550002 +13035550003 ' ]
}

@test "dnc-tail(1): violations up to now, by --jq" {
	documented <<-'END'
	dnc-tail -e -n 1000 --compliance-only --jq=.phone_number --raw-output
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events 3 >&9
	wait_for last_seq_is 3
	run_command
	[ "$(tr '\n' ' ' <out.0)" = '+13035550001 +13035550002 +13035550003 ' ]
}

@test "dnc-tail(1): suppressions for a spreadsheet" {
	documented <<-'END'
	dnc-tail -e --since=-30d -t dnc.number.suppressed -o csv \
	    --fields=timestamp,phone_number,provider,reason >suppressed.csv
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	printf '{"type":"dnc.number.suppressed","phone_number":"+12025550143","reason":"complaint","provider":"a, \\"b\\"","timestamp":"2026-08-29T08:00:00Z"}\n' >&9
	events 1 >&9
	wait_for last_seq_is 2
	run_command
	printf '%s\r\n' timestamp,phone_number,provider,reason \
		'2026-08-29T08:00:00.000Z,+12025550143,"a, ""b""",complaint' | cmp - suppressed.csv
}

@test "dnc-tail(1): one number in columns of one's own" {
	documented <<-'END'
	dnc-tail --since=-30d -p '^\+12025550143$' --template='{time} {severity:>8} {summary}\n'
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	suppression() { printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"complaint","timestamp":"2026-08-29T08:00:00Z"}\n' "$1"; }
	{ suppression +12025550143; events 1; } >&9
	wait_for last_seq_is 2
	start_command
	wait_for has_content out.0
	suppression +12025550144 >&9
	printf '{"type":"dnc.number.released","phone_number":"+12025550143","reason":"expired"}\n' >&9
	wait_for lines_are 2 out.0
	[ "$(head -1 out.0)" = '2026-08-29T08:00:00.000Z   medium +1******0143 suppressed: complaint' ]
	grep -q '      low +1\*\*\*\*\*\*0143 released: expired' out.0
}

@test "dnc-tail(1): feed a dialer" {
	documented <<-'END'
	dnc-tail --state=/var/lib/dialer/place --since=0 -t 'dnc.number.*' -o json | load-dialer
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	events() {
		local i
		for ((i = 0; i < $1; i++)); do
			echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}'
		done
	}
	events 5 >&9
	wait_for last_seq_is 5
	follows_after_a_restart dialed
}

@test "dnc-tail(1): feed a dialer by exit status" {
	documented <<-'END'
	dnc-tail --state=/var/lib/dialer/place --since=0 -t 'dnc.number.*' -o json \
	    --batch=500 --exec=load-dialer
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	for i in 1 2 3 4 5; do
		echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}'
	done >&9
	wait_for last_seq_is 5
	goes_back_when_the_dialer_fails var/lib/dialer/place
}

@test "dnc-tail(1): wait for one number" {
	documented <<-'END'
	dnc-tail -n 0 -m 1 -t dnc.number.suppressed -p '^\+12025550143$'
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	start_command
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"complaint"}\n' +12025550144 +12025550143 >&9
	wait "$STARTED"
	[ "$(wc -l <out.0)" -eq 1 ]
	grep -qF +12025550143 out.0
}

@test "README, dnc-tail(1): what is known of a number" {
	documented <<-'END'
	dnc-tail --phone='^\+12025550143$' --since=-30d -e
	END
	start_hub
	export DNC_URL="ws://$ADDRESS"
	printf '{"type":"dnc.number.suppressed","phone_number":"%s","reason":"complaint"}\n' +12025550144 +12025550143 >&9
	wait_for last_seq_is 2
	run_command
	[ "$(wc -l <out.0)" -eq 1 ]
	grep -qF +12025550143 out.0
}

@test "dnc-tail(1): from cron" {
	documented <<-'END'
	dnc-tail -e --state=/var/lib/dialer/place --since=0 --fail-on-gap -o json \
	    --exec=load-dialer || [ $? -eq 1 ]
	dnc-tail -n 0 -m 1 -t dnc.list.synced --timeout=26h >/dev/null
	END
	mkdir -p var/lib/dialer
	start_hub
	export DNC_URL="ws://$ADDRESS"
	echo '{"type":"dnc.number.suppressed","phone_number":"+12025550143","reason":"complaint"}' >&9
	wait_for last_seq_is 1
	run_command 0
	grep -qF +12025550143 dialed
	# A night on which nothing came is no failure.
	run_command 0
	[ "$(wc -l <dialed)" -eq 1 ]
	# The position of a log that is gone.
	echo 'ffffffffffffffff 1' >var/lib/dialer/place
	run run_command 0
	[ "$status" -ne 0 ]
	grep -q epoch err.0
	start_command 1
	wait_for eval "curl -s http://$ADDRESS/metrics | grep -q '^dnc_audiences 1'"
	echo '{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"success"}' >&9
	wait "$STARTED"
}

@test "dnc-tail(1): the first of two hubs that answers" {
	documented <<-'END'
	dnc-tail ws://hub-a.example:8443 ws://hub.example:8443
	END
	start_hub
	events 1 >&9
	wait_for last_seq_is 1
	start_command
	wait_for has_line +13035550001 out.0
	grep -q 'hub-a.example has no address' err.0
}

# dnc-emit(1)

@test "dnc-emit(1): someone asked not to be called" {
	documented <<-'END'
	dnc-emit number.suppressed phone_number='(202) 555-0143' \
	    reason=consumer_request source=consumer suppressed_by=agent-7 event_data.campaign=spring
	END
	start_hub --input=unix:"$DNC_SOCKET"
	run_command
	[ "$(sqlite3 data/events.db "SELECT id FROM events WHERE phone_number = '+12025550143'")" = "$(cat out.0)" ]
	[ "$(sqlite3 data/events.db 'SELECT event FROM events' | jq -c '.event_data | [.suppressed_by,.campaign]')" = '["agent-7","spring"]' ]
}

@test "dnc-emit(1): from cron, whatever happens to the hub" {
	documented <<-'END'
	dnc-emit --spool=/var/spool/dnc list.synced provider=federal_dnc \
	    sync_status=success records_added=1204
	dnc-ingest --watch=/var/spool/dnc --once --output=unix:/run/dnc/hub.sock
	END
	run_command 0
	start_hub --input=unix:"$DNC_SOCKET"
	run_command 1
	[ "$(sqlite3 data/events.db 'SELECT event FROM events' | jq -c '[.id,.event_data.records_added]')" = "[\"$(cat out.0)\",1204]" ]
}

@test "dnc-emit(1): to the second of two hubs when the first can't be reached" {
	documented <<-'END'
	dnc-emit --url=http://hub-a.example:8443,http://hub.example:8443 \
	    provider.status_change provider=carrier new_status=online
	END
	start_hub
	run_command
	[ "$(sqlite3 data/events.db 'SELECT id FROM events')" = "$(cat out.0)" ]
	grep -q 'hub-a.example.*; trying ' err.0
}

@test "dnc-ingest(1): to the second of two hubs when the first does not run" {
	documented <<-'END'
	dnc-ingest -o unix:/run/dnc/hub-a.sock,unix:/run/dnc/hub.sock changes.txt
	END
	start_hub --input=unix:"$DNC_SOCKET"
	cp examples/data/ftc-change.txt changes.txt
	run_command
	[ "$(event_count data/events.db)" -eq "$(grep -c . changes.txt)" ]
	grep -q 'hub-a.sock.*hub.sock takes over$' err.0
}

@test "dnc-emit(1): what a program wrote, to the hub of another machine" {
	documented <<-'END'
	dnc-emit --url=https://hub.example:8443 --cacert=ca.pem --token-file=feed \
	    --lines --rejects=rejected.ndjson <opted-out.ndjson
	END
	make_certificate
	cp cert.pem ca.pem
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=feed --role=publisher >feed
	start_hub --keys=key.pub --tls-cert=cert.pem --tls-key=key.pem
	printf '%s\n' '{"type":"dnc.number.suppressed","phone_number":"+12025550143","reason":"consumer_request"}' nonsense >opted-out.ndjson
	run_command || [ "$?" -eq 1 ]
	[ "$(sqlite3 data/events.db 'SELECT id FROM events')" = "$(cat out.0)" ]
	[ "$(jq -c '[.line,.code]' rejected.ndjson)" = '[2,"invalid_json"]' ]
}

# dnc-token(1)

@test "dnc-token(1): a key, a token, what is in it, and the end of it" {
	documented <<-'END'
	dnc-token keygen -o desk.jwk
	dnc-token mint -k desk.jwk --sub=desk-7 --role=operator --ttl=8h >token
	dnc-wsd --keys=desk.jwk.pub --input=unix:hub.sock </dev/null
	dnc-tail --token-file=token
	dnc-token inspect -k desk.jwk.pub <token
	END
	run_command 0
	run_command 1
	start_documented_hub 2
	start_command 3
	wait_for subscribed http desk.jwk
	echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}' | dnc-filter --output=unix:hub.sock
	wait_for has_content out.3
	grep -qF '+1******0144' out.3
	run_command 4
	grep -q '^valid for' out.4
	[ "$(sed -n 2p out.4 | jq -r .role)" = operator ]
}

@test "dnc-wsd(8): a hub behind a proxy" {
	documented <<-'END'
	dnc-wsd --keys=desk.jwk.pub --listen=unix:/run/dnc/web.sock,mode=0660,group=www-data --trust-proxy </dev/null
	END
	[ "$(id -u)" = 0 ] || skip 'only root can give a file to the group www-data'
	dnc-token keygen -o desk.jwk >kid
	mkdir -p run/dnc
	start_command
	wait_for has_content out.0
	[ "$(stat -c '%a %G' run/dnc/web.sock)" = '660 www-data' ]
	[ "$(curl -s --unix-socket run/dnc/web.sock http://hub/healthz | jq -r .status)" = ok ]
}

@test "dnc-token(1): the desk is closed at once" {
	documented <<-'END'
	dnc-token revoke -f /etc/dnc/revoked "$(dnc-token inspect <token | jq -r '.jti // empty')"
	systemctl reload dnc-wsd
	dnc-token inspect -k desk.jwk.pub --revoked /etc/dnc/revoked <token
	END
	dnc-token keygen -o desk.jwk >kid
	dnc-token mint -k desk.jwk --sub=desk-7 --role=operator >token
	mkdir -p etc/dnc
	: >etc/dnc/revoked
	start_hub --keys=desk.jwk.pub --revoked=etc/dnc/revoked
	dnc-tail --token-file=token "ws://$ADDRESS" >tail.out 2>tail.err 3>&- 9>&- &
	local client=$!
	PIDS+=("$client")
	wait_for subscribed http desk.jwk
	run_command 0
	run_command 1
	local status=0
	wait "$client" || status=$?
	[ "$status" -eq 77 ]
	refute run_command 2
	grep -q 'invalid: revoked' err.2
}

# dnc-wsd(8)

@test "dnc-wsd(8): sample events" {
	documented <<-'END'
	dnc-ingest -q examples/data/suppressions.ndjson | dnc-wsd --listen=127.0.0.1:8080
	END
	start_documented_hub
	has_some() { [ "$(curl -s "http://$ADDRESS/api/v1/events" | jq -r .type | grep -c '^dnc\.')" -gt 3 ]; }
	wait_for has_some
}

@test "dnc-wsd(8): a service, its log queried" {
	documented <<-'END'
	dnc-wsd --input=unix:/run/dnc/hub.sock --data=/var/lib/dnc --retain=5y </dev/null
	sqlite3 /var/lib/dnc/events.db \
	    "SELECT timestamp, type, event FROM events WHERE phone_number = '+12025550143'"
	curl 'http://127.0.0.1:8080/api/v1/events?phone=%2B12025550143'
	END
	start_documented_hub 0
	dnc-emit number.suppressed phone_number='(202) 555-0143' reason=consumer_request
	dnc-emit number.suppressed phone_number='(202) 555-0144' reason=consumer_request
	run_command 1
	[ "$(cut -d'|' -f2 out.1)" = dnc.number.suppressed ]
	[ "$(cut -d'|' -f3- out.1 | jq -r .phone_number)" = +12025550143 ]
	run_command 2
	[ "$(jq -c '[.seq,.phone_number]' out.2)" = '[1,"+12025550143"]' ]
}

@test "dnc-wsd(8): the directory of a service, and a secret key" {
	documented <<-'END'
	install -d -g dnc -m 750 /etc/dnc
	install -m 640 -g dnc /dev/null /etc/dnc/revoked
	END
	shown <<-'END'
	[Service]
	END
	skip "the group dnc is not on every machine; systemd.bats runs them with another"
}

@test "dnc-wsd(8): to other machines, with keys and TLS" {
	documented <<-'END'
	dnc-token keygen -o /etc/dnc/desk.jwk
	dnc-wsd --listen=0.0.0.0:8443 --tls-cert=cert.pem --tls-key=key.pem --keys=/etc/dnc/desk.jwk.pub
	END
	make_certificate
	run_command 0
	[ "$(stat -c %a etc/dnc/desk.jwk)" = 600 ]
	start_documented_hub 1
	[ "$(curl -s -o /dev/null -w '%{http_code}' "https://$ADDRESS/api/v1/info")" = 401 ]
	[ "$(curl -s -H "Authorization: Bearer $(dnc-token mint -k etc/dnc/desk.jwk --sub=me --role=admin)" \
		"https://$ADDRESS/api/v1/info" | jq .last_seq)" = 0 ]
}

@test "dnc-wsd(8): a role of one's own" {
	documented <<-'END'
	printf '[role desk]\npermissions = dnc:stream dnc:replay\nshows = event_data.list_name\nrate = 600/min\n' >roles.conf
	dnc-wsd --roles=roles.conf --default-role=desk --input=unix:hub.sock </dev/null
	END
	run_command 0
	start_documented_hub 1
	events 1 | dnc-filter --output=unix:hub.sock
	echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired","list_name":"Q3","notes":"x"}' |
		dnc-filter --output=unix:hub.sock
	dnc-tail -e -o json >seen
	[ "$(jq -r .phone_number seen)" = '+1******0144' ]
	[ "$(jq -c .event_data seen)" = '{"reason":"expired","list_name":"Q3"}' ]
}

@test "dnc-wsd(8): a log of an older release is made to shrink" {
	documented <<-'END'
	sqlite3 DIR/events.db 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'
	END
	start_hub
	events 3 >&9
	wait_for last_seq_is 3
	kill "$HUB"
	wait "$HUB"
	exec 9>&-
	sqlite3 data/events.db 'PRAGMA auto_vacuum = NONE; VACUUM'
	ln -s data DIR
	run_command
	[ "$(sqlite3 data/events.db 'PRAGMA auto_vacuum')" = 2 ]
	rm hub.in address
	start_hub
	[ "$(curl -s "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 3 ]
}

# Rules of dnc-filter: what is wrong with them, what they do, and that reading them again loses nothing.
# shellcheck disable=SC2154  # run sets stderr
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

suppress() { # NUMBER [REASON [ID]]
	printf '{%s"type":"dnc.number.suppressed","phone_number":"%s","reason":"%s"}\n' "${3:+\"id\":\"$3\",}" "$1" "${2:-complaint}"
}

@test "--check shows each error with its line and a caret, and is silent if there is none" {
	printf '[rule a]\ntypo = 1\nphone = ^(\n[rule b]\n\tprovider = x, "y\ndefault = maybe\n' >r.rules
	run -2 dnc-filter -R r.rules --check
	diff - <(echo "$output") <<-'END'
		dnc-filter: r.rules:2:1: unknown key "typo"; did you mean "type"?
		  typo = 1
		  ^
		dnc-filter: r.rules:3:11: missing closing parenthesis
		  phone = ^(
		            ^
		dnc-filter: r.rules:5:16: a value in quotes does not end with one
		  	provider = x, "y
		  	              ^
		dnc-filter: r.rules:6:11: "maybe" is not one of pass, drop
		  default = maybe
		            ^
		dnc-filter: r.rules: 4 errors
	END
	printf '[rule a]\ntype = dnc.*\n' >r.rules
	run -0 dnc-filter -R r.rules --check
	[ -z "$output" ]
	run -69 dnc-filter -R none --check
	[[ "$output" == *'none: No such file'* ]]
	# A run with such rules reads no event.
	run -2 dnc-filter -R <(echo '[rule]') </dev/null
}

@test "each block of the manual that looks like rules is correct, and the examples decide as their tests say" {
	cp -r "$ROOT/examples/rules/." .
	local n=0 block
	printf '+1 202 555 0143\n' | tee own.txt >test-numbers.txt
	while IFS= read -rd '' block; do
		printf '%s' "$block" | grep -qE '^\[(rule|expect) ' || continue
		printf '%s' "$block" >manual.rules
		run -0 dnc-filter -R manual.rules --check
		n=$((n + 1))
	done < <(sed 's/\\e/\\/g' "$ROOT/man/dnc-rules.5" |
		awk '/^\.Ed/ {printf "%c", 0; on = 0} on {print} /^\.Bd -literal/ {on = 1}')
	[ "$n" -ge 11 ]
	# The case that dnc-filter(1) shows fits the first file of dnc-rules(5).
	awk '/^\.Ed/ && on {exit} on {print} /^\.Bd -literal/ {on = 1}' "$ROOT/man/dnc-rules.5" | sed 's/\\e/\\/g' >first.rules
	awk '/^\.Ed/ {on = 0} on {print} /^\.Bd -literal$/ {on = 1}' "$ROOT/man/dnc-filter.1" | tr '\n' ' ' >first.test
	run -0 dnc-filter -R first.rules --test=first.test
	[ "$output" = '1 case, 0 failed' ]
	local rules
	for rules in *.rules; do
		[ -f "${rules%.rules}.test" ] || continue
		run -0 dnc-filter -R "$rules" --test="${rules%.rules}.test"
		[[ "$output" == *', 0 failed' ]]
	done
	# They are tests that can fail.
	sed -i 's/^action = drop/action = pass/' call-centre.rules
	run -1 dnc-filter -R call-centre.rules --test=call-centre.test
	[[ "$output" == *'call-centre.test:2: own lines are dropped'*'expected drop by own-lines, got pass by own-lines'* ]]
	[[ "$output" == *' cases, 2 failed' ]]
}

@test "what a test file gets wrong is told with its line" {
	printf '[rule a]\n' >r.rules
	local wrong
	while IFS='|' read -r case wrong; do
		printf '# one\n%s\n' "$case" >c.test
		run -2 dnc-filter -R r.rules --test=c.test
		[[ "$output" == "dnc-filter: c.test:2: $wrong"* ]] || { echo "$case: $output" >&2; false; }
	done <<-'END'
		[1]|a case must be a JSON object
		{"event":{}}|a case must have verdict
		{"verdict":"pass"}|a case must have event
		{"event":{},"verdict":"maybe"}|verdict must be pass, drop, route or reject, not maybe
		{"event":{},"verdict":"pass"}|the event is not one: type is missing
		{"event":{},"verdict":"pass","rules":1}|unknown key: "rules" is unknown; did you mean "rule"?
		{"event":[],"verdict":"pass"}|wrong type of event
		{"event":{},"verdict":"reject","fields":{}}|a case with the verdict reject has no fields
		{"event":{},"verdict":"reject","routes":[]}|a case with the verdict reject has no routes
		{"event":{}|
	END
	: >c.test
	run -2 dnc-filter -R r.rules --test=c.test
	[ "$output" = "dnc-filter: c.test has no cases" ]
}

@test "tests have a time of their own, and say by which rule an event is rejected" {
	cat >r.rules <<-'END'
		state = s
		[rule bad]
		phone = ^\+1303
		jq = error("x")
		[rule once]
		unique = 10m by phone_number
		[expect quiet]
		type = dnc.list.synced
		within = 1h
		emit = dnc.provider.status_change
		emit.provider = all
		emit.event_data.new_status = offline
	END
	local number='"type":"dnc.number.suppressed","reason":"complaint","phone_number":"+1'
	cat >c.test <<-END
		# Later than any clock.
		{"event":{${number}2025550143","timestamp":"2130-01-01T00:00:00Z"},"verdict":"pass","rule":"once"}
		{"event":{${number}2025550143","timestamp":"2130-01-01T00:09:59Z"},"verdict":"drop","rule":"once"}
		{"event":{${number}2025550143","timestamp":"2130-01-01T00:10:00Z"},"verdict":"pass","rule":"once"}
		# Time that only passes.
		{"at":"2130-01-01T00:15:00Z"}
		{"event":{${number}2025550143","provider":"a"},"verdict":"drop"}
		{"at":"2130-01-01T00:20:00Z"}
		{"event":{${number}2025550143","provider":"b"},"verdict":"pass"}
		{"event":{${number}3035550199"},"verdict":"reject","rule":"bad","made":[]}
		{"event":{${number}3035550199","timestamp":"2130-01-01T02:00:00Z"},"verdict":"reject","made":["dnc.provider.status_change"]}
		{"event":{${number}2025550143","timestamp":"2130-01-01T02:00:01Z"},"verdict":"pass"}
	END
	run -0 dnc-filter -R r.rules --test=c.test
	[ "$output" = '10 cases, 0 failed' ]
	# Each part of a case of a reject can fail.
	local wrong
	for wrong in '"rule":"once"' '"made":["dnc.list.synced"]'; do
		echo "{\"event\":{${number}3035550199\"},\"verdict\":\"reject\",$wrong}" >c.test
		run -1 dnc-filter -R r.rules --test=c.test
	done
}

@test "events pass, are dropped, changed and made; --stats and --explain say by which rule" {
	cat >r.rules <<-'END'
		[rule drop]
		phone = ^\+1916
		action = drop
		[rule mark]
		phone = ^\+1202
		set.severity = critical
		emit = dnc.compliance.violation
		emit.event_data.violation_type = x
	END
	{ suppress +19165551234; suppress +12025550143; suppress +13035550199; } >in
	run -0 --separate-stderr dnc-filter -R r.rules --stats --explain in
	[ "$(jq -r '.phone_number + " " + .severity' <<<"$output" | tr '\n' ' ')" = \
		"+12025550143 critical +12025550143 critical +13035550199 medium " ]
	[ "$(grep -c ': drop by drop$' <<<"$stderr")" -eq 1 ]
	[ "$(grep -c ': pass by mark (drop: phone)$' <<<"$stderr")" -eq 1 ]
	[ "$(grep -c ': pass by default (drop: phone, mark: phone)$' <<<"$stderr")" -eq 1 ]
	# matched, passed, dropped, changed, made
	[ "$(awk '$1 == "drop" || $1 == "mark" {print $1, $2, $3, $4, $10, $11}' <<<"$stderr")" = \
		$'drop 1 0 1 0 0\nmark 1 1 0 1 1' ]
	run -0 dnc-filter -q -R r.rules --explain=metadata in
	[ "$(jq -r .metadata.rule <<<"$output" | tr '\n' ' ')" = "mark mark default " ]
	# What comes out is canonical, and the same each time.
	dnc-filter -q -R r.rules in >once
	dnc-ingest -q once | cmp - once
}

@test "an event that can't be decided is rejected with the name of the rule, and the next ones are decided" {
	printf '[rule j]\njq = .event_data.reason | tonumber\n' >r.rules
	{ suppress +12025550143; suppress +13035550199; } >in
	run -1 dnc-filter --strict -q -R r.rules -x rejects in
	[ "$(jq -r .code rejects | tr '\n' ' ')" = "map_failed map_failed " ]
	[[ "$(jq -r .message rejects | head -1)" == 'rule j: jq: '* ]]
}

@test "an event that a rule can't make is told and counted; the one that it is made of goes on" {
	# Only some of the events have a provider.
	printf '[rule e]\nemit = dnc.provider.status_change\nemit.event_data.new_status = offline "\\"\n' >r.rules
	suppress +12025550143 '' a >in
	printf '{"type":"dnc.number.suppressed","phone_number":"+13035550199","reason":"complaint","provider":"x"}\n' >>in
	run -0 --separate-stderr dnc-filter -R r.rules --check
	[[ "$stderr" == *"warning: of a dnc.number.suppressed that has no more than it must: rule e can't make a"* ]]
	run -1 --separate-stderr dnc-filter --strict --stats -R r.rules -x rejects in
	[ "$(jq -r .type <<<"$output" | tr '\n' ' ')" = \
		"dnc.number.suppressed dnc.number.suppressed dnc.provider.status_change " ]
	# matched, passed, made, failed
	[ "$(awk '$1 == "e" {print $2, $3, $11, $12}' <<<"$stderr")" = "2 2 1 1" ]
	[ "$(jq -r '[.code, .line, .message] | join(" ")' rejects)" = \
		"missing_field 1 rule e can't make a dnc.provider.status_change: provider is missing" ]
	[ "$(jq -r '.raw | fromjson | .type + .event_data.new_status' rejects)" = 'dnc.provider.status_changeoffline "\"' ]
	printf '{"event":{"type":"dnc.number.suppressed","phone_number":"+13035550199","reason":"complaint"},"verdict":"pass"}\n' >c.test
	run -1 --separate-stderr dnc-filter -R r.rules --test=c.test
	[[ "$output" == *"rule e can't make a dnc.provider.status_change: provider is missing"* ]]
	# The producer is told that its line is new, not that it was rejected.
	dnc-filter -q -R r.rules -i unix:in.sock -x rejects >out 3>&- &
	PIDS+=($!)
	wait_for test -S in.sock
	run -0 --separate-stderr dnc-ingest --strict -o unix:in.sock <(head -1 in)
	[[ "$stderr" == *'1 events: 1 new, 0 duplicates, 0 rejected'* ]] || [[ "$stderr" == *'1 event: 1 new'* ]] || { echo "$stderr"; false; }
}

@test "options that need rules or exclude them" {
	local words
	while IFS='|' read -r words message; do
		# shellcheck disable=SC2086
		run -2 dnc-filter $words </dev/null
		[ "${lines[0]}" = "dnc-filter: $message" ]
	done <<-'END'
		--check|--check needs --rules
		--test=x|--test needs --rules
		--explain|--explain needs --rules
		--stats|--stats needs --rules
		-R x --check --test=x|--check and --test exclude each other: --test checks the rules, too
		-R x --check x|--check reads no events
		-R x -R y|--rules is given twice: put several files into a directory
		-R x -v|--rules and --invert-match exclude each other: write action = drop
		-R x --explain=maybe|--explain: "maybe" is not one of stderr, metadata
	END
}

@test "rules are read again 100 times under load: no event is lost, repeated or decided by half of a file" {
	# Both files decide the same about even numbers, and differ by their mark about odd ones.
	rules() { # MARK
		printf '[rule even]\nphone = [02468]$\naction = drop\n' >next.rules
		local i
		for i in {1..200}; do
			printf '[rule r%d]\nphone = ^\\+1303555.*%d$\nset.metadata.first = %s\ncontinue = yes\n' "$i" $((i % 10)) "$1"
		done >>next.rules
		printf '[rule last]\nset.metadata.last = %s\n' "$1" >>next.rules
		mv next.rules r.rules
	}
	rules a
	dnc-filter -q -R r.rules -i unix:in.sock >out 2>err 3>&- &
	PIDS+=($!)
	local filter=$! i
	wait_for test -S in.sock
	# Each with 200 expressions: 50,000 of them take more than a minute with AddressSanitizer.
	local count=10000
	[ -z "${FULL-}" ] || count=50000
	events "$count" >in
	(for i in 1 2 3 4 5; do cat in; done) | dnc-ingest -q -o unix:in.sock 3>&- &
	local producer=$!
	for ((i = 0; i < 100; i++)); do
		if [ $((i % 10)) -eq 9 ]; then echo 'broken' >next.rules && mv next.rules r.rules; else rules "$((i % 2))"; fi
		kill -HUP "$filter"
		read -rt 0.02 <> <(:) || :
	done
	wait "$producer"
	[ "$(grep -c 'the rules that were read before stay in use' err)" -ge 1 ]
	kill "$filter"
	wait "$filter"
	for i in 1 2 3 4 5; do grep -v '"phone_number":"+1[0-9]*[02468]"' in; done | jq -r .id | sort >want
	jq -r .id out | sort | cmp - want
	[ "$(jq -r 'select(.metadata.first != .metadata.last) | .id' out | wc -l)" -eq 0 ]
	[ "$(jq -r .metadata.last out | sort -u | wc -l)" -ge 2 ]
}

@test "what unique has counted stays when the rules are read again" {
	printf '[rule a]\nunique = 1h by phone_number\n' >r.rules
	dnc-filter -R r.rules -i unix:in.sock >out 2>err 3>&- &
	PIDS+=($!)
	local filter=$!
	wait_for test -S in.sock
	suppress +12025550143 | dnc-ingest -q -o unix:in.sock
	kill -HUP "$filter"
	wait_for has_line 'read again: 1 rule' err
	suppress +12025550143 | dnc-ingest -q -o unix:in.sock
	suppress +13035550199 | dnc-ingest -q -o unix:in.sock
	[ "$(jq -r .phone_number out | tr '\n' ' ')" = "+12025550143 +13035550199 " ]
	kill "$filter"
	wait "$filter"
}

@test "SIGUSR1 prints what rules did, with and without --stats and rules, and ends nothing" {
	printf '[rule drop]\nphone = ^\\+1916\naction = drop\n' >r.rules
	local options filter
	for options in '-R r.rules' '-R r.rules --stats' '-R r.rules --metrics=m.prom' '-q'; do
		rm -f in.sock
		# shellcheck disable=SC2086
		dnc-filter $options -i unix:in.sock >out 2>err 3>&- &
		filter=$!
		PIDS+=("$filter")
		wait_for test -S in.sock
		suppress +19165551234 | dnc-ingest -q -o unix:in.sock
		kill -USR1 "$filter"
		wait_for grep -qE '^(drop +1 +0 +1 |1 events matched$)' err
		suppress +12025550143 | dnc-ingest -q -o unix:in.sock
		kill "$filter"
		wait "$filter"
		grep -q 12025550143 out
	done
}

@test "--metrics serves the counts, or writes them, and refuses other addresses" {
	printf '[rule drop]\nphone = ^\\+1916\naction = drop\n' >r.rules
	dnc-filter -R r.rules -i unix:in.sock --metrics=127.0.0.1:0 >out 2>err 3>&- &
	PIDS+=($!)
	wait_for has_line 'metrics are at' err
	local url
	url=$(grep -o 'http://[^ ]*' err)
	has_counts() { curl -s "$url" | grep -q '^dnc_filter_rule_events_total{rule="drop",outcome="dropped"} 2$'; }
	{ suppress +19165551234; suppress +19165551235; suppress +12025550143; } | dnc-ingest -q -o unix:in.sock
	wait_for has_counts
	curl -s "$url" | promtool check metrics
	[ "$(curl -s -o /dev/null -w '%{http_code}' "${url%metrics}")" = 404 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -d x "$url")" = 405 ]
	run -69 dnc-filter -R r.rules --metrics="${url:7:-8}" </dev/null
	run -2 dnc-filter -R r.rules --metrics=0.0.0.0:1 </dev/null
	[[ "$output" == *'only loopback addresses are served'* ]]
	local wrong
	for wrong in localhost:1 :9100 9100 127.0.0.1 127.0.0.1:22x 127.0.0.1: ::1 '[::1]' localhost; do
		run -2 dnc-filter -R r.rules --metrics="$wrong" </dev/null
		[[ "$output" == *"\"$wrong\" is not an address"* ]]
		[ ! -e "$wrong" ]
	done
	suppress +19165551234 | dnc-filter -q -R r.rules --metrics=m.prom || [ "$?" -eq 1 ]
	grep -q '^dnc_filter_rule_events_total{rule="drop",outcome="dropped"} 1$' m.prom
	promtool check metrics <m.prom
	# Of sections, too; and what takes time is seen.
	cat >e.rules <<-'END'
		state = state
		[rule slow]
		jq = [range(100000)] | length > 0
		[expect none]
		type = dnc.list.synced
		within = 1h by provider
		emit = dnc.provider.status_change
		emit.event_data.new_status = offline
	END
	{ suppress +19165551234; echo '{"type":"dnc.list.synced","provider":"p","sync_status":"success"}'; } |
		dnc-filter -q -R e.rules --metrics=e.prom --stats >out 2>err
	grep -q '^dnc_filter_expect_events_total{expect="none",outcome="matched"} 1$' e.prom
	grep -q '^dnc_filter_expect_waiting{expect="none"} 1$' e.prom
	promtool check metrics <e.prom
	awk '$1 == "dnc_filter_rule_seconds_total{rule=\"slow\"}" && $2 > 0.001 && $2 < 30 {found = 1} END {exit !found}' e.prom
	awk '$1 == "slow" && $NF > 0.001 {found = 1} END {exit !found}' err
}

@test "rules and lists that were cut, emptied or are being written are refused on SIGHUP; the old ones stay" {
	printf '[rule a]\nnumbers = own.txt\naction = drop\n' >r.rules
	printf '+12025550143\n+13035550199\n' >own.txt
	dnc-filter --verbose -i unix:in.sock -R r.rules >>out 2>>err 3>&- &
	PIDS+=($!)
	wait_for test -S in.sock
	again() { # MESSAGE
		: >err
		kill -HUP "${PIDS[0]}"
		wait_for has_line "$1" err
		# As before: 1 of 2 passes.
		: >out
		{ suppress +12025550143; suppress +19165551234; } | dnc-ingest -q -o unix:in.sock
		wait_for has_line 9165551234 out
		[ "$(wc -l <out)" -eq 1 ]
	}
	cp own.txt whole.txt
	cp r.rules whole.rules
	printf '[rule a]\nnumbers = own.txt' >r.rules
	again 'r.rules:2:18: the last line does not end with a line feed: the file may have been cut'
	cp whole.rules r.rules
	: >own.txt
	again 'own.txt has no numbers: if that is right, write a line'
	printf '+12025550143\n+13035550' >own.txt
	again 'own.txt:2: the last line does not end with a line feed'
	cp whole.txt own.txt
	again 'read again: 1 rule'
	printf '# nobody\n' >own.txt
	: >err
	kill -HUP "${PIDS[0]}"
	wait_for has_line 'read again: 1 rule' err
	has_line 'own.txt has no numbers any more' err
}

# Whether dnc-filter as the process PID catches SIGHUP. Before exec it is the shell, which does, too.
catches_hangup() { is_program "$1" dnc-filter && [ $((0x$(awk '$1 == "SigCgt:" {print $2}' "/proc/$1/status") & 1)) -eq 1 ]; }

@test "SIGHUP and SIGUSR1 while the rules are loaded end nothing, and are done afterwards" {
	printf '[rule a]\nnumbers = own.txt\naction = drop\n' >r.rules
	seq 12020000000 12020399999 >own.txt
	dnc-filter --verbose --stats -R r.rules -i unix:in.sock >out 2>err 3>&- &
	PIDS+=($!)
	until catches_hangup "$!"; do :; done
	[ ! -S in.sock ]
	kill -HUP "$!"
	kill -USR1 "$!"
	wait_for has_line 'read again: 1 rule' err
	wait_for has_line '^a  *0 ' err
}

@test "signals at the end use nothing that was freed" {
	printf '[rule a]\nphone = ^x\n' >r.rules
	suppress +12025550143 >in
	local i p rc
	for i in {1..20}; do
		dnc-filter -q --stats -R r.rules in >out 2>err 3>&- &
		p=$!
		until catches_hangup "$p" || ! kill -0 "$p" 2>/dev/null; do :; done
		while kill -USR1 "$p" 2>/dev/null && kill -HUP "$p" 2>/dev/null; do :; done
		rc=0
		wait "$p" || rc=$?
		[ "$rc" -eq 0 ]
		refute has_line Sanitizer err
	done
}

@test "signals do not put off the end: who asked to stop waits ten seconds at most" {
	python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("sink.sock")
s.listen()
c, _ = s.accept()
while c.recv(65536): pass' 3>&- &
	PIDS+=($!)
	wait_for test -S sink.sock
	printf '[rule a]\nphone = ^\\+1\n' >r.rules
	dnc-filter --stats -R r.rules -i unix:in.sock -o unix:sink.sock 2>err 3>&- &
	local p=$! from rc=0
	PIDS+=("$p")
	wait_for test -S in.sock
	suppress +12025550143 | dnc-ingest -q -o unix:in.sock 3>&- &
	PIDS+=($!)
	asked() { kill -USR1 "$p" && has_line '^a  *1 ' err; }
	wait_for asked
	kill "$p"
	from=$SECONDS
	while kill -USR1 "$p" 2>/dev/null && [ $((SECONDS - from)) -lt 30 ]; do
		read -rt 0.3 <> <(:) || :
	done
	[ $((SECONDS - from)) -lt 20 ]
	wait "$p" || rc=$?
	[ "$rc" -eq 75 ]
}

@test "a section with a great many keys is refused soon" {
	local key
	for key in set.metadata.k emit.event_data.k where.metadata.k; do
		{ echo '[rule a]'; seq 50000 | sed "s/.*/$key& = x/"; } >r.rules
		run -2 timeout 20 dnc-filter -R r.rules --check
		[[ "$output" == *'more than 256 '*' a section'* ]]
	done
}

@test "an event that rules change has no seq, as it is not the one in the log; others keep it" {
	printf '[rule a]\nphone = ^\\+1202\nset.metadata.q = 1\n' >r.rules
	{ suppress +12025550143; suppress +13035550199; } | dnc-ingest -q | sed 's/^{/{"seq":5,/' >in
	[ "$(dnc-filter -q -R r.rules in | jq -c '[.seq, .metadata.q]' | tr '\n' ' ')" = '[null,"1"] [5,null] ' ]
}

@test "--metrics=FILE that can't be written is an error, and old counts do not look like new ones" {
	printf '[rule a]\nphone = ^x\n' >r.rules
	suppress +12025550143 >in
	run -74 dnc-filter -R r.rules --metrics=none/m.prom in
	[[ "$output" == *'--metrics: '*none/m.prom* ]]
	# The limit stands for a full disk: 0 bytes for files.
	echo old >m.prom
	run -74 bash -c 'ulimit -f 0; exec dnc-filter -R r.rules --metrics=m.prom in | cat; exit "${PIPESTATUS[0]}"'
	[[ "$output" == *'there is no file until that succeeds'* ]]
	[ ! -e m.prom ]
	run -0 dnc-filter -R r.rules --metrics=m.prom in
	grep -q '^dnc_filter_metrics_failures_total 0$' m.prom
}

@test "--stats counts no copies, made and changed events of an event that is rejected" {
	cat >r.rules <<-'END'
		[rule copy]
		copy = file:copies
		emit = dnc.compliance.violation
		emit.event_data.violation_type = x
		set.metadata.q = 1
		continue = yes
		[rule j]
		phone = ^\+1303
		jq = .event_data.reason | tonumber
	END
	{ suppress +13035550199; suppress +13035550198; suppress +12025550143; } >in
	run -0 --separate-stderr dnc-filter -q --stats -R r.rules -x rejects in
	[ "$(wc -l <rejects)" -eq 2 ]
	[ "$(wc -l <copies)" -eq 1 ]
	# By the names of the columns.
	[ "$(awk '$1 == "rule" {for (i = 1; i <= NF; i++) at[$i] = i}
		$1 == "copy" {print $at["matched"], $at["copied"], $at["changed"], $at["made"]}
		$1 == "j" {print $at["failed"]}' <<<"$stderr" | tr '\n' ' ')" = '3 1 1 1 2 ' ]
}

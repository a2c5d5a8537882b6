# dnc-emit over HTTP, with --lines and with --spool: what the hub says, and what it does when nobody says anything.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset DNC_SOCKET DNC_URL DNC_TOKEN_FILE
	mkdir spool
}

ONE=(provider.status_change provider=p new_status=online)

# answers - starts a server of the answers on standard input; sets ADDRESS
answers() {
	cat >answers
	: >requests
	/usr/bin/python3 "$BATS_TEST_DIRNAME/answers.py" <answers >requests 3>&- 9>&- &
	PIDS+=($!)
	wait_for has_content requests
	ADDRESS=$(head -n 1 requests)
}

requests() { sed 1d requests | wc -l; }

# emit STATUS WORDS ARGUMENT... - the status, what one line of standard error says, and the spool is empty
emit() {
	run -"$1" --separate-stderr dnc-emit "${@:3}"
	[ "${#stderr_lines[@]}" -eq 1 ] && [[ "$stderr" == *"$2"* ]] && is_empty spool
}
# keeps STATUS WORDS ARGUMENT... - the status, an error message in spite of -q that also names the spool, and the event in it
keeps() {
	rm -f spool/*
	run -"$1" --separate-stderr dnc-emit -q --spool=spool "${@:3}"
	[ "${#stderr_lines[@]}" -eq 1 ] && [[ "$stderr" == *"$2"*'; 1 event was written to spool instead' ]] &&
		[ "$(jq -r .id spool/*.ndjson)" = "$output" ]
}
is_empty() { [ "$(find "$1" -type f | wc -l)" -eq 0 ]; }

# spools WORDS ARGUMENT... - exit status 0, and the event of the printed id is the one file of the spool
spools() {
	rm -f spool/*
	run -0 --separate-stderr dnc-emit --spool=spool "${@:2}"
	[ "${#stderr_lines[@]}" -eq 1 ] && [[ "$stderr" == *"$1"*'1 event was written to spool instead' ]] &&
		[ "$(jq -r .id spool/*.ndjson)" = "$output" ]
}

log() { log_sql data "$1"; }

@test "an event is published over http, with and without a path, over a Unix socket and at dnc-tail's address" {
	start_hub
	id=$(dnc-emit --url="http://$ADDRESS" "${ONE[@]}" 2>err)
	[ ! -s err ]
	[ "$(log 'SELECT id FROM events')" = "$id" ]
	dnc-emit --url="http://$ADDRESS/" "${ONE[@]}"
	dnc-emit --url="HTTP://$ADDRESS/api/v1/events" "${ONE[@]}"
	DNC_URL="http://$ADDRESS" dnc-emit "${ONE[@]}"
	DNC_URL="ws://$ADDRESS/ws/dnc" dnc-emit "${ONE[@]}"
	DNC_URL="ws://$ADDRESS" dnc-emit "${ONE[@]}"
	# The option stands before the variables, and nothing of the environment comes between.
	DNC_SOCKET=/nowhere DNC_URL=http://127.0.0.1:1 http_proxy=http://127.0.0.1:1 dnc-emit --url="http://$ADDRESS" "${ONE[@]}"
	last_seq_is 7
	kill "$HUB"
	wait "$HUB" || :
	start_hub --listen="unix:$PWD/web.sock"
	dnc-emit --url="unix:$PWD/web.sock" "${ONE[@]}"
	[ "$(log 'SELECT count(*) FROM events')" = 8 ]
}

@test "a wrong address is refused before anything is read or sent" {
	emit 2 "ws:// is the stream that dnc-tail reads; publish to http://HOST:PORT" --url=ws://127.0.0.1:1 "${ONE[@]}"
	emit 2 "wss:// is the stream" --url=wss://h "${ONE[@]}"
	emit 2 "--url: ftp://h: not http://HOST:PORT" --url=ftp://h "${ONE[@]}"
	emit 2 "not an address like" --url=http:// "${ONE[@]}"
	emit 2 "not an address like" --url=http://h:99999 "${ONE[@]}"
	emit 2 "pass a token with --token-file" --url=http://me:secret@h "${ONE[@]}"
	# The advice stays whole behind a long address.
	emit 2 "a hub takes no user: pass a token with --token-file" --url="http://user@$(printf 'h%.0s' {1..250})" "${ONE[@]}"
	emit 2 "has a query" --url='http://h/?token=x' "${ONE[@]}"
	emit 2 "--socket and --url exclude each other" --url=http://h --socket=s "${ONE[@]}"
	emit 2 "--token-file requires --url" --token-file=t --socket=s "${ONE[@]}"
	emit 2 "TYPE excludes it" --lines "${ONE[@]}"
	emit 2 "--rejects requires --lines" -x r "${ONE[@]}"
	DNC_URL=nonsense emit 2 "DNC_URL: nonsense: not http" "${ONE[@]}"
	: >empty
	emit 2 "--token-file: empty is empty" --url=http://h --token-file=empty "${ONE[@]}"
	emit 74 "unable to read the token file" --url=http://h --token-file=absent "${ONE[@]}"
	emit 2 "holds no certificate" --url=https://h --cacert=empty "${ONE[@]}"
}

@test "tokens and roles: 77 without the right to publish, and the event is in the spool" {
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=feed --role=publisher >feed
	dnc-token mint -k key --sub=desk --role=operator >desk
	dnc-token mint -k key --sub=late --role=publisher --ttl=1s >late
	start_hub --keys=key.pub
	local url=(--url="http://$ADDRESS")
	id=$(dnc-emit "${url[@]}" --token-file=feed "${ONE[@]}")
	[ "$(DNC_TOKEN_FILE=feed dnc-emit "${url[@]}" "${ONE[@]}" | wc -l)" = 1 ]
	[ "$(log 'SELECT id FROM events LIMIT 1')" = "$id" ]
	emit 77 "HTTP status 401 of http://$ADDRESS/api/v1/events: authentication required" "${url[@]}" "${ONE[@]}"
	[[ "$stderr" == *'pass a token with --token-file' ]]
	keeps 77 'pass a token with --token-file' "${url[@]}" "${ONE[@]}"
	keeps 77 'HTTP status 403' "${url[@]}" --token-file=desk "${ONE[@]}"
	[[ "$stderr" == *'dnc:publish'* ]]
	expired() { refute dnc-token inspect -k key.pub <late >/dev/null 2>&1; }
	wait_for expired
	keeps 77 'the token was refused: get a new one' "${url[@]}" --token-file=late "${ONE[@]}"
	[ "$(log 'SELECT count(*) FROM events')" = 2 ]
	# With a new token the spooled event is published, with the id that was printed.
	dnc-emit "${url[@]}" --token-file=feed --lines <"$(echo spool/*.ndjson)"
	[ "$(log 'SELECT id FROM events ORDER BY seq DESC LIMIT 1')" = "$output" ]
	# Lines, too.
	rm spool/*
	events 3 >in
	run -77 --separate-stderr dnc-emit -q "${url[@]}" --token-file=late --spool=spool --lines <in
	[[ "$stderr" == *'the token was refused'*'; 3 events were written to spool instead' ]]
	diff <(jq -r .id spool/*.ndjson) <(echo "$output")
	# The token is in no message and no argument.
	[[ "$stderr" != *"$(cat late)"* ]]
}

@test "TLS: the certificate is checked, and each fault is named" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=hub \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=feed --role=publisher >feed
	start_hub --keys=key.pub --tls-cert=tls.crt --tls-key=tls.key
	dnc-emit --url="https://$ADDRESS" --cacert=tls.crt --token-file=feed "${ONE[@]}"
	[ "$(log 'SELECT count(*) FROM events')" = 1 ]
	emit 69 '--cacert' --url="https://$ADDRESS" --token-file=feed "${ONE[@]}"
	emit 69 'as the certificate names it' --url="https://localhost:${ADDRESS##*:}" --cacert=tls.crt --token-file=feed "${ONE[@]}"
	run --separate-stderr dnc-emit --timeout=2s --url="http://$ADDRESS" --token-file=feed "${ONE[@]}"
	[ "$status" -eq 1 ]
	[[ "$stderr" == *'This port speaks TLS: use https://'* ]]
	spools '--cacert' --url="https://$ADDRESS" "${ONE[@]}"
	rm spool/*
	kill "$HUB"
	wait "$HUB" || :
	start_hub
	emit 69 'a hub without TLS requires http://' --timeout=2s --url="https://$ADDRESS" "${ONE[@]}"
}

@test "nobody there, no answer in time, an answer that never ends: the event is in the spool" {
	spools 'Failed to connect' --timeout=1s --url=http://127.0.0.1:1 "${ONE[@]}"
	spools '' --timeout=1s --url="unix:$PWD/absent" "${ONE[@]}"
	rm spool/*
	emit 69 '' --timeout=1s --url=http://127.0.0.1:1 "${ONE[@]}"
	answers <<<'{"hang": 1}'
	emit 75 'timed out' --timeout=1s --url="http://$ADDRESS" "${ONE[@]}"
	spools 'timed out' --timeout=1s --url="http://$ADDRESS" "${ONE[@]}"
	answers <<<'{"endless": "HTTP/1.1 200 OK\r\n\r\n"}'
	spools 'the answer is too long' --url="http://$ADDRESS" "${ONE[@]}"
	answers <<<'{"endless": "HTTP/1.1 200 OK\r\nx: "}'
	spools '' --timeout=5s --url="http://$ADDRESS" "${ONE[@]}"
	# A hub that dies after it has read.
	answers <<<'{}'
	spools '' --timeout=1s --url="http://$ADDRESS" "${ONE[@]}"
	[ "$(requests)" -gt 1 ]
}

@test "a hub that comes back within the timeout gets the event once" {
	answers <<-'END'
		{}
		{"status": 503, "headers": {"Retry-After": "1"}, "body": {"detail": "the event log accepts no events now"}}
		{"status": 502}
		{"status": 429, "headers": {"Retry-After": "1"}}
		{"status": 200, "body": {"accepted": 0, "duplicates": 1, "rejected": [], "rejected_count": 0, "last_seq": 0}}
	END
	run -0 --separate-stderr dnc-emit --spool=spool --timeout=20s --url="http://$ADDRESS" "${ONE[@]}"
	[[ "$stderr" == *'the log already has this event' ]]
	[ "$(requests)" = 5 ]
	is_empty spool
	# It waited as long as Retry-After says, but not longer than the timeout.
	jq -se '.[2].at - .[1].at >= 1 and .[4].at - .[3].at >= 1' <(sed 1d requests)
	answers <<<'{"status": 429, "headers": {"Retry-After": "999999999999999"}, "body": {"detail": "too many"}}'
	spools 'HTTP status 429' --timeout=5s --url="http://$ADDRESS" "${ONE[@]}"
	[[ "$stderr" == *'too many'* ]]
	[ "$(requests)" = 1 ]
	emit_without_spool() { rm -f spool/*; emit "$@"; }
	emit_without_spool 75 'HTTP status 429' --timeout=5s --url="http://$ADDRESS" "${ONE[@]}"
}

@test "a hub that refuses the event says why, and nothing is spooled" {
	local status words
	while read -r status code words; do
		answers <<<"{\"status\": $code, \"body\": {\"title\": \"x\", \"detail\": \"because of\\u001b[2J this\"}}"
		emit "$status" "HTTP status $code of http://$ADDRESS/api/v1/events: because of\\u001b[2J this; $words" \
			--spool=spool --url="http://$ADDRESS" "${ONE[@]}"
	done <<-'END'
		1 400 sending it again does not help
		1 413 sending it again
		1 415 sending it again
		1 422 sending it again
	END
	start_hub
	dnc-emit --url="http://$ADDRESS" number.released phone_number=+12025550143 reason=expired id=0198f0a0-0000-7000-8000-000000000001
	emit 1 'rejected: id_conflict: the log has another event with this id' --spool=spool --url="http://$ADDRESS" \
		number.released phone_number=+12025550144 reason=expired id=0198f0a0-0000-7000-8000-000000000001
	keeps 69 'there is no hub at this URL' --url="http://$ADDRESS/somewhere/else" "${ONE[@]}"
}

@test "a hub that refuses the sender: the event is in the spool, and the status and the whole advice say so" {
	local status code words detail=$(printf 'because%.0s ' {1..100}) path=$(printf '/%.0sbehind-a-proxy' {1..20})
	while read -r status code words; do
		answers <<<"{\"status\": $code, \"body\": {\"title\": \"x\", \"detail\": \"$detail\"}}"
		keeps "$status" "because; $words" --url="http://$ADDRESS$path" "${ONE[@]}"
	done <<-'END'
		77 401 pass a token with --token-file
		77 403 publishing requires a role with dnc:publish
		69 404 there is no hub at this URL: pass http://HOST:PORT, or the path before /api/v1/events behind a proxy
		77 407 this is a proxy
	END
}

@test "a sender that can't send: its token, its authorities or its address is wrong, and the event is in the spool" {
	local url=(--url=http://127.0.0.1:1)
	: >empty
	keeps 74 'unable to read the token file absent' "${url[@]}" --token-file=absent "${ONE[@]}"
	keeps 2 'empty is empty' "${url[@]}" --token-file=empty "${ONE[@]}"
	keeps 74 '--cacert: unable to open absent' --url=https://127.0.0.1:1 --cacert=absent "${ONE[@]}"
	keeps 2 'holds no certificate' --url=https://127.0.0.1:1 --cacert=empty "${ONE[@]}"
	keeps 2 'not http://HOST:PORT' --url=127.0.0.1 "${ONE[@]}"
	keeps 2 'the address has a query' --url=http://127.0.0.1?a "${ONE[@]}"
	keeps 2 'the path is missing' --url=unix: "${ONE[@]}"
	keeps 2 '--socket: ' --socket="$(printf '%5000s' '' | tr ' ' x)" "${ONE[@]}"
	# Lines that were read can't be read again.
	events 3 >in
	rm -f spool/*
	run -74 --separate-stderr dnc-emit -q "${url[@]}" --token-file=absent --spool=spool --lines <in
	[[ "$stderr" == *'; 3 events were written to spool instead' ]]
	diff <(jq -r .id spool/*.ndjson) <(echo "$output")
	# Without a spool the lines that are not published are named.
	run -74 --separate-stderr dnc-emit -q "${url[@]}" --token-file=absent --lines <in
	[[ "$stderr" == *'; 3 events from line 1 on are not published' ]]
}

@test "--lines: a reject that can't be written is printed, and the lines behind it are published, exit 74" {
	start_hub --input=unix:hub.sock
	events 3 >in
	dnc-emit --url="http://$ADDRESS" number.released phone_number=+12025550143 reason=expired id=0198f0a0-0000-7000-8000-000000000001
	{
		echo 'no event'
		head -n 1 in
		echo '{"type":"dnc.number.released","id":"0198f0a0-0000-7000-8000-000000000001","phone_number":"+12025550144","reason":"expired"}'
		tail -n 2 in
	} >mixed
	local way
	for way in --url="http://$ADDRESS" --socket=hub.sock; do
		run -74 --separate-stderr dnc-emit "$way" -x /dev/full --spool=spool --lines <mixed
		[[ "$stderr" == *'No space left'*'the rejects are printed here'* ]]
		# The records came by a pipe: they are printed whole.
		[ "$(grep '^{' <<<"$stderr" | jq -c '[.line, .code]' | tr '\n' ' ')" = '[1,"invalid_json"] [3,"id_conflict"] ' ]
		[ "$(grep '^{' <<<"$stderr" | jq -r .raw | head -1)" = 'no event' ]
		[ "$(wc -l <<<"$output")" -eq 3 ]
		[ "$(log 'SELECT count(*) FROM events')" = 4 ]
		is_empty spool
	done
}

@test "what is no answer of a hub is believed in nothing: the event is in the spool" {
	local answer
	while read -r answer; do
		answers <<<"$answer"
		spools '' --timeout=1s --url="http://$ADDRESS" "${ONE[@]}"
		[[ "$stderr" != *$'\e'* ]]
	done <<-'END'
		{"status": 200, "body": "<html>welcome</html>"}
		{"status": 204}
		{"status": 200, "body": {"accepted": 2, "duplicates": 0, "rejected": [], "rejected_count": 0}}
		{"status": 200, "body": {"accepted": 0, "duplicates": 0, "rejected": [], "rejected_count": 0}}
		{"status": 200, "body": {"accepted": -1, "duplicates": 2, "rejected": [], "rejected_count": 0}}
		{"status": 200, "body": {"accepted": 0, "duplicates": 0, "rejected": [{"index": 7, "code": "x"}], "rejected_count": 1}}
		{"status": 302, "headers": {"Location": "http://127.0.0.1:1/\u001b[31m"}}
		{"status": 999}
		{"raw": "1b5b324a0d0a0d0a"}
		{"raw": "00000000000000000000"}
		{"raw": "1503030002022a"}
		{"raw": "485454502f312e31203230300d0a436f6e74656e742d4c656e6774683a202d310d0a0d0a"}
	END
}

# lines N - N events as other systems write them, with a time and without an id
lines() {
	jq -nc --argjson n "$1" 'range($n) | {event_type: "number.released", phone_number: "(303) 555-\(. + 10000 | tostring[1:])",
		reason: "expired", timestamp: "2026-01-02T03:04:05Z"}'
}

@test "--lines: each is checked first, then published in order; the ids are those of the log" {
	local way day=1
	start_hub --input="unix:$PWD/hub.sock"
	for way in --url="http://$ADDRESS" --socket=hub.sock; do
		day=$((day + 1))
		lines 250 | sed "s/01-02T/01-0${day}T/" >in
		dnc-emit --lines "$way" <in >ids 2>err
		[ ! -s err ]
		[ "$(wc -l <ids)" = 250 ]
		diff ids <(log 'SELECT id FROM events ORDER BY seq' | tail -n 250)
		[ "$(log 'SELECT phone_number FROM events ORDER BY seq' | tail -n 250 | md5sum)" = \
			"$(seq -f +1303555%04g 0 249 | md5sum)" ]
		# Again: the ids of lines with a time are made of what they say.
		run -0 --separate-stderr dnc-emit --lines "$way" <in
		[[ "$stderr" == *'250 events: 0 new, 250 duplicates, 0 rejected, 0 spooled' ]]
		[ "$output" = "$(cat ids)" ]
	done
	run -0 --separate-stderr dnc-emit --lines --socket=hub.sock </dev/null
	[[ "$stderr" == *'standard input is empty: nothing was published' ]]
}

@test "--lines: a line that is no event is rejected with its number, the others are published, exit 1; none: exit 2" {
	start_hub --input="unix:$PWD/hub.sock"
	for way in --url="http://$ADDRESS" --socket=hub.sock; do
		{
			echo '{"type":"dnc.number.released","phone_number":"+12025550143","reason":"expired"}'
			echo 'nonsense'
			echo '{"type":"dnc.number.released","phone_number":"12","reason":"expired"}'
			head -c 1100000 /dev/zero | tr '\0' x
			echo
			echo '{"type":"dnc.number.released","phone_number":"+12025550144","reason":"expired"}'
		} >in
		run -1 --separate-stderr dnc-emit --lines "$way" <in
		[ "${#lines[@]}" -eq 2 ]
		[ "$(printf '%s\n' "${stderr_lines[@]}" | grep '^{' | jq -c '[.line,.code]' | tr '\n' ' ')" = '[2,"invalid_json"] [3,"invalid_phone_number"] [4,"too_large"] ' ]
		[[ "$stderr" == *'5 events: 2 new, 0 duplicates, 3 rejected, 0 spooled' ]]
		run -2 --separate-stderr dnc-emit -q -x rejects --lines "$way" <<<nonsense
		[ -z "$output" ]
	done
	last_seq_is 4
}

@test "--lines: what the hub rejects is named by its line, exit 1; the ids of the others are printed" {
	start_hub --input="unix:$PWD/hub.sock" --rejects=hub.rejects
	event() { echo "{\"id\":\"0198f0a0-0000-7000-8000-0000000000$1\",\"type\":\"dnc.number.released\",\"phone_number\":\"+1202555014$2\",\"reason\":\"expired\"}"; }
	{ event 03 3; event 05 5; event 99 9; } | dnc-emit --lines --socket=hub.sock >/dev/null
	local way n=10
	for way in --url="http://$ADDRESS" --socket=hub.sock; do
		rm -f rejects
		n=$((n + 1))
		# 05 is a duplicate, 03 and 99 are in conflict.
		{ event 99 1; event 05 5; echo; event "$n" 4; event 03 4; } >in
		run -1 --separate-stderr dnc-emit --lines -x rejects "$way" <in
		[ "${lines[0]}" = 0198f0a0-0000-7000-8000-000000000005 ]
		[ "${lines[1]}" = "0198f0a0-0000-7000-8000-0000000000$n" ]
		[ "${#lines[@]}" -eq 2 ]
		[ "$(jq -c '[.line,.code]' rejects | tr '\n' ' ')" = '[1,"id_conflict"] [5,"id_conflict"] ' ]
		[[ "$stderr" == *'4 events: 1 new, 1 duplicates, 2 rejected, 0 spooled' ]]
	done
}

@test "--lines: when the hub goes away half way, the rest is in one file, and dnc-ingest publishes it" {
	lines 450 >in
	answers <<-'END'
		{"status": 200, "body": {"accepted": 100, "duplicates": 0, "rejected": [], "rejected_count": 0}}
		{"status": 200, "body": {"accepted": 100, "duplicates": 0, "rejected": [], "rejected_count": 0}}
		{"status": 500, "body": {"detail": "out of order"}}
	END
	run -69 --separate-stderr dnc-emit --timeout=1s --lines --url="http://$ADDRESS" <in
	[ "${#lines[@]}" -eq 200 ]
	[[ "$stderr" == *'HTTP status 500'*'out of order'*'250 events from line 201 on are not published' ]]
	answers <<-'END'
		{"status": 200, "body": {"accepted": 100, "duplicates": 0, "rejected": [], "rejected_count": 0}}
		{"status": 500}
	END
	run -0 --separate-stderr dnc-emit --timeout=1s --spool=spool --lines --url="http://$ADDRESS" <in
	[ "${#lines[@]}" -eq 450 ]
	[[ "$stderr" == *'350 events were written to spool instead' ]]
	[ "$(find spool -type f | wc -l)" = 1 ]
	diff <(jq -r .id spool/*.ndjson) <(printf '%s\n' "${lines[@]:100}")
	jq -es '.[0].lines == 100' <(sed 1d requests)
	start_hub --input="unix:$PWD/hub.sock"
	dnc-ingest -q --output="unix:$PWD/hub.sock" spool/*.ndjson
	wait_for last_seq_is 350
	# All of it again: once in the log.
	dnc-emit -q --lines --socket=hub.sock <in >/dev/null
	wait_for last_seq_is 450
}

@test "the spool: names sort by time, 0640, none is overwritten; a spool that can't be written is 74 and says so" {
	local i pids=()
	answers <<<'{"status": 302}'
	for i in 1 2 3 4 5 6 7 8; do
		dnc-emit -q --timeout=20s --spool=spool --url="http://$ADDRESS" "${ONE[@]}" id=0198f0a0-0000-7000-8000-000000000001 >/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	dnc-emit -q --timeout=20s --spool=spool --url="http://$ADDRESS" "${ONE[@]}" event_data.last=1 >/dev/null
	[ "$(find spool -name '*.ndjson' -perm 640 | wc -l)" = 9 ]
	[ "$(find spool -name '*.ndjson' | sort | tail -1 | xargs jq -r .event_data.last)" = 1 ]
	[[ "$(ls spool)" =~ ^20[0-9]{6}T[0-9]{6}\.[0-9]{3}Z-[0-9a-f-]{36}\.ndjson ]]
	run -74 --separate-stderr dnc-emit --timeout=20s --spool=absent --url="http://$ADDRESS" "${ONE[@]}"
	[ -z "$output" ]
	[[ "${stderr_lines[-1]}" == *'unable to create absent/'*'1 event was not published' ]]
}

@test "kill -9 at any moment: a file of the spool is whole, or is not there" {
	lines 3000 >in
	local i
	answers <<<'{"status": 302}'
	for i in $(seq 40); do
		dnc-emit -q --timeout=20s --spool=spool --lines --url="http://$ADDRESS" <in >"ids.$i" 2>/dev/null 3>&- &
		# The moments are spread over the whole run of the command.
		/usr/bin/python3 -c 'import time, sys; time.sleep(int(sys.argv[1]) * 0.004)' "$i" 3>&-
		kill -9 $! 2>/dev/null || :
		wait $! || :
	done
	for i in spool/*.ndjson; do
		[ -e "$i" ] || continue
		[ "$(jq -r .id "$i" | sort -u | wc -l)" = 3000 ]
	done
	# Ids are printed after the events are safe.
	for i in ids.*; do
		[ ! -s "$i" ] || [ -n "$(ls spool)" ]
	done
	[ "$(ls spool | grep -vc '\.ndjson$')" -eq 0 ]
}

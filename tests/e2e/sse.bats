# Server-sent events: the stream, where it resumes, and how it is refused.
load ../helper

STORM=20000

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# The seqs of the events in FILE, by their ids.
seqs() { grep -a -A1 '^id: ' "$1" | awk '/^id: / {split($2, id, ":")} /^data: / {print id[2]}'; }
has_all() { [ "$(seqs stream | tail -1)" = "$STORM" ]; }

# A live stream of a hub with these options gets every event of a storm, once and in order. SCHEME and CURL say how.
storm() {
	start_hub "$@"
	curl -sN $CURL "$SCHEME://$ADDRESS/api/v1/stream" >stream 3>&- &
	PIDS+=($!)
	wait_for has_line 'subscription.confirmed' stream
	events "$STORM" >&9
	wait_for has_all
	seqs stream | cmp - <(seq "$STORM")
}

@test "a live stream gets every event of a storm" { SCHEME=http CURL='' storm; }
@test "the same when the hub writes only in the library's callback" { SCHEME=http CURL='' storm --write-in-callback; }
@test "the same beside compressed WebSockets" { SCHEME=http CURL='' storm --compress; }
@test "the same with three workers" { SCHEME=http CURL='' storm --workers=3; }

@test "the same over TLS, in both ways to write" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=one \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	SCHEME=https CURL='--cacert tls.crt' storm --tls-cert=tls.crt --tls-key=tls.key
	kill "$HUB"
	wait "$HUB" || :
	rm -rf data hub.in address
	SCHEME=https CURL='--cacert tls.crt' storm --tls-cert=tls.crt --tls-key=tls.key --write-in-callback
}

# In the background: $! is timeout(1), which ends node.
source_of() { exec timeout 60 node "$BATS_TEST_DIRNAME/eventsource.js" "http://$ADDRESS/api/v1/stream$1"; }
events_in() { jq -r 'select(.data.seq?).data.seq' "$1" | tr '\n' ' '; }
code_of() { curl -s --max-time 10 -o body -w '%{http_code} %{content_type}' "$@"; }

@test "an EventSource that began with last, since or since_time comes back and goes on" {
	durable_only
	start_hub
	events 10 >&9
	wait_for last_seq_is 10
	local query n=10 before
	before=$(jq -rn 'now - 60 | todate')
	for query in last=3 since=7 "since_time=$before&type=dnc.compliance.violation"; do
		# Established, confirmed, and some events: then the network breaks.
		rm -f go
		CUT=4 HOLD=go source_of "?$query" >out 3>&- &
		PIDS+=($!)
		wait_for has_line "\"seq\":$([[ $query == *time* ]] && echo 2 || echo 9)" out
		events 5 >&9
		wait_for last_seq_is $((n += 5))
		touch go
		wait_for has_line "\"seq\":$n" out
		kill "${PIDS[-1]}"
		wait "${PIDS[-1]}" || :
		[ "$(events_in out)" = "$(seq "$(jq -r 'select(.data.seq?).data.seq' out | head -1)" "$n" | tr '\n' ' ')" ]
		refute grep -q failed out
		refute grep -q connection.gap out
	done
}

@test "the confirmation has an id: who comes back before the first event misses nothing" {
	start_hub
	events 4 >&9
	wait_for last_seq_is 4
	CUT=2 HOLD=go COUNT=3 source_of '' >out 3>&- &
	local client=$!
	wait_for has_line subscription.confirmed out
	[[ "$(jq -r 'select(.data.type=="dnc.subscription.confirmed").id' out)" =~ ^[0-9a-f]{16}:4$ ]]
	events 3 >&9
	wait_for last_seq_is 7
	touch go
	wait "$client"
	[ "$(events_in out)" = '5 6 7 ' ]
	refute grep -q connection.gap out
}

@test "a confirmation that promises a gap has no id: who comes back before the gap is told of it then" {
	durable_only
	start_hub --data=data
	events 100 >&9
	wait_for last_seq_is 100
	local epoch client
	epoch=$(curl -s "http://$ADDRESS/api/v1/info" | jq -r .epoch)
	kill "$HUB"
	wait "$HUB" || :
	log_sql data 'delete from events where seq <= 80'
	exec 9>&-
	rm -f hub.in address
	start_hub --data=data
	CUT=2 COUNT=20 source_of '?since=50' >out 3>&- &
	client=$!
	PIDS+=("$client")
	wait "$client"
	[ "$(jq -r 'select(.data.type=="dnc.subscription.confirmed").id' out | head -n 1)" = '' ]
	[ "$(jq -c 'select(.data.type=="dnc.connection.gap") | [.data.metadata.from_seq, .data.metadata.to_seq]' out)" = '[51,80]' ]
	[[ "$(jq -r 'select(.data.type=="dnc.connection.gap").id' out)" =~ ^[0-9a-f]{16}:80$ ]]
	# Of a place that it had, the id stays.
	client "stream /api/v1/stream header \"Last-Event-ID: $epoch:50\"" 'expect {"id":null}' 'expect {"id":null}' \
		'expect {"id":"~:80$","data":{"type":"dnc.connection.gap"}}' 'expect {"id":"~:81$"}' 'until {"id":"~:100$"}'
}

@test "Last-Event-ID: what is no id gets 400, another epoch a gap" {
	start_hub
	events 3 >&9
	wait_for last_seq_is 3
	local id
	for id in x : a:b :1 e:-1 e:1:2 0123456789abcdef:99999999999999999999 0123456789abcdef: 0123456789ABCDEF:1 "$(printf 'a%.0s' {1..100}):1"; do
		[ "$(code_of -H "Last-Event-ID: $id" "http://$ADDRESS/api/v1/stream")" = '400 application/problem+json' ]
		grep -q Last-Event-ID body
	done
	curl -sN -H 'Last-Event-ID: 0123456789abcdef:2' "http://$ADDRESS/api/v1/stream?last=1" >out 3>&- &
	PIDS+=($!)
	wait_for has_line '"reason":"epoch"' out
}

@test "streams that can't be are answered with 4xx before they start" {
	start_hub --data=:memory:
	local query
	for query in colour=red last=-1 last=x since=1.5 'since=1&last=1' since_time=yesterday phone=%28 type=dnc.x. \
		min_severity=grave errors_only=perhaps "type=$(printf 'a%.0s' {1..2000})" since=99999999999999999999 "since_time=2026-01-01T00:00:00Z"; do
		echo "$query"
		[ "$(code_of "http://$ADDRESS/api/v1/stream?$query")" = '400 application/problem+json' ]
		[ "$(jq -r .detail body)" != null ]
	done
	curl -s "http://$ADDRESS/api/v1/stream?phone=%5E%28" | jq -e '.detail | startswith("filters.phone_patterns[0]: ")'
}

@test "who may not stream, or not from the past, gets 403; one too many 429" {
	start_hub --default-role=telephony --max-connections=1
	[ "$(code_of "http://$ADDRESS/api/v1/stream?since=0")" = '403 application/problem+json' ]
	jq -e '.detail | contains("dnc:replay")' body
	wait_for has_line '"refused".*dnc:replay' hub.err
	curl -sN "http://$ADDRESS/api/v1/stream" >out 3>&- &
	PIDS+=($!)
	wait_for has_line confirmed out
	[ "$(code_of "http://$ADDRESS/api/v1/stream")" = '429 application/problem+json' ]
	kill "$HUB"
	wait "$HUB" || :
	rm -f hub.in address
	start_hub --default-role=publisher
	[ "$(code_of "http://$ADDRESS/api/v1/stream")" = '403 application/problem+json' ]
}

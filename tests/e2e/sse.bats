# Server-sent events: the stream, where it resumes, and how it is refused.
load ../helper

STORM=20000

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# The ids of the events in FILE, without the epoch.
seqs() { grep -a '^id: [^:]*:[0-9]*' "$1" | sed -n 's/^id: [^:]*://p'; }
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

# What dnc-tail says when it can't connect, and how it ends.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# fails STATUS TEXT ARGUMENT... - dnc-tail -e ends with STATUS and one line that contains TEXT
fails() {
	local expected=$1 text=$2
	shift 2
	run timeout 60 dnc-tail -e "$@"
	echo "$output"
	[ "$status" -eq "$expected" ] && [ "${#lines[@]}" -eq 1 ] && [[ "$output" == *"$text"* ]]
}

# authority NAME - makes a certificate authority
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 2 -subj "/CN=$1" 2>>openssl.err
}

# certificate NAME ALTERNATIVE-NAMES DAYS - makes one that is signed by the authority ca
certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>>openssl.err
	openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "$3" -out "$1.crt" \
		-extfile <(echo "subjectAltName=$2") 2>>openssl.err
}

# start_tls NAME OPTION... - starts a hub with the certificate NAME; sets PORT
start_tls() {
	start_hub --tls-cert="$1.crt" --tls-key="$1.key" "${@:2}"
	PORT=${ADDRESS##*:}
}

# answers - starts a server of the answers on standard input; sets ADDRESS
answers() {
	cat >answers
	: >requests
	/usr/bin/python3 "$BATS_TEST_DIRNAME/answers.py" <answers >requests 3>&- 9>&- &
	PIDS+=($!)
	wait_for has_content requests
	ADDRESS=$(head -n 1 requests)
}

# problem STATUS DETAIL - an answer as the hub's
problem() {
	jq -nc --argjson status "$1" --arg detail "$2" \
		'{$status, headers: {"Content-Type": "application/problem+json"}, body: {$status, $detail}}'
}

@test "each fault of a certificate is named, with what to do about it" {
	authority ca
	authority other
	certificate good DNS:localhost 2
	start_tls good
	dnc-tail -e -n 0 --cacert=ca.crt "wss://localhost:$PORT" || [ "$?" -eq 1 ]
	fails 69 "wss://localhost:$PORT/ws/dnc: the hub's certificate was rejected: unable to get local issuer certificate; pass the certificate of its authority with --cacert" \
		"wss://localhost:$PORT"
	fails 69 '; pass the certificate of its authority with --cacert' --cacert=other.crt "wss://localhost:$PORT"
	fails 69 'IP address mismatch; use the name that is in the certificate' --cacert=ca.crt "wss://127.0.0.1:$PORT"
	run dnc-tail -e --insecure "wss://127.0.0.1:$PORT"
	[ "$status" -eq 1 ]
}

@test "a certificate for another name, an old one and one that signed itself" {
	authority ca
	certificate wrong DNS:hub.example 2
	start_tls wrong
	fails 69 "wss://localhost:$PORT/ws/dnc: the hub's certificate was rejected: hostname mismatch; use the name that is in the certificate" \
		--cacert=ca.crt "wss://localhost:$PORT"
	kill "$HUB"
	wait "$HUB" || :
	certificate old DNS:localhost -1
	start_tls old
	fails 69 'certificate has expired; renew it, or check the clock' --cacert=ca.crt "wss://localhost:$PORT"
	kill "$HUB"
	wait "$HUB" || :
	authority self
	start_tls self
	fails 69 'self-signed certificate; pass the certificate of its authority with --cacert' "wss://localhost:$PORT"
	run dnc-tail -e --insecure "wss://localhost:$PORT"
	[ "$status" -eq 1 ]
}

@test "an IPv6 address in a certificate is the hub's" {
	[ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip 'no IPv6 here'
	authority ca
	certificate six 'IP:::1' 2
	start_tls six --listen='[::1]:0'
	PORT=$(sed -n '2s/.*://p' address)
	run dnc-tail -e --cacert=ca.crt "wss://[::1]:$PORT"
	echo "$output"
	[ "$status" -eq 1 ]
	certificate seven 'IP:::7' 2
	cp seven.crt six.crt
	cp seven.key six.key
	kill -HUP "$HUB"
	names_seven() { openssl s_client -connect "[::1]:$PORT" </dev/null 2>/dev/null | grep -q 'CN = seven'; }
	wait_for names_seven
	fails 69 'use the name that is in the certificate' --cacert=ca.crt "wss://[::1]:$PORT"
}

@test "TLS on a plain port and plain HTTP on a TLS port are named as what they are" {
	authority ca
	certificate good DNS:localhost 2
	start_tls good
	fails 69 "ws://127.0.0.1:$PORT/ws/dnc: the server uses TLS on this port; connect to it with wss://" "ws://127.0.0.1:$PORT"
	answers <<<'{"status":400}'
	fails 69 "wss://$ADDRESS/ws/dnc: the server does not use TLS on this port; connect to it with ws://" "wss://$ADDRESS"
	# It speaks neither.
	answers <<<'{}'
	fails 69 'the server closed the connection without an answer; a hub with TLS requires wss://' "ws://$ADDRESS"
	fails 69 'the TLS handshake failed; a hub without TLS requires ws://' "wss://$ADDRESS"
}

@test "with which alert a server ends the TLS handshake is told" {
	# RFC 8446 section 6: a fatal alert, protocol_version (70).
	answers <<<'{"raw":"15030300020246"}'
	fails 69 "wss://$ADDRESS/ws/dnc: the TLS handshake failed: the server reports \"protocol version\"" "wss://$ADDRESS"
}

@test "a hub that requires a token says so at once, and why it refuses one" {
	dnc-token keygen -o key >kid
	start_hub --keys=key.pub
	fails 77 "ws://$ADDRESS/ws/dnc: authentication required: pass a valid token with --token-file" "ws://$ADDRESS"
	# It did not wait until the hub's time for the first message was over.
	dnc-token mint -k key --sub=a --role=admin >admin
	curl -s -H "Authorization: Bearer $(cat admin)" "http://$ADDRESS/metrics" >metrics
	grep -q '^dnc_closed_total{reason="unauthenticated"[^}]*} 1' metrics
	refute grep '^dnc_closed_total{reason="auth_timeout"[^}]*} [1-9]' metrics
	echo wrong >wrong
	fails 77 'token rejected: get a new one, and pass it with --token-file (HTTP status 401: ' --token-file=wrong "ws://$ADDRESS"
	fails 69 'the server has no /wrong (HTTP status 404); the path of a hub is /ws/dnc' "ws://$ADDRESS/wrong"
}

@test "without keys only the loopback's names are served, and the answer says it" {
	start_hub
	# 127.0.0.1 as one number: a name that the hub does not know.
	fails 77 'access denied (HTTP status 403: access denied: the hub runs without authentication and answers to localhost' \
		"ws://2130706433:${ADDRESS##*:}"
}

@test "the status and the words of a refusal are told, and decide how it ends" {
	fails_with() {
		answers
		fails "$1" "ws://$ADDRESS/ws/dnc: $2" "ws://$ADDRESS"
	}
	fails_with 77 'authentication required: pass a valid token with --token-file (HTTP status 401: no token)' < <(problem 401 'no token')
	fails_with 77 'access denied (HTTP status 403: not you)' < <(problem 403 'not you')
	fails_with 69 'the server has no /ws/dnc (HTTP status 404); it is not a hub' < <(problem 404 'nothing')
	fails_with 75 'the server accepts no connection from here now (HTTP status 429: too many)' < <(problem 429 'too many')
	fails_with 75 'the server accepts no connection now (HTTP status 503: draining)' < <(problem 503 'draining')
	fails_with 69 'the server refused the WebSocket connection (HTTP status 400: bad); a hub with TLS requires wss://' < <(problem 400 'bad')
	fails_with 69 'the server failed (HTTP status 500: broken)' < <(problem 500 'broken')
	fails_with 69 'a proxy does not reach the hub (HTTP status 502)' < <(echo '{"status":502,"body":"<html>"}')
	fails_with 69 'the server did not answer as a hub (HTTP status 200)' < <(echo '{"status":200,"body":"hello"}')
	# Words of several lines, control characters, and others than a problem's.
	fails_with 77 'access denied (HTTP status 403: one two [31m)' < <(problem 403 $'one\ntwo\e[31m')
	fails_with 77 'access denied (HTTP status 403)' < <(echo '{"status":403,"headers":{"Content-Type":"application/problem+json"},"body":"not JSON"}')
	# The body comes after the head, or never.
	fails_with 77 'access denied (HTTP status 403: later)' < <(problem 403 'later' | jq -c '.pause = 0.1')
	fails_with 77 'access denied (HTTP status 403)' < <(problem 403 'never' | jq -c '.pause = 20')
}

@test "a redirect is not followed, and its target gets no token" {
	echo secret.token.x >token
	answers <<<'{"status":401}'
	local target=$ADDRESS
	mv requests target
	answers <<<"{\"status\":307,\"headers\":{\"Location\":\"http://$target/ws/dnc\"}}"
	fails 69 "the server redirects to another address, which is not followed: use that address (HTTP status 307: http://$target/ws/dnc)" \
		--token-file=token "ws://$ADDRESS"
	[ "$(wc -l <target)" -eq 1 ]
	[ "$(tail -n 1 requests | jq .token)" = true ]
}

@test "a server that says when to come back is asked again then, and no sooner" {
	{
		problem 503 'starting' | jq -c '.headers["Retry-After"] = "2"'
		problem 429 'slowly' | jq -c '.headers["Retry-After"] = "1"'
		problem 401 'no token'
	} >list
	answers <list
	run -77 timeout 60 dnc-tail -n 0 "ws://$ADDRESS"
	echo "$output"
	[ "${#lines[@]}" -eq 2 ]
	[[ "${lines[0]}" == *'unable to connect (the server accepts no connection now (HTTP status 503: starting)); retrying in 2 s' ]]
	[[ "${lines[1]}" == *'authentication required'* ]]
	sed 1d requests | jq -s -e 'length == 3 and .[1].at - .[0].at >= 2 and .[2].at - .[1].at >= 1' >/dev/null
	# Who does not want that is told at once.
	problem 503 'starting' | jq -c '.headers["Retry-After"] = "2"' >list
	answers <list
	fails 75 '(HTTP status 503: starting)' --no-reconnect "ws://$ADDRESS"
}

@test "a hub that shuts down is asked again when it said, and no sooner" {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay >hub.out 3>&- <<-'END' &
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":61,"last_seq":60,"epoch":"e2"}}
		{"close":[1001,"retry_after_ms=2000"]}
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":61,"last_seq":60,"epoch":"e2"}}
		{"close":[4403,"access denied: not any more"]}
	END
	PIDS+=($!)
	wait_for has_content hub.out
	run -77 timeout 60 dnc-tail -n 0 "ws://$(head -n 1 hub.out)"
	echo "$output"
	[[ "${lines[0]}" == *'connection lost (closed by the hub: it is shutting down (close code 1001)); reconnecting' ]]
	[[ "${lines[1]}" == *'reconnected' ]]
	[[ "${lines[2]}" == *'lost the connection to ws://'*': access denied: not any more' ]]
	sed 1d hub.out | jq -s -e 'length == 2 and .[1].at - .[0].at >= 2' >/dev/null
}

@test "a connection too many is refused with the hub's words" {
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=desk --role=admin >token
	start_hub --keys=key.pub --max-connections-per-subject=1
	dnc-tail --token-file=token "ws://$ADDRESS" >out 2>err 3>&- 9>&- &
	PIDS+=($!)
	has_client() { [ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$ADDRESS/api/v1/info" | jq .active_connections)" = 1 ]; }
	wait_for has_client
	fails 75 'closed by the hub: too many connections of this subject (close code 4429)' --token-file=token "ws://$ADDRESS"
}

@test "-e ends when a lost connection is not made again" {
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay >hub.out 3>&- <<-'END' &
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":61,"last_seq":90,"epoch":"e2"}}
	END
	PIDS+=($!)
	wait_for has_content hub.out
	run -69 timeout 60 dnc-tail -e "ws://$(head -n 1 hub.out)"
	echo "$output"
	[[ "${lines[-1]}" == *'unable to connect to ws://'*': no program accepts connections there'* ]]
	[ "${#lines[@]}" -eq 3 ]
}

@test "a limit of open files is named, and not a hub that is there" {
	start_hub
	local files named=0
	for files in {12..24}; do
		run env ASAN_OPTIONS=detect_leaks=0 bash -c "ulimit -n $files; exec dnc-tail -e ws://$ADDRESS" 3>&- 9>&-
		echo "$files: $status $output"
		[[ "$output" != *'no program accepts connections'* && "$output" != *'check the name'* ]]
		[[ "$output" != *'ulimit -n'* ]] || { named=1 && [ "$status" -eq 69 ]; }
	done
	[ "$named" = 1 ]
}

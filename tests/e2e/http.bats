# Methods and pages.
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# The status line and the headers, without those that differ from answer to answer.
head_of() { curl -s --max-time 10 -o body -D- "$@" | tr -d '\r' | grep -vi '^date:'; }

@test "HEAD is answered as GET, without the body" {
	start_hub
	events 3 >&9
	wait_for last_seq_is 3
	local path
	for path in healthz readyz api/v1/info api/v1/clients "api/v1/rates?period=x" api/v1/events 'api/v1/events?limit=x' nope; do
		echo "$path"
		head_of "http://$ADDRESS/$path" >get
		[ -s body ]
		head_of -I "http://$ADDRESS/$path" >head
		diff get head
	done
	# Two on one connection, and a page after them: no body is in between.
	[ "$(curl -sI "http://$ADDRESS/healthz" -o /dev/null --next -sI "http://$ADDRESS/api/v1/events" -o /dev/null --next -s "http://$ADDRESS/healthz")" = '{"status":"ok"}' ]
	[ "$(head_of -I "http://$ADDRESS/metrics" | head -1)" = 'HTTP/1.1 200 OK' ]
	head_of -I "http://$ADDRESS/api/v1/stream" | grep -q '^content-type: text/event-stream'
	[ "$(head_of -I "http://$ADDRESS/api/v1/stream?colour=red" | head -1)" = 'HTTP/1.1 400 Bad Request' ]
	[ "$(curl -s "http://$ADDRESS/api/v1/clients" | jq '.clients | length')" = 0 ]
}

@test "a wrong method gets 405 and what is allowed, an unknown page 404" {
	start_hub
	allowed() { head_of -X "$1" "http://$ADDRESS/$2" | awk 'NR == 1 {s = $2} tolower($1) == "allow:" {sub(/^[^ ]* */, ""); a = $0} END {print s, a}'; }
	[ "$(allowed POST healthz)" = '405 GET, HEAD, OPTIONS' ]
	[ "$(allowed DELETE api/v1/info)" = '405 GET, HEAD, OPTIONS' ]
	[ "$(allowed PUT api/v1/events)" = '405 GET, HEAD, POST, OPTIONS' ]
	[ "$(allowed OPTIONS api/v1/events)" = '204 GET, HEAD, POST, OPTIONS' ]
	[ "$(allowed GET api/v1/ticket)" = '405 POST, OPTIONS' ]
	[ "$(head_of -I "http://$ADDRESS/api/v1/ticket" | grep -i '^allow')" = 'allow: POST, OPTIONS' ]
	[ "$(allowed DELETE nope)" = '404 ' ]
	[ "$(allowed GET healthz/)" = '404 ' ]
	head_of "http://$ADDRESS/ws/dnc" | grep -qi '^upgrade: websocket'
}

@test "requests that come together are answered, or refused, and the hub goes on" {
	start_hub
	local get='http GET /healthz' hello='header "Content-Length: 5" body hello'
	# REQUEST... in one segment get these STATUSES, and no more: the next request is answered.
	answered() { printf '%s\n' open cork "${@:2}" uncork "expect status $1" 'http GET /none' 'expect status 404'; }
	# The same, but the connection ends after the last.
	refused() { printf '%s\n' open cork "${@:2}" uncork "expect status $1" 'expect end'; }
	{
		answered '200 200 200 200 200 200 200 200 200 200' "$get" "$get" "$get" "$get" "$get" "$get" "$get" "$get" "$get" "$get"
		answered '200 404 200 200' "$get" 'http GET /nope' 'http HEAD /healthz' "$get"
		answered '200 200 200' "$get" 'http GET /api/v1/events' "$get"
		answered '200 200' "$get header \"Content-Length: 0\"" "$get"
		refused 400 "$get $hello" "$get"
		refused '200 400' "$get" "$get $hello" "$get"
		refused '200 200 400' "$get" "$get" "$get header \"Transfer-Encoding: chunked\"" 'chunk hello' chunk "$get"
		refused '200 404' "$get" "http POST /nope $hello" "$get"
		refused '200 405' "$get" "http PUT /healthz $hello" "$get"
	} | client
	[ "$(curl -s --max-time 20 "http://$ADDRESS/healthz")" = '{"status":"ok"}' ]
	kill -TERM "$HUB"
	wait "$HUB"
}

# Proxies in front of the hub, each as its own user, through a socket that only its group may open. Their configurations
# are those that dnc-wsd(8) prints.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	enter_open_folder 'www-data and haproxy'
	PORT=$(free_ports 1)
}

# as USER COMMAND... - runs it with no other rights than those of the user
as() { exec setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups "${@:2}"; }

# printed WORD - the literal block of dnc-wsd(8) that begins with WORD, for this test's socket and port
printed() {
	awk '/^\.Ed/ {on = 0} on {print} /^\.Bd/ {on = 1; print ""}' "$ROOT/man/dnc-wsd.8" |
		awk -v RS= -v word="$1" 'index($0, word) == 1' | sed "s|/run/dnc/web.sock|$DIR/web.sock|; s|127.0.0.1:80\\b|127.0.0.1:$PORT|"
}

start_hub_for() { # GROUP
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=desk --role=admin >token
	start_hub --keys=key.pub --trust-proxy --listen="unix:$DIR/web.sock,mode=0660,group=$1"
	[ "$(stat -c '%a %G' web.sock)" = "660 $1" ]
	[ "$(as nobody curl -s -w "%{http_code} %{exitcode}" --unix-socket web.sock http://hub/healthz)" = "000 7" ]
}

is_served() { curl -s "http://127.0.0.1:$PORT/healthz" | grep -q ok; }

# WebSocket, server-sent events and POST, through the proxy.
passes_everything() {
	local url=http://127.0.0.1:$PORT bearer="Authorization: Bearer $(cat token)"
	wait_for is_served || { tail *.out; return 1; }
	curl -sN -H "$bearer" "$url/api/v1/stream" >stream 2>/dev/null 3>&- 9>&- &
	PIDS+=($!)
	dnc-tail --token-file=token -n 0 -m 2 -o json "ws://127.0.0.1:$PORT" >tail 2>tail.err 3>&- 9>&- &
	local tail=$!
	PIDS+=("$tail")
	both_subscribed() { [ "$(curl -s -H "$bearer" "$url/api/v1/clients" | jq '[.clients[] | select(.subscribed)] | length')" = 2 ]; }
	wait_for both_subscribed
	events 2 | curl -sf -H "$bearer" --data-binary @- "$url/api/v1/events" >answer
	[ "$(jq .accepted answer)" = 2 ]
	wait "$tail"
	[ "$(jq .seq tail | tr '\n' ' ')" = '1 2 ' ]
	wait_for eval '[ "$(grep -c ^data: stream)" -ge 2 ]'
	# A large body, in pieces.
	events 3000 | curl -sf -H "$bearer" -H 'Transfer-Encoding: chunked' --data-binary @- "$url/api/v1/events" >answer
	[ "$(jq '.accepted + .duplicates' answer)" = 3000 ]
	# The hub knows the client, not the proxy, and learns from the proxy that the other has left.
	only_the_stream() { curl -s -H "$bearer" "$url/api/v1/clients" | jq -e '[.clients[].address] | length == 1 and all(startswith("127.0.0.1"))' >/dev/null; }
	wait_for only_the_stream
	# Pages of the hub's own host are let in, by the scheme that the proxy speaks.
	status_for() { curl -s -o /dev/null -w '%{http_code}' -H "$bearer" -H "Origin: $1" "${@:2}"; }
	[ "$(status_for "$url" "$url/api/v1/info")" = 200 ]
	[ "$(status_for "https://127.0.0.1:$PORT" "$url/api/v1/info")" = 403 ]
	[ "$(status_for https://hub -H 'X-Forwarded-Proto: https' --unix-socket web.sock http://hub/api/v1/info)" = 200 ]
	[ "$(status_for http://hub -H 'X-Forwarded-Proto: https' --unix-socket web.sock http://hub/api/v1/info)" = 403 ]
	run -77 dnc-tail -e "ws://127.0.0.1:$PORT"
	echo wrong >wrong
	run -77 dnc-tail -e --token-file=wrong "ws://127.0.0.1:$PORT"
	[[ "$output" == *'HTTP status 401'* ]]
}

@test "nginx as www-data passes WebSockets, server-sent events and POST" {
	start_hub_for www-data
	mkdir tmp
	chown www-data tmp
	printed 'map $http_upgrade' >block
	grep -q "$DIR/web.sock" block
	{
		echo "daemon off; pid $DIR/tmp/pid; error_log $DIR/tmp/error; worker_processes 1; events { } http { access_log off;"
		for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $DIR/tmp/$kind;"; done
		cat block
		echo '}'
	} >nginx.conf
	(as www-data /usr/sbin/nginx -e "$DIR/tmp/error" -p "$DIR/tmp" -c "$DIR/nginx.conf") >nginx.out 2>&1 3>&- 9>&- &
	PIDS+=($!)
	passes_everything
}

@test "haproxy as haproxy passes WebSockets, server-sent events and POST" {
	start_hub_for haproxy
	printed 'defaults' >haproxy.cfg
	grep -q "$DIR/web.sock" haproxy.cfg
	(as haproxy /usr/sbin/haproxy -db -f haproxy.cfg) >haproxy.out 2>&1 3>&- 9>&- &
	PIDS+=($!)
	passes_everything
}

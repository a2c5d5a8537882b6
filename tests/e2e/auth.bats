# Who may come in, and what he sees.
load ../helper

auth() { timeout 30 node "$BATS_TEST_DIRNAME/auth.js" "ws://$ADDRESS/ws/dnc" "$@"; }
jwt() { node "$BATS_TEST_DIRNAME/jwt.js" "$@"; }
mint() { dnc-token mint -k key --sub=desk "$@"; }
code_of() { curl -s -o body -w '%{http_code}' "$@"; }
# Many at once by one process, or a busy machine gives the address its tries back meanwhile. Prints the statuses.
wrong_tokens() { # URL CURL-OPTION...
	yes "url = \"$1\"
	output = /dev/null" | head -60 | curl -s -w '%{http_code}\n' -H 'Authorization: Bearer x' "${@:2}" -K -
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dnc-token keygen -o key >kid
}

@test "a token opens the door, by header, by ticket once, and by the first message" {
	start_hub --keys=key.pub
	local token ticket
	token=$(mint --role=compliance)
	auth header "$token" '{"type":"ping","id":1}' NONSENSE >out 3>&- &
	PIDS+=($!)
	wait_for has_line pong out
	[ "$(jq -c 'select(.type=="dnc.connection.established").metadata | [.role,.subject]' <(head -1 out))" = '["compliance","desk"]' ]
	ticket=$(curl -s -X POST -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/ticket" | jq -r .ticket)
	[ ${#ticket} -eq 43 ]
	auth ticket "$ticket" '{"type":"ping","id":1}' >out2 3>&- &
	PIDS+=($!)
	wait_for has_line pong out2
	auth ticket "$ticket" >again
	[ "$(jq -r .status again)" = 401 ]
	auth message "$token" '{"type":"ping","id":1}' >out3 3>&- &
	PIDS+=($!)
	wait_for has_line pong out3
	[ "$(head -1 out3 | jq -r .metadata.role)" = compliance ]
}

@test "a query that comes before the token is answered after it" {
	start_hub --keys=key.pub
	events 3 >&9
	wait_for_seq() { [ "$(curl -s -H "Authorization: Bearer $1" "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 3 ]; }
	local token
	token=$(mint --role=compliance)
	wait_for wait_for_seq "$token"
	timeout 30 node "$BATS_TEST_DIRNAME/auth.js" "ws://$ADDRESS/ws/dnc?since=1" message "$token" >out 3>&- &
	PIDS+=($!)
	wait_for has_line '"seq":3' out
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = '2 3 ' ]
}

@test "without a token, with a wrong one, or too late: each gets its answer" {
	start_hub --keys=key.pub --audience=hub
	local token=$(mint --role=admin --audience=hub) old
	dnc-token keygen -o other >/dev/null
	for bad in garbage "$(dnc-token mint -k other --sub=x --role=admin --audience=hub)" "$(mint --role=admin)" \
		"$(mint --role=admin --audience=other)" "$(jq -rn '"\({alg:"none"}|tojson|@base64).e30."' | tr -d =)"; do
		auth header "$bad" >out
		[ "$(jq -c '[.status,.www]' out)" = '[401,"Bearer"]' ]
		# The same words for all.
		[ "$(jq -r '.body | fromjson | .detail' out)" = "token rejected: get a new one; the hub's log tells what is wrong with it" ]
	done
	auth message garbage >out
	[ "$(jq -c '[.closed,.reason]' out)" = '[4401,"token rejected"]' ]
	auth nothing - '{"type":"subscribe"}' >out
	[ "$(jq .closed out)" = 4401 ]
	auth nothing - >out
	[ "$(jq .closed out)" = 4408 ]
	[ "$(code_of "http://$ADDRESS/api/v1/info")" = 401 ]
	[ "$(code_of -H "Authorization: Basic eDp5" "http://$ADDRESS/api/v1/info")" = 401 ]
	[ "$(code_of "http://$ADDRESS/healthz")" = 200 ]
	[ "$(code_of "http://$ADDRESS/metrics")" = 200 ]
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 200 ]
	[ "$(code_of -H "Authorization: Bearer $(mint --role=publisher --audience=hub)" "http://$ADDRESS/api/v1/info")" = 403 ]
	# The log says why, and holds no token.
	grep -q 'refused a token from 127.0.0.1: unknown_key' hub.err
	grep -q 'refused a token from 127.0.0.1: audience: wrong audience, subject desk' hub.err
	grep -q 'refused a token from 127.0.0.1: algorithm' hub.err
	! grep -q "${token:0:30}" hub.err
	curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_tokens_refused_total{reason="audience"} 2$'
}

@test "after many wrong tokens an address has to wait" {
	start_hub --keys=key.pub
	wrong_tokens "http://$ADDRESS/api/v1/info" >codes
	[ "$(tail -1 codes)" = 429 ]
	# Others are not held up, and neither are those who are inside.
	[ "$(code_of --interface 127.0.0.9 -H "Authorization: Bearer $(mint --role=admin)" "http://$ADDRESS/api/v1/info")" = 200 ]
}

@test "tokens of node's crypto and of python3-jwt are taken, ours are by them" {
	jwt keys .
	start_hub --keys=jwks.json --keys=key.pub
	local exp=$(($(date +%s) + 600)) kid
	for kid in rs ps es ed; do
		[ "$(code_of -H "Authorization: Bearer $(jwt sign . $kid "{\"sub\":\"idp\",\"role\":\"admin\",\"exp\":$exp}")" "http://$ADDRESS/api/v1/info")" = 200 ]
	done
	# The right key, but another algorithm of it.
	sed -i 's/"RS256"/"PS256"/' rs.json
	[ "$(code_of -H "Authorization: Bearer $(jwt sign . rs "{\"sub\":\"idp\",\"role\":\"admin\",\"exp\":$exp}")" "http://$ADDRESS/api/v1/info")" = 401 ]
	[ "$(jwt verify key.pub "$(mint --role=operator)" | jq -r .role)" = operator ]
	/usr/bin/python3 - "$(mint --role=operator --audience=hub)" >claims <<-'END'
		import json, sys, jwt
		key = jwt.PyJWK(json.load(open("key.pub"))).key
		print(jwt.decode(sys.argv[1], key, algorithms=["EdDSA"], audience="hub")["sub"])
	END
	[ "$(cat claims)" = desk ]
	dnc-token keygen --algorithm=HS256 -o secret >/dev/null
	/usr/bin/python3 - >token <<-'END'
		import base64, json, jwt, time
		k = json.load(open("secret"))
		print(jwt.encode({"sub": "py", "role": "admin", "exp": time.time() + 60}, base64.urlsafe_b64decode(k["k"] + "=="), algorithm="HS256", headers={"kid": k["kid"]}))
	END
	dnc-token inspect -k secret <token >shown
	[ "$(tail -1 shown | cut -d' ' -f1,2)" = 'valid for' ]
}

@test "when the token ends, is revoked, or the role changes, the connection follows within a second" {
	printf '[role desk]\npermissions = dnc:stream dnc:pii\nrate = none\n' >roles.conf
	: >revoked
	start_hub --keys=key.pub --roles=roles.conf --revoked=revoked
	local short=$(mint --role=desk --ttl=2s) long=$(mint --role=desk) start
	auth header "$short" '{"type":"subscribe"}' >short 3>&- &
	local ends=$!
	auth header "$long" '{"type":"subscribe"}' >long 3>&- &
	local revoked=$!
	wait_for has_line confirmed long
	wait_for has_line confirmed short
	wait $ends
	[ "$(tail -1 short | jq -c '[.closed,.reason]')" = '[4410,"token rejected: expired"]' ]
	echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}' >&9
	wait_for has_line +13035550144 long
	# Whole numbers are lost at once.
	printf '[role desk]\npermissions = dnc:stream\nrate = none\n' >roles.conf
	kill -HUP "$HUB"
	wait_for has_line 'tokens reloaded' hub.err
	echo '{"type":"dnc.number.released","phone_number":"+13035550145","reason":"expired"}' >&9
	wait_for has_line '+1\*\*\*\*\*\*0145' long
	! grep -q 5550145 long
	# A broken file changes nothing, and says so.
	echo 'nonsense' >roles.conf
	kill -HUP "$HUB"
	wait_for has_line 'roles.conf:1.*stay in effect' hub.err
	echo '{"type":"dnc.number.released","phone_number":"+13035550146","reason":"expired"}' >&9
	wait_for has_line '+1\*\*\*\*\*\*0146' long
	printf '[role desk]\npermissions = dnc:stream\nrate = none\n' >roles.conf
	dnc-token revoke -q -f revoked "$(dnc-token inspect <<<"$long" | jq -r '.jti // empty')"
	kill -HUP "$HUB"
	wait $revoked
	[ "$(tail -1 long | jq -c '[.closed,.reason]')" = '[4411,"token rejected: revoked"]' ]
	curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_closed_total{reason="token_expired",error="false"} 1$'
	auth header "$long" >out
	cat out
	[ "$(jq -r .status out)" = 401 ]
}

@test "a client whose token was revoked is not looked at for the next event, though its role has a filter" {
	: >revoked
	start_hub --keys=key.pub --revoked=revoked
	local token=$(mint --role=security)
	auth header "$token" '{"type":"subscribe"}' >out 3>&- &
	local client=$!
	wait_for has_line confirmed out
	dnc-token revoke -q -f revoked "$(dnc-token inspect <<<"$token" | jq -r '.jti // empty')"
	kill -HUP "$HUB"
	wait_for has_line 'read again' hub.err
	events 1 >&9
	seen() { [ "$(curl -s -H "Authorization: Bearer $(mint --role=admin)" "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 1 ]; }
	wait_for seen
	wait $client
	[ "$(tail -1 out | jq -c '[.closed,.reason]')" = '[4411,"token rejected: revoked"]' ]
	kill -0 "$HUB"
}

@test "auth renews the token of the same subject, no other" {
	start_hub --keys=key.pub
	local other=$(dnc-token mint -k key --sub=else --role=admin) new=$(mint --role=compliance --ttl=9h)
	auth header "$(mint --role=compliance --ttl=1h)" "{\"type\":\"auth\",\"token\":\"$other\",\"id\":1}" \
		'{"type":"auth","token":"x","id":2}' "{\"type\":\"auth\",\"token\":\"$new\",\"id\":3}" '{"type":"ping","id":4}' >out 3>&- &
	PIDS+=($!)
	wait_for has_line pong out
	[ "$(jq -r 'select(.request_id==1).code' out)" = forbidden ]
	[ "$(jq -r 'select(.request_id==2).code' out)" = unauthenticated ]
	[[ "$(jq -r 'select(.request_id==3).metadata.expires_at' out)" > "$(head -1 out | jq -r .metadata.expires_at)" ]]
}

@test "who is connected, for those who may know" {
	start_hub --keys=key.pub
	auth header "$(mint --role=compliance)" '{"type":"subscribe"}' >one 3>&- &
	PIDS+=($!)
	wait_for has_line confirmed one
	listed() { [ "$(curl -s -H "Authorization: Bearer $(mint --role=admin)" "http://$ADDRESS/api/v1/clients" |
		jq -c '.clients | map([.subject,.role,.address,.message_count,.subscribed,.lag])')" = '[["desk","compliance","127.0.0.1",1,true,0]]' ]; }
	wait_for listed
	[ "$(code_of -H "Authorization: Bearer $(mint --role=compliance)" "http://$ADDRESS/api/v1/clients")" = 403 ]
}

@test "dnc-tail of an operator starts at the present, because he may not see the past" {
	start_hub --keys=key.pub
	mint --role=operator >token
	dnc-tail --token-file token -m 1 -o json "ws://$ADDRESS/ws/dnc" >tail 3>&- &
	local client=$!
	subscribed() { curl -s -H "Authorization: Bearer $(mint --role=admin)" "http://$ADDRESS/api/v1/clients" | jq -e '.clients[0].subscribed' >/dev/null; }
	wait_for subscribed
	echo '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}' >&9
	wait "$client"
	[ "$(jq -r .phone_number tail)" = '+1******0144' ]
	run dnc-tail --token-file token -n 5 -e "ws://$ADDRESS/ws/dnc"
	[ "$status" -eq 77 ]
	[[ "$output" == *'lacks dnc:replay'* ]]
	# A place is no reason to be refused for ever: what was missed is said once.
	echo "$(curl -s -H "Authorization: Bearer $(mint --role=admin)" "http://$ADDRESS/api/v1/info" | jq -r .epoch) 0" >place
	run dnc-tail --token-file token --state=place -e "ws://$ADDRESS/ws/dnc"
	[ "$status" -eq 1 ]
	[[ "$output" == *'events 1 to 1 (1) were missed: resuming requires the permission dnc:replay'* ]]
	[ "$(cut -d' ' -f2 place)" = 1 ]
	run dnc-tail --token-file token --state=place -e "ws://$ADDRESS/ws/dnc"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
}

@test "so many connections of one subject, no more" {
	start_hub --keys=key.pub --max-connections-per-subject=1
	auth header "$(mint --role=admin)" >one 3>&- &
	PIDS+=($!)
	wait_for has_content one
	auth header "$(mint --role=operator)" >out
	[ "$(tail -1 out | jq -c '[.closed,.reason]')" = '[4429,"too many connections of this subject"]' ]
	auth header "$(dnc-token mint -k key --sub=else --role=admin)" '{"type":"ping"}' >out2 3>&- &
	PIDS+=($!)
	wait_for has_line pong out2
}

@test "each role gets its events and its fields, and nothing else" {
	start_hub --keys=key.pub
	local role
	for role in admin compliance security operator telephony publisher monitor nobody; do
		auth header "$(dnc-token mint -k key --sub=$role --role=$role)" '{"type":"subscribe","id":"s"}' '{"type":"ping","id":"p"}' >$role.out 3>&- &
		PIDS+=($!)
	done
	auth header "$(dnc-token mint -k key --sub=x --role=nobody --permission=dnc:stream)" '{"type":"subscribe","id":"s"}' '{"type":"ping","id":"p"}' >extra.out 3>&- &
	PIDS+=($!)
	for role in admin compliance security operator telephony publisher monitor nobody extra; do wait_for has_line pong $role.out; done
	dnc-ingest >&9 <<-'END'
		{"type":"dnc.number.suppressed","phone_number":"+13035550143","reason":"regulatory","source":"consumer"}
		{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}
		{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"success"}
		{"type":"dnc.compliance.violation","phone_number":"+13035550146","violation_type":"called"}
	END
	for role in admin compliance security; do wait_for has_line '"seq":4' $role.out; done
	for role in operator telephony extra; do wait_for has_line '"seq":3' $role.out; done
	for role in admin compliance security operator telephony publisher monitor nobody extra; do
		echo "$role: $(jq -rc 'select(.seq) | "\(.type|ltrimstr("dnc."))=\(.phone_number // .provider)"' $role.out | tr '\n' ' ')$(jq -r 'select(.request_id=="s").code // empty' $role.out)"
	done >seen
	diff - seen <<-'END'
		admin: number.suppressed=+13035550143 number.released=+13035550144 list.synced=federal_dnc compliance.violation=+13035550146 
		compliance: number.suppressed=+13035550143 number.released=+13035550144 list.synced=federal_dnc compliance.violation=+13035550146 
		security: number.suppressed=+13035550143 compliance.violation=+13035550146 
		operator: number.suppressed=+1******0143 number.released=+1******0144 list.synced=federal_dnc 
		telephony: number.suppressed=+1******0143 number.released=+1******0144 list.synced=federal_dnc 
		publisher: forbidden
		monitor: forbidden
		nobody: forbidden
		extra: number.suppressed=+1******0143 number.released=+1******0144 list.synced=federal_dnc 
	END
	# The fields of each type, as everybody gets them who gets it at all.
	for role in admin compliance security operator telephony extra; do
		jq -rc 'select(.seq) | "\(.type|ltrimstr("dnc.")): \([paths(scalars) | join(".")] | join(" "))"' $role.out
	done | sort -u >fields
	diff - fields <<-'END'
		compliance.violation: seq id type phone_number severity timestamp summary event_data.violation_type metadata.ingested_at metadata.source_format
		list.synced: seq id type provider severity timestamp summary event_data.sync_status metadata.sync_status metadata.ingested_at metadata.source_format
		number.released: seq id type phone_number severity timestamp summary event_data.reason metadata.reason metadata.tcpa_relevant metadata.ingested_at metadata.source_format
		number.suppressed: seq id type phone_number provider severity timestamp summary event_data.reason event_data.source metadata.reason metadata.source metadata.tcpa_relevant metadata.ingested_at metadata.source_format
	END
}

@test "TLS: 1.2 at least, strong ciphers, and a new certificate without dropping anybody" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=one \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	start_hub --keys=key.pub --tls-cert=tls.crt --tls-key=tls.key
	local token=$(mint --role=admin) cipher
	auth() { timeout 30 node "$BATS_TEST_DIRNAME/auth.js" "wss://$ADDRESS/ws/dnc" "$@"; }
	mkfifo hold
	auth header "$token" '{"type":"subscribe"}' >out 3>&- &
	PIDS+=($!)
	wait_for has_line confirmed out
	events 300 >&9
	wait_for has_line '"seq":300,' out
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 300 | tr '\n' ' ')" ]
	subject() { openssl s_client -connect "$ADDRESS" "$@" </dev/null 2>/dev/null | grep -E '^subject=|^ *Cipher *:|Cipher is'; }
	[[ "$(subject)" == *'CN = one'* ]]
	for old in -tls1 -tls1_1; do ! openssl s_client -connect "$ADDRESS" $old -cipher ALL:@SECLEVEL=0 </dev/null >/dev/null 2>&1; done
	openssl s_client -connect "$ADDRESS" -tls1_2 </dev/null >/dev/null 2>&1
	openssl s_client -connect "$ADDRESS" -tls1_3 </dev/null >/dev/null 2>&1
	for cipher in AES128-SHA AES256-GCM-SHA384 ECDHE-ECDSA-AES128-SHA NULL-SHA256 DES-CBC3-SHA; do
		! openssl s_client -connect "$ADDRESS" -tls1_2 -cipher "$cipher:@SECLEVEL=0" </dev/null >/dev/null 2>&1
	done
	curl -s --cacert tls.crt -D- -o /dev/null "https://$ADDRESS/healthz" | grep -qi '^strict-transport-security: max-age'
	[ "$(ORIGIN=https://evil.example auth header "$token" | jq -r .status)" = 403 ]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=two \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	kill -HUP "$HUB"
	is_two() { [[ "$(subject)" == *'CN = two'* ]]; }
	wait_for is_two
	events 301 | tail -1 >&9
	wait_for has_line '"seq":301,' out
	echo "$token" >token
	dnc-tail --cacert tls.crt --token-file token -n 2 -e -o json "wss://$ADDRESS/ws/dnc" >tail
	[ "$(jq .seq tail | tr '\n' ' ')" = '300 301 ' ]
	run dnc-tail --token-file token -e --no-reconnect "wss://$ADDRESS/ws/dnc"
	[ "$status" -ne 0 ]
	echo x >token
	run dnc-tail --cacert tls.crt --token-file token -e "wss://$ADDRESS/ws/dnc"
	[ "$status" -eq 77 ]
}

@test "behind a proxy on a Unix socket the client's own address counts" {
	start_hub --keys=key.pub --listen=unix:"$PWD/web.sock" --trust-proxy
	ADDRESS=${ADDRESS%%$'\n'*}
	wrong_tokens http://hub/api/v1/info --unix-socket web.sock -H 'X-Forwarded-For: 8.8.8.8, 192.0.2.7' >codes
	grep -q 'refused a token from 192.0.2.7' hub.err
	[ "$(code_of --unix-socket web.sock -H 'X-Forwarded-For: 192.0.2.7' -H 'Authorization: Bearer x' http://hub/api/v1/info)" = 429 ]
	[ "$(code_of --unix-socket web.sock -H 'X-Forwarded-For: 192.0.2.8' -H 'Authorization: Bearer x' http://hub/api/v1/info)" = 401 ]
	# Over TCP nobody is believed.
	[ "$(code_of -H 'X-Forwarded-For: 192.0.2.7' -H "Authorization: Bearer $(mint --role=admin)" "http://$ADDRESS/api/v1/info")" = 200 ]
}

@test "without keys no other address than this machine's is listened on" {
	run timeout 10 dnc-wsd --data=:memory: --listen=0.0.0.0:0 </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'without --keys authentication is disabled, and only loopback'* ]]
	chmod 644 key
	run timeout 10 dnc-wsd --data=:memory: --listen=0.0.0.0:0 --keys=key </dev/null
	[ "$status" -eq 77 ]
	[[ "$output" == *'chmod 600'* ]]
}

@test "who did what is in the log of access, without a number or a token" {
	start_hub --keys=key.pub
	local token=$(mint --role=compliance)
	dnc-token mint -k key --sub=feed --role=publisher >feed
	curl -s -H "Authorization: Bearer $(cat feed)" -d '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}' "http://$ADDRESS/api/v1/events" >/dev/null
	auth header "$token" '{"type":"subscribe","since":0,"filters":{"phone_patterns":["^\\+13035550144$"]}}' \
		'{"type":"update_filters","filters":{"phone_patterns":["3035550145"]}}' >out 3>&- &
	local client=$!
	PIDS+=("$client")
	has_two() { [ "$(grep -c confirmed out)" = 2 ]; }
	wait_for has_two
	kill "$client"
	auth header garbage >/dev/null
	code_of -H "Authorization: Bearer $(cat feed)" "http://$ADDRESS/api/v1/info"
	code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/events?phone=%2B13035550144"
	access() { sqlite3 data/events.db "select json_extract(record,'\$.what'), json_extract(record,'\$.subject'), json_extract(record,'\$.role'), json_extract(record,'\$.address') from access order by n"; }
	has_all() { [ "$(access | sort -u | wc -l)" -ge 8 ]; }
	wait_for has_all
	diff - <(access | sort -u) <<-'END'
		connected|desk|compliance|127.0.0.1
		disconnected|desk|compliance|127.0.0.1
		filters_changed|desk|compliance|127.0.0.1
		published|feed|publisher|127.0.0.1
		read|desk|compliance|127.0.0.1
		refused|feed||127.0.0.1
		refused|||127.0.0.1
		subscribed|desk|compliance|127.0.0.1
	END
	[ "$(sqlite3 data/events.db "select json_extract(record,'\$.first_seq','\$.last_seq','\$.events') from access where record like '%disconnected%'")" = '[1,1,1]' ]
	wait_for has_line 'access {.*disconnected' hub.err
	! grep 'access {' hub.err | grep -q 303555
	! grep -q 303555 <(sqlite3 data/events.db 'select record from access')
}

buy() { curl -s -X POST -H "Authorization: Bearer $1" "http://$ADDRESS/api/v1/ticket" | jq -r .ticket; }

@test "a ticket opens a stream of server-sent events, once, and nothing else" {
	start_hub --keys=key.pub
	local token=$(mint --role=compliance) ticket other
	ticket=$(buy "$token")
	timeout 30 node "$BATS_TEST_DIRNAME/eventsource.js" "http://$ADDRESS/api/v1/stream?ticket=$ticket&last=2" >out 3>&- &
	PIDS+=($!)
	wait_for has_line subscription.confirmed out
	[ "$(head -1 out | jq -r '[.data.metadata.role,.data.metadata.subject]|join(" ")')" = 'compliance desk' ]
	events 1 >&9
	wait_for has_line '"seq":1' out
	[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$ticket")" = 401 ]
	[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=")" = 401 ]
	# It stands for the token at streams alone.
	other=$(buy "$token")
	for path in info events clients 'stream/x'; do
		[[ "$(code_of "http://$ADDRESS/api/v1/$path?ticket=$other")" == 40[14] ]]
		[[ "$(code_of -H "Sec-WebSocket-Protocol: dnc.v1, dnc.ticket.$other" "http://$ADDRESS/api/v1/$path")" == 40[14] ]]
	done
	[ "$(code_of -X POST -H "Sec-WebSocket-Protocol: dnc.ticket.$other" "http://$ADDRESS/api/v1/ticket")" = 401 ]
	[ "$(code_of -X POST "http://$ADDRESS/api/v1/ticket?ticket=$other")" = 401 ]
	[ "$(code_of -I "http://$ADDRESS/api/v1/stream?ticket=$other")" = 401 ]
	# It was not used up by that, and what the stream refuses is told.
	[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$other&colour=red")" = 400 ]
	! grep -qF -e "$ticket" -e "$other" hub.err
	[ -z "$(sqlite3 data/events.db 'select record from access' | grep -F -e "$ticket" -e "$other")" ]
}

@test "a ticket ends with its token: in time, and when that is revoked before or after" {
	: >revoked
	start_hub --keys=key.pub --revoked=revoked
	local token=$(mint --role=compliance) short=$(mint --role=compliance --ttl=3s) early late
	curl -sN "http://$ADDRESS/api/v1/stream?ticket=$(buy "$short")" >short 3>&- &
	local ends=$!
	early=$(buy "$short")
	late=$(buy "$token")
	curl -sN "http://$ADDRESS/api/v1/stream?ticket=$(buy "$token")" >long 3>&- &
	local revoked=$!
	wait_for has_line confirmed short
	wait_for has_line confirmed long
	wait $ends || :
	[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$early")" = 401 ]
	wait_for has_line '"code":4410' hub.err
	dnc-token inspect <<<"$token" | grep -o '"jti":"[^"]*"' | cut -d'"' -f4 >revoked
	[ -s revoked ]
	kill -HUP "$HUB"
	wait $revoked || :
	wait_for has_line '"code":4411' hub.err
	[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$late")" = 401 ]
	early=$(buy "$(mint --role=compliance)")
	auth ticket "$early" '{"type":"ping"}' >out 3>&- &
	PIDS+=($!)
	wait_for has_line pong out
}

@test "tickets that are used or unknown bar nobody, what can be no ticket does" {
	start_hub --keys=key.pub
	local token=$(mint --role=compliance) ticket i
	ticket=$(buy "$token")
	for i in $(seq 40); do
		[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$(printf 'used_-%037d' "$i")")" = 401 ]
	done
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 200 ]
	[ "$(code_of --max-time 1 "http://$ADDRESS/api/v1/stream?ticket=$ticket")" = 200 ]
	for i in $(seq 40); do code_of "http://$ADDRESS/api/v1/stream?ticket=guess$i"; done >codes
	grep -q 429 codes
}

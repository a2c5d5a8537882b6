# Who may come in, and what he sees.
load ../helper

bearer() { echo "header \"Authorization: Bearer $1\""; }	# for a dialogue
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
	ticket=$(curl -s -X POST -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/ticket" | jq -r .ticket)
	[ ${#ticket} -eq 43 ]
	client <<-END
		connect /ws/dnc $(bearer "$token")
		expect {"type":"dnc.connection.established","metadata":{"role":"compliance","subject":"desk"}}
		as ticket
		connect /ws/dnc protocol dnc.v1 protocol dnc.ticket.$ticket
		expect status 101 header "Sec-WebSocket-Protocol: dnc.v1"
		expect {"type":"dnc.connection.established","metadata":{"role":"compliance","subject":"desk"}}
		as again
		connect /ws/dnc protocol dnc.v1 protocol dnc.ticket.$ticket
		expect status 401
		as message
		connect /ws/dnc
		say {"type":"auth","token":"$token","id":"auth"}
		say {"type":"ping","id":1}
		expect {"type":"dnc.connection.established","metadata":{"role":"compliance","subject":"desk"}}
		until {"type":"dnc.connection.pong","request_id":1}
	END
}

@test "a query that comes before the token is answered after it" {
	start_hub --keys=key.pub
	events 3 >&9
	wait_for_seq() { [ "$(curl -s -H "Authorization: Bearer $1" "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 3 ]; }
	local token
	token=$(mint --role=compliance)
	wait_for wait_for_seq "$token"
	client <<-END
		connect /ws/dnc?since=1
		say {"type":"auth","token":"$token"}
		expect {"type":"dnc.connection.established"}
		expect {"type":"dnc.subscription.confirmed"}
		expect {"seq":2}
		expect {"seq":3}
	END
}

@test "without a token, with a wrong one, or too late: each gets its answer" {
	start_hub --keys=key.pub --audience=hub
	local token=$(mint --role=admin --audience=hub) old
	dnc-token keygen -o other >/dev/null
	for bad in garbage "$(dnc-token mint -k other --sub=x --role=admin --audience=hub)" "$(mint --role=admin)" \
		"$(mint --role=admin --audience=other)" "$(jq -rn '"\({alg:"none"}|tojson|@base64).e30."' | tr -d =)"; do
		echo "connect /ws/dnc $(bearer "$bad")"
		# The same words for all.
		echo 'expect status 401 header "WWW-Authenticate: Bearer" body {"detail":"token rejected: get a new one; the hub'"'"'s messages say what is wrong with it"}'
	done | client
	client <<-'END'
		as silent
		connect /ws/dnc
		as garbage
		connect /ws/dnc
		say {"type":"auth","token":"garbage"}
		expect close 4401 token rejected
		as eager
		connect /ws/dnc
		say {"type":"subscribe"}
		expect close 4401
		as silent
		expect close 4408
	END
	[ "$(code_of "http://$ADDRESS/api/v1/info")" = 401 ]
	[ "$(code_of -H "Authorization: Basic eDp5" "http://$ADDRESS/api/v1/info")" = 401 ]
	[ "$(code_of "http://$ADDRESS/healthz")" = 200 ]
	[ "$(code_of "http://$ADDRESS/metrics")" = 200 ]
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 200 ]
	[ "$(code_of -H "Authorization: Bearer $(mint --role=publisher --audience=hub)" "http://$ADDRESS/api/v1/info")" = 403 ]
	# The log says why, and holds no token.
	grep -q 'token from 127.0.0.1 rejected: unknown_key' hub.err
	grep -q 'token from 127.0.0.1 rejected: audience: wrong audience, subject desk' hub.err
	grep -q 'token from 127.0.0.1 rejected: algorithm' hub.err
	refute grep -q "${token:0:30}" hub.err
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
	local jti
	: >revoked
	# What the dialogue does beside: makes a release, gives the role, reads all again.
	release() { echo "{\"type\":\"dnc.number.released\",\"phone_number\":\"+13035550$1\",\"reason\":\"expired\"}" >&9; }
	desk() { printf '%s\n' '[role desk]' "permissions = $*" 'rate = none' >roles.conf; }
	reload() { kill -HUP "$HUB"; wait_for has_line "$1" hub.err; }
	export -f release desk reload
	desk dnc:stream dnc:pii
	start_hub --keys=key.pub --roles=roles.conf --revoked=revoked
	export HUB
	local long=$(mint --role=desk)
	jti=$(dnc-token inspect <<<"$long" | jq -r '.jti // empty')
	client >out <<-END
		as long
		connect /ws/dnc $(bearer "$long")
		say {"type":"subscribe"}
		as short
		connect /ws/dnc $(bearer "$(mint --role=desk --ttl=6s)")
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		expect close 4410 token rejected: expired
		as long
		until {"type":"dnc.subscription.confirmed"}
		shell release 144
		expect {"phone_number":"+13035550144"}
		# Whole numbers are lost at once.
		shell desk dnc:stream; reload 'tokens reloaded'; release 145
		expect {"phone_number":"+1******0145"}
		# A broken file changes nothing, and says so.
		shell echo nonsense >roles.conf; reload 'roles.conf:1.*stay in effect'; release 146
		expect {"phone_number":"+1******0146"}
		shell desk dnc:stream; dnc-token revoke -q -f revoked "$jti"; kill -HUP \$HUB
		expect close 4411 token rejected: revoked
		connect /ws/dnc $(bearer "$long")
		expect status 401
	END
	refute grep -qE '555014[56]' out
	# Workers tell each other their figures once a second.
	counted() { curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_closed_total{reason="token_expired",error="false"} 1$'; }
	wait_for counted
}

@test "a key that is removed takes its connections and tickets along within a second" {
	local old new ticket closed
	dnc-token keygen -o next >/dev/null
	cp key.pub current
	start_hub --keys=current
	old=$(mint --role=compliance)
	new=$(dnc-token mint -k next --sub=desk --role=compliance)
	curl -sN -H "Authorization: Bearer $old" "http://$ADDRESS/api/v1/stream" >stream 3>&- &
	local stream=$!
	wait_for has_line confirmed stream
	ticket=$(buy "$old")
	replace() { jq -s '{keys: .}' "$@" >current.new && mv current.new current; }
	export -f replace
	export HUB
	client <<-END
		as old
		connect /ws/dnc $(bearer "$old")
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell replace next.pub key.pub; kill -HUP \$HUB
		as new
		shell wait_for has_line 'tokens reloaded' hub.err
		connect /ws/dnc $(bearer "$new")
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		as old
		say {"type":"ping","id":1}
		until {"type":"dnc.connection.pong","request_id":1}
		shell replace next.pub; kill -HUP \$HUB; date +%s%3N >removed
		expect close 4411 token rejected: its key was removed
		shell date +%s%3N >ended
		connect /ws/dnc $(bearer "$old")
		expect status 401
		connect /ws/dnc protocol dnc.v1 protocol dnc.ticket.$ticket
		expect status 401
		as new
		say {"type":"ping","id":2}
		until {"type":"dnc.connection.pong","request_id":2}
	END
	[ $(($(cat ended) - $(cat removed))) -lt 5000 ]	# a second, on a busy machine
	wait $stream || :
	grep -q 'token from 127.0.0.1 rejected: unknown_key' hub.err
	counted() { curl -s "http://$ADDRESS/metrics" | grep -q '^dnc_closed_total{reason="key_removed",error="false"} 2$'; }
	wait_for counted
}

@test "weak keys of a set are disabled one by one, and a set of them is refused" {
	jwt keys .
	jq -c '.keys |= map(if .kid == "rs" then .e = "AQ" elif .kid == "es" then .y = .x elif .kid == "ed" then .x = "A" * 43 else . end)' jwks.json >weak.json
	start_hub --keys=weak.json
	grep -q 'weak.json: key 1 (kid rs) is not used: its RSA exponent is 1: anybody could sign' hub.err
	grep -q 'weak.json: key 3 (kid es) is not used: x and y are not a point of the curve P-256' hub.err
	grep -q 'weak.json: key 4 (kid ed) is not used: its x has a small order: anybody could sign' hub.err
	grep -q 'weak.json: key 5 (kid enc) is not used: its use is enc, not sig' hub.err
	local exp=$(($(date +%s) + 600))
	[ "$(code_of -H "Authorization: Bearer $(jwt sign . ps "{\"sub\":\"idp\",\"role\":\"admin\",\"exp\":$exp}")" "http://$ADDRESS/api/v1/info")" = 200 ]
	[ "$(code_of -H "Authorization: Bearer $(jwt sign . rs "{\"sub\":\"idp\",\"role\":\"admin\",\"exp\":$exp}")" "http://$ADDRESS/api/v1/info")" = 401 ]
	jq -c '.keys |= map(select(.kid != "ps"))' weak.json >none.json
	run timeout 10 dnc-wsd --data=:memory: --listen=127.0.0.1:0 --keys=none.json </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'--keys: none.json: no key of the set can be used'* ]]
}

@test "a file of revoked tokens that could be misread is refused, and the one before stays in effect" {
	local token=$(mint --role=admin) jti
	jti=$(dnc-token inspect <<<"$token" | jq -r '.jti // empty')
	printf '\xef\xbb\xbf# stolen\r\n%s # by whom?\r\n' "$jti" >revoked
	start_hub --keys=key.pub --revoked=revoked
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 401 ]
	printf 'one,two\n' >revoked
	kill -HUP "$HUB"
	wait_for has_line 'revoked:1:4: unexpected ,.*stay in effect' hub.err
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 401 ]
	run timeout 10 dnc-wsd --data=:memory: --listen=127.0.0.1:0 --keys=key.pub --revoked=revoked </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'--revoked: revoked:1:4: unexpected ,'* ]]
}

@test "a client whose token was revoked is not looked at for the next event, though its role has a filter" {
	: >revoked
	start_hub --keys=key.pub --revoked=revoked
	local token=$(mint --role=security)
	read_again() { kill -HUP "$HUB"; wait_for has_line 'tokens reloaded' hub.err; }
	seen() { [ "$(curl -s -H "Authorization: Bearer $admin" "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 1 ]; }
	export -f read_again seen
	export HUB admin=$(mint --role=admin) jti=$(dnc-token inspect <<<"$token" | jq -r '.jti // empty')
	client <<-END
		connect /ws/dnc $(bearer "$token")
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell dnc-token revoke -q -f revoked \$jti; read_again; events 1 >&9; wait_for seen
		expect close 4411 token rejected: revoked
	END
	kill -0 "$HUB"
}

@test "auth renews the token of the same subject, no other" {
	start_hub --keys=key.pub
	local other=$(dnc-token mint -k key --sub=else --role=admin) new=$(mint --role=compliance --ttl=9h)
	client >out <<-END
		connect /ws/dnc $(bearer "$(mint --role=compliance --ttl=1h)")
		say {"type":"auth","token":"$other","id":1}
		until {"request_id":1,"code":"forbidden"}
		say {"type":"auth","token":"x","id":2}
		until {"request_id":2,"code":"unauthenticated"}
		say {"type":"auth","token":"$new","id":3}
		until {"request_id":3}
	END
	[[ "$(jq -r 'select(.request_id==3).metadata.expires_at' out)" > "$(head -1 out | jq -r .metadata.expires_at)" ]]
}

@test "who is connected, for those who may know" {
	start_hub --keys=key.pub
	listed() { [ "$(curl -s -H "Authorization: Bearer $admin" "http://$ADDRESS/api/v1/clients" |
		jq -c '.clients | map([.subject,.role,.address,.message_count,.subscribed,.lag])')" = '[["desk","compliance","127.0.0.1",1,true,0]]' ]; }
	export -f listed
	export admin=$(mint --role=admin)
	client <<-END
		connect /ws/dnc $(bearer "$(mint --role=compliance)")
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell wait_for listed
	END
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
	client <<-END
		as one
		connect /ws/dnc $(bearer "$(mint --role=admin)")
		expect {"type":"dnc.connection.established"}
		as another
		connect /ws/dnc $(bearer "$(mint --role=operator)")
		expect close 4429 too many connections of this subject
		as else
		connect /ws/dnc $(bearer "$(dnc-token mint -k key --sub=else --role=admin)")
		expect {"type":"dnc.connection.established"}
		say {"type":"ping"}
		until {"type":"dnc.connection.pong"}
	END
}

@test "each role gets its events and its fields, and nothing else" {
	start_hub --keys=key.pub
	local role
	one_of_four() {
		dnc-ingest >&9 <<-'END'
			{"type":"dnc.number.suppressed","phone_number":"+13035550143","reason":"regulatory","source":"consumer"}
			{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}
			{"type":"dnc.list.synced","provider":"federal_dnc","sync_status":"success"}
			{"type":"dnc.compliance.violation","phone_number":"+13035550146","violation_type":"called"}
		END
	}
	export -f one_of_four
	local -A events=([admin]=4 [compliance]=4 [security]=2 [operator]=3 [telephony]=3 [publisher]=0 [monitor]=0 [nobody]=0 [extra]=3)
	{
		for role in "${!events[@]}"; do
			local options=(--role="$role")
			[ "$role" != extra ] || options=(--role=nobody --permission=dnc:stream)
			printf '%s\n' "as $role" "connect /ws/dnc $(bearer "$(dnc-token mint -k key --sub="$role" "${options[@]}")")" "into $role.out" \
				'say {"type":"subscribe","id":"s"}' 'until {"request_id":"s"}'
		done
		echo 'shell one_of_four'
		# The pong shows that nothing more came.
		for role in "${!events[@]}"; do
			printf '%s\n' "as $role" "until ${events[$role]} events" 'say {"type":"ping","id":"p"}' 'expect {"request_id":"p"}'
		done
	} | client
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
	certificate() {
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj "/CN=$1" \
			-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	}
	certificate one
	start_hub --keys=key.pub --tls-cert=tls.crt --tls-key=tls.key
	local token=$(mint --role=admin) cipher
	subject() { openssl s_client -connect "$ADDRESS" "$@" </dev/null 2>/dev/null | grep -E '^subject=|^ *Cipher *:|Cipher is'; }
	[[ "$(subject)" == *'CN = one'* ]]
	for old in -tls1 -tls1_1; do refute openssl s_client -connect "$ADDRESS" $old -cipher ALL:@SECLEVEL=0 </dev/null >/dev/null 2>&1; done
	openssl s_client -connect "$ADDRESS" -tls1_2 </dev/null >/dev/null 2>&1
	openssl s_client -connect "$ADDRESS" -tls1_3 </dev/null >/dev/null 2>&1
	for cipher in AES128-SHA AES256-GCM-SHA384 ECDHE-ECDSA-AES128-SHA NULL-SHA256 DES-CBC3-SHA; do
		refute openssl s_client -connect "$ADDRESS" -tls1_2 -cipher "$cipher:@SECLEVEL=0" </dev/null >/dev/null 2>&1
	done
	curl -s --cacert tls.crt -D- -o /dev/null "https://$ADDRESS/healthz" | grep -qi '^strict-transport-security: max-age'
	is_two() { [[ "$(subject)" == *'CN = two'* ]]; }
	export -f certificate subject is_two
	export HUB
	client >out <<-END
		tls
		connect /ws/dnc $(bearer "$token")
		say {"type":"subscribe"}
		until {"type":"dnc.subscription.confirmed"}
		shell events 300 >&9
		until 300 events
		shell certificate two; kill -HUP \$HUB; wait_for is_two; events 1 >&9
		expect {"seq":301}
		as stranger
		connect /ws/dnc $(bearer "$token") header "Origin: https://evil.example"
		expect status 403
	END
	[ "$(jq -r 'select(.seq).seq' out | tr '\n' ' ')" = "$(seq 301 | tr '\n' ' ')" ]
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
	grep -q 'token from 192.0.2.7 rejected' hub.err
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
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=x 2>/dev/null
	chmod 644 tls.key
	run timeout 10 dnc-wsd --data=:memory: --listen=127.0.0.1:0 --tls-cert=tls.crt --tls-key=tls.key </dev/null
	[ "$status" -eq 77 ]
	[[ "$output" == *'--tls-key: tls.key is a private key, but other users can read it; run chmod 600'* ]]
}

@test "who did what is in the log of access, without a number or a token" {
	durable_only
	start_hub --keys=key.pub
	local token=$(mint --role=compliance)
	dnc-token mint -k key --sub=feed --role=publisher >feed
	curl -s -H "Authorization: Bearer $(cat feed)" -d '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}' "http://$ADDRESS/api/v1/events" >/dev/null
	client <<-END
		connect /ws/dnc $(bearer "$token")
		say {"type":"subscribe","since":0,"filters":{"phone_patterns":["^\\\\+13035550144$"]}}
		until 1 events
		say {"type":"update_filters","filters":{"phone_patterns":["3035550145"]}}
		until {"type":"dnc.subscription.confirmed"}
		drop
		connect /ws/dnc $(bearer garbage)
		expect status 401
	END
	code_of -H "Authorization: Bearer $(cat feed)" "http://$ADDRESS/api/v1/info"
	code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/events?phone=%2B13035550144"
	access() { log_sql data 'select record from access order by n' | jq -r '[.what, .subject, .role, .address] | join("|")'; }
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
	[ "$(log_sql data "select record from access where record like '%disconnected%'" | jq -c '[.first_seq, .last_seq, .events]')" = '[1,1,1]' ]
	wait_for has_line 'audit {.*disconnected' hub.err
	[ "$(log_sql data "select record from access where record like '%filters_changed%'" | jq -c .filters)" = '{"phone_patterns":1}' ]
	refute grep -q 303555 <(grep 'audit {' hub.err)
	refute grep -q 303555 <(log_sql data 'select record from access')
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
	refute grep -qF -e "$ticket" -e "$other" hub.err
	[ -z "$(log_sql data 'select record from access' | grep -F -e "$ticket" -e "$other")" ]
}

@test "a ticket ends with its token: in time, and when that is revoked before or after" {
	: >revoked
	start_hub --keys=key.pub --revoked=revoked
	local token=$(mint --role=compliance) short=$(mint --role=compliance --ttl=8s) early late
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
	client "connect /ws/dnc protocol dnc.v1 protocol dnc.ticket.$early" 'expect {"type":"dnc.connection.established"}'
}

@test "a ticket gives what the role of its token has when it is used, and no more after" {
	role() { printf '%s\n' '[role desk]' "permissions = $*" >roles.conf; }
	again() { local n=$(grep -c 'tokens reloaded' hub.err); kill -HUP "$HUB"; wait_for more "$n"; }
	more() { [ "$(grep -c 'tokens reloaded' hub.err)" -gt "$1" ]; }
	release() { echo "{\"type\":\"dnc.number.released\",\"phone_number\":\"+1303555000$1\",\"reason\":\"expired\"}" >&9; }
	role dnc:stream dnc:pii
	start_hub --keys=key.pub --roles=roles.conf
	local token=$(mint --role=desk) ticket
	ticket=$(buy "$token")
	curl -sN "http://$ADDRESS/api/v1/stream?ticket=$(buy "$token")" >open 3>&- &
	PIDS+=($!)
	wait_for has_line confirmed open
	release 1
	wait_for has_line 13035550001 open
	role dnc:stream
	again
	curl -sN "http://$ADDRESS/api/v1/stream?ticket=$ticket" >late 3>&- &
	PIDS+=($!)
	wait_for has_line confirmed late
	release 2
	wait_for has_line '"seq":2' open
	wait_for has_line '"seq":2' late
	refute grep 13035550002 open late
	ticket=$(buy "$token")
	role dnc:read
	again
	[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$ticket")" = 403 ]
	wait_for has_line '"code":4403' hub.err
}

@test "a subject can't take the tickets of others" {
	start_hub --keys=key.pub
	local token=$(mint --role=compliance) ticket
	ticket=$(buy "$token")
	for _ in $(seq 80); do printf '%s\n' "url = http://$ADDRESS/api/v1/ticket" 'output = /dev/null'; done |
		curl -s -w '%{http_code}\n' -X POST -H "Authorization: Bearer $token" -K - | sort | uniq -c >codes
	diff <(sed 's/^ *//' codes) <(printf '%s\n' '63 200' '17 429')
	[ "$(curl -s -o body -w '%{http_code}' -X POST -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/ticket")" = 429 ]
	grep -q 'tickets of this subject are unused' body
	[ "$(code_of -X POST -H "Authorization: Bearer $(dnc-token mint -k key --sub=other --role=compliance)" "http://$ADDRESS/api/v1/ticket")" = 200 ]
	# One that is used makes room for another.
	client "stream /api/v1/stream?ticket=$ticket" 'expect status 200'
	[ "$(code_of -X POST -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/ticket")" = 200 ]
	[ "$(code_of -X POST -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/ticket")" = 429 ]
}

@test "SIGHUP replaces keys, roles, revoked tokens and the certificate together, or nothing" {
	pair() { openssl req -x509 -newkey "$2" -nodes -keyout "$1.key" -out "$1.crt" -days 30 -subj "/CN=$1" -addext subjectAltName=IP:127.0.0.1 2>/dev/null; }
	pair one rsa:2048
	pair two ed25519
	cp one.crt tls.crt; cp one.key tls.key
	: >revoked
	echo '[role desk]
	permissions = dnc:read' >roles.conf
	start_hub --workers=2 --keys=key.pub --roles=roles.conf --revoked=revoked --tls-cert=tls.crt --tls-key=tls.key
	local token=$(mint --role=desk) i
	dnc-token inspect <<<"$token" | jq -r '.jti // empty' >jti
	# Of several connections, so that each worker has one.
	subjects() { for _ in 1 2 3 4 5 6; do openssl s_client -connect "$ADDRESS" </dev/null 2>/dev/null | grep '^subject='; done | sort -u; }
	all_are() { [ "$(subjects)" = "subject=CN = $1" ]; }
	failed() { [ "$(curl -sk "https://$ADDRESS/metrics" | grep '^dnc_reload_failed')" = "dnc_reload_failed $1" ]; }
	info() { curl -sk -o body -w '%{http_code}' -H "Authorization: Bearer $token" "https://$ADDRESS/api/v1/info"; }
	all_are one
	failed 0
	# A new certificate and the old key; the token is revoked at the same time.
	cp two.crt tls.crt; cp jti revoked
	kill -HUP "$HUB"
	wait_for has_line 'unable to reload: --tls-key: tls.key is not the key of the certificate in tls.crt; the previous keys, roles, revoked tokens and the certificate stay in effect' hub.err
	wait_for failed 1
	all_are one
	[ "$(info)" = 200 ]
	# The right key, but roles that can't be read.
	cp two.key tls.key; echo nonsense >roles.conf
	kill -HUP "$HUB"
	wait_for has_line 'unable to reload: --roles: roles.conf:1' hub.err
	all_are one
	[ "$(info)" = 200 ]
	failed 1
	# All is right. The certificate has another type of key, and the old one is not offered beside it.
	echo '[role desk]
	permissions = dnc:read' >roles.conf
	kill -HUP "$HUB"
	wait_for has_line 'keys, roles, revoked tokens and the certificate reloaded' hub.err
	wait_for all_are two
	wait_for failed 0
	[ "$(info)" = 401 ]
	refute openssl s_client -connect "$ADDRESS" -sigalgs RSA-PSS+SHA256:RSA+SHA256 </dev/null >/dev/null 2>&1
	kill -0 "$HUB"
}

@test "clients are served while a million revoked tokens are read, and the hub ends at once" {
	[[ $BIN == *release* && -z $HUB_OPTIONS${LOG_SERVER-} ]] || skip "once is enough"
	: >revoked
	start_hub --keys=key.pub --revoked=revoked
	local served=0 token
	token=$(mint --role=desk 2>/dev/null)
	{ seq -f 'revoked-%.0f' 999999; dnc-token inspect <<<"$token" | jq -r '.jti // empty'; } >new
	mv new revoked
	kill -HUP "$HUB"
	until has_line 'tokens reloaded' hub.err; do
		[ "$(code_of -m 60 "http://$ADDRESS/healthz")" = 200 ]
		# More of them are one more reload.
		[ "$served" -gt 3 ] || kill -HUP "$HUB"
		served=$((served + 1))
	done
	[ "$served" -ge 3 ]
	reloads() { [ "$(grep -c 'tokens reloaded' hub.err)" = 2 ]; }
	wait_for reloads
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 401 ]
	kill -HUP "$HUB"
	# The loop has begun it when it answers.
	[ "$(code_of "http://$ADDRESS/healthz")" = 200 ]
	kill "$HUB"
	wait "$HUB"
	reloads
}

@test "a pipe in place of a file fails the reload, and holds nobody up" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 30 -subj /CN=x 2>/dev/null
	: >revoked
	: >roles.conf
	start_hub --keys=key.pub --roles=roles.conf --revoked=revoked --tls-cert=tls.crt --tls-key=tls.key
	local row file
	for row in --keys=key.pub --roles=roles.conf --revoked=revoked --tls-cert=tls.crt --tls-key=tls.key; do
		file=${row#*=}
		mv "$file" kept
		mkfifo "$file"
		kill -HUP "$HUB"
		wait_for has_line "unable to reload: ${row%%=*}: $file is a pipe" hub.err
		[ "$(code_of -k "https://$ADDRESS/healthz")" = 200 ]
		mv kept "$file"
	done
	kill -HUP "$HUB"
	wait_for has_line 'the certificate reloaded' hub.err
	kill "$HUB"
	wait "$HUB"
	# One without a name can be read, once.
	start_hub --keys=<(cat key.pub) --revoked=revoked
	[ "$(code_of -H "Authorization: Bearer $(mint --role=compliance)" "http://$ADDRESS/api/v1/info")" = 200 ]
	kill -HUP "$HUB"
	wait_for has_line 'unable to reload: --keys: /dev/fd/[0-9]* \(is a pipe\|.*No such file\)' hub.err
	[ "$(code_of -H "Authorization: Bearer $(mint --role=compliance)" "http://$ADDRESS/api/v1/info")" = 200 ]
	mkfifo named
	run dnc-wsd --listen=127.0.0.1:0 --data=other --keys=named </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'--keys: named is a pipe'* ]]
}

@test "a certificate is tested at the start, and its dates are told" {
	# An hour ago, or it would have three whole days while its first second lasts.
	faketime -f -1h openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt -days 3 -subj /CN=x 2>/dev/null
	faketime -f -40d openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout old.key -out old.crt -days 30 -subj /CN=x 2>/dev/null
	run dnc-wsd --listen=127.0.0.1:0 --data=data --tls-cert=other.crt --tls-key=old.key </dev/null
	[ "$status" -eq 2 ]
	[[ "$output" == *'--tls-key: old.key is not the key of the certificate in other.crt' ]]
	start_hub --tls-cert=old.crt --tls-key=old.key
	has_line 'the certificate in old.crt has expired' hub.err
	cp other.crt old.crt; cp other.key old.key
	kill -HUP "$HUB"
	wait_for has_line 'the certificate in old.crt expires in 2 days' hub.err
}

@test "keys without TLS on an address of the network are warned of" {
	start_hub --keys=key.pub --listen=0.0.0.0:0 --listen="unix:$PWD/sock" --listen='[::1]:0'
	wait_for has_line "^dnc-wsd: 0.0.0.0:[0-9]* is open to the network without TLS" hub.err
	[ "$(grep -c 'open to the network' hub.err)" = 1 ]
}

@test "a SIGHUP before the hub is ready is a reload" {
	sqlite_only "the script that stands before the hub makes data"
	durable_only
	local until=$((SECONDS + 60))
	mkfifo in
	exec 9<>in
	for _ in 1 2 3; do
		rm -rf data address
		: >address
		dnc-wsd --listen=127.0.0.1:0 --data=data <in >address 2>hub.err 3>&- &
		HUB=$!
		PIDS+=("$HUB")
		# The log is made before the hub listens.
		until [ -d data ] || [ "$SECONDS" -gt "$until" ]; do :; done
		until [ -s address ] || [ "$SECONDS" -gt "$until" ]; do kill -HUP "$HUB"; done
		wait_for has_line 'tokens reloaded' hub.err
		kill "$HUB"
		wait "$HUB"
	done
}

@test "tickets that are used or unknown bar nobody, what can be no ticket does" {
	start_hub --keys=key.pub
	local token=$(mint --role=compliance) ticket i
	ticket=$(buy "$token")
	for i in $(seq 40); do
		[ "$(code_of "http://$ADDRESS/api/v1/stream?ticket=$(printf 'used_-%037d' "$i")")" = 401 ]
	done
	[ "$(code_of -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/info")" = 200 ]
	client "stream /api/v1/stream?ticket=$ticket" 'expect status 200'
	for i in $(seq 40); do code_of "http://$ADDRESS/api/v1/stream?ticket=guess$i"; done >codes
	grep -q 429 codes
}

# Fails if one of the files has anything but printable ASCII and line ends; terminals add carriage returns.
printable() { LC_ALL=C refute grep -Hn $'[^ -~\r]' "$@"; }
on_terminal() { SHELL=/bin/sh script -qec "$1" /dev/null </dev/null; }

@test "control characters in subjects, roles and events are escaped in messages, records and on terminals" {
	durable_only
	# A token whose claims have C0 or DEL is refused.
	local odd='\u009b31m\u202e\u2066\u200f\u2028\ufeff' seen='\\u009b31m\\u202e\\u2066\\u200f\\u2028\\ufeff' token event
	local bad="\u001b]0;x\u0007\u007f$odd" shown="\\\\u001b]0;x\\\\u0007\\\\u007f$seen"
	jwt keys .
	start_hub --keys=jwks.json
	token=$(jwt sign . ed "{\"sub\":\"desk $odd\",\"role\":\"admin\",\"jti\":\"$odd\",\"exp\":$(($(date +%s) + 600))}")
	# Real characters in the event, as others send them.
	event=$(printf '{"type":"dnc.compliance.violation","phone_number":"+13035550143","violation_type":"t","summary":"s %b","user_agent":"u %b","n":' "$bad" "$bad" | sed 's/\x1b/\\u001b/g; s/\x07/\\u0007/g')
	[[ "$event" == *$'\u202e'* ]]
	for _ in 1 2 3; do echo "$event$((n += 1))}"; done | dnc-ingest >&9
	client "connect /ws/dnc $(bearer "$token")" 'expect {"type":"dnc.connection.established"}' \
		'say {"type":"subscribe","since":0}' 'until {"seq":3}' >out
	wait_for has_line 'audit {.*disconnected.*' hub.err
	grep -q "\"subject\":\"desk $seen\"" hub.err
	curl -s -H "Authorization: Bearer $token" "http://$ADDRESS/api/v1/clients" >clients
	curl -s -H "Authorization: Bearer $token" -H "Last-Event-ID: $(printf '%b' "$bad")" "http://$ADDRESS/api/v1/stream" >/dev/null
	log_sql data 'select record from access' >access
	grep -q "\"subject\":\"desk $seen\"" access
	printable hub.err clients access
	# The record is the same text.
	[ "$(jq -r 'select(.subject).subject' access | head -1)" = "$(jq -rn "\"desk $odd\"")" ]
	echo "$token" >token
	dnc-token inspect <token >inspected
	grep -q "\"sub\":\"desk $seen\"" inspected
	dnc-tail --token-file token -n 3 -e "ws://$ADDRESS/ws/dnc" >tail
	grep -q "s $shown" tail
	on_terminal "dnc-tail --token-file token -n 3 -e -o json ws://$ADDRESS/ws/dnc" >tail.terminal
	on_terminal "dnc-tail --token-file token -n 3 -e --color=never ws://$ADDRESS/ws/dnc" >tail.pretty
	grep -q "u $shown" tail.terminal
	grep -q "s $shown" tail.pretty
	# A pipe gets the bytes as they are.
	dnc-tail --token-file token -n 3 -e -o json "ws://$ADDRESS/ws/dnc" >tail.json
	grep -q $'u .*\u202e' tail.json
	[ "$(tr -d '\r' <tail.terminal | jq -c .)" = "$(jq -c . tail.json)" ]
	printable inspected tail tail.terminal tail.pretty
}

@test "control characters are escaped in rejects, and in what the stages print on terminals" {
	local bad=$'\u009b31m\u202e\ufeff' shown='\\u009b31m\\u202e\\ufeff'
	printf '%s\n' "{\"type\":\"$bad\",\"phone_number\":\"x$bad\"}" $'\xff\x1b[2J' >lines
	printf '{"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired","user_agent":"%s"}\n' "$bad" >good
	dnc-ingest <lines 2>rejects >/dev/null || :
	dnc-filter <lines 2>>rejects >/dev/null || :
	[ "$(grep -c "$shown" rejects)" -ge 2 ]
	on_terminal 'dnc-ingest <good 2>&1' >ingested
	on_terminal 'dnc-filter <good 2>&1' >filtered
	grep -q "$shown" ingested
	grep -q "$shown" filtered
	run dnc-filter --phone="$bad(" <good
	[ "$status" -eq 2 ]
	echo "$output" >pattern
	run dnc-ingest -f "$bad" "$bad"
	[ "$status" -ne 0 ]
	echo "$output" >option
	run dnc-ingest "$bad"
	[ "$status" -ne 0 ]
	echo "$output" >>option
	grep -q "$shown" option
	printable rejects ingested filtered pattern option
	dnc-ingest <good | grep -q "$bad"
}

@test "who has too many patterns compiled is told so, and its other requests and connections go on" {
	durable_only
	start_hub --keys=key.pub
	local token=$(mint --role=compliance)
	subscriptions() {
		local i j
		for i in {1..30}; do
			printf 'say {"type":"subscribe","id":"s","filters":{"phone_patterns":["^1"'
			for j in {1..20}; do printf ',"^\\\\+1%03d((30[0-9]|72|9){1,9}[x-z]{2,30}){1,30}"' $((20 * i + j)); done
			printf ']}}\n'
		done
	}
	{
		echo "connect /ws/dnc $(bearer "$token")"
		echo 'expect {"type":"dnc.connection.established"}'
		echo 'say {"type":"subscribe","id":"mine"}'
		echo 'until {"type":"dnc.subscription.confirmed","request_id":"mine"}'
		echo as flood
		echo "connect /ws/dnc $(bearer "$token")"
		subscriptions
		echo 'until {"type":"error","code":"filter_rate","path":"filters","request_id":"s"}'
		# Requests without a filter go on; whether one with a filter does depends on how long ago that was.
		echo as web
		for path in /api/v1/events /api/v1/stream; do
			echo "http HEAD $path $(bearer "$token")"
			echo 'expect status 200'
		done
		echo as flood
		echo 'say {"type":"ping","id":"p"}'
		echo 'until {"type":"dnc.connection.pong","request_id":"p"}'
		echo as
		echo 'say {"type":"get_stats","id":"t"}'
		echo 'expect {"request_id":"t"}'
		echo 'say {"type":"subscribe","id":"again"}'
		echo 'until {"type":"dnc.subscription.confirmed","request_id":"again"}'
	} | sed 's/^as$/as mine/; 1i as mine' >dialogue
	client <dialogue >said
}

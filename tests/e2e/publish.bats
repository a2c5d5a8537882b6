# Events by HTTP.
load ../helper

post() { curl -s -H "Authorization: Bearer ${TOKEN-$(cat token)}" --data-binary "$1" "http://$ADDRESS/api/v1/events"; }
code() { curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat token)" "$@" "http://$ADDRESS/api/v1/events"; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dnc-token keygen -o key >kid
	dnc-token mint -k key --sub=feed --role=publisher --permission=dnc:replay --permission=dnc:read --permission=dnc:pii >token
}

RELEASE='{"type":"dnc.number.released","phone_number":"(303) 555-0144","reason":"expired","id":"0198f0a0-0000-7000-8000-000000000001"}'

@test "one event, an array, lines: answered for when the log has them, each once" {
	start_hub --keys=key.pub
	[ "$(post "$RELEASE" | jq -c '[.accepted,.duplicates,.last_seq,.rejected]')" = '[1,0,1,[]]' ]
	[ "$(post "$RELEASE" | jq -c '[.accepted,.duplicates,.last_seq]')" = '[0,1,0]' ]
	[ "$(post "[$RELEASE, {\"type\":\"dnc.provider.status_change\",\"provider\":\"p\",\"new_status\":\"online\"}, 7]" |
		jq -c '[.accepted,.duplicates,.last_seq,(.rejected|map([.index,.code]))]')" = '[1,1,2,[[2,"not_an_object"]]]' ]
	events 100 >lines
	echo '{"type":"dnc.x"}' >>lines
	echo '{"type":"dnc.number.released","phone_number":"nobody","reason":"expired"}' >>lines
	[ "$(post @lines | jq -c '[.accepted,.last_seq,.rejected_count,(.rejected|map([.index,.code,.path]))]')" = \
		'[100,102,2,[[100,"unknown_type","type"],[101,"invalid_phone_number","phone_number"]]]' ]
	[ "$(jq . <<<"$RELEASE" | sed 's/0001"/0002"/' >pretty; post @pretty | jq .accepted)" = 1 ]
	# The log has them, whatever comes.
	kill -9 "$HUB"
	[ "$(log_sql data 'select count(*), max(seq) from events')" = '103|103' ]
}

@test "who may not, what is too much, and what is nothing" {
	start_hub --keys=key.pub
	[ "$(TOKEN=$(dnc-token mint -k key --sub=x --role=operator) post "$RELEASE" | jq .status)" = 403 ]
	[ "$(TOKEN=x post "$RELEASE" | jq .status)" = 401 ]
	head -c 5000000 /dev/zero | tr '\0' ' ' >big
	[ "$(code --data-binary @big)" = 413 ]
	yes '{}' | head -10001 >many
	[ "$(code --data-binary @many)" = 413 ]
	[ "$(post '' | jq -c '[.status,.accepted,.rejected_count]')" = '[422,0,0]' ]
	[ "$(post '[' | jq -c '[.status,.rejected[0].code]')" = '[422,"invalid_json"]' ]
	[ "$(code -X DELETE)" = 405 ]
	[ "$(curl -s -H "Authorization: Bearer $(cat token)" "http://$ADDRESS/api/v1/info" | jq .last_seq)" = 0 ]
}

@test "published with many at once, every event is in the log once" {
	start_hub --keys=key.pub --workers=2
	local i
	for i in $(seq 20); do
		events 50 >lines.$i
		post @lines.$i >answer.$i 3>&- &
		PIDS+=($!)
	done
	for i in $(seq 20); do wait_for has_content answer.$i; done
	[ "$(cat answer.* | jq -s 'map(.accepted) | add')" = 1000 ]
	[ "$(cat answer.* | jq -s 'map(.last_seq) | max')" = 1000 ]
}

@test "bodies under way have a common limit, and what they had is given back" {
	start_hub --keys=key.pub --workers=2
	local bodies i tokens
	for i in 1 2 3 4 5 6 7 8; do tokens+=" $(dnc-token mint -k key --role=admin --sub="desk$i")"; done
	mkfifo go
	timeout 100 /usr/bin/python3 "$BATS_TEST_DIRNAME/half_bodies.py" "$ADDRESS" "$tokens" 120 3000000 44 <go >answers 3>&- 9>&- &
	bodies=$!
	PIDS+=("$bodies")
	exec 8>go
	wait_for has_content answers
	[ "$(head -n 1 answers)" -le 44 ]
	[ "$(head -n 1 answers)" -ge 10 ]
	grep -qx '503 retry' answers
	grep -qx '429 retry' answers # 64 of one address
	[ "$(tail -n +2 answers | grep -cvxE '503 retry|429 retry|cut|')" -eq 0 ]
	exec 8>&-
	wait "$bodies"
	# What was abandoned is free again, and so is what was answered.
	head -c 3900000 /dev/zero | tr '\0' ' ' >blanks
	is_free() { [ "$(code -H 'Expect:' --data-binary @blanks)" = 422 ]; }
	wait_for is_free
	for i in $(seq 20); do wait_for is_free; done # an answer may be there before its body is freed
	[ "$(code --data-binary "$RELEASE")" = 200 ]
}

# The status, the number of accepted events and the detail of an answer.
answer_of() {
	curl -s --max-time 20 -o body -w '%{http_code}' -H "Authorization: Bearer $(cat token)" "$@" "http://$ADDRESS/api/v1/events" >status
	echo "$(cat status) $(jq -r '[.accepted, .detail // empty] | map(tostring) | join(" ")' body)"
}

@test "what takes no event says so by its status, with the rejects" {
	start_hub --keys=key.pub
	[[ "$(answer_of --data-binary '{"type":"dnc.x"}')" == '422 0 no event was accepted'* ]]
	[ "$(jq -c '[.status,.accepted,.duplicates,.rejected_count,.rejected[0].index,.rejected[0].code,has("last_seq")]' body)" = '[422,0,0,1,0,"unknown_type",false]' ]
	[[ "$(answer_of --data-binary '[1,]')" == '422 0 '* ]]
	[ "$(jq -c '[.rejected[] | [.index, .code]]' body)" = '[[0,"not_an_object"],[1,"invalid_json"]]' ]
	for nothing in '' ' ' '[]' $'\n\n'; do
		[ "$(answer_of --data-binary "$nothing")" = '422 0 the body has no events: send one, a JSON array, or one a line' ]
	done
	[ "$(answer_of -X POST -H 'Content-Length: 0')" = '422 0 the body has no events: send one, a JSON array, or one a line' ]
	# One that is taken, or was, is enough.
	[ "$(answer_of --data-binary "$RELEASE"$'\n{}')" = '200 1' ]
	[ "$(answer_of --data-binary "$RELEASE"$'\n{}')" = '200 0' ]
	[ "$(jq .duplicates body)" = 1 ]
	[ "$(code --data-binary "$RELEASE")" = 200 ]
	log_has data 1
}

@test "an id that another event has is a conflict, told by its place" {
	start_hub --keys=key.pub
	local other=${RELEASE/0144/0145}
	[ "$(answer_of --data-binary "$RELEASE")" = '200 1' ]
	[[ "$(answer_of --data-binary "$other")" == '422 0 '* ]]
	[ "$(jq -c '[.duplicates, .rejected_count, (.rejected[] | [.index, .code, .path])]' body)" = '[0,1,[0,"id_conflict","id"]]' ]
	# Records that were rejected before do not shift the places.
	printf '%s\n' "$RELEASE" 7 "" "$other" "${RELEASE/0001/0009}" >lines
	[ "$(answer_of --data-binary @lines)" = '200 1' ]
	[ "$(jq -c '[.duplicates, (.rejected | map([.index, .code]))]' body)" = '[1,[[1,"not_an_object"],[3,"id_conflict"]]]' ]
	[ "$(log_sql data "select count(*) from events where phone_number = '+13035550145'")" = 0 ]
}

@test "a form is refused by name, and curl's type for everything is none" {
	start_hub --keys=key.pub
	[[ "$(answer_of -d 'type=dnc.number.released&phone=1')" == 415*"Content-Type: application/x-ndjson' --data-binary"* ]]
	[[ "$(answer_of -F 'file=@token')" == 415*--data-binary* ]]
	events 3 >lines
	[ "$(answer_of --data-binary @lines)" = '200 3' ]
	[ "$(answer_of -H 'Content-Type: application/x-ndjson' --data-binary @lines)" = '200 0' ]
	# -d takes the ends of lines away: nothing is taken, and it is said why.
	[[ "$(answer_of -d @lines)" == '422 0 '*--data-binary* ]]
	[[ "$(answer_of -H 'Content-Type: application/x-ndjson' -d @lines)" == '422 0 '*--data-binary* ]]
	# And it is said of nothing else.
	[[ "$(answer_of --data-binary '{"type":"dnc.number.moved"}')" == '422 0 '* ]]
	[[ "$(answer_of --data-binary '{"type":"dnc.number.moved"}')" != *--data-binary* ]]
	gzip -kf lines
	[[ "$(answer_of --data-binary @lines.gz)" == 415*'Content-Encoding: gzip'* ]]
}

@test "gzip and chunks are taken within the limits, other codings refused by name" {
	start_hub --keys=key.pub
	events 500 | head -400 >lines
	gzip -k lines
	[ "$(answer_of -H 'Content-Encoding: gzip' --data-binary @lines.gz)" = '200 400' ]
	[ "$(answer_of -H 'Transfer-Encoding: chunked' --data-binary @lines)" = '200 0' ]
	[ "$(jq .duplicates body)" = 400 ]
	events 3 | gzip >more.gz
	cat more.gz lines.gz >both.gz
	[ "$(answer_of -H 'Transfer-Encoding: chunked' -H 'Content-Encoding: x-gzip' -H 'Expect:' -T both.gz -X POST)" = '200 3' ]
	head -c 100 lines.gz >cut.gz
	[[ "$(answer_of -H 'Content-Encoding: gzip' --data-binary @cut.gz)" == 400*'cut off' ]]
	[[ "$(answer_of -H 'Content-Encoding: gzip' --data-binary @lines)" == 400*gzip* ]]
	for coding in br deflate 'gzip, gzip'; do
		[[ "$(answer_of -H "Content-Encoding: $coding" --data-binary '{}')" == 415*gzip ]]
	done
	[[ "$(answer_of -H 'Transfer-Encoding: gzip, chunked' --data-binary @lines)" == 501*chunked ]]
	head -c 300000000 /dev/zero | gzip >bomb.gz
	[[ "$(answer_of -H 'Content-Encoding: gzip' --data-binary @bomb.gz)" == 413* ]]
	[ "$(awk '/VmHWM/ {print ($2 < 200000)}' "/proc/$HUB/status")" = 1 ] || [[ $BIN == *asan* ]]
	head -c 5000000 /dev/zero | tr '\0' ' ' >big
	[[ "$(answer_of -H 'Expect:' -H 'Transfer-Encoding: chunked' --data-binary @big)" == 413* ]]
	[[ "$(answer_of -H 'Expect:' --data-binary @big)" == 413* ]]
	[ "$(answer_of --data-binary @lines)" = '200 0' ]
	log_has data 403
}

@test "bodies as they come over the wire: without a length, in pieces, ended twice" {
	start_hub --keys=key.pub
	local post="http POST /api/v1/events header \"Authorization: Bearer $(cat token)\"" other=${RELEASE/000001/000002} length
	local chunked="$post header \"Transfer-Encoding: chunked\""
	client <<-END
		# Without a length and without chunks there is no body, and that is said at once.
		within 5
		$post
		expect status 411
		expect end
		within 30
		open
		$chunked
		chunk $RELEASE
		chunk
		expect status 200 body {"accepted":1}
		http GET /healthz
		expect status 200
		open
		pieces 1
		$chunked
		chunk $RELEASE
		send 0\r\nA: b\r\n\r\n
		expect status 200 body {"duplicates":1}
		# What follows the last chunk is the next request.
		open
		cork
		$chunked
		chunk $RELEASE
		chunk
		http GET /healthz
		uncork
		expect status 200 body {"duplicates":1}
		expect status 200 body {"status":"ok"}
		open
		$chunked
		send x\r\n
		expect status 400
		expect end
		open
		cork
		$chunked header "Content-Length: 5"
		chunk $RELEASE
		chunk
		uncork
		expect status 400
		expect end
		# What follows a body is the next request.
		open
		cork
		$post body $RELEASE
		http GET /healthz
		http GET /healthz
		uncork
		expect status 200 200 200 body {"status":"ok"}
		http GET /nope
		expect status 404
		# In pieces, and cut short by its length.
		open
		pieces 50
		$post header "Content-Length: $((${#other} - 1))" body ${other%\"\}}}
		expect status 422
		open
		pieces 50
		$post body $other
		expect status 200 body {"accepted":1}
	END
	for length in +5 0x5 '5, 5' 1e3 -1; do
		printf '%s\n' open "$post header \"Content-Length: $length\" body $RELEASE" 'expect status 400' 'expect end'
	done | client
	# Bodies that come before the answer to the request before them wait for it.
	client <<-END
		open
		cork
		http GET /healthz
		$post body $RELEASE
		uncork
		expect status 200 200 body {"duplicates":1}
		open
		cork
		$post body $RELEASE
		$post body $RELEASE
		uncork
		expect status 200 200 body {"duplicates":1}
		open
		cork
		$post body $RELEASE
		http GET /healthz
		$post body $RELEASE
		uncork
		expect status 200 200 200 body {"duplicates":1}
	END
	log_has data 2
}

@test "what may not be published any more when its body has come is not logged" {
	jti() { dnc-token inspect <<<"$1" | jq -r '.jti // empty'; }
	desk() { printf '%s\n' '[role desk]' "permissions = $*" >roles.conf; }
	reload() { : >hub.err; kill -HUP "$HUB"; wait_for has_line 'tokens reloaded' hub.err; }
	accepted() { curl -s "http://$ADDRESS/metrics" | grep -q "^dnc_tokens_refused_total{reason=\"$1\"} 1$"; }
	ended() { refute dnc-token inspect -k key.pub <<<"$expiring" >/dev/null 2>&1; }
	export -f desk reload refute ended
	desk dnc:publish
	: >revoked
	dnc-token keygen -o other >other.kid
	start_hub --keys=key.pub --keys=other.pub --roles=roles.conf --revoked=revoked
	local body=${RELEASE:1} good revoked expiring of_other
	good=$(dnc-token mint -k key --sub=good --role=desk)
	revoked=$(dnc-token mint -k key --sub=revoked --role=desk)
	expiring=$(dnc-token mint -k key --sub=expiring --role=desk --ttl=5s)
	export HUB expiring
	of_other=$(dnc-token mint -k other --sub=other --role=desk)
	for who in good revoked expiring of_other; do
		printf '%s\n' "as $who" open "http POST /api/v1/events header \"Authorization: Bearer ${!who}\" header \"Content-Length: ${#RELEASE}\"" 'send {'
	done >dialogue
	# The hub has read the heads when it answers this one, which came after them.
	printf '%s\n' 'as last' open 'http GET /healthz' 'expect status 200' >>dialogue
	cat >>dialogue <<-END
		shell dnc-token revoke -q -f revoked $(jti "$revoked"); dnc-token keygen -o new >new.kid; cp new.pub other.pub; reload; wait_for ended
		as revoked
		send $body
		expect status 401
		as expiring
		send $body
		expect status 401
		as of_other
		send $body
		expect status 401
		shell desk dnc:read; reload
		as good
		send $body
		expect status 403 body {"detail":"~lost the permission"}
		open
		http POST /api/v1/events header "Authorization: Bearer $(cat token)" header "Content-Length: ${#RELEASE}"
		send {
		shell reload
		send $body
		expect status 200 body {"accepted":1}
	END
	client <dialogue
	log_has data 1
	# Workers tell each other their figures once a second.
	for reason in revoked expired unknown_key; do wait_for accepted "$reason"; done
	audited() { [ "$(log_sql data 'select record from access' | jq -r 'select(.what == "refused").subject' | sort | xargs)" = 'expiring good other revoked' ]; }
	wait_for audited
}

@test "an array of 10,000 events is taken, one of 10,001 is not" {
	start_hub --keys=key.pub
	events 10000 | jq -c 'del(.event_data, .metadata, .summary) + {violation_type: "t", x: [1, 2, {y: 3}]}' | jq -cs . >array
	[ "$(answer_of -H 'Content-Type: application/json' --data-binary @array)" = '200 10000' ]
	[ "$(jq -c '[.rejected_count, .last_seq]' body)" = '[0,10000]' ]
	jq -c '. + [.[0]]' array >more
	[[ "$(answer_of --data-binary @more)" == 413* ]]
	# Half an array is none.
	head -c 100000 array >half
	[[ "$(answer_of --data-binary @half)" == '422 0 '* ]]
	[ "$(jq -r '.rejected[0].code' body)" = invalid_json ]
}

@test "a short id without a time is no identity: what was released and suppressed again is suppressed" {
	start_hub --keys=key.pub
	local suppress='{"id":"42","type":"dnc.number.suppressed","phone_number":"3035550144","reason":"complaint"}'
	local release='{"id":"42","type":"dnc.number.released","phone_number":"3035550144","reason":"expired"}'
	local timed='{"id":"42","timestamp":"2026-08-29T08:00:00Z","type":"dnc.number.released","phone_number":"3035550144","reason":"expired"}'
	local event
	for event in "$suppress" "$release" "$suppress"; do
		[ "$(answer_of --data-binary "$event")" = '200 1' ]
	done
	printf '%s\n' "$release" "$suppress" >&9
	wait_for log_has data 5
	[ "$(log_sql data "select type from events order by seq desc limit 1")" = dnc.number.suppressed ]
	[ "$(log_sql data 'select event from events' | jq -r .event_data.source_id | sort -u)" = 42 ]
	# With a time it is known again.
	[ "$(answer_of --data-binary "$timed")" = '200 1' ]
	[ "$(answer_of --data-binary "$timed")" = '200 0' ]
}

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
	[ "$(sqlite3 data/events.db 'select count(*), max(seq) from events')" = '103|103' ]
}

@test "who may not, what is too much, and what is nothing" {
	start_hub --keys=key.pub
	[ "$(TOKEN=$(dnc-token mint -k key --sub=x --role=operator) post "$RELEASE" | jq .status)" = 403 ]
	[ "$(TOKEN=x post "$RELEASE" | jq .status)" = 401 ]
	head -c 5000000 /dev/zero | tr '\0' ' ' >big
	[ "$(code --data-binary @big)" = 413 ]
	yes '{}' | head -10001 >many
	[ "$(code --data-binary @many)" = 413 ]
	[ "$(post '' | jq -c '[.accepted,.rejected_count]')" = '[0,0]' ]
	[ "$(post '[' | jq -c '[.rejected[0].code]')" = '["invalid_json"]' ]
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

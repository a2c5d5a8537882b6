# Whoever may not see a value can't find it out by asking.
load ../helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

# Events with hidden values in many places; each has the same length with the other values.
records() {
	cat <<-'END'
		{"id":"0198f0a0-0000-8000-8000-000000000001","type":"dnc.number.suppressed","phone_number":"+13035550187","timestamp":"2026-08-29T08:00:00.250Z","reason":"complaint","source":"consumer","suppressed_by":"alice.archer","notes":"called by Alice Archer","caller":3035550187,"contact":{"name":"Alice Archer","number":"303 555 0187"},"metadata":{"customer":"Alice Archer","3035550187":"mobile"}}
		{"id":"0198f0a0-0000-8000-8000-3035550187aa","type":"dnc.number.released","phone_number":"+13035550187","timestamp":"2026-08-29T08:00:01Z","reason":"expired"}
		{"id":"0198f0a0-0000-8000-8000-000000000003","type":"dnc.check.performed","phone_number":"+13035550187","provider":"Alice Archer","provider_id":"3035550187","timestamp":"2026-08-29T08:00:02Z","result":"blocked","call_id":"3035550187"}
		{"id":"0198f0a0-0000-8000-8000-000000000004","type":"dnc.list.synced","provider":"federal_dnc","timestamp":"2026-08-29T08:00:03Z","sync_status":"failed","error_message":"row of Alice Archer, 303-555-0187"}
		{"id":"0198f0a0-0000-8000-8000-000000000005","type":"dnc.compliance.violation","phone_number":"+13035550144","timestamp":"2026-08-29T08:00:04Z","violation_type":"called_while_suppressed","details":{"caller":"+13035550187","agent":"Alice Archer"}}
		{"id":"0198f0a0-0000-8000-8000-000000000006","type":"dnc.provider.status_change","provider":"vendor","timestamp":"2026-08-29T08:00:05Z","old_status":"online","new_status":"offline"}
	END
}

others() { sed 's/303\([^Z]\)/212\1/g; s/Alice Archer/Bruno Bakers/g; s/alice\.archer/bruno.bakers/g' "$1"; }

@test "the hub warns of a role that can test its guesses, and of no other" {
	dnc-wsd --print-roles 2>err >roles
	[ ! -s err ]
	printf '[role desk]\npermissions = dnc:stream dnc:publish\n[role feed]\npermissions = dnc:publish dnc:read\n' >roles
	dnc-wsd --roles=roles --print-roles 2>err >printed
	[ "$(cat err)" = 'dnc-wsd: role desk can find hidden numbers by publishing guesses and reading them: take dnc:publish from it, or give it dnc:pii' ]
}

# The answers of a hub that has the events of LOG and gets those of LIVE, to a client with these permissions.
answers() { # LOG LIVE PERMISSIONS
	rm -rf data
	printf '[role desk]\npermissions = dnc:read dnc:stream dnc:replay dnc:publish compliance:read clients:read %s\nrate = none\n' "$3" >roles
	start_hub --roles=roles --default-role=desk
	cat "$1" >&9
	wait_for last_seq_is "$(wc -l <"$1")"
	timeout -s ABRT 60 /usr/bin/python3 -X faulthandler "$BATS_TEST_DIRNAME/oracle.py" "$ADDRESS" "$2"
	exec 9>&-
	kill "$HUB"
	wait "$HUB" || :
}

@test "whichever of two hidden values events have, the answers are the same at every door" {
	durable_only
	records | dnc-ingest >log.a
	records | sed 's/0198f0a0/0198f0a1/; s/T08/T10/' | dnc-ingest >live.a
	others log.a >log.b
	others live.a >live.b
	[ "$(diff log.a log.b | grep -c '^<')" -eq 5 ]
	answers log.a live.a '' >told.a
	answers log.b live.b '' >told.b
	[ "$(wc -l <told.a)" -gt 500 ]
	diff told.a told.b
	# The questions are good ones: who may see the values tells them by each kind of answer.
	answers log.a live.a dnc:pii >seen.a
	answers log.b live.b dnc:pii >seen.b
	for door in websocket cloudevents.json live stream history clients; do
		if diff <(grep "^$door " seen.a) <(grep "^$door " seen.b) >same; then
			echo "nothing tells two values at: $door"
			return 1
		fi
	done
}

@test "the hub warns once of a client that its token lets test guesses, and of no other" {
	dnc-token keygen -o key >kid
	printf '[role desk]\npermissions = dnc:stream\n[role feed]\npermissions = dnc:publish\n' >roles
	start_hub --keys=key.pub --roles=roles
	# On one connection, and so by one worker: each warns for itself.
	local requests=()
	info() { requests+=(${requests:+--next} -s -o page -H "Authorization: Bearer $(dnc-token mint -k key "$@")" "http://$ADDRESS/api/v1/info"); }
	info --sub=reader --role=desk
	info --sub=writer --role=feed --permission=dnc:read
	info --sub=trusted --role=desk --permission=dnc:publish --permission=dnc:pii
	info --sub=guesser --role=desk --permission=dnc:publish
	info --sub=guesser --role=desk --permission=dnc:publish
	info --sub=other --role=feed --permission=dnc:replay
	curl "${requests[@]}"
	wait_for has_line '"may_guess","subject":"other"' hub.err
	[ "$(grep -c 'can find hidden numbers' hub.err)" -eq 2 ]
	[ "$(grep -o '"may_guess",.*' hub.err | sed 's/"address[^,]*,//' | tr '\n' ' ')" = '"may_guess","subject":"guesser","role":"desk","permissions":["dnc:stream","dnc:publish"]} "may_guess","subject":"other","role":"feed","permissions":["dnc:replay","dnc:publish"]} ' ]
	has_line 'dnc-wsd: guesser can find hidden numbers' hub.err
	has_line 'dnc-wsd: other can find hidden numbers' hub.err
}

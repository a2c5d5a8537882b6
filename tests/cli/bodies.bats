load ../helper
bats_require_minimum_version 1.5.0

# What providers send as the bodies of requests: opt-outs, CloudEvents, pages, documents.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "the sample of opt-outs: two stop, one starts, HELP is counted, a sentence is a reject for a person" {
	dnc-ingest -x rejects "$ROOT/examples/data/optout.txt" >out 2>err
	[ "$(jq -r '[.type[11:],.phone_number,.event_data.reason,.event_data.source,.event_data.to]|join(" ")' out)" = \
		"suppressed +12025550143 consumer_request consumer +12025550100
suppressed +19165550186 consumer_request consumer +12025550100
suppressed +13035550199 consumer_request consumer 12025550100
released +19165550186 consumer_request consumer +12025550100" ]
	[ "$(jq -r '[.event_data.scope,.event_data.channel,.timestamp]|join(" ")' out | sed -n 3p)" = 'campaign sms 2026-08-29T08:00:00.000Z' ]
	[ "$(jq -r '[.line,.code]|join(" ")' rejects)" = '6 invalid_field' ]
	[[ "$(jq -r .message rejects)" == *OptOutType=STOP* ]]
	grep -q '1 record is no event by a rule of the format' err
	[ "$(jq -r .metadata.source_format out | sort -u)" = optout ]
	dnc-ingest -q out | cmp - out
}

@test "a message that is delivered again is one event, live and from files" {
	line="$(head -1 "$ROOT/examples/data/optout.txt")"
	printf '%s\n' "$line" "$line" | dnc-ingest -q >out
	[ "$(jq -r .id out | sort -u | wc -l)" -eq 1 ]
	[ "$(jq -r .event_data.source_id out | uniq)" = SM00000000000000000000000000000001 ]
}

@test "CloudEvents of providers: a type without a map is rejected by name, maps make events of them" {
	run -1 dnc-ingest -x rejects "$ROOT/examples/data/cloudevents-optout.json"
	[ "$(jq -r '[.line,.code]|join(" ")' rejects)" = $'2 unknown_type\n19 unknown_type' ]
	[[ "$(jq -r .message rejects | head -1)" == *'"com.interact.messages.sms.opt.out"'*'--map'* ]]
	rm rejects
	dnc-ingest -q -x rejects -J "$ROOT/examples/maps/cloudevents-optout.jq" "$ROOT/examples/data/cloudevents-optout.json" >out
	[ "$(jq -c '[.type,.phone_number,.timestamp,.event_data]' out)" = '["dnc.number.suppressed","+12025550143","2026-08-29T08:00:00.000Z",{"source_id":"https://api.example.com/v1/sms evt_1","reason":"consumer_request","source":"consumer","to":"+12025550100","body":"STOP","scope":"number","channel":"sms","cloudevent_type":"com.interact.messages.sms.opt.out"}]' ]
	[ "$(jq -r '[.line,.code]|join(" ")' rejects)" = '19 map_failed' ]
	[[ "$(jq -r .message rejects)" == *com.interact.messages.sms.delivered* ]]
	dnc-ingest -q -x /dev/null -J "$ROOT/examples/maps/cloudevents-reassigned.jq" "$ROOT/examples/data/cloudevents-reassigned.ndjson" >out
	[ "$(jq -c '[.type,.phone_number,.timestamp,.event_data.reason,.event_data.consent_operation]' out)" = \
		'["dnc.number.suppressed","+12025550143","2026-09-21T00:00:00.000Z","data_quality_issue","opt-out-created"]' ]
	# Delivered again, in another file: the same event.
	cp "$ROOT/examples/data/cloudevents-reassigned.ndjson" another
	dnc-ingest -q -J "$ROOT/examples/maps/cloudevents-reassigned.jq" another >again
	[ "$(jq .id again)" = "$(jq .id out)" ]
}

@test "pages of reported calls: the names of both versions, and the fields that the CSV file has" {
	dnc-ingest -f ftc-reported -x rejects "$ROOT/examples/data/reported-page-attributes.json" >out 2>/dev/null
	[ "$(jq -r '[.line,.item,.code]|join(" ")' rejects)" = '1 2 invalid_phone_number' ]
	[ "$(jq -r .raw rejects | jq -r .id)" = 00000000000000000000000000000004 ]
	[ "$(jq -r '[.id,.phone_number,.timestamp]|join(" ")' out)" = '00000000-0000-0000-0000-000000000003 +12025550143 2026-02-16T13:05:00.000Z' ]
	cat >calls.csv <<-'CSV'
		Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,Recorded_Message_Or_Robocall
		2025550143,2026-02-16 13:05:00,2026-02-15 09:30:00,Denver,Colorado,303,"Reducing your debt (credit cards, mortgage, student loans)",Y
	CSV
	dnc-ingest -q calls.csv >csv
	[ "$(jq -S 'del(.id,.metadata.ingested_at)' csv)" = "$(jq -S 'del(.id,.metadata.ingested_at)' out)" ]
	dnc-ingest -q "$ROOT/examples/data/reported-page.json" -x /dev/null >out
	[ "$(jq -r '[.phone_number,.event_data.consumer_area_code,.metadata.source_format]|join(" ")' out)" = '+12025550143 202 ftc-reported' ]
}

@test "the published pages of reported calls without a map: each record is an event or a reject" {
	data="$ROOT/../shared/data/ftc-reported-2020-02-16.pages.ndjson"
	[ -f "$data" ] || skip "the published file is not here"
	dnc-ingest -q -x rejects "$data" >out
	[ "$(wc -l <out)" -eq 1991 ]
	[ "$(wc -l <rejects)" -eq 153 ]
	jq -r '.data[] | select(.number | test("^1?[2-9][0-9]{9}$")) | [.id, "+1" + .number[-10:], .["area-code"]] | join(" ")' "$data" |
		sort >wanted
	jq -r '[(.id | gsub("-"; "")), .phone_number, .event_data.consumer_area_code] | join(" ")' out | sort >got
	comm -23 got wanted >more
	comm -13 got wanted >less
	[ ! -s more ]
	[ ! -s less ]
	jq -c .raw rejects | jq -r 'fromjson | .id' | sort >rejected
	[ "$(cat rejected <(jq -r '.id | gsub("-"; "")' out) | sort -u | wc -l)" -eq "$(jq -r '.data[].id' "$data" | sort -u | wc -l)" ]
}

# The number of line 1 of the events that the input gives with these options, or the code of its reject.
number_of() { rm -f rejects; dnc-ingest -q -x rejects "$@" | jq -r .phone_number; [ ! -s rejects ] || jq -r .code rejects; }

@test "the country beside a number counts in each source, and in what a map makes" {
	given=(-P p --reason=consumer_request --source=partner)
	london=+442079460958
	[ "$(printf '%s\n' 'country_phone_code;phone' '44;2079460958' | number_of -f csv "${given[@]}")" = $london ]
	[ "$(printf '%s\t%s\n' 'Country Dial' phone 44 2079460958 | number_of -f tsv "${given[@]}")" = $london ]
	[ "$(printf '%s\n' 'Country Manager;phone' 'Jo;2025550143' 'GB;2079460958' | number_of -f csv "${given[@]}")" = \
		$'+12025550143\ninvalid_phone_number' ]
	[ "$(echo '{"id":"1","phone_number":"2079460958","country_code":"GB","suppressed_at":"2026-01-01T00:00:00Z"}' |
		number_of -f ndjson "${given[@]}")" = $london ]
	[ "$(echo '{"specversion":"1.0","id":"1","source":"s","type":"number.suppressed","data":{"phone_number":"2079460958","country_code":"GB"}}' |
		number_of -f cloudevents "${given[@]}")" = $london ]
	[ "$(echo '{"op":"c","after":{"phone":"2079460958","country_code":["GB"]}}' | number_of -f ndjson "${given[@]}")" = invalid_phone_number ]
	[[ "$(jq -r .message rejects)" == *country_code*'use a map'* ]]
	[ "$(echo '{"From":"2079460958","FromCountry":"GB","Body":"STOP"}' | number_of)" = $london ]
	[ "$(echo 'From=2079460958&FromCountry=GB&ToCountry=US&Body=STOP' | number_of)" = $london ]
	[ "$(echo '{"n":"2079460958","c":44}' |
		number_of -f ndjson "${given[@]}" -j '{type:"number.suppressed",phone_number:.n,country_code:.c}')" = $london ]
	[ "$(printf 'n,c\n2079460958,GB\n' |
		number_of -f csv "${given[@]}" -j '{type:"number.suppressed",phone_number:.n,event_data:{country:.c}}')" = $london ]
	# What the user has named is text, also where the row is read alone.
	[ "$(printf 'phone,Country\n2025550143,GB\n' | number_of -f csv "${given[@]}" -c event_data.country=Country)" = +12025550143 ]
}

load ../helper

# What dnc-ingest makes of files that are not what they should be: a failure never looks like success.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'phone,reason\n2025550143,complaint\n' >good.csv
}

# Runs dnc-ingest on good.csv after the file under test: it must be read all the same.
refused() { # STATUS PART-OF-MESSAGE ARGUMENT...
	local status_wanted=$1 part=$2
	shift 2
	run --separate-stderr dnc-ingest -f csv "$@" good.csv
	echo "$stderr"
	[ "$status" -eq "$status_wanted" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *"$part"* ]]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" == *+12025550143* ]]
}

bats_require_minimum_version 1.5.0

@test "damaged and unknown packings, workbooks and unknown encodings are refused by name, the other files are read" {
	gzip <good.csv | head -c -3 >packed.gz
	refused 74 'packed.gz ends too early (gzip)' packed.gz
	printf 'BZh91AY&SY\x01\x02' >packed.bz2 && refused 74 '(bzip2)' packed.bz2
	printf '\xFD7zXZ\0\0\004' >packed.xz && refused 74 '(xz)' packed.xz
	printf '\x28\xB5\x2F\xFD\x04\x00' >packed.zst && refused 74 '(zstd)' packed.zst
	printf 'PK\003\004\024\0\0\0\010\0' >a.zip && refused 74 'zip archive' a.zip
	printf '\x04\x22\x4D\x18\x01' >packed.lz4 && refused 74 'an lz4 file' packed.lz4
	mkdir -p xl && echo '<x/>' >'[Content_Types].xml' && echo '<x/>' >xl/workbook.xml && zip -q a.xlsx '[Content_Types].xml' xl/workbook.xml
	refused 74 'a.xlsx is a workbook or document of Office' a.xlsx
	iconv -t UTF-32 <good.csv >utf32.csv && refused 74 'iconv -f UTF-32 ' utf32.csv
	iconv -t UTF-16LE <good.csv >le.csv && refused 74 'UTF-16; read it with --encoding=' --encoding=utf-8 le.csv
	printf '<!doctype html>\n<html>' >login.csv && refused 74 'an HTML page' login.csv
	printf 'phone,Pr\xE9nom\n2025550144,a\n' >latin.csv && refused 74 'looks like Windows-1252: read the file with --encoding=windows-1252' latin.csv
	printf 'phone,a\0b\n2025550144,a\n' >nul.csv && refused 74 'NUL bytes' nul.csv
	run dnc-ingest <packed.gz
	[ "$status" -eq 74 ]
	[[ "$output" == 'dnc-ingest: stdin ends too early (gzip)'* ]]
}

@test "archives are no lists, whatever the format: their members are lost in them" {
	not_read() { # PART-OF-MESSAGE FORMAT FILE
		local options=()
		[[ "$2" == ftc* ]] || options=(--reason=complaint -P p)
		run --separate-stderr dnc-ingest -f "$2" "${options[@]}" "$3"
		echo "$stderr"
		[ "$status" -eq 74 ]
		[[ "$stderr" == *"$1"* ]]
		[ -z "$output" ]
	}
	seq -f '202555%04.0f' 143 160 >list
	tar cf list.tar list && not_read 'a tar archive; extract it first: tar -xOf' numbers list.tar
	tar --format=v7 -cf v7.tar list && not_read 'a tar archive' ftc-full v7.tar
	tar --format=pax -cf pax.tar list && not_read 'a tar archive' ndjson pax.tar
	gzip -k list.tar && not_read 'a tar archive' numbers list.tar.gz
	zip -q tar.zip list.tar && not_read 'a tar archive' ftc-change tar.zip
	ar rc list.a list 2>/dev/null && not_read 'an ar archive' numbers list.a
	gzip -c list.tar.gz >twice.gz && not_read 'packed twice' numbers twice.gz
	{ printf '070707x\0'; cat list; } >list.cpio && not_read 'NUL bytes' numbers list.cpio
	{ printf '\x5D\0\0\x80\0'; cat list; } >list.lzma && not_read 'an lzma file' numbers list.lzma
	run dnc-ingest -f numbers --reason=complaint -P p --against=set --baseline list.tar.gz
	[ "$status" -eq 74 ]
	[ ! -e set ]
}

@test "zstd that starts with a frame to be skipped, as pzstd writes it, is unpacked" {
	{ printf '\x5E\x2A\x4D\x18\x04\0\0\0abcd' && zstd -qc good.csv; } >skipped.zst
	dnc-ingest -q -f csv -P p skipped.zst >events
	[ "$(jq -r .phone_number events)" = +12025550143 ]
	dnc-ingest -q -f csv -P p <skipped.zst >events
	[ "$(jq -r .phone_number events)" = +12025550143 ]
}

@test "an area code in a column of its own is not left out of the number" {
	numbers_of() { # REGION ROW...
		local region=$1
		shift
		printf '%s\n' "$@" | dnc-ingest -q -f csv -P p --reason=complaint -r "$region" -x rejects 2>/dev/null | jq -r .phone_number
	}
	[ "$(numbers_of DE 'area_code;phone' '030;1234567' '030;0301234567' '30;3012345' '030;+49301234568' | xargs)" = '+49301234567 +49301234568' ]
	[ "$(numbers_of DE 'Vorwahl;phone' '030;1234567' '30;1234567')" = '' ]
	[ "$(numbers_of DE 'prefix;phone' '+49;0301234567' 'Dr.;0301234568' '+43;0301234569' | xargs)" = '+49301234567 +49301234568' ]
	[ "$(numbers_of GB 'area;phone' '415;5550123' '020;02079460958')" = +442079460958 ]
	[ "$(numbers_of ES 'prefijo;phone' '91;912345678')" = +34912345678 ]
	grep -q 'its country code and its area code, or .* use a map' rejects
}

@test "a header that is missing or not sure is refused, with what to do" {
	printf '2025550144,complaint\n' >bare.csv && refused 2 'use --no-header' bare.csv
	printf 'name,fone\na,2025550144\n' >fone.csv && refused 2 '--column phone_number=HEADER; the headers are: name, fone' fone.csv
	printf 'Phone,Mobile\n2025550144,2025550145\n' >two.csv && refused 2 '"Phone" and "Mobile" both mean phone_number' two.csv
	printf 'Phone,phone\n2025550144,2025550145\n' >twice.csv && refused 2 'the header "Phone" twice' twice.csv
	printf '{"phone":1}\n{}\n' >events.ndjson && refused 2 '--format=ndjson' events.ndjson
	printf '[{"phone":1},\n{}]\n' >array.json && refused 2 '--format=ndjson' array.json
	{ printf 'phone,' && head -c 3000 /dev/zero | tr '\0' x; } >long.csv
	refused 2 'line 1 is longer than 1024 bytes' --max-record=1K long.csv
	printf 'phone,"x\n2025550144,a\n' >quote.csv && refused 2 'a quoted field does not end' quote.csv
}

@test "a second number anywhere in the first rows is refused; later, its row is rejected" {
	local n
	{ echo Name,Mobile,Home && printf 'Ann,2025550%s,\n' {100..150}; } >mobiles
	{ cat mobiles && echo Ann,2025550143,2125550144; } >home.csv
	refused 2 'in the column "home", too, as in line 53: select the one' home.csv
	{ echo Name,Phone,Contact2 && printf 'Ann,2025550%s,\n' {100..150} && echo 'Ann,2025550143,(212) 555-0144'; } >contact.csv
	refused 2 'in the column "contact2", too, as in line 53: select the one' contact.csv
	for n in {1..80}; do tail -n +2 mobiles; done >rows
	{ cat mobiles rows && echo Ann,2025550143,2125550144; } >late.csv
	dnc-ingest -q -f csv -P p --reason=complaint -x late.rejects late.csv >events 2>/dev/null
	[ "$(wc -l <events)" -eq 4131 ]
	[[ "$(jq -r '[.code, .message] | join(": ")' late.rejects)" == 'invalid_row: home holds a second phone number'* ]]
	# What --column names is no second number.
	[ "$(dnc-ingest -q -P p --reason=complaint -c event_data.contact=Contact2 contact.csv | wc -l)" -eq 52 ]
	[ "$(dnc-ingest -q -P p --reason=complaint -c phone_number=Mobile home.csv | wc -l)" -eq 52 ]
}

@test "a value that may say that its row is no suppression is told once, and suppresses" {
	printf 'phone,deleted_at\n2025550143,0001-01-01T00:00:00\n2025550144,see the notes\n2025550145,see the log\n2025550146,2026-01-01\n' >in.csv
	run --separate-stderr dnc-ingest -P p --reason=complaint --max-rejects=2 -x rejects in.csv
	[ "$status" -eq 0 ]
	[ "$(jq -r .phone_number <<<"$output" | xargs)" = '+12025550143 +12025550144 +12025550145' ]
	[ "$(grep -c 'it is not clear' <<<"$stderr")" -eq 1 ]
	[[ "$stderr" == *'in.csv has "see the notes" in the column deleted_at in line 3,'* ]]
	[ "$(jq -r .line rejects)" = 5 ]
	# Nothing is released by a guess.
	printf '{"op":"%s","%s":{"phone":"2025550143","reason":"complaint","deleted_at":"see the notes"}}\n' c after d before |
		dnc-ingest -x cdc.rejects 2>cdc.err >events
	[ "$(jq -r .type events)" = dnc.number.suppressed ]
	grep -q 'deleted_at in line 1' cdc.err
	[[ "$(jq -r .message cdc.rejects)" == *'not clear what its column deleted_at means'* ]]
}

@test "a pipe that is refused is not read on in silence" {
	run timeout 20 bash -c 'yes 2025550144,complaint | dnc-ingest -f csv; echo "${PIPESTATUS[1]}"'
	[ "${lines[0]}" != "${lines[0]#dnc-ingest: stdin has no header}" ]
	[ "${lines[1]}" = 2 ]
}

@test "--column: headers and fields that there are not, and those given twice" {
	printf 'Phone,Why\n2025550143,complaint\n' >in
	run dnc-ingest -f csv -c phone_number=Phoen in
	[ "$status" -eq 2 ]
	[[ "$output" == *'no header "Phoen"'*'did you mean "Phone"?'*'Phone, Why'* ]]
	run dnc-ingest -c phone_numbr=Phone in
	[ "$status" -eq 2 ]
	[[ "$output" == *'"phone_numbr"; did you mean "phone_number"?' ]]
	for args in '-c fone=Phone' '-c reason=Why -c reason=Phone' '-c reason=Why -c notes=why' \
		'-c event_data.seq=Why' '-c reason=Why -f numbers' '-c reason=Why -j .'; do
		# shellcheck disable=SC2086
		run dnc-ingest $args in
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	printf '{}\n' >events
	run dnc-ingest -c reason=Why events
	[ "$status" -eq 2 ]
	dnc-ingest -c reason=why -c event_data.own=PHONE -c phone_number=Mobile <(printf 'Phone,Why,Mobile\n7,complaint,2025550143\n') >out
	[ "$(jq -c '[.phone_number, .event_data.reason, .event_data.own]' out)" = '["+12025550143","complaint","7"]' ]
}

@test "columns by number, a delimiter, and a file without a header" {
	printf 'x:3035550143:complaint\ny:1,4155550123E+10:complaint\nz:1.41555E+10:complaint\n' >in
	run --separate-stderr dnc-ingest --delimiter=: --no-header -c reason=3 -x rejects in
	[[ "$stderr" == "dnc-ingest: in: read as csv: 3 columns separated by ':', without a header as --no-header says
dnc-ingest: 2 events, 1 record rejected
dnc-ingest: 1 rejected with invalid_phone_number; the first: "* ]]
	[ "$(jq -c '[.phone_number, .event_data.reason, .event_data.column_1]' <<<"$output" | tr '\n' ' ')" = \
		'["+13035550143","complaint","x"] ["+14155550123","complaint","y"] ' ]
	[[ "$(jq -r .message rejects)" == *'shortened by a spreadsheet'* ]]
	printf 'a\tb\n1\t3035550143\n' >in
	[ "$(dnc-ingest -q --delimiter=tab -c phone_number=2 --reason=complaint in | jq -r .phone_number)" = +13035550143 ]
	for args in --delimiter= --delimiter=ab --delimiter=x '--delimiter=; -f numbers' '--no-header -f ndjson' '--delimiter=, -f tsv'; do
		# shellcheck disable=SC2086
		run dnc-ingest $args in
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	run dnc-ingest -f csv --no-header -c phone_number=2 -c reason=2 in
	[ "$status" -eq 2 ]
	[[ "$output" == *'column, number 2, for two fields'* || "$output" == *'given to two fields'* ]]
}

@test "XML lists: what comes before a fault is published, and the message tells where it is" {
	run --separate-stderr dnc-ingest "$ROOT/examples/data/ftc-full.xml"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *'read as ftc-xml: it is XML and starts with a full list' ]]
	[ "$(jq -r .phone_number <<<"$output" | tr '\n' ' ')" = '+13035550143 +13035550199 +17205550150 ' ]
	dnc-ingest -q "$ROOT/examples/data/ftc-change.xml" >out
	[ "$(jq -c '[.type, .phone_number, .timestamp]' out | tr '\n' ' ')" = \
		'["dnc.number.suppressed","+13035550143","2026-08-29T08:00:00.000Z"] ["dnc.number.released","+13035550199","2026-08-29T09:30:00.000Z"] ' ]
	# The same list is the same facts, whatever the form of the file.
	printf '%s\n' 3035550143,2026-08-29T08:00:00,A 3035550199,2026-08-29T09:30:00,D | dnc-ingest -f ftc-change >flat
	[ "$(jq -r .id out)" = "$(jq -r .id flat)" ]
	sed '5s/"5550199"/"5550199/' "$ROOT/examples/data/ftc-full.xml" >broken.xml
	run --separate-stderr dnc-ingest -q broken.xml good.csv
	[ "$status" -eq 74 ]
	[[ "$stderr" == *'broken.xml is not read beyond line '[56]', column '*'2 events are published, with those before the fault' ]]
	[ "$(jq -r .phone_number <<<"$output" | tr '\n' ' ')" = '+13035550143 +12025550143 ' ]
	# Nor does a file that is missing hide what was published.
	run --separate-stderr dnc-ingest -q broken.xml good.csv absent.csv
	[ "$status" -eq 74 ]
	[[ "$stderr" == *'2 events are published, with those before the fault'* ]]
	head -c 150 "$ROOT/examples/data/ftc-full.xml" >short.xml
	run dnc-ingest -q short.xml
	[ "$status" -eq 74 ]
}

@test "a mistyped --reason, --source, or word of a filter is refused with the nearest one" {
	local c option near
	while read -r c option near; do
		run "$c" "$option" /dev/null
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ "$output" == "$c: ${option%%=*}: "*"did you mean \"$near\"?"* ]]
	done <<-END
		dnc-ingest --reason=complain complaint
		dnc-ingest --source=fedral federal
		dnc-filter --suppress-reason=complain complaint
		dnc-filter --release-reason=expird expired
		dnc-filter --check-reason=ruoting routing
		dnc-filter --sync-status=fail failed
		dnc-filter --sync-trigger=schedule scheduled
		dnc-filter --severity=hihg high
		dnc-filter --min-severity=warn warning
		dnc-filter --type=number.suppressed dnc.number.suppressed
		dnc-filter --where=reason=complaint event_data.reason
		dnc-filter --where=event_dta.reason=complaint event_data
		dnc-filter --where=metdata.reason=complaint metadata
		dnc-tail --sync-status=fail failed
	END
	run dnc-ingest --reason=nonsense /dev/null
	[[ "$output" == *'not one of consumer_request, regulatory'* ]]
	run dnc-ingest -f numbers --reason=expired /dev/null
	[ "$status" -eq 2 ]
	dnc-ingest --reason=expired /dev/null
	run -2 dnc-ingest -f ftc-full --reason=internal_policy /dev/null
	[[ "$output" == *'--reason=internal_policy contradicts --format=ftc-full'*' regulatory' ]]
	run -2 dnc-ingest -f optout --source=partner /dev/null
	[[ "$output" == *'--source=partner contradicts --format=optout'*' consumer' ]]
	dnc-ingest -f ftc-full --reason=regulatory --source=state -P state_tx /dev/null
	dnc-filter -s HIGH -c /dev/null || [ $? -eq 1 ]
	# Upstream systems may use words of their own.
	printf 'phone,reason\n2025550143,litigator\n' | dnc-ingest | dnc-filter --where=event_data.reason=litigator >out
	[ "$(jq -c .metadata.unknown_values out)" = '["reason"]' ]
}

@test "what was rejected is told by codes, the most frequent first, with the first message of each" {
	printf 'phone,reason\n%b' '3035550143,complaint\n1,complaint\n3035550143,Jos\xe9\n3035550144,Jos\xe9\n' >list
	dnc-ingest -x rejects list >out 2>err
	[ "$(grep -o '[0-9]* rejected with [a-z_0-9]*' err)" = $'2 rejected with invalid_utf8\n1 rejected with invalid_phone_number' ]
	grep -q 'invalid_utf8; the first: .*--encoding=windows-1252' err
	# Two faults of one code are two lines, and many are four.
	dnc-ingest -f ndjson -x rejects -j 'error("cause \(.i)")' <(printf '{"i":%d}\n' 1 1 2 2 2 3 4 5) >out 2>err || :
	[ "$(grep -c 'rejected with' err)" -eq 1 ]
	grep -q '^dnc-ingest: 8 rejected with map_failed; the first: .*cause 1' err
	grep -q '^dnc-ingest: 3 of these: .*cause 2' err
	grep -q '^dnc-ingest: 1 of these: .*cause 3' err
	grep -q '^dnc-ingest: 2 of these: for other reasons, see the rejects$' err
	dnc-ingest -q -x rejects list >out 2>err
	[ ! -s err ]
	run -1 dnc-ingest -x rejects --max-rejects=0 list
	[[ "$output" == *'1 rejected with invalid_phone_number; the first: '* ]]
}

@test "a file with nothing in it is told, and no error" {
	local file
	: >empty
	printf '\n\r\n\n' >blank
	printf 'phone,reason\n' >header
	printf 'sep=;\n' >sep
	for file in 'empty is empty' 'blank contains only blank lines' 'header has a header, but no rows' 'sep has no rows'; do
		run --separate-stderr dnc-ingest -f csv "${file%% *}" good.csv
		[ "$status" -eq 0 ]
		[ "$stderr" = "dnc-ingest: $file" ]
		[ "${#lines[@]}" -eq 1 ]
	done
	run --separate-stderr dnc-ingest -j empty good.csv
	[ "$status" -eq 0 ]
	[[ "$stderr" == *'the map made none from its records'*'1 record: the map made no event' ]]
	run dnc-ingest /
	[ "$status" -eq 74 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "--min-records: too few are an error, and nothing of a file is published" {
	local n
	: >empty
	printf '\n\n' >blank
	printf 'phone,reason\n' >header
	printf 'phone,reason\n1,complaint\n' >rejects
	for n in 'empty 0 of 0 records were' 'blank 0 of 0 records were' 'header 0 of 0 records were' 'rejects 0 of 1 record were'; do
		run -1 --separate-stderr dnc-ingest -f csv -x rejected --min-records=1 "${n%% *}"
		[ -z "$output" ] && [[ "$stderr" == *"stopped: ${n#* } accepted, fewer than --min-records=1; nothing was published"* ]]
		run -1 --separate-stderr dnc-ingest -f csv -x rejected --min-records=1 <"${n%% *}"
		[ -z "$output" ] && [[ "$stderr" == *'fewer than --min-records=1'* ]]
	done
	printf 'phone,reason\n2025550143,complaint\n2025550144,complaint\n' >two
	dnc-ingest --min-records=2 two | jq -r .id | cmp - <(dnc-ingest two | jq -r .id)
	dnc-ingest --min-records=2 <two | [ "$(wc -l)" = 2 ]
	for n in two -; do
		run -1 --separate-stderr dnc-ingest --min-records=3 "$n" <two
		[ -z "$output" ] && [[ "$stderr" == *'2 of 2 records were accepted, fewer than --min-records=3; nothing was published'* ]]
	done
	dnc-ingest -q --min-records=3 two two | [ "$(wc -l)" = 4 ]
	run -1 dnc-ingest -q --min-records=1 -j empty two
	# What was not read may have them: that is the failure.
	run -74 dnc-ingest --min-records=3 two nowhere
	run -2 dnc-ingest --min-records=1 -i unix:in.sock
}

@test "a million rows ended by carriage returns are a million lines" {
	{ printf 'phone,reason\r' && awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "%d,complaint\r", 2022000000 + i % 1000 }'; } >in
	if [[ $BIN == *asan* ]]; then head -c 1500000 in >short && mv short in; fi
	[ "$(dnc-ingest -f csv --max-record=4K -x rejects in | wc -l)" -ge "$(($(tr '\r' '\n' <in | wc -l) - 1))" ]
}

@test "a producer on a socket learns of each line of a stream that is refused" {
	dnc-ingest -f csv -i unix:sock -x rejects >out 2>err 3>&- &
	PIDS+=($!)
	wait_for test -S sock
	printf '%s\n' phone,mobile 2025550143,2025550144 '' 2025550145, >lines
	ADDRESS=unix:sock client open 'send-file lines' half-close 'until line 4 rejected=3 dropped=1'
	[ "$(jq -c '[.line, .code]' rejects | tr '\n' ' ')" = '[1,"invalid_row"] [2,"invalid_row"] [4,"invalid_row"] ' ]
}

# The cases of the shared collection that hold today; others are added as they come to hold.
CASES='a lone carriage return ends a row
mixed row ends
a quoted line break stays in its field
two columns of numbers are two facts or refused
the same header twice is refused or both are read
a header that -c names and that is not there is an error
an event field that -c names and that does not exist is an error
no header is said, once, with what to do
header Phone Number
header PHONE_NUMBER
header phone1
header Cell Phone
header Home Phone
header Phone #
header ANI
header Telephone
header Tel.
header Mobile
semicolons
tabs
a spreadsheet'\''s sep= line
byte order mark and CRLF
UTF-16 is read or refused by name
Windows-1252 is read right or rejected
a spreadsheet'\''s 1.2125041408E+10
a spreadsheet'\''s 12125041408.0
a spreadsheet'\''s "=""12125041408"""
a spreadsheet'\''s '\''12125041408
a spreadsheet'\''s 2125041408.00
not one number: 1.2125E+10
not one number: 2.02555E+09
not one number: 202-555-XXXX
not one number: 202-555-NONE
not one number: 202-555-0143x
not one number: 2025550143;9165550186
not one number: 2025550143,,9165550186
not one number: 2025550143 / 9165550186
not one number: 2025550143 or 9165550186
not one number: x2025550143
not one number: ~2025550143
not one number: call me
not one number: #N/A
not one number: NULL
not one number: 0
not one number: -
an extension is kept apart
a fractional national number abroad is no other number
semicolons between numbers in a list
released and suppressed again are three facts
two sources of one number are two facts
two reasons are two facts
an expiry that is lifted is another fact
a running number in a column is no identity
a short id in JSON is no identity
captured changes of one moment
two reports about one number in one second
large integers pass a map unchanged or are refused
a time outside of the years: 9999-12-31T23:59:59-05:00
a time outside of the years: 0000-01-01T00:00:00+01:00
a spreadsheet'\''s date
a reason that is mistyped on the command line is refused
a zip file is read or named
a gzip file is read or named
the last line without its end is read from a file'

@test "the shared cases that hold" {
	local shared="$ROOT/../shared/data/cases"
	[ -x "$shared/run" ] || skip "the shared cases are not here"
	jq -c --arg names "$CASES" '[.[] | select(.name as $n | $names | split("\n") | index($n))]' "$shared/ingest.json" >cases.json
	[ "$(jq length cases.json)" -eq "$(wc -l <<<"$CASES")" ]
	"$shared/run" "$(cd "$BIN" && pwd)" cases.json
}

# stops FILE ARGUMENT... - a run that reads FILE and is stopped with SIGTERM in the middle; sets STATUS. The shell has background
# jobs ignore SIGINT.
stops() {
	: >out
	env --default-signal=INT dnc-ingest --format=numbers --reason=complaint --rate=1000 "${@:2}" <"$1" >out 2>err 3>&- &
	PIDS+=($!)
	wait_for has_content out
	kill -"${SIGNAL:-TERM}" "${PIDS[-1]}"
	STATUS=0
	wait "${PIDS[-1]}" || STATUS=$?
	echo "$STATUS: $(cat err)"
}

@test "several signals at once are one request to stop, and signals that are ignored stay so" {
	local n
	yes 2025550143 | head -n 100000 >long
	# timeout(1) signals its child and then the group.
	for n in 1 2 3 4 5 6; do
		: >out
		dnc-ingest --format=numbers --reason=complaint --rate=1000 long >out 2>err 3>&- &
		PIDS+=($!)
		wait_for has_content out
		kill -TERM "${PIDS[-1]}"
		kill -HUP "${PIDS[-1]}"
		STATUS=0
		wait "${PIDS[-1]}" || STATUS=$?
		[ "$STATUS" -eq 75 ]
		grep -q 'stopped before the end of the input' err
	done
	mkfifo hung
	exec 7<>hung
	: >out
	nohup dnc-ingest --format=numbers --reason=complaint <hung >out 2>err 3>&- 7>&- &
	PIDS+=($!)
	echo 2025550143 >&7
	wait_for has_content out
	kill -HUP "${PIDS[-1]}"
	echo 2025550144 >&7
	wait_for has_line 2025550144 out
	exec 7>&-
	wait "${PIDS[-1]}"
}

@test "SIGTERM before the end of the input is exit status 75, and a message says how far it came" {
	# Longer than what is read at once.
	awk 'BEGIN { for (i = 0; i < 40000; i++) printf "202555%04d\n", i % 10000 }' >long
	head -n 20 long >short
	stops long
	[ "$STATUS" -eq 75 ]
	local events=$(wc -l <out)
	[ "$events" -gt 0 ] && [ "$events" -lt 40000 ]
	grep -q "stopped before the end of the input; the $events events before that are published" err
	SIGNAL=HUP stops long
	[ "$STATUS" -eq 75 ]
	SIGNAL=INT stops long
	[ "$STATUS" -eq 130 ]
	# The other files were not opened.
	stops /dev/null long short
	[ "$STATUS" -eq 75 ]
	# A pipe whose writer goes on.
	mkfifo pipe
	exec 7<>pipe
	cat short >&7
	stops pipe
	[ "$STATUS" -eq 75 ]
	# A service, and a directory, have no end: to stop them is no failure. With --once it has one.
	cat short >&7
	stops pipe --input=fd:0
	[ "$STATUS" -eq 0 ]
	# Unless half a line was there: nobody sends it again.
	{ cat short; printf 20255; } >&7
	stops pipe --input=fd:0
	[ "$STATUS" -eq 75 ]
	mkdir in
	cp long short in
	stops /dev/null --watch=in
	[ "$STATUS" -eq 0 ]
	stops /dev/null --watch=in --once
	[ "$STATUS" -eq 75 ]
	[ -e in/long ] && [ -e in/short ]
}

@test "SIGTERM stops a service with exit status 0" {
	dnc-ingest --format=numbers --reason=complaint --input=unix:in.sock >out 2>err 3>&- &
	PIDS+=($!)
	wait_for test -S in.sock
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}"
}

@test "dnc-filter as well: SIGTERM before the end of a pipe is 75, of a service it is not" {
	dnc-ingest good.csv >event
	local input
	for input in fd:0 -; do
		rm -f pipe
		mkfifo pipe
		exec 7<>pipe
		: >out
		if [ "$input" = - ]; then set --; else set -- --input="$input"; fi
		dnc-filter "$@" <pipe >out 2>err 3>&- 7>&- &
		PIDS+=($!)
		cat event >&7
		wait_for has_content out
		kill "${PIDS[-1]}"
		STATUS=0
		wait "${PIDS[-1]}" || STATUS=$?
		cat err
		if [ "$input" = - ]; then
			[ "$STATUS" -eq 75 ]
			grep -q 'stopped before the end of the input; the 1 events that matched before are written' err
		else
			[ "$STATUS" -eq 0 ]
		fi
	done
}

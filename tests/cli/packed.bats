load ../helper

# Compressed files and archives, and text in other encodings.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'phone,reason\n2025550143,complaint\n' >good.csv
}

# The numbers and ids of the events in a file: what does not change from one run to the next.
facts() { jq -c '[.id, .phone_number]' "${1--}"; }

# A change list in the order of time, one a second; its rows have the same ids wherever they are.
changes() { # ROWS
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "%010d,2026-01-%02dT%02d:%02d:%02d.000,%s\n", 2025550000 + (i * 7919) % 9990000, 1 + i / 86400, i / 3600 % 24, i / 60 % 60, i % 60, i % 3 ? "A" : "D" }'
}

# Runs dnc-ingest on the arguments: it fails with one message that has PART.
fails() { # PART ARGUMENT...
	local part=$1
	shift
	run --separate-stderr dnc-ingest -q "$@"
	echo "$stderr"
	[ "$status" -eq 74 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *"$part"* ]]
}

@test "gzip, xz, zstd, bzip2 and zip are read as they are, as files and from pipes, with the ids of the plain list" {
	local file
	changes 3000 >list
	dnc-ingest list | facts >want
	[ "$(wc -l <want)" -eq 3000 ]
	gzip -k list && xz -k list && zstd -q list && bzip2 -k list && zip -q list.zip list
	for file in list.gz list.xz list.zst list.bz2 list.zip; do
		dnc-ingest "$file" | facts >got
		cmp got want
		dnc-ingest <"$file" | facts >got
		cmp got want
		# shellcheck disable=SC2002
		cat "$file" | dnc-ingest | facts >got
		cmp got want
		dnc-ingest -i fd:5 5<"$file" | facts >got
		cmp got want
	done
	# Byte by byte: the first bytes of a pipe may come one at a time.
	for file in list.gz list.zip; do
		head -c 4000 "$file" | wc -c
		dd if="$file" bs=1 2>/dev/null | dnc-ingest | facts >got
		cmp got want
	done
}

@test "files that were packed one by one and concatenated are one list" {
	changes 300 >list
	dnc-ingest list | facts >want
	for pack in gzip xz 'zstd -q' bzip2; do
		head -100 list | $pack >parts
		sed -n 101,200p list | $pack >>parts
		# shellcheck disable=SC2086
		$pack </dev/null >>parts
		tail -100 list | $pack >>parts
		dnc-ingest parts | facts >got
		cmp got want
	done
	# Zeros fill up the last block of a tape.
	{ gzip <list; head -c 512 /dev/zero; } >padded
	dnc-ingest padded | facts >got
	cmp got want
	{ gzip <list; echo junk; } >junk
	fails 'has other bytes after the end of its gzip data' junk
	[ -z "$output" ]
}

@test "each member of an archive is a file of its own: its format, header, line numbers, name and run" {
	mkdir -p sub/__MACOSX
	printf 'phone,reason\n2025550101,complaint\nx,y\n' >sub/a.csv
	printf '2025550102,2026-01-01T00:00:00.000,A\n' >sub/b.txt
	printf '{"type":"dnc.number.released","phone_number":"+12025550103","reason":"expired"}\n' >sub/c.ndjson
	: >sub/empty
	printf 'Mac OS X' >sub/._a.csv
	zip -qr all.zip sub
	run --separate-stderr dnc-ingest -x rejects all.zip
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -r .phone_number <<<"$output" | sort | tr '\n' ' ')" = '+12025550101 +12025550102 +12025550103 ' ]
	[[ "$stderr" == *'all.zip:sub/empty is empty'* ]]
	[[ "$stderr" == *'all.zip has 1 members that only describe files, which were not read: sub/._a.csv'* ]]
	[ "$(jq -c '[.source, .line]' rejects)" = '["all.zip:sub/a.csv",3]' ]
	facts <<<"$output" | sort >first
	dnc-ingest -x /dev/null all.zip 2>/dev/null | facts | sort | cmp - first
	changes 1 >José.txt && zip -q names.zip José.txt
	[ "$(LC_ALL=C dnc-ingest names.zip 2>&1 >/dev/null | cut -d: -f2,3)" = ' names.zip:José.txt' ]
	# Two members that say the same, without a time, are two statements.
	mkdir twice && cp good.csv twice/1.csv && cp good.csv twice/2.csv && zip -qr twice.zip twice
	[ "$(dnc-ingest twice.zip | jq -r .id | sort -u | wc -l)" -eq 2 ]
}

@test "a truncated file ends with 74, and no number is cut" {
	local pack size percent
	changes 200 >list
	for pack in gzip xz 'zstd -q' bzip2 'zip -q'; do
		$pack <list >whole
		size=$(stat -c %s whole)
		for percent in 3 50 98; do
			head -c $((size * percent / 100)) whole >cut
			fails '; no record of it was read' cut
			[ -z "$output" ]
			run --separate-stderr dnc-ingest -f ftc-change < <(cat cut)
			[ "$status" -eq 74 ]
			jq -r '.phone_number[2:]' <<<"$output" >got
			head -n "$(wc -l <got)" list | cut -d, -f1 | cmp - got
		done
	done
}

@test "what can't be read of an archive is told by name, and its other members are read" {
	local way
	mkdir in && gzip <good.csv >in/twice.gz && cp good.csv in/a.csv && cp good.csv in/b.csv
	zip -qr nested.zip in
	zip -qr -P secret encrypted.zip in/a.csv
	changes 1000 >list && zip -q -Z bzip2 method.zip list
	for way in 'nested.zip:in/twice.gz is packed twice (gzip in zip); unpack it first' \
		'encrypted.zip:in/a.csv is encrypted; decrypt it first: unzip -p' 'method.zip:list is packed by a method'; do
		fails "$way" -q "${way%%:*}" good.csv
		grep -q 12025550143 <<<"$output"
	done
	[ "$(dnc-ingest nested.zip 2>/dev/null | wc -l)" -eq 2 ]
	gzip <in/twice.gz >twice.gz.gz
	fails 'twice.gz.gz is packed twice (gzip in gzip)' twice.gz.gz
	printf 'PK\005\006\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >empty.zip
	fails 'empty.zip is an empty zip archive' empty.zip
}

@test "archives that were joined are refused, and say what to do; an end record must be the end" {
	local file
	changes 3 >p1 && changes 6 | tail -3 >p2
	zip -q p1.zip p1 && zip -q p2.zip p2
	cat p2.zip p1.zip >both.zip
	{ cat p1.zip; echo; } >line.zip
	for file in both.zip line.zip; do
		fails 'it has bytes that its directory does not name, as when archives were joined by cat(1); unzip its parts' "$file"
		[ -z "$output" ]
		run --separate-stderr dnc-ingest -q -f ftc-change < <(cat "$file")
		[ "$status" -eq 74 ]
		[[ "$stderr" == *'unzip its parts'*'what was read before is kept'* ]]
	done
	# Against a list: what the second part lacks is not released.
	cut -d, -f1 p1 p2 >both && dnc-ingest -q -f numbers --reason=complaint --against=list.set --baseline both
	cut -d, -f1 p1 >1 && cut -d, -f1 p2 >2
	zip -q 1.zip 1 && zip -q 2.zip 2 && cat 2.zip 1.zip >both.zip
	run --separate-stderr dnc-ingest -q -f numbers --reason=complaint --against=list.set both.zip
	[ "$status" -eq 74 ]
	[ -z "$output" ]
}

@test "archives of zip(1) in its usual shapes are read: zip64, streamed, stored, updated, with a comment" {
	local file
	changes 40 >list && head -20 list >p1 && tail -20 list >p2
	dnc-ingest list | facts | sort >want
	zip -q -fz large.zip p1 p2
	zip -q -fd streamed.zip p1 p2
	zip -q -0 stored.zip p1 p2
	zip -q - p1 p2 | cat >pipe.zip
	zip -q updated.zip p1 list && zip -q updated.zip p2 && zip -qd updated.zip list
	zip -q comment.zip p1 p2 && echo 'a comment' | zip -qz comment.zip
	for file in *.zip; do
		dnc-ingest -q "$file" | facts | sort | cmp - want
		# shellcheck disable=SC2002
		cat "$file" | dnc-ingest -q | facts | sort | cmp - want
	done
	# Standard input, whose size zip(1) does not know, makes it write zip64.
	zip -q -fz - - <list >stdin.zip
	dnc-ingest -q stdin.zip | facts | sort | cmp - want
}

@test "from a pipe too, an encrypted member and a link are told" {
	changes 5 >list && ln -s list link
	zip -q -P secret encrypted.zip list
	zip -qy link.zip list link
	run --separate-stderr dnc-ingest -q < <(cat encrypted.zip)
	[ "$status" -eq 74 ]
	[ "$stderr" = "${stderr%%$'\n'*}" ]
	[[ "$stderr" == *'stdin:list is encrypted; decrypt it first: unzip -p'* ]]
	run --separate-stderr dnc-ingest -q -f ftc-change -x /dev/null < <(cat link.zip)
	[ "$status" -eq 74 ]
	[[ "$stderr" == *'has a link'*'give the archive as a file'* ]]
}

@test "bombs are stopped by --max-unpacked, and publish nothing" {
	local pack
	yes 2025550143 | head -300000 >many
	for pack in gzip xz 'zstd -q' bzip2 'zip -q'; do
		$pack <many >bomb
		[ "$(stat -c %s bomb)" -lt 20000 ]
		fails 'unpacks to more than 1048576 bytes; if it is a list, raise --max-unpacked; no record of it was read' \
			-f numbers --reason=complaint --max-unpacked=1M bomb
		[ -z "$output" ]
	done
}

@test "a pipe that pauses shows what it has sent, packed or not" {
	local pack
	for pack in cat 'gzip -1' 'zip -q'; do
		mkfifo pipe
		dnc-ingest -f ftc-change <pipe >out 3>&- &
		PIDS+=($!)
		# The first block of a packer is there before the rest is.
		changes 60000 | $pack >whole
		exec 8>pipe
		head -c $(($(stat -c %s whole) / 2)) whole >&8
		wait_for has_content out
		tail -c +$(($(stat -c %s whole) / 2 + 1)) whole >&8
		exec 8>&-
		wait "${PIDS[-1]}"
		[ "$(wc -l <out)" -eq 60000 ]
		rm pipe
	done
}

@test "UTF-16 is read with and without a mark, Windows-1252 by --encoding; what is no character rejects its record" {
	local encoding
	printf 'phone,reason,timestamp,Prénom\n2025550143,complaint,2026-01-01T00:00:00Z,René\n' >utf8.csv
	dnc-ingest utf8.csv | jq -c '[.id, .phone_number, .event_data]' >want
	for encoding in UTF-16 UTF-16LE UTF-16BE; do
		iconv -f UTF-8 -t "$encoding" <utf8.csv >in.csv
		dnc-ingest in.csv | jq -c '[.id, .phone_number, .event_data]' | cmp - want
		gzip <in.csv | dnc-ingest | jq -c '[.id, .phone_number, .event_data]' | cmp - want
		dnc-ingest < <(dd if=in.csv bs=1 2>/dev/null) | jq -c '[.id, .phone_number, .event_data]' | cmp - want
	done
	iconv -f UTF-8 -t WINDOWS-1252 <utf8.csv >in.csv
	dnc-ingest --encoding=windows-1252 in.csv | jq -c '[.id, .phone_number, .event_data]' | cmp - want
	fails 'looks like Windows-1252: read the file with --encoding=windows-1252' in.csv
	printf 'phone,reason\n2025550143,complaint\n2025550144,Ren\xE9\n' >row.csv
	dnc-ingest -x rejects row.csv 2>/dev/null >out
	[ "$(wc -l <out)" -eq 1 ]
	grep -q 'invalid_utf8.*--encoding=windows-1252' rejects
	rm rejects
	printf '{"type":"dnc.number.released","phone_number":"+12025550143","reason":"Ren\xE9"}\n' >row.ndjson
	run dnc-ingest -x rejects row.ndjson
	grep -q 'invalid_utf8.*--encoding=windows-1252' rejects
	# Half of a pair, a contradiction, and half of a unit at the end.
	{ iconv -t UTF-16LE <<<phone,reason; iconv -t UTF-16LE <good.csv | tail -c +27 | head -c -2; printf '\x3D\xD8\n\0'; } >half.csv
	rm rejects
	run dnc-ingest -x rejects half.csv
	grep -q 'no character of its encoding' rejects
	iconv -t UTF-16 <good.csv >marked.csv
	fails 'byte order mark of UTF-16LE' --encoding=windows-1252 marked.csv
	fails 'is not UTF-16LE' --encoding=utf-16le good.csv
	iconv -t UTF-16 <good.csv | head -c -3 >cut.csv
	run --separate-stderr dnc-ingest cut.csv
	[ "$status" -eq 74 ]
	[ -z "$output" ]
	[[ "$stderr" == *'ends inside a character'* ]]
}

@test "a quoted row that the end of a file cuts is one reject, and nothing is read of its inside" {
	printf 'phone,reason,notes\n2025550143,complaint,ok\n2025550144,complaint,"a\n2025550199,complaint,b\n2025550198,complaint,c\n' | gzip | head -c -6 >cut.gz
	run --separate-stderr dnc-ingest -f csv -x rejects < <(cat cut.gz)
	[ "$status" -eq 74 ]
	[ "$(jq -r .phone_number <<<"$output")" = +12025550143 ]
	[ "$(jq -c .line rejects)" = 3 ]
}

@test "a damaged pipe publishes nothing of a full list that is compared" {
	changes 3000 | cut -d, -f1 >list
	dnc-ingest -q -f numbers --reason=complaint --against=list.set --baseline list
	gzip -n <list >damaged
	printf '\xFF\x00\xFF' | dd of=damaged bs=1 seek=$(($(stat -c %s damaged) / 2)) conv=notrunc status=none
	run --separate-stderr dnc-ingest -q -f numbers --reason=complaint --against=list.set -x /dev/null < <(cat damaged)
	[ "$status" -eq 74 ]
	[ -z "$output" ]
	[[ "$stderr" == *'damaged (gzip)'* ]]
}

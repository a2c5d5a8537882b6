load ../helper

# Compressed files and archives, and text in other encodings.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf 'phone,reason\n2025550143,complaint\n' >good.csv
}

# The numbers and ids of the events in a file: what does not change from one run to the next.
facts() { jq -c '[.id, .phone_number]' "${1--}"; }

# A change list with times; its rows have the same ids wherever they are.
changes() { # ROWS
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "%010d,2026-01-%02dT%02d:%02d:%02d.000,%s\n", 2025550000 + (i * 7919) % 9990000, 1 + i % 28, i % 24, i % 60, i % 59, i % 3 ? "A" : "D" }'
}

# Runs dnc-ingest on the arguments: it fails with one message that has PART.
fails() { # PART ARGUMENT...
	local part=$1
	shift
	run --separate-stderr dnc-ingest "$@"
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

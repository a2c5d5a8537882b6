load ../helper

COMMANDS=$(cd "$ROOT/cmd" && echo *)

# What --help lists: "-o --output=pretty|json", one option a line. A value that may be left out, [=VALUE], is one, too.
help_options() { # COMMAND
	"$1" --help | sed -nE 's/^ {2,6}(-([a-zA-Z]), )?(--[a-z-]+(\[?=[^ ]*)?)( .*)?$/-\2 \3/; t found; d; :found; s/\[(=.*)\]$/\1/p; t; p'
}

# The names of an option that items of the manual have.
manual_options() { # PAGE...
	grep -hE '^\.It .*Fl' "$@" | grep -oE 'Fl \\-[a-z-]+' | sed 's/Fl ../--/' | sort -u
}

long_names() { grep -oE -- '--[a-z-]+' | sort -u; }

@test "options are the same in --help, manual and completions" {
	local c page pages label
	for c in $COMMANDS; do
		page=$(echo "$ROOT"/man/"$c".[18]) pages=("$page")
		# The filter's options of dnc-tail are told in dnc-filter(1).
		[ "$c" = dnc-tail ] && pages+=("$ROOT/man/dnc-filter.1")
		help_options "$c" | sed 's/=.*//' | long_names >in-help
		[ "$(wc -l <in-help)" -gt 8 ]
		grep -vxE -- '--(help|usage|version)' in-help >to-document
		echo "$c: in --help and not in the manual:"
		comm -23 to-document <(manual_options "${pages[@]}") | tee missing && [ ! -s missing ]
		echo "$c: in the manual and not in --help:"
		comm -13 in-help <(manual_options "$page") | tee missing && [ ! -s missing ]
		echo "$c: --help and what is completed differ:"
		diff in-help <(complete_words "$c" -- | long_names)
		echo "$c: values are completed for what is no option:"
		grep -E '^\s*-.*\)$' "$ROOT/completions/bash/$c" | long_names >labels
		comm -13 in-help labels | tee missing && [ ! -s missing ]
		while read -r label; do
			echo "$c: the key and the name $label in --help:"
			help_options "$c" | sed 's/=.*//' | grep -qx -- "${label/ | / }"
		done < <(grep -oE -- '-[a-zA-Z] \| --[a-z-]+' "$ROOT/completions/bash/$c")
	done
}

@test "an option whose words --help lists is completed with these words" {
	local c name words count=0
	for c in $COMMANDS; do
		while IFS== read -r name words; do
			echo "$c $name: $words"
			[ "$(complete_words "$c" "$name" '' | tr ' ' '\n' | sort)" = "$(tr '|' '\n' <<<"$words" | sort)" ]
			count=$((count + 1))
		done < <(help_options "$c" | sed -nE 's/^-.? (--[a-z-]+=([a-z]+|EdDSA|HS256)(\|([a-z]+|EdDSA|HS256))+)$/\1/p')
	done
	[ "$count" -ge 9 ]
}

@test "each HTTP route is in the manual" {
	local method path routes
	routes=$(sed -nE 's/.*\.path = "([^"]+)", \.method = HTTP_METHOD_([A-Z]+).*/\2 \1/p' \
		"$ROOT/lib/web/http/routes.c")
	[ "$(wc -l <<<"$routes")" -ge 10 ]
	mandoc -T ascii "$ROOT/man/dnc-wsd.8" | col -b >manual
	while read -r method path; do
		[[ $path == /ws/dnc ]] && method=	# a WebSocket
		grep -qE -- "$method *$path" manual || { echo "$method $path is not in dnc-wsd(8)"; return 1; }
	done <<<"$routes"
}

@test "each metric of a running hub is in the manual, and each of the manual in a hub" {
	start_hub
	curl -sN "http://$ADDRESS/api/v1/stream" >/dev/null 3>&- 9>&- &
	PIDS+=("$!")
	wait_for eval "curl -s 'http://$ADDRESS/metrics' >metrics; grep -q '^dnc_connections{.* 1$' metrics"
	sed -nE 's/^# TYPE ([a-z_]+) .*/\1/p' metrics | sort -u >exported
	[ "$(wc -l <exported)" -gt 40 ]
	grep -oE '\b(dnc|process)_[a-z_]+' <(grep '^\.It Li' "$ROOT/man/dnc-wsd.8") | sort -u >documented
	echo 'exported and not documented:'
	comm -23 exported documented | tee missing && [ ! -s missing ]
	echo 'documented and not exported:'
	comm -13 exported documented | tee missing && [ ! -s missing ]
	echo 'samples without a type:'
	grep -oE '^[a-z_]+' metrics | sed -E 's/_(bucket|sum|count)$//' | sort -u | comm -23 - exported | tee missing
	[ ! -s missing ]
}

@test "manuals are clean, and scripts" {
	make -s -C "$ROOT" lint
}

@test "each sample of examples/data is read by its format" {
	cd "$ROOT/examples/data"
	local more
	dnc-ingest -q -x /dev/null optout.txt | grep -q consumer_request
	for f in reported-page.json reported-page-attributes.json; do
		dnc-ingest -q -x /dev/null -f ftc-reported "$f" | grep -q ftc_reported_call
	done
	for f in suppressions.ndjson suppressions.csv ftc-change.txt ftc-full.txt ftc-reported.csv; do
		more=()
		[ "$f" = suppressions.csv ] && more=(--source=partner)
		[ "$f" = suppressions.ndjson ] || more+=(--strict)	# it shows a reject, too
		dnc-ingest "${more[@]}" "$f" >"$BATS_TEST_TMPDIR/out"
		[ -s "$BATS_TEST_TMPDIR/out" ]
	done
	dnc-ingest --strict -f numbers --reason=complaint numbers.txt | grep -q complaint
	dnc-ingest -q -x /dev/null -J ../maps/ftc-reported-api.jq reported-page.json | grep -q ftc_reported_call
}

@test "the example of roles is read" {
	[ "$(dnc-wsd --print-roles --roles="$ROOT/examples/roles.conf" | grep -c '^\[role \(night-shift\|wallboard\)\]')" = 2 ]
}

@test "the demo shows events and leaves nothing behind" {
	export TMPDIR="$BATS_TEST_TMPDIR"
	DEMO_SECONDS=3 timeout 60 "$ROOT/examples/demo" >out 2>&1 3>&-
	grep -q 'ws://127.0.0.1:' out
	grep -q 'number.suppressed' out
	[ -z "$(ls -d "$TMPDIR"/tmp.* 2>/dev/null)" ]
}

complete_words() { # COMMAND WORD...: prints what is offered for the last word
	bash -c '. /usr/share/bash-completion/bash_completion; . "$1/completions/bash/$2"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
		_${1//-/_} "$1" "${@: -1}" "${@: -2:1}" 2>/dev/null; echo "${COMPREPLY[@]}"' - "$ROOT" "$@"
}

@test "each format is in the manual and completed" {
	formats=$(dnc-ingest --help | sed -n '/^Formats/,$s/^  \([a-z-]*\) .*/\1/p')
	[[ $formats == *ndjson*csv* ]]
	for format in $formats; do
		grep -qx "\.It Cm $format" "$ROOT/man/dnc-ingest.1"
		[[ " $(complete_words dnc-ingest --format "$format") " == *" $format "* ]]
	done
}

@test "completions offer options and values" {
	[[ "$(complete_words dnc-filter --min)" == *--min-severity* ]]
	[[ "$(complete_words dnc-filter -t dnc.list)" == dnc.list.synced ]]
	[[ "$(complete_words dnc-ingest --format ftc-c)" == ftc-change ]]
	[[ "$(complete_words dnc-wsd --max)" == *--max-lag* ]]
	[[ "$(complete_words dnc-tail -o json-)" == json-pretty ]]
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "the map of lib names files that are there, and each module" {
	local name module
	grep -oE '[a-zA-Z_/-]+\.[ch]\b' "$ROOT/lib/README.md" | sed 's/COMMAND/dnc-tail/' | sort -u >names
	[ "$(wc -l <names)" -gt 30 ]
	while read -r name; do
		echo "not found: $name"
		[ -n "$(find "$ROOT/lib" "$ROOT/cmd" "$ROOT/tests/unit" -path "*/$name")" ]
	done <names
	for module in "$ROOT"/lib/*/; do
		echo "not in the table: $module"
		grep -q "^| \`$(basename "$module")\` |" "$ROOT/lib/README.md"
	done
}

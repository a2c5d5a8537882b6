# documented.bash - has the commands of README.md and the manuals run as they are printed. Loaded by
# tests/docs/*.bats after helper.bash.
#
# Every command in a code block of README.md, in a literal block (.Bd -literal, .Dl) of a manual, and every
# `make ...`, `man ...` and `dnc-... ...` in README's text needs a check, which is a test like this:
#
#	@test "README: follow the hub" {
#		documented <<-'END'
#		dnc-tail -n 100
#		END
#		start_hub                           # what the command needs
#		events 150 >&9
#		start_command                       # or run_command, which waits for its end
#		wait_for lines_are 100 out.0        # its effect: an event, output, a status
#	}
#
# The heredoc holds the exact text (white space apart), one command or several that belong together; the N-th,
# from 0, is what `run_command N` runs, its output in out.N and err.N. A command that can't be run here has a
# test with the heredoc and `skip REASON`. A block that holds no command (output, JSON, a section of a file)
# is named by its first line, in a heredoc of `shown`. commands.bats fails when a command has no check, and
# when a check's command is no longer documented.
#
# Commands run in the test's own folder (the current one; ~ is there, too, and examples/ a copy). Only this is
# put in place of what is printed, by adapt() and the programs in bin/:
#	127.0.0.1:8080, hub.example:8443   the test's hub, $ADDRESS; behind --listen: a free port
#	/var/..., /run/..., /etc/...       the same below the test's folder
#	dnc-wsd without --listen           with --listen=127.0.0.1:0
#	load-dialer                        appends its input to the file dialed
#	systemctl reload UNIT              SIGHUP to the process $HUB

documented() { mapfile -td '' COMMANDS < <(split_commands); }
shown() { :; }

# Splits shell text into its commands, each ended by a NUL: a command goes on as long as the shell would wait
# for more. Comments fall away.
split_commands() {
	local line text=''
	while IFS= read -r line || [ -n "$line" ]; do
		[ -n "$text" ] || [[ $line =~ [^[:space:]] && ! $line =~ ^[[:space:]]*# ]] || continue
		text+=${text:+$'\n'}$line
		if [[ $line == *\\ ]] || [ -n "$(bash -n 2>&1 <<<"$text")" ]; then continue; fi
		printf '%s\0' "$text" | sed -z 's/[[:space:]]\{2,\}# [^"'\'']*$//; s/^ *//'
		text=''
	done
	[ -z "$text" ] || printf '%s\0' "$text"
}

# Every literal block of the files, each ended by a NUL.
literal_blocks() { # FILE...
	local file
	for file; do
		if [[ $file == *.md ]]; then
			awk '/^    / {text = text substr($0, 5) "\n"; next}
				/^$/ && text {text = text "\n"; next}
				text {printf "%s%c", text, 0; text = ""}
				END {if (text) printf "%s%c", text, 0}' "$file"
			# shellcheck disable=SC2016  # the text has them
			grep -oE '`([A-Z_]+=[^ ]+ )?(make|man|dnc-[a-z]+) [^`]+`' "$file" | tr -d '`' | tr '\n' '\0'
		else
			sed 's/\\e/\\/g; s/\\-/-/g; s/\\&//g; s/\\(dq/"/g; s/\\(aq/'\''/g' "$file" |
				awk '/^\.Ed/ && on {printf "%s%c", text, 0; on = 0}
					on {text = text $0 "\n"}
					/^\.Bd.*-(literal|unfilled)/ {on = 1; text = ""}
					/^\.(Dl|D1) / {printf "%s\n%c", substr($0, 5), 0}'
		fi
	done
}

# The heredocs of a function in tests, each ended by a NUL.
heredocs_of() { # FUNCTION FILE...
	awk -v start="^\t*$1 <<-?'END'\$" 'on && /^\t*END$/ {printf "%s%c", text, 0; on = 0}
		on {sub(/^\t+/, ""); text = text $0 "\n"}
		$0 ~ start {on = 1; text = ""}' "${@:2}"
}

# One command a line, white space and line ends made equal.
one_a_line() { sed -z 's/\\\n/ /g; s/[[:space:]]\+/ /g; s/^ //; s/ $//; s/$/\n/' | tr -d '\0' | sort -u; }

all_commands_in() { # reads blocks, each ended by a NUL
	local block
	while IFS= read -rd '' block; do split_commands <<<"$block"; done | one_a_line
}

# The commands that are documented, without the blocks that `shown` names.
documented_commands() { # FILE-OF-SHOWN FILE...
	local block
	while IFS= read -rd '' block; do
		grep -qxF -- "$(sed '/./!d; s/^ *//; s/ *$//; q' <<<"$block")" "$1" || printf '%s\0' "$block"
	done < <(literal_blocks "${@:2}") | all_commands_in
}

adapt() {
	sed -E "s#(--listen=[0-9.]+):[0-9]+#\\1:0#g
		s#127\\.0\\.0\\.1:8080|hub\\.example(:8443)?#${ADDRESS-}#g
		s#(^|[^[:alnum:]./])/(var|run|etc)/#\\1$BATS_TEST_TMPDIR/\\2/#g"
}

# Runs the N-th command and waits for its end, 60 s at most. Returns its status.
run_command() { # [N]
	local n=${1:-0} rc=0
	echo "run: ${COMMANDS[n]}"
	timeout 60 bash -o pipefail -c "$(adapt <<<"${COMMANDS[n]}")" >"$BATS_TEST_TMPDIR/out.$n" \
		2>"$BATS_TEST_TMPDIR/err.$n" 3>&- 9>&- || rc=$?
	[ "$rc" -eq 0 ] || { echo "ended with $rc:"; cat "$BATS_TEST_TMPDIR/err.$n"; }
	return "$rc"
}

# Starts it; teardown() ends it with all of its pipeline. Sets STARTED, its process id.
start_command() { # [N]
	local n=${1:-0}
	echo "start: ${COMMANDS[n]}"
	timeout 120 bash -o pipefail -c "$(adapt <<<"${COMMANDS[n]}")" >"$BATS_TEST_TMPDIR/out.$n" \
		2>"$BATS_TEST_TMPDIR/err.$n" 3>&- 9>&- &
	STARTED=$!
	PIDS+=("$STARTED")
	GROUPS_STARTED+=("$STARTED")
}

# What a pipeline leaves is ended, too: timeout(1) makes a process group of its own for each. The leak
# sanitizer spins for ever when a second signal ends its thread.
GROUPS_STARTED=()
teardown() {
	end_processes
	local group
	for group in "${GROUPS_STARTED[@]}"; do kill -KILL -- "-$group" 2>/dev/null || :; done
}

# Starts one that ends in a hub, and sets ADDRESS when it serves, and HUB.
start_documented_hub() { # [N]
	start_command "$@"
	wait_for has_content "out.${1:-0}" || { cat "err.${1:-0}"; return 1; }
	ADDRESS=$(head -1 "out.${1:-0}" | sed 's/^0\.0\.0\.0:/127.0.0.1:/')
	HUB=$(cat hub.pid)
	export DNC_URL="ws://$ADDRESS"
}

lines_are() { [ "$(wc -l <"$2")" -eq "$1" ]; }
event_count() { sqlite3 "$1" 'SELECT count(*) FROM events'; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	exec </dev/null
	export HOME="$BATS_TEST_TMPDIR" DNC_SOCKET="$BATS_TEST_TMPDIR/run/dnc/hub.sock"
	unset XDG_STATE_HOME STATE_DIRECTORY DNC_URL DNC_TOKEN_FILE
	mkdir -p bin etc/dnc run/dnc var/lib/dnc var/lib/dialer var/spool/dnc
	cp -r "$ROOT/examples" .
	cat >bin/dnc-wsd <<-'END'
		#!/bin/bash
		echo $$ >"$HOME/hub.pid"
		[[ " $*" == *" --listen"* || " $*" == *" -l"* ]] || set -- --listen=127.0.0.1:0 "$@"
		PATH=${PATH#*:} exec dnc-wsd "$@"
	END
	cat >bin/load-dialer <<-'END'
		#!/bin/sh
		exec cat >>"$HOME/dialed"
	END
	cat >bin/systemctl <<-'END'
		#!/bin/sh
		[ "$1" = reload ] && exec kill -HUP "$(cat "$HOME/hub.pid")"
		echo "systemctl $*: not in a test" >&2
		exit 1
	END
	chmod +x bin/*
	PATH="$BATS_TEST_TMPDIR/bin:$PATH"
}

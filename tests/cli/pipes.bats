# Pipes with names where a file is expected: nobody may ever write to them, or read them, and nothing may hang for that.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset DNC_SOCKET DNC_URL DNC_TOKEN_FILE
	mkfifo pipe
}

@test "a pipe that nobody writes to is refused by every option that names a file" {
	local command
	printf '[rule x]\nnumbers = pipe\naction = drop\n' >rules
	dnc-token keygen -o key
	dnc-token mint -k key --sub=x --role=operator >input
	printf '[rule x]\naction = drop\n' >good
	while read -r command; do
		run timeout 20 $command <input
		echo "$command: $status: $output"
		[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
		[[ "$output" == *pipe* ]]
	done <<-END
		dnc-emit --url=http://127.0.0.1:1 --token-file=pipe number.suppressed phone_number=2025550143 reason=complaint
		dnc-emit --url=https://127.0.0.1:1 --cacert=pipe number.suppressed phone_number=2025550143 reason=complaint
		dnc-emit --url=http://127.0.0.1:1 --lines -x pipe
		dnc-tail -e --token-file=pipe ws://127.0.0.1:1
		dnc-tail -e --cacert=pipe wss://127.0.0.1:1
		dnc-tail -e --state=pipe ws://127.0.0.1:1
		dnc-ingest -f ndjson -J pipe
		dnc-ingest -f ndjson -x pipe
		dnc-ingest -f numbers --reason=complaint --against=pipe --baseline
		dnc-filter --rules=pipe
		dnc-filter --rules=rules
		dnc-filter --rules=good --test=pipe
		dnc-filter -x pipe
		dnc-wsd --listen=127.0.0.1:0 --data=data --keys=pipe
		dnc-wsd --listen=127.0.0.1:0 --data=data --keys=key.pub --roles=pipe
		dnc-wsd --listen=127.0.0.1:0 --data=data --keys=key.pub --revoked=pipe
		dnc-wsd --listen=127.0.0.1:0 --data=data --tls-cert=pipe --tls-key=pipe
		dnc-wsd --listen=127.0.0.1:0 --data=data --rejects=pipe
		dnc-token mint -k pipe --sub=x --role=operator
		dnc-token inspect -k pipe
		dnc-token inspect -k key.pub --revoked=pipe
		dnc-token revoke -f pipe id
	END
}

@test "dnc-emit: what can't be sent because of a pipe is in the spool, and a message says both" {
	mkdir spool
	run -2 timeout 20 dnc-emit --url=http://127.0.0.1:1 --token-file=pipe --spool=spool \
		number.suppressed phone_number=2025550143 reason=complaint
	[[ "$output" == *'--token-file: pipe is a pipe'*'1 event was written to spool instead'* ]]
	[ "$(cat spool/*.ndjson | jq -r .phone_number)" = +12025550143 ]
	# One without a name is that of a shell.
	run -69 timeout 20 dnc-emit --url=http://127.0.0.1:1 --timeout=1s --token-file=<(echo token) \
		number.suppressed phone_number=2025550143 reason=complaint
}

@test "input that nobody writes is waited for, and a signal ends that" {
	local command
	for command in 'dnc-ingest -f numbers --reason=complaint' dnc-filter; do
		$command pipe >out 2>err 3>&- &
		PIDS+=($!)
		# It is open, and waits for what is written.
		exec 8>pipe
		exec 8>&-
		wait "${PIDS[-1]}" || [ "$?" -eq 1 ] # no event matched
		$command pipe absent >out 2>err 3>&- &
		PIDS+=($!)
		# Nobody writes to it: it sleeps in poll(2), where it handles signals.
		wait_for test "/proc/${PIDS[-1]}/exe" -ef "$BIN/${command%% *}"
		wait_for catches_term "${PIDS[-1]}"
		wait_for grep -q 'S (sleeping)' "/proc/${PIDS[-1]}/status"
		kill "${PIDS[-1]}"
		STATUS=0
		wait "${PIDS[-1]}" || STATUS=$?
		cat err
		[ "$STATUS" -eq 75 ]
	done
}

@test "rejects: the reader of a pipe may come later" {
	echo nonsense | dnc-ingest -q -f ndjson -x pipe &
	PIDS+=($!)
	[ "$(jq -r .line <pipe)" = 1 ]
}

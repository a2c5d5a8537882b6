# dnc-emit with several hubs: each hub here has a log of its own, so that what each one got can be counted.
bats_require_minimum_version 1.5.0
load ../helper
load hubs

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	unset DNC_SOCKET DNC_URL DNC_TOKEN_FILE
	ONE=(provider.status_change provider=p new_status=online)
}

@test "dnc-emit goes to the next socket, within its time, and sends no event with another id" {
	hub 1
	hub 2
	local both="$PWD/1.sock,$PWD/2.sock"
	id=$(dnc-emit --socket="$both" "${ONE[@]}" 2>err)
	[ ! -s err ]
	[ "$(ids 1)" = "$id" ]
	stop_hub 1
	run -0 --separate-stderr dnc-emit --socket="$both" --timeout=4s "${ONE[@]}"
	[ "$(ids 2)" = "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ "$stderr" == *"(it has acknowledged nothing for 2 s); unix:$PWD/2.sock takes over" ]]
	continue_hub 1
	die 1
	run -0 --separate-stderr dnc-emit --socket=./1.sock,./2.sock "${ONE[@]}"
	[ "$stderr" = 'dnc-emit: unable to connect to unix:./1.sock: Connection refused; unix:./2.sock takes over' ]
	# As other commands take them.
	run -0 --separate-stderr dnc-emit --socket=unix:1.sock,unix:2.sock "${ONE[@]}"
	[ "$stderr" = 'dnc-emit: unable to connect to unix:1.sock: Connection refused; unix:2.sock takes over' ]
	# Lines, of which some were sent before the first one died.
	hub 1
	events 3000 >in
	dnc-emit -q --socket="$both" --lines <in >out 2>err 3>&- &
	local emit=$!
	PIDS+=("$emit")
	wait_for has_events 1 100
	die 1
	wait "$emit"
	cmp out <(jq -r .id in)
	[ "$( (ids 1; ids 2) | sort -u | comm -12 - <(sort out) | wc -l)" = 3000 ]
	# Nobody: the spool, as with one.
	die 2
	mkdir spool
	run -0 --separate-stderr dnc-emit --socket="$both" --timeout=1s --spool=spool "${ONE[@]}"
	[[ "$stderr" == *'none of 2 addresses can be reached: '*'; 1 event was written to spool instead' ]]
	[ "$(jq -r .id spool/*.ndjson)" = "$output" ]
}

# answers N - starts a server of the answers on standard input: ADDRESSN, requestsN
answers() {
	cat >"answers$1"
	: >"requests$1"
	/usr/bin/python3 "$BATS_TEST_DIRNAME/answers.py" <"answers$1" >"requests$1" 3>&- 9>&- &
	PIDS+=($!)
	wait_for has_content "requests$1"
	eval "ADDRESS$1=$(head -n 1 "requests$1")"
}

# goes_on WORDS - an event goes from hub 1 to hub 2, with one line that has WORDS
goes_on() {
	local before
	before=$(count 2)
	run -0 --separate-stderr dnc-emit --url="http://$ADDRESS1,http://$ADDRESS2" --timeout=4s "${ONE[@]}"
	[ "${#stderr_lines[@]}" = 1 ] && [[ "$stderr" == *"$1"*"; trying http://$ADDRESS2/api/v1/events" ]] && [[ "$stderr" == *"http://$ADDRESS1/"* ]] &&
		[ "$(count 2)" = $((before + 1)) ] && [ "$(ids 2 | tail -n 1)" = "$output" ]
}

@test "dnc-emit goes to the next URL when one can't be reached, fails, is busy or does not answer" {
	hub 2
	local status
	for status in 500 502 503 504; do
		answers 1 <<<"{\"status\":$status,\"headers\":{\"Retry-After\":\"60\"}}"
		goes_on "HTTP status $status"
	done
	# At this address is another server.
	for status in 302 404 405; do
		answers 1 <<<"{\"status\":$status,\"headers\":{\"Location\":\"http://127.0.0.1:1/\"}}"
		goes_on "HTTP status $status"
	done
	answers 1 <<<'{"status":200,"body":"<html>"}'
	goes_on 'this is not the answer of a hub'
	answers 1 <<<"{\"status\":200,\"body\":\"$(head -c 300000 /dev/zero | tr '\0' x)\"}"
	goes_on 'the answer is too long'
	answers 1 <<<'{"status":404}'
	run -69 --separate-stderr dnc-emit --url="http://$ADDRESS1" "${ONE[@]}"
	answers 1 <<<'{"hang":1}'
	goes_on 'timed out'
	answers 1 <<<'{}'
	goes_on ''
	ADDRESS1=127.0.0.1:1
	goes_on 'connect'
	# Of the environment, as for dnc-tail; and over a socket.
	DNC_URL="  ws://$ADDRESS1/ws/dnc	ws://$ADDRESS2 " run -0 --separate-stderr dnc-emit "${ONE[@]}"
	[[ "$stderr" == *"; trying http://$ADDRESS2/api/v1/events" ]]
	run -0 --separate-stderr dnc-emit --url="unix:$PWD/none.sock,http://$ADDRESS2" "${ONE[@]}"
	# What another hub would say, too, ends it: a refusal, and a limit of the sender.
	answers 1 <<<'{"status":400}'
	run -1 --separate-stderr dnc-emit --url="http://$ADDRESS1,http://$ADDRESS2" "${ONE[@]}"
	answers 1 <<<'{"status":401}'
	run -77 --separate-stderr dnc-emit --url="http://$ADDRESS1,http://$ADDRESS2" "${ONE[@]}"
	answers 1 <<<'{"status":429,"headers":{"Retry-After":"60"}}'
	run -75 --separate-stderr dnc-emit --url="http://$ADDRESS1,http://$ADDRESS2" "${ONE[@]}"
	[[ "$stderr" != *trying* ]]
	run -2 dnc-emit --url=http://h,nonsense "${ONE[@]}"
	run -2 dnc-emit --url=http://1,http://2,http://3,http://4,http://5,http://6,http://7,http://8,http://9 "${ONE[@]}"
	[[ "$output" == *'more than 8 hubs'* ]]
}

@test "dnc-emit stays with the hub that took its lines, and asks one that is busy again when it said so" {
	hub 2
	events 1000 >in
	answers 1 <<<'{"status":503}'
	run -0 --separate-stderr dnc-emit --url="http://$ADDRESS1,http://$ADDRESS2" --lines <in
	[ "${#stderr_lines[@]}" = 1 ]
	cmp <(ids 2) <(jq -r .id in)
	cmp <(ids 2) <(printf '%s\n' "$output")
	[ "$(sed 1d requests1 | wc -l)" = 1 ]
	# The other one has gone: the first is asked after the time that it named.
	die 2
	answers 1 <<-'E'
		{"status":503,"headers":{"Retry-After":"1"}}
		{"status":200,"body":"{\"accepted\":1,\"duplicates\":0,\"rejected\":[],\"rejected_count\":0}"}
	E
	run -0 --separate-stderr dnc-emit --url="http://$ADDRESS1,http://$ADDRESS2" "${ONE[@]}"
	cat requests1
	[ "$(sed 1d requests1 | wc -l)" = 2 ]
	[ "$(sed 1d requests1 | jq -s '.[1].at - .[0].at >= 0.9')" = true ]
}

@test "what dnc-emit takes for several addresses, and what for one" {
	hub 1
	mkdir 'a,b'
	run -69 --separate-stderr dnc-emit --socket='a,b/x,y.sock' --timeout=1s "${ONE[@]}"
	[[ "$stderr" == *"unable to connect to unix:a,b/x,y.sock: No such file"* ]]
	run -2 dnc-emit --socket=1.sock,fd:1 "${ONE[@]}"
	[[ "$output" == *'"fd:1": several addresses must all be unix:PATH'* ]]
	run -2 dnc-emit --socket=1.sock --url=http://h "${ONE[@]}"
	run -0 --separate-stderr dnc-emit --socket=2.sock --socket=1.sock "${ONE[@]}"
	[ "$stderr" = 'dnc-emit: --socket is given more than once: 1.sock is used, and 2.sock is not; several hubs that share one log are one value: PATH,PATH' ]
	run -0 --separate-stderr dnc-emit --url=http://127.0.0.1:1 --url="http://$ADDRESS1" "${ONE[@]}"
	[[ "$stderr" == 'dnc-emit: --url is given more than once: '* ]]
	DNC_SOCKET="$PWD/2.sock,$PWD/1.sock" run -0 --separate-stderr dnc-emit "${ONE[@]}"
	[[ "$stderr" == *'1.sock takes over' ]]
	[ "$(count 1)" = 3 ]
}

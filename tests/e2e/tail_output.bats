# What dnc-tail prints.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# A hub with N suppressions of the same time, and DNC_URL.
hub_with_suppressions() { # N
	start_hub
	export DNC_URL="ws://$ADDRESS"
	local i
	for ((i = 1; i <= $1; i++)); do
		printf '{"type":"dnc.number.suppressed","phone_number":"+1202555%04d","provider":"state","reason":"complaint","notes":"n%d","timestamp":"2026-08-29T08:00:00Z"}\n' "$i" "$i"
	done >&9
	wait_for last_seq_is "$1"
}

# usage_error TEXT ARGUMENT... - exit 2 before anything is connected to, and TEXT in the message
usage_error() {
	run -2 dnc-tail "${@:2}" ws://127.0.0.1:1
	echo "$output"
	[[ "$output" == *"$1"* ]]
}

@test "each format has the whole of each event" {
	hub_with_suppressions 3
	dnc-tail -e -o json >json
	dnc-tail -e -o json-pretty | jq -c . | cmp - json
	dnc-tail -e -o cloudevents | jq -c .data | cmp - json
	dnc-tail -e -o csv --fields=event_data,metadata,id,seq >csv
	/usr/bin/python3 -c '
import csv, json
rows = list(csv.DictReader(open("csv", newline="")))
events = [json.loads(line) for line in open("json")]
assert len(rows) == len(events) == 3
for row, event in zip(rows, events):
    assert json.loads(row["event_data"]) == event["event_data"] and json.loads(row["metadata"]) == event["metadata"]
    assert row["id"] == event["id"] and int(row["seq"]) == event["seq"]'
	[ "$(dnc-tail -e -o tsv | cut -f 1,5 | tr '\t\n' '= ')" = 'seq=phone_number 1=+12025550001 2=+12025550002 3=+12025550003 ' ]
	[ "$(dnc-tail -e -n 1 -o logfmt | tr ' ' '\n' | grep -c '^\(event_data\|metadata\)\.')" -eq \
		"$(tail -1 json | jq '(.event_data | length) + (.metadata | length)')" ]
	dnc-tail -e -n 1 -o verbose | grep -q '^    event_data.notes  *n3$'
	[ "$(dnc-tail -e -n 1 -T '{notes:>4}|{provider:<6}|{expires_at}')" = '  n3|state |' ]
	[ "$(dnc-tail -e -n 1 -o json --fields=seq,reason)" = '{"seq":3,"reason":"complaint"}' ]
	[[ "$(dnc-tail -e -n 1)" == '2026-08-29T08:00:00.000Z medium   number.suppressed      +12025550003  state        +1******0003 suppressed: complaint'* ]]
	[[ "$(TZ=Asia/Kolkata dnc-tail -e -n 1 --local)" == '2026-08-29T13:30:00.000+05:30 medium '* ]]
}

@test "what is wrong with an output option is told before it connects" {
	usage_error 'did you mean "summary"?' --template='{sumary}'
	usage_error 'at byte 5: a } without a {' --template='abc }'
	usage_error 'no event has a field "nosuch"' -o csv --fields=seq,nosuch
	usage_error 'the format pretty has no fields to choose' --fields=seq
	usage_error '--output=template requires --template' -o template
	usage_error '--template excludes' -o csv --template='{seq}'
	usage_error '--utc and --local exclude' --utc --local
	usage_error '--jq: syntax error' --jq='.['
	usage_error '--jq prints JSON' --jq=. -o csv
	usage_error '--raw-output requires --jq' --raw-output
	usage_error '--jq-timeout requires --jq' --jq-timeout=5
	usage_error '--no-header requires --output=csv or tsv' --no-header
	usage_error '--no-header requires --output=csv or tsv' --no-header -o json
	usage_error '--template is empty' --template=
	usage_error '--lines and --since exclude each other' --since=0 -n 1
	usage_error '--lines and --since exclude each other' -n 1 --since=-1h
}

@test "the names of the columns come once, and never in the middle of a file" {
	hub_with_suppressions 4
	dnc-tail -e -m 2 --since=0 --state=place -o csv >file
	dnc-tail -e --state=place -o csv >>file
	[ "$(cut -d, -f1 file | tr -d '\r' | tr '\n' ' ')" = 'seq 1 2 3 4 ' ]
	[ "$(dnc-tail -e -n 1 -o tsv --no-header | wc -l)" -eq 1 ]
	# With no event it is still a table.
	dnc-tail -e -p '^\+0' -o csv >none || [ $? -eq 1 ]
	[ "$(wc -l <none)" -eq 1 ]
	# Each run of a command gets a table.
	dnc-tail -e --since=0 -o tsv --batch=3 --exec='cut -f 1 | tr "\n" " " >>runs; echo >>runs'
	[ "$(cat runs)" = $'seq 1 2 3 \nseq 4 ' ]
}

@test "--exec counts events, of whatever number of lines" {
	hub_with_suppressions 5
	dnc-tail -e --since=0 -o json-pretty --batch=2 --exec='jq -s -c "map(.seq)" >>runs'
	[ "$(cat runs)" = $'[1,2]\n[3,4]\n[5]' ]
}

@test "--jq makes several lines of an event, or none, and its failures are told" {
	hub_with_suppressions 5
	[ "$(dnc-tail -e --since=0 --jq='select(.seq % 2 == 1) | .seq, .phone_number' --raw-output | tr '\n' ' ')" = \
		'1 +12025550001 3 +12025550003 5 +12025550005 ' ]
	run -3 --separate-stderr dnc-tail -e --since=0 --jq='if .seq == 2 then error("bad") else .seq end'
	[ "$(tr '\n' ' ' <<<"$output")" = '1 3 4 5 ' ]
	[[ "$stderr" == *'--jq: event 2: the program failed: bad'* ]]
	[[ "$stderr" == *'the program failed on 1 events'* ]]
	run -3 --separate-stderr dnc-tail -e -n 1 --jq='def f: f; f' --jq-timeout=50
	[ -z "$output" ]
	[[ "$stderr" == *'the program ran longer than 50 ms'*'--jq-timeout'* ]]
	# The place moves with what was printed, and past what makes nothing.
	dnc-tail -e --since=0 --state=place --jq='select(.seq < 3) | .seq' >got
	[ "$(tr '\n' ' ' <got)" = '1 2 ' ]
	[ "$(cut -d ' ' -f 2 place)" -eq 5 ]
	# Output that is lost is no night on which nothing happened.
	run -1 dnc-tail -e --state=place --jq=.seq
	run -3 dnc-tail -e --since=4 --state=other --jq='error("bad")'
	[ "$(cut -d ' ' -f 2 other)" -eq 5 ]
	run -1 dnc-tail -e --state=other --jq='error("bad")'
	[ -z "$output" ]
}

@test "what a hub sends that is no event is never printed as one" {
	cat >words <<-'END'
		{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1,"last_seq":9,"epoch":"e"}}
		{"seq":1,"id":"a" "b"}
		{"seq":2,"id":1e}
		{"seq":3,  "id":"x",
		{ "id":"y", "seq":4 }
		{"seq":5,"id":"z\u001b[2J"}
	END
	words_of_hub() {
		/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay <words >hub.out 3>&- &
		PIDS+=($!)
		wait_for has_content hub.out
		run -69 --separate-stderr timeout 30 dnc-tail --no-reconnect "$@" "ws://$(head -n 1 hub.out)"
	}
	words_of_hub -o json
	[ "$output" = $'{"id":"y","seq":4}\n{"seq":5,"id":"z\\u001b[2J"}' ]
	[ "$(grep -c 'invalid message' <<<"$stderr")" -eq 3 ]
	rm hub.out
	words_of_hub -o csv
	[ "${#lines[@]}" -eq 1 ]
	[[ "$stderr" == *'event 4 is not a canonical event'*'event 5 is'*'2 events were not printed'* ]]
	rm hub.out
	/usr/bin/python3 "$BATS_TEST_DIRNAME/tail_words.py" dnc:replay <words >hub.out 3>&- &
	PIDS+=($!)
	wait_for has_content hub.out
	run -3 --separate-stderr timeout 30 dnc-tail -m 2 -o csv "ws://$(head -n 1 hub.out)"
}

@test "frames in any form are read as the messages that they are" {
	cat >hub.py <<-'END'
		import struct, sys
		from frame_hub import c, frame, read
		def event(seq, more=""): return ('{"seq":%d,"x":"%s"}' % (seq, more)).encode()
		out = frame(0x81, b'{"type":"dnc.subscription.confirmed","metadata":{"from_seq":1,"last_seq":9,"epoch":"e"}}')
		text = event(1)
		out += frame(0x01, text[:5]) + frame(0x89, b"echo") + frame(0x00, text[5:9]) + frame(0x80, text[9:])
		out += frame(0x81, event(2, "y" * 200)) + frame(0x81, event(3, "z" * 60000)) + frame(0x8a, b"") + frame(0x82, event(4))
		for i in range(0, len(out), 1000 if len(sys.argv) < 2 else 1):
		    c.sendall(out[i:i + (1000 if len(sys.argv) < 2 else 1)])
		while read() != (10, b"echo"): pass
		print("pong", flush=True)
		c.sendall({"close": frame(0x88, struct.pack(">H", 4403) + b"no"), "masked": b"\x81\x81aaaab", "deflated": frame(0xc1, b"x"),
		    "continuation": frame(0x80, b"x"), "nested": frame(0x01, b"x") + frame(0x81, b"y"), "long": b"\x81\x7f" + struct.pack(">Q", 65537),
		    "fragments": frame(0x01, b"x" * 40000) + frame(0x80, b"x" * 40000)}[open("end").read().strip()])
		c.settimeout(20)
		try:
		    while c.recv(4096): pass
		except ConnectionResetError: pass
		print("closed", flush=True)
	END
	local end status
	for end in close masked deflated continuation nested long fragments; do
		echo "$end" >end
		rm -f hub.out
		PYTHONPATH="$BATS_TEST_DIRNAME" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 hub.py >hub.out 3>&- &
		PIDS+=($!)
		wait_for has_content hub.out
		status=69
		[ "$end" = close ] && status=77
		run "-$status" --separate-stderr timeout 30 dnc-tail --no-reconnect -o json --jq=.seq "ws://$(head -n 1 hub.out)"
		echo "$end: $output $stderr"
		[ "$(tr '\n' ' ' <<<"$output")" = '1 2 3 4 ' ]
		wait_for has_line closed hub.out
		grep -q pong hub.out
		case $end in long | fragments) [[ "$stderr" == *'longer than 64 KiB'* ]] ;; esac
	done
}

@test "events come whole through TLS, however many there are" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>openssl.err
	start_hub --tls-cert=tls.crt --tls-key=tls.key
	local url="wss://localhost:${ADDRESS##*:}"
	events 5000 >&9
	last_seq_is_tls() { [ "$(curl -s --cacert tls.crt "https://localhost:${ADDRESS##*:}/api/v1/info" | jq .last_seq)" = 5000 ]; }
	wait_for last_seq_is_tls
	dnc-tail -e --cacert=tls.crt --since=0 -o json "$url" >all
	[ "$(jq -r .seq all | cksum)" = "$(seq 5000 | cksum)" ]
	# A reader that takes its time: nothing is read from the hub meanwhile.
	dnc-tail -e --cacert=tls.crt --since=0 -o json "$url" | { read -rt 1 <> <(:) || :; cat; } | cmp - all
}

@test "lines fit the terminal, also after it has changed its size" {
	hub_with_suppressions 3
	cat >terminal.py <<-'END'
		import fcntl, os, pty, re, struct, sys, termios, time
		def size(fd, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
		pid, fd = pty.fork()
		if pid == 0:
		    size(0, 80)
		    os.execvp("dnc-tail", ["dnc-tail", "-n", "3", "-p", "555", *sys.argv[1:]])
		text = b""
		def read(lines):
		    global text
		    while text.count(b"\n") < lines: text += os.read(fd, 4096)
		read(3)
		size(fd, 40)
		open("resized", "w").close()
		read(4)
		os.kill(pid, 15)
		sys.stdout.buffer.write(text.replace(b"\r", b""))
	END
	local plain
	for plain in '' 1; do
		rm -f resized
		env ${plain:+NO_COLOR=1} TZ=Asia/Kolkata timeout 60 /usr/bin/python3 terminal.py >shown 2>&1 3>&- 9>&- &
		PIDS+=($!)
		wait_for test -e resized
		printf '{"type":"dnc.number.released","phone_number":"+12025559999","reason":"expired"}\n' >&9
		wait "${PIDS[-1]}"
		cat shown
		[ "$(sed 's/\x1b\[[0-9;]*m//g' shown | head -3 | wc -L)" -le 80 ]
		[ "$(sed 's/\x1b\[[0-9;]*m//g' shown | sed -n 4p | wc -L)" -le 40 ]
		grep -q '2026-08-29 13:30:00 ' shown
		if [ -n "$plain" ]; then refute grep -q $'\033' shown; else grep -q $'\033\[1;4m555\033\[22;24m' shown; fi
	done
}

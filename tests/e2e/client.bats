# The client of these tests itself: what is not so must fail.
load ../helper

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Fails at LINE, and standard error says SAID.
fails_at() { # LINE SAID COMMAND...
	run --separate-stderr client "${@:3}"
	echo "$stderr"
	[ "$status" -eq 1 ]
	[[ "$stderr" == "client: line $1: "*"$2"* ]]
}

@test "a dialogue of WebSockets holds, and each wrong expectation of one fails" {
	start_hub
	events 3 >&9
	wait_for last_seq_is 3
	client >out <<-'END'
		connect /ws/dnc?since=0 protocol dnc.v1 header "X-Nothing: here"
		expect {"type":"dnc.connection.established","metadata":{"role":"~^[a-z]+$"}}
		expect {"type":"dnc.subscription.confirmed","code":null}
		until {"seq":2}
		say {"type":"ping","id":"p"}
		until {"type":"dnc.connection.pong","request_id":"p"}
		until 3 events

		# Another, and back.
		as other
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		frame 0x82 \x00
		expect close 1003
		expect end
		as client
		shell events 1 >&9
		until {"seq":4}
		expect nothing 100
		close 1000 "good bye"
	END
	[ "$(jq -c 'select(.seq).seq' out | tr '\n' ' ')" = '1 2 3 4 ' ]
	local hello='expect {"type":"dnc.connection.established"}'
	fails_at 2 '.type: expected "other", but "dnc.connection.established" came' 'connect /ws/dnc' 'expect {"type":"other"}'
	fails_at 2 '.type: expected "~^x", but "dnc' 'connect /ws/dnc' 'expect {"type":"~^x"}'
	fails_at 2 '.type: expected null, but "dnc' 'connect /ws/dnc' 'expect {"type":null}'
	fails_at 2 '.none: expected 1, but null' 'connect /ws/dnc' 'expect {"none":1}'
	fails_at 4 '.request_id: expected 1, but "1" came' 'connect /ws/dnc' "$hello" 'say {"type":"ping","id":"1"}' 'expect {"request_id":1}'
	fails_at 4 'did not come within 0.3 s' 'connect /ws/dnc' "$hello" 'within 0.3' 'until {"seq":9}'
	fails_at 4 'did not come within 0.3 s' 'connect /ws/dnc' "$hello" 'within 0.3' 'expect end'
	fails_at 3 '.closed: expected 1002, but 1003' 'connect /ws/dnc' 'frame 0x82 \x00' 'until close 1002'
	fails_at 3 "{'closed': 1003" 'connect /ws/dnc' 'frame 0x82 \x00' 'until 1 events'
	fails_at 3 ' came' 'connect /ws/dnc?since=0' "$hello" 'expect nothing 5000'
	fails_at 2 'status=404' 'connect /nope' "$hello"
	fails_at 1 'its status: expected 0, but 3' 'shell exit 3'
}

@test "a dialogue of HTTP holds, and each wrong expectation of one fails" {
	start_hub
	client <<-'END'
		open
		cork
		http GET /healthz
		http HEAD /healthz
		uncork
		expect status 200 200
		http POST /api/v1/events header "Content-Type: application/json" body {"type":"dnc.number.released","phone_number":"+13035550144","reason":"expired"}
		expect status 200 body {"accepted":1,"rejected":[]}
		http GET /nope
		expect status 404 header "content-type: application/problem+json" without X-Other body {"status":404}
		pieces 7
		send GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n
		expect status 403
		expect end
		as stream
		stream /api/v1/stream?since=0
		until {"data":{"seq":1},"id":"~:1$"}
		until 1 events
		as refused
		stream /api/v1/stream?last=x
		expect status 400
		drop
		connect /ws/dnc header "Origin: http://evil.example"
		expect status 403
	END
	fails_at 2 'status ({"status":"ok"}): expected 404, but 200' 'http GET /healthz' 'expect status 404'
	fails_at 3 'did not come within 0.3 s' 'http GET /healthz' 'within 0.3' 'expect status 200 200'
	fails_at 2 'body.status: expected "no", but "ok"' 'http GET /healthz' 'expect status 200 body {"status":"no"}'
	fails_at 2 'Allow: expected "GET", but "GET, HEAD, OPTIONS"' 'http PUT /healthz' 'expect status 405 header "Allow: GET"'
	fails_at 2 'Allow: expected null' 'http PUT /healthz' 'expect status 405 without Allow'
	fails_at 2 '.closed: expected 1000, but null' 'stream /api/v1/stream' 'expect close 1000'
	fails_at 2 'status=400' 'stream /api/v1/stream?last=x' 'expect {}'
	fails_at 2 'status (): expected 403, but 101' 'connect /ws/dnc' 'expect status 403'
}

@test "lines of a Unix socket; and what can't be understood ends with 2" {
	start_hub --input="unix:$PWD/sock"
	events 3 >three
	ADDRESS=unix:$PWD/sock client 'open' 'send-file three' 'send nonsense\n' 'half-close' 'until line 4 rejected=1' 'expect end'
	ADDRESS=unix:$PWD/sock fails_at 4 'expected "4"' 'open' 'send-file three' 'half-close' 'expect line 4'
	ADDRESS=unix:$PWD/none fails_at 1 'No such file' 'open'
	for line in 'dance' 'until nonsense' 'say {}' 'connect'; do
		run client "$line"
		[ "$status" -eq 2 ]
	done
}

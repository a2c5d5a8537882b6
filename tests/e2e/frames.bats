# Frames, compression and the opening handshake, RFC 6455 and RFC 7692, from a client's side. What each frame means is tested
# in tests/unit/test_inbox.c.
load ../helper

counted() { curl -s "http://$ADDRESS/metrics" | grep -qF "$1"; }

@test "what no client may send ends the connection with the code of the standard" {
	start_hub
	local case code
	# The code, and a command of the client.
	while read -r code case; do
		echo "$code: $case"
		client 'connect /ws/dnc' "$case" "until close $code" || return 1
	done <<-'END'
		1002 send \x81\x01x
		1002 send \x89\x00
		1002 send \x81\xfe\x00\x01\x01\x02\x03\x04x
		1002 frame 0xc1 x
		1002 frame 0x91 x
		1002 frame 0x83 x
		1002 frame 0x80 x
		1002 frame 0x09 x
		1002 frame 0x88 \x03
		1002 frame 0x88 \x03\xed
		1003 frame 0x82 x
		1007 frame 0x81 {"type":"\xff"}
		1007 frame 0x88 \x03\xe8\xff
		1009 send \x81\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x01\x02\x03\x04
	END
	for case in 'protocol",error="true"} 10' 'not_utf8",error="true"} 2' 'binary",error="true"} 1' 'message_size",error="true"} 1'; do
		wait_for counted "dnc_closed_total{reason=\"$case" # workers tell each other once a second
	done
}

@test "pings are answered, the last of those that come together, between fragments, too, and a close ends all" {
	start_hub
	# A pong is read as a line.
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		frame 0x89 1\n
		expect line ~1$
		cork
		frame 0x89 2\n
		frame 0x01 {"type":"ping",
		frame 0x89 3\n
		frame 0x80 "id":"i"}
		frame 0x89 4\n
		uncork
		expect line ~3$
		expect {"request_id":"i"}
		expect line ~4$
		cork
		frame 0x88 \x0f\xa0bye
		frame 0x89 5\n
		frame 0x88 \x03\xe8
		uncork
		expect close 4000
		expect end
		connect /ws/dnc
		pieces 1
		frame 0x88
		until close 0
		expect end
	END
}

@test "a client that answers the hub's close frame is let go at once" {
	start_hub
	client <<-'END'
		connect /ws/dnc
		expect {"type":"dnc.connection.established"}
		within 1
		cork
		frame 0x82 x
		say {"type":"ping","id":"late"}
		uncork
		expect close 1003
		frame 0x88 \x03\xeb
		expect end
	END
}

@test "compressed messages are read, final blocks and all; bombs and noise end the connection" {
	start_hub --compress
	client <<-'END'
		connect /ws/dnc header "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10" header "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
		expect status 101 header "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
		expect {"type":"dnc.connection.established"}
		frame 0xc1 \xab\x56\x2a\xa9\x2c\x48\x55\xb2\x52\x2a\xc8\xcc\x4b\x57\xd2\x51\xca\x4c\x51\xb2\x32\xac\x05\x00
		expect {"request_id":1}
		frame 0xc1 \xaa\x56\x2a\xa9\x2c\x48\x55\xb2\x52\x2a\xc8\xcc\x4b\x57\xd2\x51\xca\x4c\x51\xb2\x32\xaa\x05\x00
		expect {"request_id":2}
		frame 0xc1 \xab\x56\x2a\xa9\x2c\x48\x55\xb2\x52\x2a\xc8\xcc\x4b\x57\xd2\x51\xca\x4c\x51\xb2\x32\xac\x05\x00\x00
		expect {"request_id":1}
		say {"type":"ping","id":3}
		expect {"request_id":3}
		frame 0xc1 \xff\xff
		expect close 1007
		connect /ws/dnc header "Sec-WebSocket-Extensions: permessage-deflate"
		frame 0xc1 \xec\xc1\x31\x01\x00\x00\x00\xc2\xa0\x2a\xeb\x9f\xd2\x0c\xfe\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xaf\x01
		until close 1009
		connect /ws/dnc header "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
		expect status 101 without Sec-WebSocket-Extensions
		frame 0xc1 \xaa\x56\x2a\xa9\x2c\x48\x55\xb2\x52\x2a\xc8\xcc\x4b\x57\xd2\x51\xca\x4c\x51\xb2\x32\xaa\x05\x00
		until close 1002
		connect /ws/dnc header "Sec-WebSocket-Extensions: permessage-deflate;"
		expect status 400
	END
}

@test "an upgrade names a known subprotocol, version 13 and a key, or is told so" {
	start_hub
	client <<-'END'
		connect /ws/dnc
		expect status 101 without Sec-WebSocket-Protocol
		connect /ws/dnc protocol x protocol cloudevents.json
		expect status 101 header "Sec-WebSocket-Protocol: cloudevents.json"
		connect /ws/dnc protocol x header "Sec-WebSocket-Protocol: dnc.v1"
		expect status 101 header "Sec-WebSocket-Protocol: dnc.v1"
		connect /ws/dnc protocol x
		expect status 400 body {"detail":"~dnc.v1 or cloudevents.json"}
	END
	local up=(-H 'Connection: Upgrade' -H 'Upgrade: websocket')
	run curl -si "${up[@]}" -H 'Sec-WebSocket-Version: 12' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "http://$ADDRESS/ws/dnc"
	[[ "$output" == 'HTTP/1.1 426 '* ]]
	grep -qi '^sec-websocket-version: 13' <<<"$output"
	grep -qi '^upgrade: websocket' <<<"$output"
	run curl -si "${up[@]}" -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: SGVsbG8sIHdvcmxkIQ==' "http://$ADDRESS/ws/dnc"
	[[ "$output" == 'HTTP/1.1 400 '*Sec-WebSocket-Key* ]]
}

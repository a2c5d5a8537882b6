load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir units
	local unit
	for unit in "$ROOT"/examples/systemd/*.{service,socket}; do
		sed "s|/usr/local/bin|$(realpath "$BIN")|" "$unit" >"units/$(basename "$unit")"
	done
}

@test "the units are clean, and score 1.5 or better" {
	run systemd-analyze verify --man=no units/*
	[ -z "$output" ]
	[ "$status" -eq 0 ]
	local unit
	for unit in units/*.service; do
		systemd-analyze security --offline=true --threshold=15 "$unit" >/dev/null
	done
}

@test "sockets of the service manager are served, and outlive the hub" {
	port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	systemd-socket-activate -l "$PWD/hub.sock" -l "127.0.0.1:$port" \
		dnc-wsd --input=systemd --listen=systemd --data=data </dev/null >out 2>err 3>&- &
	PIDS+=($!)
	wait_for test -S hub.sock
	id=$(dnc-emit --socket=hub.sock provider.status_change provider=p new_status=online)
	[ "$(dnc-tail -e -o json "ws://127.0.0.1:$port" | jq -r .id)" = "$id" ]
	[ "$(cat out)" = "127.0.0.1:$port" ]
	kill "${PIDS[0]}"
	wait "${PIDS[0]}"
	[ -S hub.sock ]
}

@test "the service manager is told when it serves, how it goes and that it ends" {
	cat >notify.py <<-'P'
		import os, socket, subprocess, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("notify")
		s.settimeout(20)
		env = dict(os.environ, NOTIFY_SOCKET=os.path.abspath("notify"), WATCHDOG_USEC="400000")
		hub = subprocess.Popen(["dnc-wsd", "-q", "--listen=127.0.0.1:0", "--data=data"],
		                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env)
		seen = []
		def until(text):
		    while not any(text in m for m in seen):
		        seen.append(s.recv(4096).decode())
		until("READY=1")
		for _ in range(3):
		    seen.clear()
		    until("WATCHDOG=1")
		until("STATUS=0 clients, 0 events")
		hub.terminate()
		until("STOPPING=1")
		sys.exit(hub.wait(20))
	P
	WATCHDOG_PID='' timeout 60 /usr/bin/python3 notify.py
}

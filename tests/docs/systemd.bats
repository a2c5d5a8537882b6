load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir units
	local unit
	for unit in "$ROOT"/examples/systemd/*.{service,socket,path,timer}; do
		sed "s|/usr/local/bin/dnc-registry|$(realpath "$ROOT/examples/cron")/dnc-registry|; s|/usr/local/bin|$(realpath "$BIN")|" "$unit" >"units/$(basename "$unit")"
	done
}

@test "the units are clean, score 1.5 or better, and leave no dumps" {
	run systemd-analyze verify --man=no units/*
	[ -z "$output" ]
	[ "$status" -eq 0 ]
	local unit
	for unit in units/*.service; do
		systemd-analyze security --offline=true --threshold=15 "$unit" >/dev/null
		grep -qx LimitCORE=0 "$unit"
	done
}

# What the comment of the unit shows are options of the command.
has_options() { # COMMAND VARIABLE UNIT
	local option
	for option in $(sed -n "s/^# *$2=//p" "$3"); do
		"$1" --help | grep -q -- "${option%%=*}\b"
	done
}

@test "each service has its options, keeps its rejects, and reloads what SIGHUP reloads" {
	local unit name variable
	for unit in "$ROOT"/examples/systemd/*.service; do
		name=$(basename "$unit" .service)
		variable=$(tr 'a-z-' 'A-Z_' <<<"${name}_OPTIONS")
		echo "$name"
		[[ $name != dnc-registry-* ]] || continue	# a script: e2e/registry.bats
		grep -qx "EnvironmentFile=-/etc/default/$name" "$unit"
		grep -q "^# *$variable=-" "$unit"
		if [[ $name == dnc-ingest-?* ]]; then	# the rejects of files are beside them
			grep -qx "ExecStart=/usr/local/bin/dnc-ingest --watch=/var/spool/dnc .* \$$variable" "$unit"
			grep -qx "ReadWritePaths=/var/spool/dnc" "$unit"
			has_options dnc-ingest "$variable" "$unit"
			continue
		fi
		grep -qx "ExecStart=/usr/local/bin/$name .* --rejects=%S/[a-z-]*/rejects \$$variable" "$unit"
		[ "$(sed -n 's|.*--rejects=%S/\([a-z-]*\)/.*|\1|p' "$unit")" = "$(sed -n 's/^StateDirectory=//p' "$unit")" ]
		grep -qx 'ExecReload=/bin/kill -HUP $MAINPID' "$unit"
		has_options "$name" "$variable" "$unit"
	done
	for option in --keys --revoked --tls-cert --tls-key IPAddressAllow=any; do
		grep -q -- "^#.*$option" "$ROOT/examples/systemd/dnc-wsd.service"
	done
}

@test "make install puts programs, manuals, units and the group in place, and says what to enable" {
	[[ $BIN == *release* ]] || skip "once is enough"
	make -s -C "$ROOT" install DESTDIR="$PWD/root" PREFIX=/opt/dnc >said
	local unit
	for unit in "$ROOT"/examples/systemd/*.{service,socket,path,timer}; do
		unit=root/opt/dnc/lib/systemd/system/$(basename "$unit")
		[ "$(stat -c %a "$unit")" = 644 ]
		refute grep -n '/usr/local' "$unit"
		[[ $unit != *.service ]] || grep -q '^ExecStart=/opt/dnc/bin/dnc-' "$unit"
	done
	grep -qx 'g dnc -' root/opt/dnc/lib/sysusers.d/dnc.conf
	mkdir root/etc
	systemd-sysusers --root="$PWD/root" "$PWD/root/opt/dnc/lib/sysusers.d/dnc.conf"
	grep -q '^dnc:' root/etc/group
	[ -x root/opt/dnc/bin/dnc-wsd ] && [ -s root/opt/dnc/share/man/man8/dnc-wsd.8 ]
	grep -q 'systemctl enable --now dnc-wsd.socket' said
	# Every unit that it names is installed.
	for unit in $(grep -oE 'dnc-[a-z-]+\.(socket|service|path|timer)' said); do [ -e "root/opt/dnc/lib/systemd/system/$unit" ]; done
}

@test "the units for files read what is in the directory, with their options" {
	local unit lines
	mkdir -p spool
	for unit in dnc-ingest-watch dnc-ingest-once; do
		cp "$ROOT/examples/data/suppressions.csv" "spool/$unit.csv"
		lines=$(sed -n "s|^# *[A-Z_]*_OPTIONS=||p" "$ROOT/examples/systemd/$unit.service")
		# shellcheck disable=SC2046,SC2086
		$(sed -n 's|^ExecStart=/usr/local/bin/||p' "$ROOT/examples/systemd/$unit.service" |
			sed "s|/var/spool/dnc|$PWD/spool|; s| --output=[^ ]*||; s| [$].*||") $lines >out 2>err 3>&- &
		PIDS+=($!)
		wait_for test -e "spool/done/$unit.csv" || { cat err; return 1; }
		[ "$(jq -r .provider out | sort -u)" = acme ]
		[[ $unit == *once ]] || kill "${PIDS[-1]}"
		wait "${PIDS[-1]}"
	done
}

# The commands of a text that make /etc/dnc, below a directory, and with a group that every machine has.
commands_for() { grep -oE 'install (-d )?-[^;`'"'"']*/etc/dnc(/revoked)?' "$1" | sed "s| /etc/dnc| $2/etc/dnc|; s|-g dnc|-g $(id -g)|"; }

@test "the commands that unit, manual and make install print make the files that the example names" {
	make -n -s -C "$ROOT" install | grep -F 'For tokens:' >said
	local from
	for from in said "$ROOT/examples/systemd/dnc-wsd.service" "$ROOT/man/dnc-wsd.8"; do
		commands_for "$from" "$PWD/root" >commands
		cat commands
		[ "$(wc -l <commands)" -eq 2 ]
		mkdir -p root/etc
		bash -e commands
		[ "$(stat -c %a root/etc/dnc)" = 750 ]
		[ "$(stat -c %a root/etc/dnc/revoked)" = 640 ]
		dnc-token keygen -o key >/dev/null
		install -m 640 key.pub root/etc/dnc/desk.jwk.pub
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 \
			-subj /CN=localhost 2>openssl.err
		install -m 640 cert.pem key.pem root/etc/dnc
		# The line of the example, as it is.
		# shellcheck disable=SC2046
		timeout 20 dnc-wsd --exit-on-eof --listen=127.0.0.1:0 --data=:memory: --input=fd:0 \
			$(sed -n 's/^# *DNC_WSD_OPTIONS=//p' "$ROOT/examples/systemd/dnc-wsd.service" | head -n 1 | sed "s|/etc/dnc|$PWD/root&|g") </dev/null
		rm -r root key key.pub
	done
}

@test "the drop-in for a secret key is valid, and its line works with a file as systemd passes credentials" {
	sed -n '/^# *LoadCredential=/,/^# *Environment=/s/^# *//p' "$ROOT/examples/systemd/dnc-wsd.service" >lines
	[ "$(wc -l <lines)" -eq 2 ]
	diff lines <(grep -A 1 '^LoadCredential=' "$ROOT/man/dnc-wsd.8")
	mkdir units/dnc-wsd.service.d
	{ echo '[Service]'; cat lines; } >units/dnc-wsd.service.d/override.conf
	run systemd-analyze verify --man=no units/dnc-wsd.service
	[ -z "$output" ]
	[ "$status" -eq 0 ]
	mkdir credentials
	dnc-token keygen --algorithm=HS256 -o credentials/hub.jwk >/dev/null
	# Of root, with an ACL for the service's user, whose mask is in the bits of the group.
	chmod 440 credentials/hub.jwk
	timeout 20 dnc-wsd --exit-on-eof --listen=127.0.0.1:0 --data=:memory: --input=fd:0 \
		"$(sed -n "s|^Environment=DNC_WSD_OPTIONS=||; s|%d|$PWD/credentials|p" lines)" </dev/null
}

@test "a Unix socket named web is for clients, the others are for producers" {
	systemd-socket-activate -l "$PWD/hub.sock" -l "$PWD/web.sock" --fdname=input:web \
		dnc-wsd --input=systemd --listen=systemd --data=data </dev/null >out 2>err 3>&- &
	PIDS+=($!)
	wait_for test -S web.sock
	dnc-emit --socket=hub.sock provider.status_change provider=p new_status=online >id
	[ "$(curl -s --unix-socket web.sock http://hub/api/v1/info | jq .last_seq)" = 1 ]
	[ "$(cat out)" = "unix:$PWD/web.sock" ]
	run dnc-emit --timeout=2s --socket=web.sock provider.status_change provider=p new_status=offline
	[ "$status" -ne 0 ]
}

@test "sockets of the service manager are served, and outlive the hub" {
	port=$(free_ports 1)
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
		import os, signal, socket, subprocess, sys
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
		seen.clear()
		hub.send_signal(signal.SIGHUP)
		until("RELOADING=1")
		assert not any("READY=1" in m for m in seen), seen
		until("READY=1")
		hub.terminate()
		until("STOPPING=1")
		sys.exit(hub.wait(20))
	P
	WATCHDOG_PID='' timeout 60 /usr/bin/python3 notify.py
}

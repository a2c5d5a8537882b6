# Patroni accepts its example: what `patroni --validate-config` says of it on a server where etcd runs.
load ../helper

setup() { cd "$BATS_TEST_TMPDIR" || return; }

answers() { curl -s -o /dev/null "http://$1"; } # ADDRESS

@test "examples/patroni is valid" {
	local ports
	read -ra ports < <(free_ports 3)
	# Of etcd only its port is asked for.
	/usr/bin/python3 -m http.server --bind 127.0.0.1 "${ports[0]}" >etcd.out 2>&1 3>&- &
	PIDS+=($!)
	wait_for answers "127.0.0.1:${ports[0]}"
	sed "s|hosts: db1.*|hosts: 127.0.0.1:${ports[0]},127.0.0.1:${ports[0]}|; s|0.0.0.0:8008|127.0.0.1:${ports[1]}|
		s|0.0.0.0:5432|127.0.0.1:${ports[2]}|; s|/var/lib/postgresql/15/dnc|$PWD/data|; s|/usr/lib/postgresql/15/bin|$(pg_bin)|" \
		"$ROOT/examples/patroni/patroni.yml" >config.yml
	run patroni --validate-config config.yml
	echo "$output"
	[ "$status" -eq 0 ] && [ -z "$output" ]
}

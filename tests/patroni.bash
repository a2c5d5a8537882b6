# patroni.bash - PostgreSQL servers under Patroni, by examples/patroni/patroni.yml, with an etcd of their own; for the long
# forms of tests. Loaded after helper.bash, whose functions know the servers by the same names (PG_DIR/NAME/data).

# As the user of the servers, with nothing open; its process is in FILE.
patroni_spawn() { # FILE COMMAND...
	local fd as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
	(
		cd "$PG_DIR" || exit
		for fd in /proc/"$BASHPID"/fd/*; do
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		exec "${as[@]}" setsid "${@:2}" </dev/null
	) >>"$1.log" 2>&1 &
	echo $! >"$1.pid"
	disown "$!"
}

start_etcd() {
	local port peer
	read -r port peer <"$PG_DIR/etcd.ports"
	pg_make_dir "$PG_DIR/etcd"
	patroni_spawn "$PG_DIR/etcd/etcd" etcd --name=one --data-dir="$PG_DIR/etcd/data" --log-level=error \
		--listen-client-urls="http://127.0.0.1:$port" --advertise-client-urls="http://127.0.0.1:$port" \
		--listen-peer-urls="http://127.0.0.1:$peer" --initial-advertise-peer-urls="http://127.0.0.1:$peer" \
		--initial-cluster="one=http://127.0.0.1:$peer"
	wait_for curl -sf -o /dev/null "http://127.0.0.1:$port/health"
}

kill_etcd() { kill -9 "$(cat "$PG_DIR/etcd/etcd.pid")"; }

# The example, with addresses and paths of this test.
patroni_configure() { # NAME REST-PORT PORT ETCD-PORT
	pg_make_dir "$PG_DIR/$1"
	echo "$2 $3" >"$PG_DIR/$1/ports"
	sed -e "s|^name: db1|name: $1|; s|0.0.0.0:8008|127.0.0.1:$2|; s|db1.example:8008|127.0.0.1:$2|
		s|hosts: db1.*|hosts: 127.0.0.1:$4|; s|0.0.0.0:5432|127.0.0.1:$3|; s|db1.example:5432|127.0.0.1:$3|
		s|/var/lib/postgresql/15/dnc|$PG_DIR/$1/data|; s|/var/lib/postgresql/|$PG_DIR/$1/|; s|/var/run/postgresql|$PG_DIR/$1|
		s|/usr/lib/postgresql/15/bin|$(pg_bin)|; s|/dev/watchdog|$PG_DIR/none|" "$ROOT/examples/patroni/patroni.yml" >"$PG_DIR/$1/config.yml"
	chmod 644 "$PG_DIR/$1/config.yml"
	! grep -n 'example:\|/var/' "$PG_DIR/$1/config.yml"
}

start_patroni() { patroni_spawn "$PG_DIR/$1/patroni" patroni "$PG_DIR/$1/config.yml"; } # NAME

# start_patronis - the servers a, b and c, with etcd
start_patronis() {
	local ports name n=2
	pg_prepare
	read -ra ports < <(free_ports 8)
	echo "${ports[0]} ${ports[1]}" >"$PG_DIR/etcd.ports"
	start_etcd
	for name in a b c; do
		patroni_configure "$name" "${ports[n]}" "${ports[n + 1]}" "${ports[0]}"
		start_patroni "$name"
		n=$((n + 2))
	done
	wait_for patroni_is_whole || wait_for patroni_is_whole
}

# kill_patroni NAME - as a machine that dies: neither Patroni nor PostgreSQL do anything more
kill_patroni() {
	kill -9 "$(cat "$PG_DIR/$1/patroni.pid")"
	kill_postgres "$1"
}

end_patronis() {
	local pid
	for pid in "${PG_DIR:-/none}"/*/{patroni,etcd}.pid; do
		[ ! -e "$pid" ] || kill -9 "$(cat "$pid")" 2>/dev/null || :
	done
}

# What Patroni says of its servers: a line of name, role and state each; of whichever answers.
patroni_members() {
	local name rest port said
	for name in a b c; do
		read -r rest port <"$PG_DIR/$name/ports"
		said=$(curl -sf -m 5 "http://127.0.0.1:$rest/cluster") || continue
		jq -r '.members[] | "\(.name) \(.role) \(.state)"' <<<"$said" && return
	done
	return 1
}
patroni_leader() { patroni_members | awk '$2 == "leader" && $3 == "running" {print $1}'; }
patroni_sync() { patroni_members | awk '$2 == "sync_standby" {print $1; exit}'; }
patroni_is_whole() {
	[ "$(patroni_members 2>/dev/null | awk '$3 == "running" || $3 == "streaming" {n[$2]++} END {print n["leader"] n["sync_standby"] n["replica"]}')" = 111 ]
}

# The servers as parts of a connection string for users of the network.
patroni_at() {
	local name rest port all=''
	for name in a b c; do
		read -r rest port <"$PG_DIR/$name/ports"
		all+=",$port"
	done
	echo "host=127.0.0.1,127.0.0.1,127.0.0.1 port=${all:1}"
}

# patroni_sql SQL - at the primary, as who administrates it
patroni_sql() {
	PGPASSWORD=CHANGE-ME-1 PGCONNECT_TIMEOUT=5 psql -XAtq -v ON_ERROR_STOP=1 -c "$1" \
		"$(patroni_at) user=postgres dbname=${PG_DATABASE:-postgres} target_session_attrs=read-write"
}

# The log as dnc-postgresql(7) has it set up, and the hubs' password where they look for it.
patroni_make_log() {
	patroni_sql 'CREATE DATABASE dnc ENCODING UTF8 TEMPLATE template0' &&
		PGPASSWORD=CHANGE-ME-1 dnc-wsd --log="$(patroni_at) user=postgres dbname=dnc" --init-log &&
		patroni_sql "CREATE ROLE dnc_hub LOGIN PASSWORD 'secret' IN ROLE dnc_writer" &&
		echo '*:*:dnc:dnc_hub:secret' >pgpass && chmod 600 pgpass
}

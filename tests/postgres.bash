# postgres.bash - PostgreSQL servers for tests: a primary, standbys that stream from it, and what can
# happen to them. Loaded by tests/helper.bash; end_processes ends all that a test started.
#
# Each server has its directory below PG_DIR, with its data, its log and its Unix socket (port 5432 in
# every directory: nothing collides). PostgreSQL refuses root, so as root all runs as user postgres. All
# servers are copies of one that initdb made once, and so have its system identifier; PG_FRESH=1 makes another.
# With PG_NET_NAME, the path of a network namespace, the server NAME runs there and takes connections by TCP, and others find it
# at the address PG_PEER_NAME.
# Disks are not waited for unless a test gives fsync=on: servers are killed here, not machines.

# Debian keeps them outside of PATH.
pg_bin() {
	local dirs=(/usr/lib/postgresql/15/bin)
	[ -x "${dirs[0]}/postgres" ] || dirs=("$(dirname "$(readlink -f "$(command -v postgres)")")")
	echo "${dirs[0]}"
}

# Becomes a program of the server, as a user that it accepts, with nothing open but standard input, output and errors. PG_ENV
# may hold words NAME=VALUE for its environment.
pg_become() { # PROGRAM ARGUMENT...
	local fd as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
	cd / || exit
	for fd in /proc/"$BASHPID"/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	# shellcheck disable=SC2086  # they are words
	exec "${PG_INSIDE[@]}" "${as[@]}" env ${PG_ENV-} "$(pg_bin)/$1" "${@:2}"
}
pg_as_server() { (pg_become "$@"); }

# A directory that the server's user may write to; those above must let it through.
pg_make_dir() { # DIR
	mkdir -p "$1"
	[ "$(id -u)" -ne 0 ] || chown postgres: "$1"
}

pg_init() { # DATA
	pg_as_server initdb -D "$1" -U postgres -A trust --no-sync --no-instructions --encoding=UTF8 --locale=C \
		--wal-segsize=1 >"$1.out" 2>&1 || { cat "$1.out" >&2; return 1; }
	rm "$1.out"
	# Standbys come back at once, and find what they have missed.
	cat >>"$1/postgresql.conf" <<-'END'
		listen_addresses = ''
		port = 5432
		fsync = off
		shared_buffers = 32MB
		max_connections = 200
		max_wal_senders = 10
		wal_keep_size = 512MB
		wal_retrieve_retry_interval = 100ms
		wal_receiver_status_interval = 1s
		wal_receiver_timeout = 5s
		wal_sender_timeout = 5s
		dynamic_shared_memory_type = mmap
		jit = off
		log_line_prefix = '%m [%p] %a '
	END
	# For those with PG_NET_NAME.
	printf '%s\n' 'host all all samenet trust' 'host replication all samenet trust' >>"$1/pg_hba.conf"
}

# pg_template - the path of what initdb makes, made by the first who asks: in PG_TEMPLATE, which tests/run
# gives to all its jobs, or in this run of bats.
pg_template() {
	local template=${PG_TEMPLATE:-$BATS_RUN_TMPDIR/pg-template}
	[ -n "${PG_TEMPLATE-}" ] || chmod a+x "$BATS_RUN_TMPDIR"
	(
		flock 9
		[ ! -e "$template/done" ] || exit 0
		pg_make_dir "$template"
		pg_init "$template/data" && touch "$template/done"
	) 9>"$template.lock" || return
	echo "$template/data"
}

# PG_DIR may be set before the first server is started. The folders of bats are closed to other users.
pg_prepare() {
	if [ -z "${PG_DIR-}" ]; then
		chmod a+x "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
		PG_DIR=$BATS_TEST_TMPDIR/pg
	fi
	pg_make_dir "$PG_DIR"
}

# Whether a process runs that program by now: before exec it is a copy of the shell.
is_program() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]; } # PID NAME

# The process of the server; fails when there is none.
pg_pid() { # NAME
	local pid=''
	read -r pid 2>/dev/null <"$PG_DIR/$1/data/postmaster.pid" || return
	is_program "$pid" postgres && echo "$pid"
}

pg_is_ready() { # NAME
	local lines
	kill -0 "$PG_STARTED" 2>/dev/null || { cat "$PG_DIR/$1/log" >&2; return 0; }
	mapfile -t lines 2>/dev/null <"$PG_DIR/$1/data/postmaster.pid"
	[ "${lines[0]-}" = "$PG_STARTED" ] && [[ "${lines[7]-}" == ready* ]]
}

# restart_postgres NAME - starts a server that was killed or stopped, with what is on its disk
restart_postgres() {
	local net=PG_NET_$1 PG_INSIDE=() listen=()
	[ -z "${!net-}" ] || PG_INSIDE=(nsenter --net="${!net}") listen=(-c 'listen_addresses=*')
	rm -f "$PG_DIR/$1/data/postmaster.pid"
	pg_become postgres -D "$PG_DIR/$1/data" "${listen[@]}" -c unix_socket_directories="$PG_DIR/$1" -c cluster_name="$1" \
		</dev/null >>"$PG_DIR/$1/log" 2>&1 &
	PG_STARTED=$!
	disown "$PG_STARTED"	# the shell need not say that it was killed
	wait_for pg_is_ready "$1" && kill -0 "$PG_STARTED"
}

# Settings of postgresql.conf; the last one counts.
pg_set() { # NAME SETTING...
	local name=$1
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@" >>"$PG_DIR/$name/data/postgresql.conf"
}

# start_postgres NAME [SETTING...] - a primary; a setting is a line of postgresql.conf, such as fsync=on
start_postgres() {
	local name=$1 template
	shift
	pg_prepare
	pg_make_dir "$PG_DIR/$name"
	if [ -n "${PG_FRESH-}" ]; then
		pg_init "$PG_DIR/$name/data" || return
	else
		template=$(pg_template) && cp -a --reflink=auto "$template" "$PG_DIR/$name/data" || return
	fi
	pg_set "$name" "$@"
	restart_postgres "$name"
}

# start_standby NAME PRIMARY [SERVER...] - a copy of PRIMARY that streams from whichever of the servers (itself among
# them) is the primary; what a server NAME had before is removed
start_standby() {
	local name=$1 primary=$2 servers=("${@:3}")
	[ ${#servers[@]} -gt 0 ] || servers=("$primary")
	rm -rf "${PG_DIR:?}/$name"
	pg_make_dir "$PG_DIR/$name"
	pg_as_server pg_basebackup -D "$PG_DIR/$name/data" -d "$(pg_at "$primary") dbname=postgres" -R -X stream \
		--checkpoint=fast --no-sync >"$PG_DIR/$name/log" 2>&1 || { cat "$PG_DIR/$name/log" >&2; return 1; }
	pg_set "$name" "primary_conninfo = '$(pg_peers "${servers[@]}") tcp_user_timeout=3000 application_name=$name target_session_attrs=primary'"
	sed -i '/^primary_conninfo/d' "$PG_DIR/$name/data/postgresql.auto.conf"
	restart_postgres "$name"
}

# start_quorum [SETTING...] - the servers a (primary), b and c: a commit waits until one of the standbys has it
start_quorum() {
	start_postgres a "$@" && start_standby b a a b c && start_standby c a a b c || return
	pg_quorum a
}

# pg_quorum PRIMARY - from now on its commits wait for one of the others among a, b and c
pg_quorum() {
	local others='a, b, c'
	pg_sql "$1" "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (${others})'" >/dev/null
	pg_sql "$1" 'SELECT pg_reload_conf()' >/dev/null
}

# The servers as parts of a connection string; the database is still to be said.
pg_at() { # NAME...
	local hosts
	hosts=$(printf ",$PG_DIR/%s" "$@")
	echo "host=${hosts:1} user=${PG_USER:-postgres}"
}

# The same, as servers reach each other.
pg_peers() { # NAME...
	local name peer hosts=''
	for name; do
		peer=PG_PEER_$name
		hosts+=",${!peer:-$PG_DIR/$name}"
	done
	echo "host=${hosts:1} user=postgres"
}

# pg_make_log PRIMARY - the database dnc_log with the schema of the log, and the login hub that may write it
pg_make_log() {
	{
		pg_sql "$1" 'CREATE DATABASE dnc_log' &&
			psql -Xq -v ON_ERROR_STOP=1 -f "$ROOT/lib/log/schema.sql" "$(pg_at "$1") dbname=dnc_log" &&
			pg_sql "$1" 'CREATE ROLE hub LOGIN IN ROLE dnc_writer'
	} >"$PG_DIR/schema.out" 2>&1 || { cat "$PG_DIR/schema.out" >&2; return 1; }
}

# The --log of a hub: any of these servers may be the primary.
pg_log_at() { echo "$(PG_USER=hub pg_at "$@") dbname=dnc_log"; } # NAME...

# Hub N on the log LOG, its address in ADDRESSN, its process in HUBN, its producers' socket and messages N.sock and N.err. It listens on
# LISTEN, if that is set.
start_shared() { # N [OPTION...]
	local n=$1
	shift
	rm -f "$n.address"
	dnc-wsd --listen="${LISTEN:-127.0.0.1:0}" --log="$LOG" --input="unix:$PWD/$n.sock" "$@" </dev/null >"$n.address" \
		2>>"$n.err" 3>&- &
	PIDS+=($!)
	eval "HUB$n=\$!"
	wait_for has_content "$n.address"
	eval "ADDRESS$n=\$(head -1 $n.address)"
}

# The hub HUB at ADDRESS on the log of these servers.
start_on() { # SERVER... -- [OPTION...]
	local servers=()
	while [ "$1" != -- ]; do servers+=("$1"); shift; done
	LOG=$(pg_log_at "${servers[@]}") start_shared hub "${@:2}"
	# shellcheck disable=SC2154  # start_shared sets them
	HUB=$HUBhub ADDRESS=$ADDRESShub
}

# What psql prints of it, columns separated by |; the database is PG_DATABASE.
pg_sql() { # NAME SQL
	PGCONNECT_TIMEOUT=10 psql -XAtq -v ON_ERROR_STOP=1 -c "$2" "$(pg_at "$1") dbname=${PG_DATABASE:-postgres}"
}

pg_is_primary() { [ "$(pg_sql "$1" 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; } # NAME
pg_streams() { [ "$(pg_sql "$1" "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")" = 1 ]; } # NAME
pg_streams_not() { [ "$(pg_sql "$1" "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")" = 0 ]; } # NAME

# The postmaster first, so that it starts no more; its children have sessions of their own.
pg_signal() { # SIGNAL NAME
	local pid
	pid=$(pg_pid "$2") || return 0
	kill -"$1" "$pid" 2>/dev/null
	# shellcheck disable=SC2046  # they are words
	kill -"$1" $(pgrep -P "$pid") 2>/dev/null || :
}

pg_is_gone() { ! pg_pid "$1" >/dev/null; } # NAME

# kill_postgres NAME - as a machine that dies: no process of it does anything more
kill_postgres() {
	local pid children
	pid=$(pg_pid "$1") || return 0
	pg_signal STOP "$1"
	children=$(pgrep -P "$pid")
	# shellcheck disable=SC2086  # they are words
	kill -KILL "$pid" $children 2>/dev/null
	wait_for pg_is_gone "$1"
}

# freeze_postgres NAME, thaw_postgres NAME - as a machine that hangs, or that is cut off: connections stay, nothing answers
freeze_postgres() { pg_signal STOP "$1"; }
thaw_postgres() { pg_signal CONT "$1"; }

# stop_postgres NAME - in order, and at once
stop_postgres() {
	local pid
	pid=$(pg_pid "$1") || return 0
	kill -INT "$pid"
	wait_for pg_is_gone "$1"
}

# promote NAME - makes a primary of a standby
promote() {
	pg_as_server pg_ctl promote -s -D "$PG_DIR/$1/data" -t 60 && wait_for pg_is_primary "$1"
}

# promote_newest NAME... - promotes which of these standbys has received most, once the old primary sends nothing
# more: with a quorum of one that one has all that was acknowledged. Sets PROMOTED.
promote_newest() {
	local name standby
	for name in "$@"; do wait_for pg_streams_not "$name"; done
	PROMOTED=$(for standby in "$@"; do
		echo "$(pg_sql "$standby" "SELECT lpad((greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0')::text, 20, '0')") $standby"
	done | sort -r | sed -n '1s/.* //p')
	promote "$PROMOTED"
}

# What the system keeps of a server that was killed: a few bytes of shared memory, which the next start would free.
pg_forget() { # NAME
	local lines
	mapfile -t lines <"$PG_DIR/$1/data/postmaster.pid"
	# shellcheck disable=SC2086  # key and id
	set -- ${lines[6]-}
	[ -z "${2-}" ] || ipcrm -m "$2" 2>/dev/null || :
}

# end_postgres - ends all servers of PG_DIR by their processes; what they hold is not needed any more
end_postgres() {
	local data name pid
	for data in "${PG_DIR:-/none}"/*/data; do
		[ -e "$data/postmaster.pid" ] || continue
		name=${data%/data} name=${name##*/}
		if pid=$(pg_pid "$name"); then
			kill -QUIT "$pid"
			pg_signal CONT "$name"
				wait_for pg_is_gone "$name"
		else
			pg_forget "$name"
		fi
	done
}

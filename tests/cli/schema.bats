# dnc-wsd --init-log and --print-schema: both make the same log in PostgreSQL, as often as they are run.
bats_require_minimum_version 1.5.0
load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

refuses() { # STATUS WORDS OPTION...
	run --separate-stderr dnc-wsd "${@:3}"
	[ "$status" -eq "$1" ] && [[ "$stderr" == *"$2"* ]] && [ -z "$output" ]
}

# database NAME - an empty one, whose connection string is in LOG
database() {
	pg_sql a "CREATE DATABASE $1"
	PG_DATABASE=$1
	LOG="$(pg_at a) dbname=$1"
}

# What the log is made of. Names of partitions and the key differ from log to log.
described() {
	pg_as_server pg_dump --schema-only --dbname="$LOG" | grep -v '^\\\(un\)\?restrict'
	pg_sql a 'SELECT key, value FROM dnc.log ORDER BY key'
}

@test "the log is made in a database, and made again without a change" {
	start_postgres a
	database first
	refuses 2 '--init-log requires --log' --init-log
	dnc-wsd --init-log --log="$LOG" 2>err
	[ ! -s err ]
	described >made
	grep -q 'CREATE FUNCTION dnc.append' made
	pg_sql a 'SELECT mask_key FROM dnc.secret' >key
	dnc-wsd --init-log --log="$LOG"
	described | diff made -
	pg_sql a 'SELECT mask_key FROM dnc.secret' | diff key -

	# Printed and run by psql it is the same.
	database second
	dnc-wsd --print-schema >schema.sql
	for _ in 1 2; do
		psql -Xq -v ON_ERROR_STOP=1 -f schema.sql "$LOG" >out 2>&1
		[ ! -s out ]
		described | diff made -
	done
	# Each log has a key of its own.
	! pg_sql a 'SELECT mask_key FROM dnc.secret' | diff -q key - || false
}

@test "the log of a newer version, and a database that does not fit, stay as they are" {
	start_postgres a
	database newer
	dnc-wsd --init-log --log="$LOG"
	pg_sql a "UPDATE dnc.log SET value = 99 WHERE key = 'layout'"
	described >made
	refuses 2 'Use the newer version of dnc-wsd' --init-log --log="$LOG"
	described | diff made -
	pg_sql a "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
	refuses 2 'requires UTF8' --init-log --log="$(pg_at a) dbname=latin"
	PG_DATABASE=latin
	[ -z "$(pg_sql a "SELECT nspname FROM pg_namespace WHERE nspname = 'dnc'")" ]
	refuses 69 'create the database' --init-log --log="$(pg_at a) dbname=none"
	pg_sql a 'CREATE ROLE weak LOGIN'
	refuses 77 "owner runs --init-log" --init-log --log="$(pg_at a) dbname=postgres user=weak"
}

@test "a password is no option, and a connection string must be one" {
	refuses 2 'passfile' --init-log --log=postgresql://hub:s3cret@127.0.0.1/dnc
	[[ $stderr != *s3cret* ]]
	refuses 2 'passfile' --log='host=127.0.0.1 password=s3cret'
	[[ $stderr != *s3cret* ]]
	refuses 2 'no connection string' --log=/var/lib/dnc
	refuses 2 'hots' --log=hots=x
}

@test "a server with another certificate is refused, and what to look at is said" {
	local at port
	port=$(free_ports 1)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=db.example \
		-addext subjectAltName=DNS:db.example -keyout key.pem -out cert.pem 2>openssl.err
	pg_prepare
	install -m 600 -o "$(stat -c %u "$PG_DIR")" key.pem "$PG_DIR/key.pem"
	install -m 644 cert.pem "$PG_DIR/cert.pem"
	start_postgres a "listen_addresses = '127.0.0.1'" "port = $port" 'ssl = on' \
		"ssl_key_file = '$PG_DIR/key.pem'" "ssl_cert_file = '$PG_DIR/cert.pem'"
	at="hostaddr=127.0.0.1 port=$port user=postgres dbname=postgres sslmode=verify-full"
	refuses 74 'does not match host name "localhost": check sslrootcert' \
		--init-log --log="$at host=localhost sslrootcert=$PWD/cert.pem"
	refuses 74 'none.pem" does not exist: check sslrootcert' \
		--init-log --log="$at host=db.example sslrootcert=none.pem"
	dnc-wsd --init-log --log="$at host=db.example sslrootcert=$PWD/cert.pem"
	# Of several servers: not that another one is away, or takes no writes.
	start_postgres b 'default_transaction_read_only = on'
	at='user=postgres dbname=postgres sslmode=verify-full'
	refuses 74 'does not match host name "localhost": check sslrootcert' --init-log --log="$at host=localhost,localhost \
		hostaddr=127.0.0.1,127.0.0.1 port=1,$port sslrootcert=$PWD/cert.pem"
	refuses 74 'does not match host name "localhost": check sslrootcert' --init-log --log="$at host=$PG_DIR/b,localhost \
		hostaddr=,127.0.0.1 port=,$port sslrootcert=$PWD/cert.pem"
	# As in a folder that this user may not enter.
	ln -s loop loop
	refuses 74 'sslcert names it, or it is in ~/.postgresql' --init-log \
		--log="$at host=db.example hostaddr=127.0.0.1 port=$port sslrootcert=$PWD/cert.pem sslcert=$PWD/loop"
}

@test "who may not create roles is told of each that is missing, and what to do" {
	start_postgres a
	pg_sql a 'CREATE ROLE own LOGIN'
	pg_sql a 'CREATE DATABASE mine OWNER own'
	local log="host=$PG_DIR/a user=own dbname=mine"
	run dnc-wsd --init-log --log="$log"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" == *'own may not create the roles dnc_admin, dnc_writer, dnc_reader, dnc_revoker, which are missing: CREATE ROLE each, then run this again' ]]
	pg_sql a 'CREATE ROLE dnc_writer; CREATE ROLE dnc_admin'
	run dnc-wsd --init-log --log="$log"
	[[ "$output" == *'own may not create the roles dnc_reader, dnc_revoker, which are missing: CREATE ROLE each, then run this again' ]]
	pg_sql a 'CREATE ROLE dnc_reader; CREATE ROLE dnc_revoker; CREATE ROLE hub LOGIN IN ROLE dnc_writer'
	run dnc-wsd --init-log --log="$log"
	[ -z "$output" ]
	timeout 60 dnc-wsd -q --log="host=$PG_DIR/a user=hub dbname=mine" --listen=127.0.0.1:0 --exit-on-eof </dev/null
}

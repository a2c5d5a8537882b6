# Tokens that a log in PostgreSQL revokes: at all hubs that share it, at once, and for good.
load ../helper

bats_require_minimum_version 1.5.0

mint() { dnc-token mint -k key --sub=desk --role=admin "$@"; }
jti_of() { dnc-token inspect <<<"$1" | jq -r '.jti // empty'; }
code_of() { curl -s -o body -w '%{http_code}' -H "Authorization: Bearer $1" "http://$2/api/v1/info"; } # TOKEN ADDRESS
code_is() { [ "$(code_of "$2" "$3")" = "$1" ]; } # CODE TOKEN ADDRESS
ready_is() { [ "$(curl -s -o ready -w '%{http_code}' "http://$2/readyz")" = "$1" ]; } # CODE ADDRESS

LOG() { echo "$(pg_at a) dbname=postgres"; }

# start_nth N OPTION... - hub N of those that share the log: HUB_N and ADDRESS_N
start_nth() {
	rm -f "address$1"
	dnc-wsd --listen=127.0.0.1:0 --log="$(LOG)" --keys=key.pub "${@:2}" </dev/null >"address$1" 2>"hub$1.err" 3>&- &
	declare -g "HUB_$1=$!"
	PIDS+=("$!")
	wait_for has_content "address$1"
	declare -g "ADDRESS_$1=$(cat "address$1")"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	start_postgres a
	dnc-wsd --init-log --log="$(LOG)"
	dnc-token keygen -o key >kid
	start_nth 1
	start_nth 2 --workers=3
}

# A client at an address that is connected, and has to be closed within a second after the file `revoked` is there. Its
# process is in the array of those that `wait` waits for.
hold() { # ADDRESS TOKEN NAME
	ADDRESS=$1 client >"$3.out" 2>"$3.err" 3>&- <<-END &
		connect /ws/dnc header "Authorization: Bearer $2"
		expect {"type":"dnc.connection.established"}
		shell touch $3.ready; wait_for has_revoked
		within 1
		until close 4411 token rejected: revoked
	END
	CLIENTS+=("$!")
	wait_for test -e "$3.ready"
}
has_revoked() { [ -e revoked ]; }
export -f has_revoked

@test "a token that is revoked by psql is refused by all hubs within a second, and by those that start" {
	local token other jti name client
	other=$(mint)
	for name in psql command again; do
		rm -f revoked ./*.ready
		CLIENTS=()
		token=$(mint)
		jti=$(jti_of "$token")
		code_is 200 "$token" "$ADDRESS_1"
		hold "$ADDRESS_1" "$token" one
		hold "$ADDRESS_2" "$token" two
		if [ "$name" = command ]; then
			dnc-token revoke --log="$(LOG)" --ttl=8h "$jti"
		else
			pg_sql a "SELECT dnc.revoke('$jti', note => 'lost at the airport')"
		fi
		touch revoked
		for client in "${CLIENTS[@]}"; do
			wait "$client" || { cat ./*.err; return 1; }
		done
		code_is 401 "$token" "$ADDRESS_1"
		code_is 401 "$token" "$ADDRESS_2"
		code_is 200 "$other" "$ADDRESS_2"
	done
	# For good: a hub that starts knows before it serves, and SIGHUP forgets nothing.
	kill -9 "$HUB_1"
	start_nth 1
	code_is 401 "$token" "$ADDRESS_1"
	kill -HUP "$HUB_2"
	wait_for has_line 'keys, roles and revoked tokens reloaded' hub2.err
	code_is 401 "$token" "$ADDRESS_2"
	code_is 200 "$other" "$ADDRESS_2"
	curl -s "http://$ADDRESS_2/metrics" | grep -qx 'dnc_log_revoked_tokens 3'
	grep -q 'tokens that the log revokes now: 3' hub2.err
	# An administrator takes it back.
	pg_sql a "DELETE FROM dnc.revoked WHERE jti = '$jti'"
	wait_for code_is 200 "$token" "$ADDRESS_1"
	wait_for code_is 200 "$token" "$ADDRESS_2"
}

@test "a ticket is void with its token, and a file revokes beside the log" {
	local token ticket listed
	token=$(mint)
	listed=$(mint)
	jti_of "$listed" >list
	start_nth 3 --revoked=list
	code_is 401 "$listed" "$ADDRESS_3"
	code_is 200 "$listed" "$ADDRESS_1"
	ticket=$(curl -s -X POST -H "Authorization: Bearer $token" "http://$ADDRESS_3/api/v1/ticket" | jq -r .ticket)
	[ ${#ticket} -eq 43 ]
	dnc-token revoke --log="$(LOG)" "$(jti_of "$token")"
	wait_for code_is 401 "$token" "$ADDRESS_3"
	ADDRESS=$ADDRESS_3 client <<-END
		connect /ws/dnc protocol dnc.v1 protocol dnc.ticket.$ticket
		expect status 401
	END
	code_is 401 "$listed" "$ADDRESS_3"
	# A ticket is of the hub that issued it (see the manual).
	token=$(mint)
	ticket=$(curl -s -X POST -H "Authorization: Bearer $token" "http://$ADDRESS_1/api/v1/ticket" | jq -r .ticket)
	ADDRESS=$ADDRESS_2 client <<-END
		connect /ws/dnc protocol dnc.v1 protocol dnc.ticket.$ticket
		expect status 401
	END
}

@test "a hub that can't reach the log refuses what it knew, and learns the rest when it can" {
	local known new good follower
	known=$(mint) new=$(mint) good=$(mint)
	dnc-token revoke --log="$(LOG)" "$(jti_of "$known")"
	wait_for code_is 401 "$known" "$ADDRESS_1"
	wait_for code_is 401 "$known" "$ADDRESS_2"
	# The connections of both hang, while others revoke.
	for follower in $(pg_sql a "SELECT pid FROM pg_stat_activity WHERE application_name = 'dnc-wsd: follows'"); do
		kill -STOP "$follower"
	done
	dnc-token revoke --log="$(LOG)" "$(jti_of "$new")"
	code_is 401 "$known" "$ADDRESS_1"
	code_is 200 "$new" "$ADDRESS_1"
	code_is 200 "$good" "$ADDRESS_1"
	# They give the connections up, and take others.
	wait_for code_is 401 "$new" "$ADDRESS_1"
	wait_for code_is 401 "$new" "$ADDRESS_2"
	code_is 401 "$known" "$ADDRESS_1"
	# There is no server at all.
	kill_postgres a
	wait_for ready_is 503 "$ADDRESS_1"
	grep -q log ready
	code_is 401 "$known" "$ADDRESS_1"
	code_is 401 "$new" "$ADDRESS_1"
	code_is 200 "$good" "$ADDRESS_1"
	kill -HUP "$HUB_1"
	wait_for has_line 'reloaded' hub1.err
	code_is 401 "$new" "$ADDRESS_1"
	restart_postgres a
	dnc-token revoke --log="$(LOG)" "$(jti_of "$good")"
	wait_for code_is 401 "$good" "$ADDRESS_1"
	wait_for code_is 401 "$good" "$ADDRESS_2"
	wait_for ready_is 200 "$ADDRESS_1"
	code_is 401 "$known" "$ADDRESS_1"
}

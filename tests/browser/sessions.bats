# The dashboard: who may see what.
load browser

keys() {
	dnc-token keygen -o key >/dev/null
	: >revoked.ids
}
mint() { dnc-token mint -k key --sub=desk --role=compliance "$@"; }

@test "a token is asked for, refused, kept for the tab alone, and forgotten at the sign-out" {
	keys
	mint >token
	start_hub --keys=key.pub
	in_page sessions tokenAsked
}

@test "an answer that comes after the sign-out is dropped, and the end of its token not told" {
	keys
	mint --ttl=9m >token
	cat >roles.conf <<-'END'
		[filter urgent]
		about = secret name
		filter = {"min_severity":"high"}
	END
	start_hub --keys=key.pub --roles=roles.conf
	in_page sessions lateAnswers
}

@test "a sign-out while the hub is gone stays one when the hub is back" {
	keys
	mint >token
	start_hub --keys=key.pub
	in_page sessions outWhileAway 9>&- &
	local script=$!
	PIDS+=("$script")
	script_says signed-in
	kill -KILL "$HUB"
	wait "$HUB" || :
	exec 9>&-
	script_says out
	LISTEN=$ADDRESS start_hub --keys=key.pub
	touch back
	wait "$script"
}

@test "an expired token ends the session, and another one starts it again" {
	keys
	mint --ttl=15s >token
	mint >next
	start_hub --keys=key.pub
	in_page sessions expires
}

@test "a revoked token ends the session" {
	keys
	mint >token
	start_hub --keys=key.pub --revoked=revoked.ids
	in_page sessions revoked &
	local script=$!
	PIDS+=("$script")
	script_says signed-in
	dnc-token revoke -q -f revoked.ids "$(dnc-token inspect <token | jq -r '.jti // empty')"
	kill -HUP "$HUB"
	touch revoked
	wait "$script"
}

@test "an operator sees masked numbers, in the table, the detail and the export" {
	start_hub --default-role=operator
	in_page sessions masked
}

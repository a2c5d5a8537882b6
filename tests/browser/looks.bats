# The dashboard: how it looks in each of its states, to axe, on three screens, in light and dark, and to the keyboard.
load browser

@test "before any event" {
	start_hub
	in_page looks empty
}

@test "on a busy day, with an event open, and the keys shown" {
	start_hub
	in_page looks busy
}

@test "while the past is searched" {
	start_hub
	in_page looks searched
}

@test "with a bad filter" {
	start_hub
	in_page looks badFilter
}

@test "without its hub" {
	start_hub
	in_page looks broken &
	local script=$!
	PIDS+=("$script")
	script_says kill
	kill -KILL "$HUB"
	wait "$script"
}

@test "without a token, with a bad one, and with one that may see nothing" {
	dnc-token keygen -o key >/dev/null
	dnc-token mint -k key --sub=desk --role=monitor >nobody
	start_hub --keys=key.pub
	in_page looks tokens
}

@test "all of it is done by keys" {
	start_hub
	in_page looks keyboard
}

@test "Tab comes to all that can be used, and the focus is seen" {
	start_hub
	in_page looks tabs
}

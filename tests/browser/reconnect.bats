# The dashboard: the hub dies, and the page goes on where it stopped.
load browser

# Kills the hub when the script says so, and starts it again at the same address.
kill_when_told() { # ROUND [COMMAND...]: what is done while it is down
	script_says "kill-$1"
	kill -KILL "$HUB"
	wait "$HUB" || :
	exec 9>&-
	script_says "seen-$1"
	"${@:2}"
	LISTEN=$ADDRESS start_hub
	touch "again-$1"
}

@test "the hub is killed again and again: the page says so, resumes, and loses or repeats nothing" {
	start_hub
	in_page reconnect resumes 9>&- &
	local script=$! round
	PIDS+=("$script")
	for round in 1 2 3; do kill_when_told "$round"; done
	wait "$script"
}

@test "a hub that comes back with another log: the page says that events are missing" {
	start_hub
	in_page reconnect anotherLog 9>&- &
	local script=$!
	PIDS+=("$script")
	kill_when_told 1 rm -r data
	wait "$script"
}

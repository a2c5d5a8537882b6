# The dashboard: filters, in the words of everywhere, and why nothing is shown.
load browser

@test "a filter is in the address: it stays, and back is the one before" {
	start_hub
	in_page filters live
}

@test "a bad filter gets the hub's message beside its field, and what was shown goes on" {
	start_hub
	in_page filters bad
}

@test "what the address has and no filter knows is told" {
	start_hub
	in_page filters strange
}

@test "a number as people write it, or as the table shows it, is a filter" {
	start_hub
	in_page filters number
}

@test "on a phone the message of a bad filter is seen, too" {
	start_hub
	in_page filters badOnAPhone
}

@test "why it is quiet is told: nothing came, or nothing that came matches" {
	start_hub
	in_page filters quiet
}

@test "the filters of the hub have names to pick, and each role its own" {
	cat >roles.conf <<-'END'
		[filter night]
		about = what must not wait until the morning
		filter = {"event_types":["dnc.compliance.violation","dnc.provider.status_change"]}
		[filter secret]
		filter = {"min_severity":"high"}
		roles = compliance
	END
	start_hub --roles=roles.conf
	in_page filters named
}

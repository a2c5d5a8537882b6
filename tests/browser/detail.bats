# The dashboard: one event, its number, and the past.
load browser

@test "the detail has the whole event and the history of its number" {
	start_hub
	in_page detail wholeEvent
}

@test "the box of numbers says what is known of one, in any notation" {
	start_hub
	in_page detail number
}

@test "the box of numbers is never more certain than what it has read" {
	start_hub
	in_page detail certainty
}

@test "the box of numbers gives no verdict to a role that does not see all events" {
	cat >roles.conf <<-'END'
		[role part]
		permissions = dnc:read, dnc:stream, dnc:pii, dnc:replay
		sees = {"event_types":["dnc.number.released"]}
	END
	start_hub --roles=roles.conf --default-role=part
	in_page detail partOfTheLog
	exec 9>&-
	kill "$HUB"
	wait "$HUB" || :
	start_hub --default-role=security
	in_page detail partOfTheLog
}

@test "the past is searched page by page, without loss or repeat" {
	start_hub
	in_page detail pastByPages
}

@test "the search tells what is left of the log, and counts events alone" {
	start_hub
	in_page detail cutLog
}

@test "what is shown is saved as CSV and NDJSON" {
	start_hub
	in_page detail exports
}

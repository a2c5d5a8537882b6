# The dashboard: what it says of the hub.
load browser

@test "the chart has the hub's figures, over 15 minutes and 24 hours" {
	start_hub
	in_page health chart
}

@test "the chart has the first event as soon as the table" {
	start_hub
	in_page health chartOfFirst
}

@test "no figure of the chart is cut off" {
	start_hub
	in_page health wideAxis
}

@test "each provider is there, with its age against 31 days" {
	start_hub
	in_page health providers
}

@test "a role that sees no sync is not told that there was none" {
	start_hub --default-role=security
	in_page health hiddenProviders
}

@test "what is not known of the hub is not shown as known: no answer, an empty log, figures that are not told" {
	start_hub
	in_page health unknown
}

@test "the hub's figures, clients and rejects are told" {
	start_hub
	in_page health figures
}

# The dashboard: the page, and the events as they come.
load browser

@test "the page loads: from the hub alone, small, with its policy, and without a word on the console" {
	start_hub
	in_page live loads
}

@test "events of each type appear as they come, in words" {
	start_hub
	in_page live eventsAppear
}

@test "5,000 events at once do not stop the page, and what it leaves out it says" {
	start_hub
	in_page live burst
}

@test "while somebody reads, rows stay where they are, and the page counts what waits" {
	start_hub
	in_page live waitsWhenScrolled
}

@test "HTML, scripts, control characters and long texts in events are shown as text" {
	start_hub
	in_page live hostile
}

@test "after 100,000 events the page holds no more than after 20,000" {
	start_hub
	in_page live flatMemory
}

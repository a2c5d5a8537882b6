/* fanout.h - sends what is new to all live members of a channel. */
#pragma once
#include "hub.h"

/* Sends what channel A matched since channel_sent() to its live members. Those that can't get all of it go on by
 * themselves. Between hub_enter() and hub_exit(); A must have a member more than those that may leave. */
void fan_out(struct dnc_hub *h, struct channel *a);

/* producers.h - connections that are acknowledged. Used within the input's thread. */
#pragma once
#include "input.h"

/* Accepts one connection. -1 if the owner of the input returns -1. */
int producers_accept(struct dnc_input *in, struct input_source *listener);

/* Acknowledges to every producer what became safe, and removes those that were acknowledged all that they
 * sent, or are gone. -1 if the owner returns -1. */
int producers_notify(struct dnc_input *in);

/* commands.h - the commands of dnc-token that have a file of their own. Each returns the exit code, or exits. */
#pragma once
#include "options.h"

int mint(const struct options *o);
int inspect(const struct options *o);

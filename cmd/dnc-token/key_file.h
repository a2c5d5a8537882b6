/* key_file.h - the file that --key names. */
#pragma once
#include "auth/keys.h"

/* The keys of the file PATH, to be freed with dnc_keys_free(). Exits if none can be used. */
struct dnc_keys *key_file_read(const char *path, bool to_sign);

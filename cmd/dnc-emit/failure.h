/* failure.h - what an HTTP request that publishes nothing means, and what to do about it. */
#pragma once
#include <curl/curl.h>
#include "base/err.h"
#include "options.h"

struct failure {
	enum dnc_exit rc;
	bool again;   /* worth another try in a moment */
	bool other;   /* and one at another hub at once */
	bool refused; /* the hub does not want these events: not for the spool */
	bool sender; /* it is the sender that can't publish, until a person helps: the spool does not make it a success */
	const char *advice;
};

/* Of a request that failed as CODE. SENT: some of it was sent, so that the events may be in the log. TLS: over https. */
struct failure failure_of_curl(CURLcode code, bool sent, bool tls);

/* Of a STATUS that is not a success. TOKEN: a token was sent. */
struct failure failure_of_status(long status, bool token);

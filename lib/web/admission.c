#include "priv/admission.h"
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/loopback.h"

enum { WARNING_MS = 10000 /* between two warnings of a kind, at least: strangers cause them */ };

static bool may_warn(int64_t *last_ms)
{
	int64_t now = dnc_clock_mono_ms();

	if (*last_ms && now - *last_ms < WARNING_MS)
		return false;
	*last_ms = now;
	return true;
}

/* What is sent is not waited for: a client that does not read it learns only that it was refused. */
static void refuse(int fd, bool tls)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n"
				     "connection: close\r\ncontent-length: 0\r\n\r\n";

	if (!tls)
		send(fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

bool admission_open(struct admission *a, int fd, const char *address, struct limits_admission *out)
{
	bool local = strcmp(address, "local") == 0;
	const char *counted = local || dnc_is_loopback_text(address) ? NULL : address;

	if (limits_admit(a->limits, counted, out))
		return true;
	if (may_warn(&a->refused_ms))
		dnc_warn("connections are refused: too many are open%s%s; see --max-connections",
			counted ? ", this one is from " : "", counted ? counted : "");
	refuse(fd, a->tls && !local);
	return false;
}

void admission_warn_plain(struct admission *a, const char *address)
{
	if (may_warn(&a->plain_ms))
		dnc_warn("a connection from %s was refused: it does not speak TLS", address);
}

#include "priv/admission.h"
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"

enum { TEXT_MAX = 64, WARNING_MS = 10000 /* between two warnings, at least */ };

static bool is_this_machine(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

/* Returns NULL for this machine, else TEXT with the peer's address. */
static const char *peer_of(int fd, char text[TEXT_MAX])
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t n = sizeof address;

	text[0] = '\0';
	if (getpeername(fd, (struct sockaddr *)&address, &n) < 0)
		return text; /* gone: its first read will say so */
	if (is_this_machine(&address))
		return NULL;
	getnameinfo((struct sockaddr *)&address, n, text, TEXT_MAX, NULL, 0, NI_NUMERICHOST);
	return text;
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

bool admission_open(struct admission *a, int fd, bool local, struct limits_admission *out)
{
	char text[TEXT_MAX];
	const char *address = local ? NULL : peer_of(fd, text);

	if (limits_admit(a->limits, address, out))
		return true;
	if (!a->warned_ms || dnc_clock_mono_ms() - a->warned_ms > WARNING_MS) {
		a->warned_ms = dnc_clock_mono_ms();
		dnc_warn("connections are refused: too many are open%s%s; see --max-connections",
			address ? ", this one is from " : "", address ? address : "");
	}
	refuse(fd, a->tls && !local);
	return false;
}

/* bare.c - the floor of the fan-out bench: one send() for each client and event, and nothing else.
 *
 *   bare CLIENTS <events      prints its address; when CLIENTS have come, sends each line, framed and with a
 *                             `seq`, to all */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
	static char line[34 << 10], frame[35 << 10], request[1024];
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	size_t count = argc == 2 ? strtoull(argv[1], NULL, 10) : 0;
	int *clients = calloc(count + 1, sizeof *clients);

	if (!count || !clients || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
		listen(fd, SOMAXCONN) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return 2;
	printf("127.0.0.1:%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (size_t i = 0; i < count; i++) {
		clients[i] = accept(fd, NULL, NULL);
		if (clients[i] < 0 || read(clients[i], request, sizeof request) <= 0 ||
			write(clients[i], answer, sizeof answer - 1) < 0)
			return 2;
		setsockopt(clients[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	for (unsigned long long seq = 1; fgets(line, sizeof line, stdin); seq++) {
		int n = sprintf(frame + 4, "{\"seq\":%llu,%.*s", seq, (int)strcspn(line, "\n") - 1,
			line + 1);

		frame[0] = (char)0x81;
		frame[1] = 126;
		frame[2] = (char)(n >> 8);
		frame[3] = (char)n;
		for (size_t i = 0; i < count; i++)
			if (send(clients[i], frame, (size_t)n + 4, MSG_NOSIGNAL) < 0)
				return 1;
	}
	return 0;
}

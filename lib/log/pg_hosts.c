/* pg_hosts.c - the servers of a connection string, each of which is tried by itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "priv/pg_conn.h"

/* Of a port that is not said: a URI with several hosts and no ports has a list of empty ones. */
#define DEFAULT_PORT "5432"

const char *pg_option(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (strcmp(o->keyword, keyword) == 0)
			return o->val && *o->val ? o->val : NULL;
	return NULL;
}

static int count_items(const char *list)
{
	int n = list != NULL;

	for (; list && *list; list++)
		n += *list == ',';
	return n;
}

/* Item I of a list, or its only one. An empty item stands for a default. Where libpq is given "" it goes by the whole list instead, so
 * it is given EMPTY. False when there is no memory. */
static bool take_item(const char *list, int i, const char *empty, char **out)
{
	size_t size;

	if (!list)
		return true;
	if (count_items(list) > 1)
		while (i--)
			list = strchr(list, ',') + 1;
	size = strcspn(list, ",");
	*out = size ? strndup(list, size) : strdup(empty);
	return *out != NULL;
}

/* A default host, or no hostaddr, is written as a list of two that are empty: so the server is in each list twice. */
static bool write_twice(char **item)
{
	char *twice;

	if (!*item || strcmp(*item, ",") == 0)
		return true;
	if (asprintf(&twice, "%s,%s", *item, *item) < 0)
		return false;
	free(*item);
	*item = twice;
	return true;
}

static bool take_host(
	struct pg_host *h, int i, const char *host, const char *hostaddr, const char *port)
{
	if (!take_item(host, i, ",", &h->host) || !take_item(hostaddr, i, ",", &h->hostaddr) ||
		!take_item(port, i, DEFAULT_PORT, &h->port))
		return false;
	if ((h->host && strcmp(h->host, ",") == 0) ||
		(h->hostaddr && strcmp(h->hostaddr, ",") == 0))
		return write_twice(&h->host) && write_twice(&h->hostaddr);
	return true;
}

/* Fills in hosts from lists, which are of the same length, or there is one port: check_options(). */
static int split_hosts(struct pg *pg, const char *host, const char *hostaddr, const char *port,
	struct dnc_error *err)
{
	int n = count_items(hostaddr ? hostaddr : host);

	if (n < 2 || (host && hostaddr && count_items(host) != n) ||
		(count_items(port) > 1 && count_items(port) != n))
		return 0;
	pg->hosts = calloc((size_t)n, sizeof *pg->hosts);
	if (!pg->hosts)
		return dnc_error_nomem(err);
	pg->host_count = n;
	for (int i = 0; i < n; i++)
		if (!take_host(&pg->hosts[i], i, host, hostaddr, port))
			return dnc_error_nomem(err);
	return 0;
}

/* Numbers from 1 to 65535, or nothing. */
static bool are_ports(const char *list)
{
	for (; list && *list; list += *list == ',') {
		char *end;
		long port = strtol(list, &end, 10);

		if (end != list + strcspn(list, ",") || (end > list && (port < 1 || port > 65535)))
			return false;
		list = end;
	}
	return true;
}

/* What no server has to be asked for, and no other attempt changes. libpq complains of its own option last. A port is not shown: in a
 * URI without "@HOST" the password stands where a port would. */
static int check_options(const PGconn *conn, const char *port, struct dnc_error *err)
{
	const char *text = PQerrorMessage(conn);

	if (!are_ports(port))
		return dnc_error_set(err, EINVAL,
			"log: a port is no number from 1 to 65535: correct the connection string");
	if (!*text || strstr(text, "target_session_attrs") || strstr(text, "service"))
		return 0;
	return dnc_error_set(err, EINVAL, "log: %.*s: correct the connection string",
		(int)strcspn(text, "\n") < 120 ? (int)strcspn(text, "\n") : 120, text);
}

/* The hosts may also come from a service file or the environment, which libpq reads only for a connection. This one it does not
 * begin to open, because there is no such server. */
int pg_hosts_read(struct pg *pg, struct dnc_error *err)
{
	const char *const keys[] = {"dbname", "target_session_attrs", NULL};
	const char *const values[] = {pg->conninfo, "none", NULL};
	PGconn *conn = PQconnectStartParams(keys, values, 1);
	PQconninfoOption *options = PQconninfo(conn);
	const char *host, *hostaddr, *port;
	int rc;

	if (!conn || !options) {
		PQfinish(conn);
		return dnc_error_nomem(err);
	}
	host = pg_option(options, "host");
	hostaddr = pg_option(options, "hostaddr");
	port = pg_option(options, "port");
	rc = check_options(conn, port, err);
	if (rc == 0)
		rc = split_hosts(pg, host, hostaddr, port, err);
	snprintf(pg->server, sizeof pg->server, "%s:%s",
		host       ? host
		: hostaddr ? hostaddr
			   : "localhost",
		port ? port : DEFAULT_PORT);
	PQconninfoFree(options);
	PQfinish(conn);
	return rc;
}

int pg_servers(const struct pg *pg)
{
	return pg->host_count ? pg->host_count : 1;
}

void pg_hosts_free(struct pg *pg)
{
	for (int i = 0; i < pg->host_count; i++) {
		free(pg->hosts[i].host);
		free(pg->hosts[i].hostaddr);
		free(pg->hosts[i].port);
	}
	free(pg->hosts);
}

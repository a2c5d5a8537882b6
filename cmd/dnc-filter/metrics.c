#include "metrics.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/loopback.h"
#include "base/thread.h"
#include "cli/cli.h"
#include "metrics/metrics.h"
#include "rules/expect.h"
#include "ruling.h"

enum { WRITE_S = 10, CONNECTIONS = 16, TIMEOUT_S = 10, CONNECTION_BYTES = 16384 };

/* How long a scrape waits for the thread of the rules, which may wait for its reader; it gets the last counts then. */
enum { PATIENCE_MS = 500 };

/* Threads: that of the rules writes `text`; the daemon's, or the one that writes the file, wait for it. */
struct metrics {
	const char *file; /* NULL: over HTTP */
	struct MHD_Daemon *daemon;
	pthread_t writer; /* of the file */
	void (*wake)(void *ctx);
	void *ctx;
	atomic_bool asked;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct dnc_buf text;
	uint64_t version; /* of it */
	bool ended;
	struct dnc_buf next;    /* of the thread of the rules */
	bool failing;           /* of the writer: the file could not be written, which was said */
	atomic_ullong failures; /* so often */
};

static struct timespec in_ms(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Waits for a new text, with the lock held. */
static void ask(struct metrics *m)
{
	struct timespec until = in_ms(PATIENCE_MS);
	uint64_t version = m->version;

	m->asked = true;
	m->wake(m->ctx);
	while (m->version == version && !m->ended &&
		pthread_cond_timedwait(&m->changed, &m->lock, &until) == 0)
		;
}

/* Refuses all but GET, and HEAD, which the library answers of it. */
static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_n, void **state)
{
	struct metrics *m = ctx;
	struct MHD_Response *response;
	enum MHD_Result rc;
	unsigned status = strcmp(url, "/metrics") == 0 ? MHD_HTTP_OK : MHD_HTTP_NOT_FOUND;

	(void)version;
	(void)upload;
	(void)state;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		status = MHD_HTTP_METHOD_NOT_ALLOWED;
	*upload_n = 0; /* a body is not read */
	pthread_mutex_lock(&m->lock);
	if (status == MHD_HTTP_OK)
		ask(m);
	response = status == MHD_HTTP_OK
	                   ? MHD_create_response_from_buffer(
				     m->text.n, m->text.p, MHD_RESPMEM_MUST_COPY)
	                   : MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
	pthread_mutex_unlock(&m->lock);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

_Noreturn static void refuse_address(const char *text)
{
	dnc_cli_usage("--metrics: \"%s\" is not an address: use 127.0.0.1:PORT or [::1]:PORT, or "
		      "./%s for a file of this name",
		text, text);
}

/* True for what somebody may have meant as an address, though the port or the host is missing: it must not become a file. */
static bool looks_like_address(const char *text)
{
	struct in6_addr any;

	return !strchr(text, '/') && (strchr(text, ':') || strcmp(text, "localhost") == 0 ||
					     strspn(text, "0123456789") == strlen(text) ||
					     inet_pton(AF_INET, text, &any) == 1);
}

/* "127.0.0.1:9100" or "[::1]:9100". False if TEXT is a file. */
static bool read_address(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t n = colon ? (size_t)(colon - text) : 0;
	uint16_t port;

	if (!looks_like_address(text))
		return false;
	if (!n || n >= sizeof host || !colon[1] ||
		strspn(colon + 1, "0123456789") != strlen(colon + 1))
		refuse_address(text);
	port = (uint16_t)dnc_cli_number("--metrics", colon + 1, 0, 65535);
	memcpy(host, text, n);
	host[n] = '\0';
	*out = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return true;
	}
	if (host[0] != '[' || host[n - 1] != ']')
		refuse_address(text);
	host[n - 1] = '\0';
	if (inet_pton(AF_INET6, host + 1, &in6->sin6_addr) != 1)
		refuse_address(text);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return true;
}

static void serve(struct metrics *m, const char *where, struct sockaddr_storage *address)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL;
	const union MHD_DaemonInfo *info;

	if (!dnc_is_loopback((struct sockaddr *)address))
		dnc_cli_usage(
			"--metrics: %s: only loopback addresses are served; put a proxy before it",
			where);
	if (address->ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	errno = 0;
	m->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, m, MHD_OPTION_SOCK_ADDR, address,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_END);
	if (!m->daemon)
		dnc_cli_die(DNC_EXIT_UNAVAILABLE, "--metrics: unable to listen on %s: %s", where,
			errno ? strerror(errno) : "libmicrohttpd failed");
	info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_BIND_PORT);
	dnc_note("metrics are at http://%.*s:%u/metrics", (int)(strrchr(where, ':') - where), where,
		info ? info->port : 0);
}

/* Names of rules need no escapes. */
static void write_rule(struct dnc_buf *b, const struct dnc_rules *r, size_t rule)
{
	const char *counts = (const char *)dnc_rules_counts(r, rule);

	for (size_t i = 0; i < RULING_OUTCOMES; i++)
		dnc_buf_printf(b, "dnc_filter_rule_events_total{rule=\"%s\",outcome=\"%s\"} %llu\n",
			dnc_rules_name(r, rule), ruling_columns[i].name,
			*(const unsigned long long *)(counts + ruling_columns[i].slot));
}

/* What sections [expect NAME] did, if there are any. */
static void write_expectations(struct dnc_buf *b, const struct dnc_rules *r)
{
	size_t count = dnc_expect_count(r);

	if (!count)
		return;
	dnc_buf_lit(b,
		"# HELP dnc_filter_expect_events_total Events by section and what it did with "
		"them\n# TYPE dnc_filter_expect_events_total counter\n");
	for (size_t i = 0; i < count; i++) {
		struct dnc_expect_counts c = dnc_expect_counts(r, i);
		const struct {
			const char *name;
			uint64_t count;
		} outcomes[] = {{"matched", c.matched}, {"made", c.made}, {"failed", c.failed},
			{"forgotten", c.forgotten}, {"lacking", c.lacking}};

		for (size_t k = 0; k < sizeof outcomes / sizeof outcomes[0]; k++)
			dnc_buf_printf(b,
				"dnc_filter_expect_events_total{expect=\"%s\",outcome=\"%s\"} %llu\n",
				dnc_expect_name(r, i), outcomes[k].name,
				(unsigned long long)outcomes[k].count);
	}
	dnc_buf_lit(b,
		"# HELP dnc_filter_expect_waiting Combinations of values that are waited for\n"
		"# TYPE dnc_filter_expect_waiting gauge\n");
	for (size_t i = 0; i < count; i++)
		dnc_buf_printf(b, "dnc_filter_expect_waiting{expect=\"%s\"} %llu\n",
			dnc_expect_name(r, i), (unsigned long long)dnc_expect_counts(r, i).waiting);
}

static void write_times(struct dnc_buf *b, const struct dnc_rules *r)
{
	dnc_buf_lit(b,
		"# HELP dnc_filter_rule_seconds_total Time that the rule took, measured on one "
		"event of 64\n# TYPE dnc_filter_rule_seconds_total counter\n");
	for (size_t i = 0; i < dnc_rules_count(r); i++)
		dnc_buf_printf(b, "dnc_filter_rule_seconds_total{rule=\"%s\"} %.6f\n",
			dnc_rules_name(r, i), dnc_rules_seconds(r, i));
}

static void write_output_socket(struct dnc_buf *b, const struct dnc_outlet *out)
{
	const struct dnc_outlet_connections c = dnc_outlet_connections(out);
	const struct dnc_metric rows[] = {
		{"dnc_filter_output_connections_total", "counter",
			"Connections to the reader of the output", NULL, (double)c.made},
		{"dnc_filter_output_takeovers_total", "counter",
			"How often another address of the output took over", NULL,
			(double)c.changes}};

	if (c.readers)
		dnc_metrics_text(b, rows, sizeof rows / sizeof rows[0]);
}

static void write_all(const struct metrics *m, struct dnc_buf *b, const struct dnc_rules *r,
	const struct dnc_outlet *out)
{
	const struct dnc_metric failures = {"dnc_filter_metrics_failures_total", "counter",
		"How often the file of --metrics could not be written", NULL, (double)m->failures};
	const struct dnc_metric rules = {"dnc_filter_rules", "gauge", "Rules that are in use", NULL,
		(double)dnc_rules_count(r)};

	dnc_buf_clear(b);
	dnc_metrics_text(b, &rules, 1);
	if (m->file)
		dnc_metrics_text(b, &failures, 1);
	dnc_buf_lit(b,
		"# HELP dnc_filter_rule_events_total Events by rule and what it did with them\n"
		"# TYPE dnc_filter_rule_events_total counter\n");
	for (size_t i = 0; i < dnc_rules_count(r); i++)
		write_rule(b, r, i);
	write_rule(b, r, DNC_RULES_MAX);
	dnc_buf_lit(b,
		"# HELP dnc_filter_rule_forgotten_keys_total Keys that unique and limit have forgotten\n"
		"# TYPE dnc_filter_rule_forgotten_keys_total counter\n");
	for (size_t i = 0; i < dnc_rules_count(r); i++)
		dnc_buf_printf(b, "dnc_filter_rule_forgotten_keys_total{rule=\"%s\"} %llu\n",
			dnc_rules_name(r, i),
			(unsigned long long)dnc_rules_counts(r, i)->forgotten);
	write_times(b, r);
	write_expectations(b, r);
	write_output_socket(b, out);
	dnc_metrics_process(b);
}

void metrics_answer(struct metrics *m, const struct dnc_rules *r, const struct dnc_outlet *out)
{
	struct dnc_buf text;

	if (!m || !atomic_exchange(&m->asked, false))
		return;
	write_all(m, &m->next, r, out);
	if (!dnc_buf_ok(&m->next))
		return; /* the last ones stay */
	pthread_mutex_lock(&m->lock);
	text = m->text;
	m->text = m->next;
	m->next = text;
	m->version++;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

/* The collector would show the counts of the old file as those of now. */
static bool remove_old(const char *file)
{
	struct stat st;

	return lstat(file, &st) < 0 || (S_ISREG(st.st_mode) && unlink(file) == 0);
}

static void write_file(struct metrics *m, const struct dnc_buf *text)
{
	struct dnc_error err;
	bool failed = dnc_file_replace(m->file, 0644, dnc_buf_view(text), &err) < 0;

	if (failed) {
		bool gone = remove_old(m->file);

		m->failures++;
		if (!m->failing)
			dnc_err("--metrics: %s; %s", err.message,
				gone ? "there is no file until that succeeds"
				     : "an old file stays, which can't be removed");
	}
	m->failing = failed;
}

/* The disk may be slow: the rules do not wait for it. */
static void *run_writer(void *ctx)
{
	struct metrics *m = ctx;
	struct dnc_buf copy = {0};

	pthread_mutex_lock(&m->lock);
	while (!m->ended) {
		struct timespec next = in_ms(WRITE_S * 1000);

		ask(m);
		dnc_buf_clear(&copy);
		dnc_buf_str(&copy, dnc_buf_view(&m->text));
		pthread_mutex_unlock(&m->lock);
		if (copy.n && dnc_buf_ok(&copy))
			write_file(m, &copy);
		pthread_mutex_lock(&m->lock);
		while (!m->ended && pthread_cond_timedwait(&m->changed, &m->lock, &next) == 0)
			;
	}
	pthread_mutex_unlock(&m->lock);
	dnc_buf_free(&copy);
	return NULL;
}

struct metrics *metrics_open(const char *where, void (*wake)(void *ctx), void *ctx)
{
	struct sockaddr_storage address;
	pthread_condattr_t attributes;
	struct metrics *m;

	if (!where)
		return NULL;
	m = calloc(1, sizeof *m);
	if (!m)
		dnc_cli_die_nomem();
	m->wake = wake;
	m->ctx = ctx;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&m->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (read_address(where, &address)) {
		serve(m, where, &address);
		return m;
	}
	m->file = where;
	errno = dnc_thread_start(&m->writer, run_writer, m);
	if (errno)
		dnc_cli_die(DNC_EXIT_TEMPFAIL, "--metrics: unable to start a thread: %s",
			strerror(errno));
	return m;
}

int metrics_close(struct metrics *m, const struct dnc_rules *r, const struct dnc_outlet *out)
{
	int rc;

	if (!m)
		return 0;
	m->asked = true;
	metrics_answer(m, r, out);
	pthread_mutex_lock(&m->lock);
	m->ended = true;
	pthread_cond_broadcast(&m->changed);
	pthread_mutex_unlock(&m->lock);
	if (m->daemon) {
		MHD_stop_daemon(m->daemon);
	} else {
		pthread_join(m->writer, NULL);
		write_file(m, &m->text);
	}
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	dnc_buf_free(&m->text);
	dnc_buf_free(&m->next);
	rc = m->failing ? -1 : 0;
	free(m);
	return rc;
}

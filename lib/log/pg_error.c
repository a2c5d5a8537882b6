/* pg_error.c - what the errors of PostgreSQL mean here, and what to do. */
#include <errno.h>
#include <string.h>
#include "priv/pg_conn.h"

enum { SQLSTATE_LEN = 5, TEXT_MAX = 100 };

static const char see_log[] = "see the server's log";
/* What a hub does that runs; tools end instead (pg_once()). */
static const char connecting[] = "trying to connect again", trying[] = "trying again";
static const char looking[] = "the server is a standby: looking for the primary";
static const char run_again[] = "run it again";
static const char may_write[] =
	"grant dnc_writer to a hub's user; the database's owner runs --init-log";
/* Before there is a connection, a user lacks only the right to make one: the role dnc_writer would give more. */
static const char may_connect[] = "GRANT CONNECT ON DATABASE to a role of this user";
static const char no_server[] = "is the server running there? check host and port";

/* The first row whose STATE the error's begins with: https://www.postgresql.org/docs/15/errcodes-appendix.html. */
static const struct {
	const char *state;
	int code;
	bool broken; /* another connection is needed */
	const char *hint;
} rows[] = {
	{"08P01", EINVAL, false, see_log},
	{"08", EIO, true, connecting},
	{"25006", EROFS, true, looking},
	{"28", EACCES, true, "check user, password file and the server's pg_hba.conf"},
	{"3D000", ENOENT, true, "create the database, then run dnc-wsd --init-log"},
	{"3F000", ENOENT, false, "run dnc-wsd --init-log"},
	{"42P01", ENOENT, false, "run dnc-wsd --init-log"},
	{"42883", ENOENT, false, "run dnc-wsd --init-log"},
	{"42703", ENOENT, false, "run dnc-wsd --init-log"},
	{"42704", EINVAL, false, "correct what was given"}, /* a setting of options=-c, or a role */
	{"42501", EACCES, false, may_write},
	{"26000", EIO, true, "a pool in front of the server (pgbouncer) has to be in session mode"},
	{"40", EAGAIN, false, trying},
	{"53100", ENOSPC, false, "make room on the server's disk"},
	{"53300", EAGAIN, true,
		"raise max_connections, or the role's or database's CONNECTION LIMIT"},
	{"53", EAGAIN, false, see_log},
	{"55000", EACCES, false,
		see_log}, /* it belongs to somebody else, or takes no connections */
	{"55P03", EAGAIN, false, trying},
	{"57014", ETIMEDOUT, false, "see what holds locks in pg_stat_activity"},
	{"57P03", EIO, true, connecting},
	{"57", EIO, true, connecting},
	{"58", EIO, true, see_log},
	{"XX", EIO, true, see_log},
	{"0A", EINVAL, false, see_log},
	{"22023", EINVAL, false, "correct what was given"},
	{"", EINVAL, false, see_log},
};

/* What libpq itself finds wrong, before a server says anything, has no state; its words are in English, as no locale is set. The
 * first row whose TEXT is in it. */
static const struct {
	const char *text;
	const char *hint;
	bool server; /* a server was asked */
} own[] = {
	{"no password supplied",
		"put it into the file of passfile, PGPASSFILE or ~/.pgpass, with mode 0600", true},
	{"does not support SSL", "set ssl = on in its postgresql.conf, or see sslmode", true},
	{"definition of service", "PGSERVICEFILE names its file, or it is ~/.pg_service.conf",
		false},
	{"service file", "PGSERVICEFILE names the file, or it is ~/.pg_service.conf", false},
};

/* The first line of an error, for people. */
static struct dnc_str first_line(const char *text)
{
	return dnc_str_trim((struct dnc_str){text, strcspn(text, "\n")});
}

static size_t find_row(const char *state)
{
	size_t i = 0;

	while (strncmp(state, rows[i].state, strlen(rows[i].state)) != 0)
		i++;
	return i;
}

/* The state in "FATAL:  28P01: no such user", in any language: what the server says before there is a connection. NULL when there is
 * none, as in libpq's own words. *TEXT begins after it. */
static const char *state_in(struct dnc_str *text)
{
	static const char blanks[] = ":  ", chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *p = memmem(text->p, text->n, blanks, sizeof blanks - 1);
	size_t skip;

	if (!p)
		return NULL;
	p += sizeof blanks - 1;
	skip = (size_t)(p - text->p) + SQLSTATE_LEN + 1;
	if (skip >= text->n || strspn(p, chars) != SQLSTATE_LEN || p[SQLSTATE_LEN] != ':')
		return NULL;
	*text = dnc_str_trim((struct dnc_str){text->p + skip, text->n - skip});
	return p;
}

static bool is_on(const struct pg *pg, const char *parameter)
{
	const char *value = PQparameterStatus(pg->conn, parameter);

	return value && strcmp(value, "on") == 0;
}

bool pg_is_standby(const struct pg *pg)
{
	return is_on(pg, "in_hot_standby");
}

static const char *hint_for(const struct pg *pg, const char *hint)
{
	if (pg->once && hint == looking)
		return "the server is a standby: name the primary, too";
	if (hint == may_write && PQstatus(pg->conn) != CONNECTION_OK)
		return may_connect;
	return pg->once && (hint == connecting || hint == trying) ? run_again : hint;
}

const char *pg_hint_connecting(const struct pg *pg)
{
	return hint_for(pg, connecting);
}

const char *pg_hint_trying(const struct pg *pg)
{
	return hint_for(pg, trying);
}

/* The row of a connection that libpq did not want, or that broke: it tells a standby by its parameters. */
static size_t row_without_state(const struct pg *pg, const char **hint)
{
	bool primary = pg->target == PG_PRIMARY, standby = primary && pg_is_standby(pg),
	     read_only = primary && is_on(pg, "default_transaction_read_only");
	size_t row = find_row(standby || read_only ? "25006" : "08");

	*hint = read_only && !standby ? "default_transaction_read_only is on there: set it to off"
	                              : rows[row].hint;
	return row;
}

/* libpq says which server it is about, which all our messages do. */
static struct dnc_str without_server(struct dnc_str text)
{
	static const char begin[] = "connection to server ", end[] = " failed: ";
	const char *p = text.n > sizeof begin && memcmp(text.p, begin, sizeof begin - 1) == 0
	                        ? memmem(text.p, text.n, end, sizeof end - 1)
	                        : NULL;

	return p ? dnc_str_trim((struct dnc_str){
			   p + sizeof end - 1, (size_t)(text.p + text.n - p) - sizeof end + 1})
	         : text;
}

/* False for an error that is none of libpq's own. */
static bool own_error(const struct pg *pg, struct dnc_str text, struct dnc_error *err)
{
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		if (!memmem(text.p, text.n, own[i].text, strlen(own[i].text)))
			continue;
		dnc_error_set(err, own[i].server ? EACCES : EIO, "log%s%.60s: %.*s: %s",
			own[i].server ? " on " : "", own[i].server ? pg->server : "",
			text.n < TEXT_MAX ? (int)text.n : TEXT_MAX, text.p, own[i].hint);
		return true;
	}
	return false;
}

/* Nothing listens there: to try once more, alone, does not help who is told. */
static bool is_unreachable(struct dnc_str text)
{
	static const char *const words[] = {
		"Connection refused", "No such file or directory", "could not translate host name"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (memmem(text.p, text.n, words[i], strlen(words[i])))
			return true;
	return false;
}

/* What to do about a certificate, of the server, its authority or ours. NULL when TEXT is of none. */
static const char *certificate_hint(struct dnc_str text)
{
	static const char any[] = "certificate", ours[] = "could not open certificate file";

	if (!memmem(text.p, text.n, any, sizeof any - 1))
		return NULL;
	return memmem(text.p, text.n, ours, sizeof ours - 1)
	               ? "sslcert names it, or it is in ~/.postgresql of HOME"
	               : "check sslrootcert, and the host names in the server's certificate";
}

/* The connection could not be made, or is lost. */
static bool connection_error(const struct pg *pg, struct dnc_error *err)
{
	struct dnc_str text = without_server(first_line(PQerrorMessage(pg->conn)));
	const char *state = state_in(&text), *certificate = state ? NULL : certificate_hint(text),
		   *hint;
	size_t row;

	if (!state && own_error(pg, text, err))
		return false;
	if (!text.n)
		text = DNC_STR("the connection is lost");
	row = state ? find_row(state) : row_without_state(pg, &hint);
	if (state)
		hint = rows[row].hint;
	else if (pg->once && is_unreachable(text))
		hint = no_server;
	else if (certificate)
		hint = certificate;
	dnc_error_set(err, certificate ? EPROTO : rows[row].code, "log on %.60s: %.*s: %s",
		pg->server, text.n < TEXT_MAX ? (int)text.n : TEXT_MAX, text.p, hint_for(pg, hint));
	return false;
}

bool pg_error(const struct pg *pg, const PGresult *r, struct dnc_error *err)
{
	const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
	const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	const char *hint = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_HINT) : NULL;
	size_t row;

	if (!state || !text)
		return connection_error(pg, err);
	row = find_row(state);
	if (!hint || rows[row].hint != see_log)
		hint = rows[row].hint;
	/* What helps is at the end: the rest is cut, should it be long. */
	dnc_error_set(err, rows[row].code, "log on %.60s: %.90s (%s): %s", pg->server, text, state,
		hint_for(pg, hint));
	return !rows[row].broken && PQstatus(pg->conn) == CONNECTION_OK;
}

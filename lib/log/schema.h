/* schema.h - makes the log in a PostgreSQL database. */
#pragma once
#include "base/err.h"
#include "base/str.h"

/* 0 when CONNINFO is a connection string of libpq without a password, else -1 with ERR (EINVAL). */
int dnc_schema_check_conninfo(const char *conninfo, struct dnc_error *err);

/* The SQL that makes the log, or brings an older one up to date, when a database administrator runs it: with psql, or with
 * dnc_schema_init(). */
struct dnc_str dnc_schema_sql(void);

/* Runs it in the database that CONNINFO names. Of several servers the primary is used. What is there already stays. Waits. -1 with ERR;
 * nothing was changed then. */
int dnc_schema_init(const char *conninfo, struct dnc_error *err);

/* schema.h - the tables and functions of the log in PostgreSQL: schema.sql, which says what they do. */
#pragma once
#include "pg.h"

/* The layout that this version needs; that of schema.sql. */
enum { SCHEMA_LAYOUT = 2 };

/* 0 when the database has the log in this layout. -1 with ERR: ENOENT when it has none, or an older one, for which
 * dnc-wsd --init-log is to be run; ENOTSUP when it was made by a newer version. */
int schema_check(struct pg *pg, struct dnc_error *err);

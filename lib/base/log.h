/* log.h - diagnostic messages of a program, on standard error.
 *
 * A message is one line: "dnc-filter: message", or "<N>message" with a priority if standard error is the
 * systemd journal (sd-daemon(3)), or a JSON object if that was chosen. Messages must not contain phone
 * numbers that are not masked; of others they may contain any text, which is escaped (escape.h). Thread safe: a line is one write(2). */
#pragma once
#include <stdbool.h>

/* As in syslog(3). */
enum dnc_level { DNC_ERR = 3, DNC_WARN = 4, DNC_NOTE = 5, DNC_INFO = 6, DNC_DEBUG = 7 };

/* Must be called once, before threads are started. NAME is borrowed for good. Messages above LEVEL are not
 * written. */
void dnc_log_open(const char *name, enum dnc_level level, bool json);

/* Change what dnc_log_open() has set, before threads are started. */
void dnc_log_level(enum dnc_level level);
void dnc_log_json(bool json);

bool dnc_log_is_json(void);

/* Messages in the colors of their level, for a terminal: errors red, warnings yellow. */
void dnc_log_color(bool color);

/* BEFORE(CTX) is called before each line is written, in the thread that writes it; NULL: nothing is. For one who draws on the same
 * terminal. */
void dnc_log_before(void (*before)(void *), void *ctx);

/* Writes a message, printf-style, without a newline. A failure to write is ignored. */
void dnc_log(enum dnc_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define dnc_err(...)  dnc_log(DNC_ERR, __VA_ARGS__)
#define dnc_warn(...) dnc_log(DNC_WARN, __VA_ARGS__)
#define dnc_note(...) dnc_log(DNC_NOTE, __VA_ARGS__)
#define dnc_info(...) dnc_log(DNC_INFO, __VA_ARGS__)

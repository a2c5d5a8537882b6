/* log.h - messages of a program about itself, on standard error.
 *
 * One line each, as "dnc-filter: message"; with the "<N>" priority prefix when standard error
 * is the systemd journal (sd-daemon(3)), or as one JSON object when asked. Phone numbers never
 * belong here unmasked. Thread safe: a line is one write(2). */
#pragma once
#include <stdbool.h>

/* As in syslog(3). */
enum dnc_level { DNC_ERR = 3, DNC_WARN = 4, DNC_NOTE = 5, DNC_INFO = 6, DNC_DEBUG = 7 };

/* Call once, before threads start. NAME must stay valid. Messages above LEVEL are left out. */
void dnc_log_open(const char *name, enum dnc_level level, bool json);

void dnc_log_level(enum dnc_level level);
void dnc_log_json(bool json);

void dnc_log(enum dnc_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define dnc_err(...)  dnc_log(DNC_ERR, __VA_ARGS__)
#define dnc_warn(...) dnc_log(DNC_WARN, __VA_ARGS__)
#define dnc_note(...) dnc_log(DNC_NOTE, __VA_ARGS__)
#define dnc_info(...) dnc_log(DNC_INFO, __VA_ARGS__)

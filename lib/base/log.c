#include "log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "escape.h"
#include "utf8.h"

static struct {
	const char *name;
	enum dnc_level level;
	bool json;
	bool journal;
	bool color;
	void (*before)(void *);
	void *before_ctx;
} config = {.name = "dnc", .level = DNC_NOTE};

/* systemd sets JOURNAL_STREAM to "device:inode" of the journal's socket (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *env = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return env && sscanf(env, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

void dnc_log_open(const char *name, enum dnc_level level, bool json)
{
	config.name = name;
	config.level = level;
	config.json = json;
	config.journal = stderr_is_journal();
}

void dnc_log_level(enum dnc_level level)
{
	config.level = level;
}

void dnc_log_json(bool json)
{
	config.json = json;
}

bool dnc_log_is_json(void)
{
	return config.json;
}

void dnc_log_color(bool color)
{
	config.color = color;
}

void dnc_log_before(void (*before)(void *), void *ctx)
{
	config.before = before;
	config.before_ctx = ctx;
}

enum {
	TEXT_BYTES = 1024,
	/* A write(2) of so many bytes to a pipe is not mixed with those of others (pipe(7)). */
	LINE_BYTES = 4096,
	FRAME_BYTES = 256, /* of the line around its text */
};

/* Returns the message, cut to the size of TEXT but not inside a character. */
static struct dnc_str format(char text[TEXT_BYTES], const char *fmt, va_list ap)
{
	int n = vsnprintf(text, TEXT_BYTES, fmt, ap);

	if (n < TEXT_BYTES)
		return (struct dnc_str){text, n < 0 ? 0 : (size_t)n};
	return (struct dnc_str){text, dnc_utf8_whole(text, TEXT_BYTES - 1)};
}

void dnc_log(enum dnc_level level, const char *fmt, ...)
{
	static const char *const names[] = {[DNC_ERR] = "error",
		[DNC_WARN] = "warning",
		[DNC_NOTE] = "notice",
		[DNC_INFO] = "info",
		[DNC_DEBUG] = "debug"};
	char text[TEXT_BYTES], line[LINE_BYTES], escaped[LINE_BYTES - FRAME_BYTES];
	struct dnc_str message;
	va_list ap;
	int n;

	if (level > config.level)
		return;
	va_start(ap, fmt);
	message = format(text, fmt, ap);
	va_end(ap);
	dnc_escape_into(escaped, sizeof escaped, message,
		config.json ? DNC_ESCAPE_STRING : DNC_ESCAPE_TEXT);
	if (config.json) {
		char now[DNC_TIME_LEN];

		dnc_clock_format(dnc_clock_now_ms(), now);
		n = snprintf(line, sizeof line,
			"{\"time\":\"%.*s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":\"%s\"}\n",
			DNC_TIME_LEN, now, names[level], config.name, escaped);
	} else if (config.journal) {
		n = snprintf(line, sizeof line, "<%d>%s\n", (int)level, escaped);
	} else {
		const char *start = !config.color       ? ""
		                    : level == DNC_ERR  ? "\033[31m"
		                    : level == DNC_WARN ? "\033[33m"
		                                        : "";

		n = snprintf(line, sizeof line, "%s%s: %s%s\n", start, config.name, escaped,
			*start ? "\033[0m" : "");
	}
	if (config.before)
		config.before(config.before_ctx);
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* there is no other place to report it */
}

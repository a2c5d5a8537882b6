#include "log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"

static struct {
	const char *name;
	enum dnc_level level;
	bool json;
	bool journal;
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

/* Copies S to OUT, escaped for a JSON string; what does not fit is left out. */
static size_t escape(char *out, size_t size, const char *s)
{
	size_t n = 0;

	for (; *s && n + 7 < size; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20) {
			n += (size_t)snprintf(out + n, size - n, "\\u%04x", c);
		} else {
			out[n++] = (char)c;
		}
	}
	out[n] = '\0';
	return n;
}

void dnc_log(enum dnc_level level, const char *fmt, ...)
{
	static const char *const names[] = {[DNC_ERR] = "error",
		[DNC_WARN] = "warning",
		[DNC_NOTE] = "notice",
		[DNC_INFO] = "info",
		[DNC_DEBUG] = "debug"};
	char text[1024], line[2400];
	va_list ap;
	int n;

	if (level > config.level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (config.json) {
		char now[DNC_TIME_LEN], escaped[2 * sizeof text];

		dnc_clock_format(dnc_clock_now_ms(), now);
		escape(escaped, sizeof escaped, text);
		n = snprintf(line, sizeof line,
			"{\"time\":\"%.*s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":\"%s\"}\n",
			DNC_TIME_LEN, now, names[level], config.name, escaped);
	} else if (config.journal) {
		n = snprintf(line, sizeof line, "<%d>%s\n", (int)level, text);
	} else {
		n = snprintf(line, sizeof line, "%s: %s\n", config.name, text);
	}
	if (n > 0 && write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* there is no other place to report it */
}

#include "priv/ini_lines.h"
#include <errno.h>
#include <string.h>

char *ini_lines_next(char *line, int size, void *stream)
{
	struct ini_lines *in = stream;
	int n = 0, c;

	in->number++;
	while ((c = getc_unlocked(in->file)) != EOF && c != '\n') {
		if (!c || n == size - 2) {
			dnc_error_set(&in->err, EINVAL, "%s",
				c ? "a line is longer than 198 bytes: continue its value on "
				    "another, which starts with a blank"
				  : "a line has a NUL byte");
			return NULL;
		}
		if (n && line[n - 1] == '\r')
			break;
		line[n++] = (char)c;
	}
	if (n && line[n - 1] == '\r' && c != '\n') {
		dnc_error_set(&in->err, EINVAL, "a carriage return without a line feed");
		return NULL;
	}
	if (c == EOF && ferror(in->file))
		dnc_error_set(&in->err, errno, "%s", strerror(errno));
	if (in->err.message[0] || (c == EOF && !n))
		return NULL;
	line[n++] = '\n';
	line[n] = '\0';
	return line;
}

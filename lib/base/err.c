#include "err.h"
#include <stdio.h>
#include "utf8.h"

void dnc_error_format(char *text, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(text, size, fmt, ap) >= (int)size)
		text[dnc_utf8_whole(text, size - 1)] = '\0';
}

int dnc_error_set(struct dnc_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	err->offset = DNC_NO_OFFSET;
	err->place[0] = '\0';
	va_start(ap, fmt);
	dnc_error_format(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return -1;
}

void dnc_error_place(struct dnc_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	dnc_error_format(err->place, sizeof err->place, fmt, ap);
	va_end(ap);
}

int dnc_error_nomem(struct dnc_error *err)
{
	return dnc_error_set(err, DNC_ERROR_NO_MEMORY, "out of memory");
}

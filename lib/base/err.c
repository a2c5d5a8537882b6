#include "err.h"
#include <stdarg.h>
#include <stdio.h>

int dnc_error_set(struct dnc_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	err->offset = DNC_NO_OFFSET;
	err->place[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return -1;
}

void dnc_error_place(struct dnc_error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(err->place, sizeof err->place, fmt, ap);
	va_end(ap);
}

int dnc_error_nomem(struct dnc_error *err)
{
	return dnc_error_set(err, DNC_ERROR_NO_MEMORY, "out of memory");
}

#include "rejects.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "../link/link.h"
#include "cli.h"

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

void dnc_rejects_reopen(struct dnc_rejects *r)
{
	int fd = r->path ? open_file(r->path) : -1;

	if (!r->path)
		return;
	if (fd < 0) {
		dnc_err("unable to open %s again: %s", r->path, strerror(errno));
		return;
	}
	close(r->out.fd);
	r->out.fd = fd;
}

void dnc_rejects_open(struct dnc_rejects *r, const char *where)
{
	struct dnc_error err;
	int fd = STDERR_FILENO;

	*r = (struct dnc_rejects){0};
	if (where && strncmp(where, "fd:", 3) == 0) {
		fd = dnc_fd_address(where, &err);
		if (fd < 0)
			dnc_cli_usage("--rejects: %s", err.message);
	} else if (where) {
		fd = open_file(where);
		if (fd < 0)
			dnc_cli_die(DNC_EXIT_IO, "unable to open %s: %s", where, strerror(errno));
		r->path = where;
	}
	dnc_output_init(&r->out, fd, where ? where : "standard error");
}

int dnc_rejects_add(struct dnc_rejects *r, const char *source, uint64_t line, uint64_t item,
	struct dnc_str raw, const struct dnc_error *err, struct dnc_error *why)
{
	struct dnc_buf *b = &r->out.buf;

	r->count++;
	dnc_buf_lit(b, "{\"line\":");
	dnc_buf_u64(b, line);
	if (item) {
		dnc_buf_lit(b, ",\"item\":");
		dnc_buf_u64(b, item);
	}
	dnc_json_write_key(b, DNC_STR("source"));
	dnc_json_write_str(b, dnc_str(source));
	dnc_json_write_key(b, DNC_STR("code"));
	dnc_json_write_str(b, dnc_str(dnc_reject_name((enum dnc_reject)err->code)));
	dnc_json_write_key(b, DNC_STR("message"));
	dnc_json_write_str(b, dnc_str(err->message));
	dnc_json_write_key(b, DNC_STR("raw"));
	dnc_json_write_str(b, raw);
	dnc_buf_lit(b, "}\n");
	return dnc_output_flush(&r->out, why);
}

void dnc_rejects_close(struct dnc_rejects *r)
{
	if (r->path)
		close(r->out.fd);
	dnc_output_finish(&r->out);
}

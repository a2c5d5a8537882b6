#include "metrics.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/escape.h"

void dnc_histogram_add(struct dnc_histogram *to, const struct dnc_histogram *from)
{
	for (int i = 0; i < DNC_HISTOGRAM_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
	to->more += from->more;
	to->sum_ns += from->sum_ns;
}

void dnc_histogram_subtract(struct dnc_histogram *to, const struct dnc_histogram *earlier)
{
	for (int i = 0; i < DNC_HISTOGRAM_BUCKETS; i++)
		to->bucket[i] -= earlier->bucket[i];
	to->more -= earlier->more;
	to->sum_ns -= earlier->sum_ns;
}

uint64_t dnc_histogram_count(const struct dnc_histogram *h)
{
	uint64_t count = h->more;

	for (int i = 0; i < DNC_HISTOGRAM_BUCKETS; i++)
		count += h->bucket[i];
	return count;
}

double dnc_histogram_quantile(const struct dnc_histogram *h, double share)
{
	double wanted = share * (double)dnc_histogram_count(h), below = 0;
	double end = (double)(UINT64_C(1) << (10 + DNC_HISTOGRAM_BUCKETS - 1)) / 1e9;

	if (wanted <= 0)
		return 0;
	for (int i = 0; i < DNC_HISTOGRAM_BUCKETS; i++) {
		double from = i ? (double)(UINT64_C(1) << (9 + i)) / 1e9 : 0,
		       to = (double)(UINT64_C(1) << (10 + i)) / 1e9, n = (double)h->bucket[i];

		if (n > 0 && below + n >= wanted)
			return from + (to - from) * (wanted - below) / n;
		below += n;
	}
	return end;
}

void dnc_metrics_head(struct dnc_buf *b, const char *name, const char *type, const char *help)
{
	dnc_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void dnc_metrics_text(struct dnc_buf *b, const struct dnc_metric *metrics, size_t count)
{
	for (const struct dnc_metric *m = metrics; m < metrics + count; m++) {
		if (m->help)
			dnc_metrics_head(b, m->name, m->type, m->help);
		dnc_buf_printf(b, "%s%s%s%s %.15g\n", m->name, m->labels ? "{" : "",
			m->labels ? m->labels : "", m->labels ? "}" : "", m->value);
	}
}

void dnc_metrics_label(struct dnc_buf *b, const char *name, struct dnc_str value)
{
	struct dnc_buf visible = {0};

	dnc_escape(&visible, value, DNC_ESCAPE_TEXT);
	dnc_buf_printf(b, "%s=\"", name);
	for (size_t i = 0; i < visible.n; i++) {
		if (visible.p[i] == '"' || visible.p[i] == '\\')
			dnc_buf_chr(b, '\\');
		dnc_buf_chr(b, visible.p[i]);
	}
	dnc_buf_chr(b, '"');
	b->failed |= visible.failed;
	dnc_buf_free(&visible);
}

void dnc_metrics_histogram(
	struct dnc_buf *b, const char *name, const char *help, const struct dnc_histogram *h)
{
	uint64_t total = 0;

	dnc_metrics_head(b, name, "histogram", help);
	for (int i = 0; i < DNC_HISTOGRAM_BUCKETS; i++) {
		total += h->bucket[i];
		dnc_buf_printf(b, "%s_bucket{le=\"%.9g\"} %" PRIu64 "\n", name,
			(double)(UINT64_C(1) << (10 + i)) / 1e9, total);
	}
	total += h->more;
	dnc_buf_printf(b, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.9f\n%s_count %" PRIu64 "\n",
		name, total, name, (double)h->sum_ns / 1e9, name, total);
}

/* Reads the fields of proc(5)'s stat after the name, which may contain blanks and brackets. */
static void read_stat(double value[64])
{
	char text[1024], *at;
	FILE *f = fopen("/proc/self/stat", "re");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int field = 3; at && field < 64; field++) {
		at = strchr(at, ' ');
		if (!at)
			break;
		value[field] = strtod(++at, NULL);
	}
}

/* Since Linux 6.2 the size of the directory is the number of descriptors; before, they must be counted. */
static double open_descriptors(void)
{
	struct stat st;
	size_t count = 0;
	DIR *dir;

	if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
		return (double)st.st_size;
	dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count > 3 ? (double)(count - 3) : 0; /* ".", "..", and this one */
}

/* When the machine was started, in seconds since 1970: the start of a process is relative to it. */
static double boot_time(void)
{
	char line[128];
	double t = 0;
	FILE *f = fopen("/proc/stat", "re");

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "btime ", 6) == 0) {
			t = strtod(line + 6, NULL);
			break;
		}
	if (f)
		fclose(f);
	return t;
}

void dnc_metrics_process(struct dnc_buf *b)
{
	enum { UTIME = 14, STIME = 15, THREADS = 20, START = 22, VSIZE = 23, RSS = 24 };
	double stat[64] = {0}, tick = (double)sysconf(_SC_CLK_TCK);
	struct rlimit files = {0};

	read_stat(stat);
	getrlimit(RLIMIT_NOFILE, &files);
	dnc_metrics_text(b,
		(const struct dnc_metric[]){
			{"process_cpu_seconds_total", "counter",
				"User and system CPU time in seconds", NULL,
				(stat[UTIME] + stat[STIME]) / tick},
			{"process_start_time_seconds", "gauge", "Start time in seconds since 1970",
				NULL, boot_time() + stat[START] / tick},
			{"process_resident_memory_bytes", "gauge", "Resident memory in bytes", NULL,
				stat[RSS] * (double)sysconf(_SC_PAGESIZE)},
			{"process_virtual_memory_bytes", "gauge", "Virtual memory in bytes", NULL,
				stat[VSIZE]},
			{"process_open_fds", "gauge", "Open file descriptors", NULL,
				open_descriptors()},
			{"process_max_fds", "gauge", "Limit of open file descriptors", NULL,
				(double)files.rlim_cur},
			{"process_threads", "gauge", "Threads", NULL, stat[THREADS]},
		},
		7);
}

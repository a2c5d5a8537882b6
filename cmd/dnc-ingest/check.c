#include "check.h"
#include <stdio.h>
#include <sys/stat.h>
#include "base/words.h"
#include "ingest.h"
#include "publish.h"

/* A share of rejects is meaningless before so many records. */
enum { SHARE_AFTER = 1000 };

static uint64_t seen(const struct ingest *in)
{
	return in->accepted + in->stage.rejects.count;
}

bool check_exceeded(const struct ingest *in, bool at_end)
{
	if (in->stage.rejects.count > in->options.max_rejects)
		return true;
	return (at_end || seen(in) >= SHARE_AFTER) &&
	       (double)in->stage.rejects.count > in->options.max_rejects_share * (double)seen(in);
}

enum check_limit check_list(const struct ingest *in)
{
	return check_exceeded(in, true)                 ? CHECK_MAX_REJECTS
	       : in->accepted < in->options.min_records ? CHECK_MIN_RECORDS
	                                                : CHECK_KEPT;
}

const char *check_reason(const struct ingest *in, char text[CHECK_TEXT_BYTES])
{
	if (in->broken == CHECK_MAX_REJECTS)
		snprintf(text, CHECK_TEXT_BYTES,
			"%llu of %llu %s %s rejected, more than --max-rejects allows",
			(unsigned long long)in->stage.rejects.count, (unsigned long long)seen(in),
			dnc_plural(seen(in), "record", "records"),
			dnc_plural(in->stage.rejects.count, "was", "were"));
	else
		snprintf(text, CHECK_TEXT_BYTES,
			"%llu of %llu %s %s accepted, fewer than --min-records=%llu",
			(unsigned long long)in->accepted, (unsigned long long)seen(in),
			dnc_plural(seen(in), "record", "records"),
			dnc_plural(in->accepted, "was", "were"),
			(unsigned long long)in->options.min_records);
	return text;
}

const char *check_explain(const struct ingest *in, char text[CHECK_TEXT_BYTES])
{
	char reason[CHECK_TEXT_BYTES], published[64] = "nothing was published";

	if (in->published)
		snprintf(published, sizeof published, "%llu %s published",
			(unsigned long long)in->published,
			dnc_plural(
				in->published, "event before that is", "events before that are"));
	if (snprintf(text, CHECK_TEXT_BYTES, "stopped: %s; %s", check_reason(in, reason),
		    published) < 0)
		text[0] = '\0';
	return text;
}

static bool is_limited(const struct ingest *in)
{
	return in->options.max_rejects != UINT64_MAX || in->options.max_rejects_share < 1 ||
	       in->options.min_records;
}

/* True if all inputs are files that can be read twice. A file that is missing is one. */
static bool are_files(const struct ingest *in)
{
	const struct dnc_stage_options *o = &in->options.stage;
	struct stat st;

	if (in->file)
		return true;
	for (size_t i = 0; i < o->file_count; i++)
		if (strcmp(o->files[i], "-") == 0 ||
			(stat(o->files[i], &st) == 0 && !S_ISREG(st.st_mode)))
			return false;
	return o->file_count > 0;
}

int check_hold(struct ingest *in, enum dnc_type type, struct dnc_str line)
{
	struct check *c = &in->check;

	if (c->checking) {
		c->unordered++;
		return 1;
	}
	if (!c->holding)
		return 0;
	dnc_buf_chr(&c->held, (char)('0' + type));
	dnc_buf_str(&c->held, line);
	dnc_buf_chr(&c->held, '\n');
	return dnc_buf_ok(&c->held) ? 1 : dnc_error_nomem(&in->err);
}

static int release(struct ingest *in)
{
	struct check *c = &in->check;
	const char *p = c->held.p, *end = p + c->held.n, *newline;
	int rc = 0;

	c->holding = false;
	for (; rc == 0 && p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		rc = publish_line(in, (enum dnc_type)(*p - '0'),
			(struct dnc_str){p + 1, (size_t)(newline - p) - 1});
	}
	dnc_buf_free(&c->held);
	return rc;
}

int check_judge(struct ingest *in)
{
	if (!in->check.holding || seen(in) < SHARE_AFTER)
		return 0;
	in->broken = check_exceeded(in, false) ? CHECK_MAX_REJECTS : CHECK_KEPT;
	return in->broken ? -1 : release(in);
}

int check_begin(struct ingest *in)
{
	bool twice = is_limited(in) && are_files(in);

	in->check.checking = twice;
	in->check.holding =
		is_limited(in) && !twice && !dnc_stage_has_producers(&in->options.stage);
	return twice ? dnc_stage_check(
			       &in->stage, in->file ? 1 : in->options.stage.file_count, &in->err)
	             : 0;
}

/* What was not read, which has a message of its own, may have the records that are missing. */
static bool is_whole(const struct ingest *in)
{
	return in->whole && !in->stage.failed && !in->refused &&
	       (in->file || !dnc_cli_stopped_by());
}

int check_end(struct ingest *in)
{
	in->check.checking = false;
	if (!is_limited(in) || dnc_stage_has_producers(&in->options.stage))
		return 0;
	if (is_whole(in))
		in->broken = check_list(in);
	else if (check_exceeded(in, true))
		in->broken = CHECK_MAX_REJECTS;
	if (in->broken)
		return -1;
	return in->check.holding ? release(in) : 0;
}

/* stream.c - gzip, xz, zstd and bzip2: streams one after the other make one member. */
#include "priv/codec.h"
#include "priv/job.h"

struct streams {
	struct job *job;
	const struct codec *codec;
	union codec_state state;
	struct codec_bytes bytes;
	bool inside;     /* a stream was started and has not ended */
	bool all_read;   /* no packed bytes follow */
	bool full;       /* the last step filled its block: more may come of the bytes before */
	uint64_t ended;  /* streams so far */
	uint64_t before; /* bytes that were unpacked when this stream started */
};

static int fail_step(struct streams *s, enum codec_result result)
{
	const char *name = dnc_packing_name(s->job->packing);

	switch (result) {
	case CODEC_TOO_MUCH_MEMORY:
		return job_fail(s->job,
			"needs more memory to be unpacked than is allowed; unpack it first: %s FILE",
			s->codec->by_hand);
	case CODEC_NO_MEMORY:
		return job_fail(s->job, "can't be unpacked: out of memory");
	default:
		if (s->ended && s->job->out.bytes == s->before)
			return job_fail(s->job,
				"has other bytes after the end of its %s data; fetch it again",
				name);
		return job_fail(s->job, "is damaged (%s); fetch it again", name);
	}
}

/* Reads the next packed bytes once those before were used. -1 with `why`. */
static int refill(struct streams *s)
{
	ssize_t n;

	if (s->bytes.in_n || s->all_read || s->full)
		return 0;
	n = feed_read(&s->job->feed, &s->bytes.in);
	if (n < 0)
		return job_fail_reading(s->job);
	s->bytes.in_n = (size_t)n;
	s->all_read = n == 0;
	return 0;
}

/* Starts the next stream, after the zeros that may fill up the last block of a medium. 1 if there is one, 0 if more bytes
 * are needed or none follow, -1 with `why`. */
static int start_next(struct streams *s)
{
	while (s->ended && s->bytes.in_n && !*s->bytes.in)
		s->bytes.in++, s->bytes.in_n--;
	if (!s->bytes.in_n)
		return 0;
	if (!s->codec->start(&s->state))
		return fail_step(s, CODEC_NO_MEMORY);
	s->inside = true;
	s->before = s->job->out.bytes;
	return 1;
}

/* Unpacks into one block. -1 with `why`. */
static int step(struct streams *s)
{
	size_t in = s->bytes.in_n, room;
	enum codec_result result;

	s->bytes.out = chunks_space(&s->job->out, &room);
	if (!s->bytes.out)
		return -1;
	s->bytes.room = room;
	result = s->codec->step(&s->state, &s->bytes);
	chunks_filled(&s->job->out, room - s->bytes.room);
	s->full = result == CODEC_MORE && !s->bytes.room;
	if (result > CODEC_END)
		return fail_step(s, result);
	if (result == CODEC_END) {
		s->codec->end(&s->state);
		s->inside = false;
		s->ended++;
	} else if (s->bytes.in_n == in && s->bytes.room == room) {
		/* Nothing can be done with these bytes, or there are none. */
		return s->all_read ? job_fail(s->job, "ends too early (%s); fetch it again",
					     dnc_packing_name(s->job->packing))
		       : in        ? fail_step(s, CODEC_BROKEN)
		                   : 0;
	}
	return job_check(s->job);
}

static int run(struct streams *s)
{
	for (;;) {
		int rc = refill(s);

		if (rc == 0)
			rc = s->inside ? 1 : start_next(s);
		if (rc < 0)
			return -1;
		if (rc == 0 && s->all_read)
			return 0;
		if (rc && step(s) < 0)
			return -1;
	}
}

int unpack_stream(struct job *job)
{
	struct streams s = {.job = job, .codec = codec_of(job->packing)};
	int rc;

	if (!chunks_put(&job->out, DNC_UNPACKED_MEMBER, DNC_STR("")))
		return -1;
	rc = run(&s);
	if (s.inside)
		s.codec->end(&s.state);
	if (rc == 0 && !chunks_put(&job->out, DNC_UNPACKED_END, DNC_STR("")))
		return -1;
	return rc;
}

/* map_process.h - the process that runs a map: how it is started, watched and ended. Used within one thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/waiting.h"
#include "source/map.h"

struct map_page;

struct map_limits {
	int64_t timeout_ms; /* of processor time for each record */
	uint64_t memory;    /* bytes, beside what the process has at its start */
};

struct map_process {
	pid_t pid; /* 0: there is none */
	int fd;    /* the socket; does not block */
	int notes; /* a file of its standard error */
	struct map_page *page;
	struct map_limits limits;
	uint64_t resident_max;      /* pages */
	uint64_t watched;           /* the record that was at work at the last look */
	int64_t cpu_ms;             /* processor time when it was seen first */
	int64_t alive_ms;           /* when something was last heard of it; set by the owner, too */
	int64_t look_ms;            /* when to look again */
	int64_t cpu_seen_ms;        /* processor time at the last look */
	struct dnc_waiting waiting; /* for a sign of life */
};

/* How a process ended, or why it must be ended. */
enum map_end {
	MAP_RUNS,
	MAP_SLOW,   /* a record takes more than the processor time of the limit */
	MAP_LARGE,  /* or more memory */
	MAP_CRASH,  /* the process ended itself, by abort(3) or a fault */
	MAP_KILLED, /* by another process or the kernel, or it does not run at all */
};

/* Starts the process with PAGE, to be ended with map_process_end(). LIMITS is copied. -1 with ERR. */
int map_process_start(struct map_process *p, struct dnc_map *map, const struct map_limits *limits,
	struct map_page *page, struct dnc_error *err);

/* How long to wait at most before the next map_process_watch(). */
int map_process_wait_ms(const struct map_process *p);

/* Looks at the record that is at work, and says when the process neither computes nor answers for some time. Not
 * MAP_RUNS: the process must be ended. */
enum map_end map_process_watch(struct map_process *p);

/* Kills the process if it runs. Returns how it ended if it did by itself, and in WHY, of N bytes, the signal and what
 * it wrote first on standard error. */
enum map_end map_process_end(struct map_process *p, char *why, size_t n);

/* The process: answers the records of the socket FD until its end. In map_worker.c. */
_Noreturn void map_worker_run(struct dnc_map *map, int fd, struct map_page *page);

/* The exit status of a process that has no memory left. */
enum { MAP_EXIT_NO_MEMORY = 71 };

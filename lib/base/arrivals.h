/* arrivals.h - the files that arrive in a directory, one after the other, each once it is complete.
 *
 * inotify(7) reports files that are moved in or closed after writing. The directory is also listed at the start, after
 * lost events, and every `scan_ms`, because changes that other machines make on a network file system are not
 * reported. Files come in the order of their events; those that a list finds come in the order of their names (strcmp).
 *
 * A file is complete if nobody has it open for writing. Where the kernel does not know that (see priv/written.h), a file
 * that was moved in is complete; any other, and one that comes again, is complete once its size and times have not changed for
 * `settle_ms`, because programs open and close a file for each part of it. One that is created while the directory is watched
 * needs ten times as long until it is closed. An empty file must not have changed for `settle_ms`, whoever writes it.
 *
 * Temporary names are passed over without a message: those that begin with a dot, or end in .tmp, .part, .filepart,
 * .crdownload, .download, .opdownload, .partial or .aria2 in any case. NAME is not complete while NAME.aria2 is
 * there, in which aria2(1) keeps what a download lacks. Also passed over are .rejects and .reason, the names of what
 * is written beside files. Symbolic links, pipes, devices, sockets and directories are not files: a message says so
 * once for each, except for the `folders`.
 *
 * For one thread. SIGIO is ignored from dnc_arrivals_open() on. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "err.h"

/* So many files are kept in mind; further ones are found when these are done. */
enum { DNC_ARRIVALS_MAX = 1000000 };

struct dnc_arrivals;

struct dnc_arrivals_options {
	const char *const *folders; /* subdirectories that are expected; borrowed; ends with NULL */
	int scan_ms, settle_ms;
	size_t max; /* in place of DNC_ARRIVALS_MAX; 0: that */
};

struct dnc_arrival {
	const char *name; /* in the directory, until dnc_arrivals_done() */
	int fd; /* open for reading, closed by dnc_arrivals_done(); -1 if it could not be opened: `code` */
	int code; /* errno */
	struct stat st;
	bool settled; /* it has not changed for settle_ms */
	const char *
		before; /* a file that came before this one and is not complete yet, until dnc_arrivals_done(); else NULL */
};

/* Whether a file that was taken comes again. */
enum dnc_arrival_next {
	DNC_ARRIVAL_NOT_AGAIN,
	DNC_ARRIVAL_AGAIN,   /* when it is complete */
	DNC_ARRIVAL_SETTLED, /* when it has settled, too */
	DNC_ARRIVAL_BEHIND,  /* when all files that came before it were taken, or have gone */
	DNC_ARRIVAL_HELD,    /* after dnc_arrivals_release(), whatever becomes of it before */
};

enum dnc_arrival_state {
	DNC_ARRIVAL_SAME,
	DNC_ARRIVAL_CHANGED, /* its content has changed, or it is open for writing again */
	DNC_ARRIVAL_GONE,    /* it was deleted, moved, or replaced by another file */
	DNC_ARRIVAL_UNKNOWN, /* the system can't say */
};

/* Starts to watch the directory PATH (borrowed), without its subdirectories. To be freed with dnc_arrivals_free(). NULL with
 * ERR, whose code is an errno. */
struct dnc_arrivals *dnc_arrivals_open(
	const char *path, const struct dnc_arrivals_options *options, struct dnc_error *err);

void dnc_arrivals_free(struct dnc_arrivals *a);

/* The descriptor of the directory, owned by A. */
int dnc_arrivals_directory(const struct dnc_arrivals *a);

/* Can be read when dnc_arrivals_next() should be called again. */
int dnc_arrivals_fd(const struct dnc_arrivals *a);

/* Returns 1 with the next complete file, which must be given back with dnc_arrivals_done() before the next call; 0 if there
 * is none: call again when the descriptor can be read, and after WAIT_MS; -1 with ERR (errno) if the directory can't be
 * watched any longer: it was moved, deleted or unmounted, or can't be read. */
int dnc_arrivals_next(
	struct dnc_arrivals *a, struct dnc_arrival *file, int *wait_ms, struct dnc_error *err);

/* What has become of the file while it was read. */
enum dnc_arrival_state dnc_arrivals_check(
	const struct dnc_arrivals *a, const struct dnc_arrival *file);

/* Closes the file. */
void dnc_arrivals_done(
	struct dnc_arrivals *a, struct dnc_arrival *file, enum dnc_arrival_next next);

/* Files that were held come again, when they are complete, in the order in which they first came. */
void dnc_arrivals_release(struct dnc_arrivals *a);

/* The number of files that are not complete, without those that are held or wait for one before them. *SETTLING: of
 * these, those that will be unless they change. */
size_t dnc_arrivals_waiting(const struct dnc_arrivals *a, size_t *settling);

/* True if one of these files is not known to be incomplete: it could not be opened or looked at, for a reason that may pass,
 * such as a lack of descriptors. ERR says which and why; a message said it, too. It is tried again. */
bool dnc_arrivals_trouble(const struct dnc_arrivals *a, struct dnc_error *err);

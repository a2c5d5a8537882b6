/* process.h - one run of a shell command that reads a text: started, waited for by poll(2), ended. Used within one thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/str.h"
#include "printed.h"

struct process {
	pid_t pid; /* 0: none is running; it leads a process group */
	int fd;    /* can be read when it has ended or printed */
	int end;   /* a pidfd; -1: it has ended, and others that it has started hold its output */
	struct printed printed;
	bool ended_by_us;
};

#define PROCESS_NONE ((struct process){.fd = -1, .end = -1, .printed.fd = -1})

/* Runs "/bin/sh -c COMMAND" with TEXT as its standard input; what it prints are messages about NAME (borrowed). -1 with ERR. */
int process_start(struct process *p, const char *name, const char *command, struct dnc_str text,
	struct dnc_error *err);

/* Goes on without waiting. 1, once: it has ended; WHY is empty if its status was 0, and else ends the sentence "the command ...". What
 * it has left behind is ended, too, unless its status was 0: then `pid` stays until that has ended or closed its output, or
 * process_finish() is called. */
int process_look(struct process *p, char why[96]);

/* Sends the signal to it and all that it has started. */
void process_kill(struct process *p, int number);

/* Kills what is running, and waits for its end, but not without end. */
void process_finish(struct process *p);

/* Forgets it; what it has left behind goes on. */
void process_leave(struct process *p);

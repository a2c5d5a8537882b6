/* file.h - small files that are read or written as a whole.
 *
 * A process that opens a file that was written, also after a power failure, finds all of its content or none of it: content
 * and name are on disk (fsync(2)) before the functions return 0. They wait for the disk. Errors: -1 with
 * the errno in ERR's code; no temporary or incomplete file is left. Thread safe, but only one writer may
 * write the same PATH at a time. */
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "err.h"
#include "str.h"

/* Opens PATH to read it, and never waits for that: a regular file or a pipe without a name, as a shell makes for <(COMMAND).
 * Others are refused (EINVAL): a pipe with a name, which would wait for somebody to write to it, devices, sockets;
 * EISDIR for a directory. Returns a descriptor. */
int dnc_file_open(const char *path, struct dnc_error *err);

/* The same as a stream; NULL with ERR. */
FILE *dnc_file_open_stream(const char *path, struct dnc_error *err);

/* Returns 0 if PATH is a file that can be read again: what a pipe had is gone after the first time, and would be an empty file
 * then. */
int dnc_file_check_again(const char *path, struct dnc_error *err);

/* True if A and B are the same version of the same file: device, inode, size and times are equal. */
bool dnc_file_is_same(const struct stat *a, const struct stat *b);

/* After PATH was read to its end through FD, which was BEFORE when it was opened: -1 with EAGAIN if somebody has written to it
 * meanwhile, so that what was read may be of no version. What is no regular file is not checked. */
int dnc_file_check_unchanged(
	int fd, const struct stat *before, const char *path, struct dnc_error *err);

/* Writes TEXT to a new file with the permissions MODE (less the umask). EEXIST if PATH exists. */
int dnc_file_create(const char *path, mode_t mode, struct dnc_str text, struct dnc_error *err);

/* Replaces the file PATH, or creates it, with the permissions MODE (less the umask). The content is
 * written to PATH.new first, which replaces the old file once it is on disk; a PATH.new that is
 * there is removed. A symbolic link is replaced, not followed. EINVAL if PATH is a device, a pipe or a socket. */
int dnc_file_replace(const char *path, mode_t mode, struct dnc_str text, struct dnc_error *err);

/* Waits until the directory that holds PATH is on disk, and with it the names of new and renamed files.
 * 0 also on file systems that cannot sync directories. */
int dnc_file_sync_directory(const char *path, struct dnc_error *err);

/* Locks PATH, an empty file that is made if it is not there and stays when it is unlocked, for as long as the descriptor is open
 * that it returns. -1 with ERR: EAGAIN if another descriptor has it, also one of this process. */
int dnc_file_lock(const char *path, struct dnc_error *err);

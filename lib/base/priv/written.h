/* written.h - whether some process has a file open to write it. Thread safe. */
#pragma once

enum written {
	WRITTEN_BY_NOBODY,
	WRITTEN_BY_SOMEBODY,
	/* Not known: the file is of another user and this process lacks CAP_LEASE, or a network or user space file system
	 * holds it, whose writers may be on other machines. */
	WRITTEN_UNKNOWN,
};

/* Asks the kernel for a read lease on FD, a regular file that is open for reading only, and gives it back at once: the
 * kernel grants it only while nobody has the file open for writing (fcntl(2), F_SETLEASE). SIGIO must be ignored, because
 * it is sent if somebody opens the file for writing meanwhile. */
enum written written_by(int fd);

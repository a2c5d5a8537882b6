/* options.h - the command line as a table. A row names an option, explains it and says which member of the command's
 * struct its value is stored in; --help, parsing, checks and error messages follow from it.
 *
 *     static const struct dnc_option rows[] = {
 *             {"follow", 'f', NULL, "Wait for more events", 1, DNC_FLAG(struct options, follow)},
 *             {"lines", 'n', "N", "Print the last N events", 1, DNC_NUMBER(struct options, lines, 0, 1000)},
 *             {0}};
 *
 * The options of every command (--quiet, --verbose, --log-format, --help, --usage, --version) are added. An error is one
 * line that names the option, and exit 2. For the main thread. */
#pragma once
#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dnc_option_kind {
	DNC_OPTION_HEADING,  /* only its help is used; a line in --help above its group */
	DNC_OPTION_FLAG,     /* bool: set to true */
	DNC_OPTION_TEXT,     /* const char *, from argv */
	DNC_OPTION_NUMBER,   /* uint64_t, from min to max */
	DNC_OPTION_UNSIGNED, /* unsigned, from min to max */
	DNC_OPTION_SIZE,     /* uint64_t, bytes from min to max: "64M" */
	DNC_OPTION_DURATION, /* int64_t, milliseconds: "10s" */
	DNC_OPTION_TIME,     /* int64_t, milliseconds since 1970 */
	DNC_OPTION_CHOICE,   /* unsigned (an enum): the index of a word in `words` */
	DNC_OPTION_LIST,     /* const char *[max] and a size_t count; may be repeated */
	DNC_OPTION_REST,     /* argument only: char ** to all that are left, and a size_t count */
	DNC_OPTION_CALL,     /* parse() stores it */
};

struct dnc_option {
	const char *name; /* without dashes */
	char key;         /* of the short option; 0: none */
	const char *arg;  /* what --help calls the value; NULL: a flag */
	const char *help;
	int group; /* --help sorts by group, then by name */
	enum dnc_option_kind kind;
	size_t offset; /* of the member */
	size_t count;  /* of the member that counts a list */
	uint64_t min, max;
	const char *words; /* separated by blanks */
	/* NAME is "--name". Exits with dnc_cli_usage() if VALUE is wrong; VALUE may be kept and changed. */
	void (*parse)(void *options, const char *name, char *value);
	bool optional; /* the value may be left out: parse() gets NULL then; for DNC_OPTION_CALL */
	size_t before; /* of a const char *, for DNC_OPTION_TEXT: the value that this one replaces; 0: none */
	size_t given; /* of a bool that is set to true if the option is given; 0: none (never the first member) */
};

/* offsetof(TYPE, MEMBER), which does not compile unless MEMBER has the type WANTED. */
#define DNC_MEMBER(type, member, wanted)                                                           \
	(offsetof(type, member) + 0 * sizeof(_Generic(((type *)0)->member, wanted : 0)))

/* What follows the group in a row. */
#define DNC_FLAG(type, member) .kind = DNC_OPTION_FLAG, .offset = DNC_MEMBER(type, member, bool)
#define DNC_TEXT(type, member)                                                                     \
	.kind = DNC_OPTION_TEXT, .offset = DNC_MEMBER(type, member, const char *)
#define DNC_NUMBER(type, member, from, to)                                                         \
	.kind = DNC_OPTION_NUMBER, .offset = DNC_MEMBER(type, member, uint64_t), .min = (from),    \
	.max = (to)
#define DNC_UNSIGNED(type, member, from, to)                                                       \
	.kind = DNC_OPTION_UNSIGNED, .offset = DNC_MEMBER(type, member, unsigned), .min = (from),  \
	.max = (to)
#define DNC_SIZE(type, member, from, to)                                                           \
	.kind = DNC_OPTION_SIZE, .offset = DNC_MEMBER(type, member, uint64_t), .min = (from),      \
	.max = (to)
#define DNC_DURATION(type, member)                                                                 \
	.kind = DNC_OPTION_DURATION, .offset = DNC_MEMBER(type, member, int64_t)
#define DNC_TIME(type, member) .kind = DNC_OPTION_TIME, .offset = DNC_MEMBER(type, member, int64_t)
#define DNC_CHOICE(type, member, list)                                                             \
	.kind = DNC_OPTION_CHOICE, .offset = DNC_MEMBER(type, member, unsigned), .words = (list)
#define DNC_LIST(type, member, counter)                                                            \
	.kind = DNC_OPTION_LIST, .offset = offsetof(type, member),                                 \
	.count = DNC_MEMBER(type, counter, size_t),                                                \
	.max = sizeof((type *)0)->member / sizeof(const char *)
#define DNC_REST(type, member, counter)                                                            \
	.kind = DNC_OPTION_REST, .offset = DNC_MEMBER(type, member, char **),                      \
	.count = DNC_MEMBER(type, counter, size_t)
#define DNC_CALL(function)       .kind = DNC_OPTION_CALL, .parse = (function)
#define DNC_BEFORE(type, member) .before = DNC_MEMBER(type, member, const char *)
#define DNC_GIVEN(type, member)  .given = DNC_MEMBER(type, member, bool)

struct dnc_command {
	const char *name, *args_doc, *doc;
	const struct dnc_option *options; /* the last row is all zero */
	/* A row for each argument that is not an option, in their order, the last row all zero; NULL if the command
	 * has none. The last argument may be a list or the rest. */
	const struct dnc_option *arguments;
	/* The options of another parser, whose input is the member at filter_offset; NULL if there are none. */
	const struct argp *filter;
	size_t filter_offset;
};

/* Parses ARGV into OPTIONS, the struct of the rows, which holds the defaults. Logging is open from here on, under the
 * command's name. A standard descriptor that is closed stays unusable, but no other file gets its number. */
void dnc_options_parse(const struct dnc_command *c, int argc, char **argv, void *options);

/* Warns if VALUE of the option NAME has replaced another one, BEFORE (NULL: it has not): who has meant both is told HOW. */
void dnc_cli_warn_replaced(
	const char *name, const char *before, const char *value, const char *how);

/* True after --quiet. */
bool dnc_cli_quiet(void);

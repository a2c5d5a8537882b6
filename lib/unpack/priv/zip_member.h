/* zip_member.h - what is known of a member of a zip archive before it is unpacked. */
#pragma once
#include <archive_entry.h>
#include "base/buf.h"

enum { ZIP_NAME_BYTES = 1024 };

enum zip_member_kind {
	ZIP_MEMBER_FILE,
	ZIP_MEMBER_FOLDER,
	ZIP_MEMBER_METADATA, /* of macOS or Windows; nobody's list */
	ZIP_MEMBER_DOCUMENT, /* a part of a workbook or the like: the archive is no archive of lists */
	ZIP_MEMBER_REFUSED,
};

/* Writes the escaped name of ENTRY to NAME. For one that is refused or a document, *WHY becomes the end of a sentence about
 * the member or the archive. METHOD is libarchive's name of the format, "ZIP 2.0 (deflation)". Fails with NAME's memory. */
enum zip_member_kind zip_member_kind(
	struct archive_entry *entry, const char *method, struct dnc_buf *name, const char **why);

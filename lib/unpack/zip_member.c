#include "priv/zip_member.h"
#include "base/escape.h"

/* The first folders and files of documents that are zip archives. */
static const struct {
	struct dnc_str start;
	const char *what;
} documents[] = {
	{DNC_STR("[Content_Types].xml"),
		"is a workbook or document of Office (xlsx, docx); save its sheet as CSV (UTF-8) first"},
	{DNC_STR("xl/"), "is an Excel workbook (xlsx); save its sheet as CSV (UTF-8) first"},
	{DNC_STR("_rels/"),
		"is a document of Office (xlsx, docx); save its sheet as CSV (UTF-8) first"},
	{DNC_STR("docProps/"),
		"is a document of Office (xlsx, docx); save its sheet as CSV (UTF-8) first"},
	{DNC_STR("META-INF/"),
		"is an OpenDocument file, or a program; save its sheet as CSV (UTF-8) first"},
};

static bool is_document(struct dnc_str path, const char **why)
{
	if (dnc_str_eq(path, DNC_STR("mimetype"))) {
		*why = "is an OpenDocument file; save its sheet as CSV (UTF-8) first";
		return true;
	}
	for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
		if (dnc_str_starts(path, documents[i].start)) {
			*why = documents[i].what;
			return true;
		}
	return false;
}

static bool is_metadata(struct dnc_str path)
{
	static const struct dnc_str names[] = {
		DNC_STR(".DS_Store"), DNC_STR("Thumbs.db"), DNC_STR("desktop.ini")};
	const char *slash = memrchr(path.p, '/', path.n);
	struct dnc_str base = path;

	if (slash)
		base = (struct dnc_str){slash + 1, path.n - (size_t)(slash + 1 - path.p)};
	if (dnc_str_starts(path, DNC_STR("__MACOSX/")) || dnc_str_starts(base, DNC_STR("._")))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (dnc_str_eq(base, names[i]))
			return true;
	return false;
}

/* Methods of which the memory is bounded, and which all programs write. */
static bool is_known_method(const char *method)
{
	return method && (strstr(method, "(deflation)") || strstr(method, "(uncompressed)"));
}

enum zip_member_kind zip_member_kind(
	struct archive_entry *entry, const char *method, struct dnc_buf *name, const char **why)
{
	const char *raw = archive_entry_pathname_utf8(entry);
	struct dnc_str path = dnc_str(raw ? raw : archive_entry_pathname(entry));
	bool too_long = path.n > ZIP_NAME_BYTES;

	if (!path.p)
		path = DNC_STR("(without a name)");
	if (too_long)
		path.n = ZIP_NAME_BYTES;
	dnc_buf_clear(name);
	dnc_escape(name, path, DNC_ESCAPE_TEXT);
	if (is_document(path, why))
		return ZIP_MEMBER_DOCUMENT;
	if (is_metadata(path))
		return ZIP_MEMBER_METADATA;
	if (archive_entry_filetype(entry) == AE_IFDIR)
		return ZIP_MEMBER_FOLDER;
	*why = NULL;
	if (archive_entry_filetype(entry) != AE_IFREG)
		*why = "is a link or device, not a file; it was not read";
	else if (too_long)
		*why = "has a name that is too long; unpack it first: unzip -p FILE";
	else if (archive_entry_is_encrypted(entry))
		*why = "is encrypted; decrypt it first: unzip -p FILE, which asks for "
		       "the password";
	else if (!is_known_method(method))
		*why = "is packed by a method that is not read; unpack it first: 7z e -so FILE";
	return *why ? ZIP_MEMBER_REFUSED : ZIP_MEMBER_FILE;
}

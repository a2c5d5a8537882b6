/* probe.c - recognizes files that are not text, and are not unpacked (unpack/unpack.h): workbooks, archives, databases. */
#include "priv/record.h"
#include "unpack/unpack.h"

/* Signatures at the start of a file. */
static const struct {
	struct dnc_str magic;
	const char *what;
} signatures[] = {
	{DNC_STR("PK\5\6"), "an empty zip archive; fetch it again"},
	{DNC_STR("\x04\x22\x4D\x18"),
		"an lz4 file; decompress it first: lz4cat FILE | dnc-ingest ..."},
	{DNC_STR("\x5D\0\0"), "an lzma file; decompress it first: xz -dc FILE | dnc-ingest ..."},
	{DNC_STR("\x1F\x9D"), "a compress file; decompress it first: zcat FILE | dnc-ingest ..."},
	{DNC_STR("7z\xBC\xAF\x27\x1C"),
		"a 7z archive; extract it first: 7z e -so FILE | dnc-ingest ..."},
	{DNC_STR("Rar!\x1A\x07"), "a rar archive; extract it first"},
	{DNC_STR("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
		"an old Excel workbook (xls); save its sheet as CSV (UTF-8) first"},
	{DNC_STR("!<arch>"), "an ar archive; extract it first: ar p FILE | dnc-ingest ..."},
	{DNC_STR("%PDF-"), "a PDF file; ask for the list as CSV"},
	{DNC_STR("{\\rtf"), "an RTF file; save it as plain text (UTF-8) first"},
	{DNC_STR("SQLite format 3"), "an SQLite database; export its table as CSV first"},
	{DNC_STR("PAR1"), "a Parquet file; export it as CSV first"},
	{DNC_STR("-----BEGIN PGP"),
		"encrypted by PGP; decrypt it first: gpg -d FILE | dnc-ingest ..."},
	{DNC_STR("\xFF\xFE\0\0"),
		"text in UTF-32; convert it first: iconv -f UTF-32 -t UTF-8 FILE | dnc-ingest ..."},
	{DNC_STR("\xFF\xFE"), "text in UTF-16; read it with --encoding=auto"},
	{DNC_STR("\xFE\xFF"), "text in UTF-16; read it with --encoding=auto"},
};

/* The header of a tar archive (POSIX.1-2017, pax): 512 bytes. The sum of them, with blanks in its own place, is at SUM in
 * octal; "ustar" is at MAGIC in all but the oldest archives. */
enum { TAR_HEADER = 512, TAR_SUM = 148, TAR_SUM_BYTES = 8, TAR_MAGIC = 257 };

static bool is_tar(struct dnc_str start)
{
	unsigned sum = 0, wanted = 0;

	if (start.n < TAR_HEADER)
		return false;
	if (memcmp(start.p + TAR_MAGIC, "ustar", 5) == 0)
		return true;
	for (size_t i = 0; i < TAR_HEADER; i++)
		sum += i - TAR_SUM < TAR_SUM_BYTES ? ' ' : (unsigned char)start.p[i];
	for (size_t i = 0; i < TAR_SUM_BYTES; i++) {
		char c = start.p[TAR_SUM + i];

		if (c >= '0' && c <= '7')
			wanted = wanted * 8 + (unsigned)(c - '0');
		else if (c && c != ' ')
			return false;
	}
	return wanted && sum == wanted;
}

/* A page that was served in place of the file: a login, or "not found". */
static bool is_markup(struct dnc_str start, struct dnc_str tag)
{
	return start.n >= tag.n && dnc_str_caseeq((struct dnc_str){start.p, tag.n}, tag);
}

const char *source_probe(struct dnc_str start)
{
	struct dnc_str text = dnc_str_trim(start);

	for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
		if (dnc_str_starts(start, signatures[i].magic))
			return signatures[i].what;
	if (is_tar(start))
		return "a tar archive; extract it first: tar -xOf FILE MEMBER | dnc-ingest ...";
	if (dnc_packing_of(start) > DNC_PACKING_UNSURE)
		return "packed twice; unpack it once first";
	if (is_markup(text, DNC_STR("<!doctype html")) || is_markup(text, DNC_STR("<html")))
		return "an HTML page, possibly a login or error page; look at it, and fetch the "
		       "list again";
	if (is_markup(text, DNC_STR("<?xml")))
		return "an XML file; --format=ftc-xml reads the lists of the National Registry, others must be "
		       "converted to CSV first";
	/* Two ASCII letters in UTF-16 without a byte order mark. */
	if (start.n >= 4 && !start.p[0] != !start.p[1] && !start.p[2] != !start.p[3] &&
		!start.p[0] == !start.p[2])
		return start.p[0] ? "text in UTF-16; read it with --encoding=utf-16le"
		                  : "text in UTF-16; read it with --encoding=utf-16be";
	if (start.n && memchr(start.p, '\0', start.n))
		return "no text: its first line contains NUL bytes, as binary files have: export it as text, or remove them "
		       "(tr -d '\\000') if it is text otherwise";
	return NULL;
}

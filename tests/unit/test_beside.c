/* What is beside a number: which names say more of it, and how the number is read with them. */
#include "phone/beside.h"
#include "unit.h"

#define N            DNC_BESIDE_NOTHING
#define COUNTRY      DNC_BESIDE_COUNTRY
#define CALLING      DNC_BESIDE_CALLING
#define NETWORK      DNC_BESIDE_NETWORK
#define PERHAPS      DNC_BESIDE_PERHAPS_COUNTRY
#define COUNTRY_ID   DNC_BESIDE_COUNTRY_ID
#define COUNTRY_OR   DNC_BESIDE_COUNTRY_REGION
#define REGION       DNC_BESIDE_REGION
#define CODE         DNC_BESIDE_CODE
#define AREA         DNC_BESIDE_AREA
#define PERHAPS_AREA DNC_BESIDE_PERHAPS_AREA

static const struct {
	enum dnc_beside kind;
	const char *names; /* separated by | */
} names[] = {
	{COUNTRY,
		"country|Country Code|country_code|countryCode|COUNTRY|CountryISOCode|country_phone_code|"
		"Country Code (ISO)|Phone Country Code (ISO)|contact_country_code|tel_country|Customer Country|"
		"country_cd|iso2|ISO 3166 code|iso_code|Phone Country Name|ccode|"
		"phone_1_country|phonecountrycode|isocountry|ctry|phone_cc|Land|Pa\xC3\xADs|pays|L\xC3\xA4ndercode|"
		"C\xC3\xB3"
		"digo de pa\xC3\xADs|C\xC3\xB3"
		"digo de Pai\xCC\x81s|c\xC3\xB3"
		"digo_pa\xC3\xADs|"
		"C\xC3\xB3"
		"digo Pa\xC3\xADs|C\xC3\xB3"
		"digo do Pa\xC3\xADs|Nombre del pa\xC3\xADs|codigo_pais|"
		"L\xC3\xA4nderk\xC3\xBCrzel|Laenderkuerzel|L\xC3\xA4nderkennzeichen|Landskod|Codice Paese"},
	{CALLING,
		"dial_code|dial_cd|Country Dial|Dialling Code|calling_code|countryCallingCode|isd|ISD Code|"
		"intl_code|international_prefix|country prefix|Landesvorwahl|indicatif pays|Prefijo pa\xC3\xADs|"
		"Prefijo internacional|Prefisso internazionale|L\xC3\xA4nderkennzahl|Landeskennzahl|Vorwahl Land|"
		"Telefon-Vorwahl (Land)|L\xC3\xA4ndervorwahl"},
	{NETWORK, "mobile_country_code"},
	{PERHAPS,
		"Country Manager|Birth Country|FromCountry|toCountry|called_country_code|iso|cc|CC|"
		"dest country|Fax Country Code|Mailing Country|Billing Country|IP Country|Country of Residence|"
		"Versandland|Telefon Land|DDI|phone2_country_code|phone_2_country_code|phone_number_2_country|"
		"home_country_code|Home Country|work country|secondary_country_code|whatsapp_country_code"},
	{COUNTRY_ID, "country_id|Country ID|CountryId|country_key"},
	{COUNTRY_OR,
		"Country/Region|Business Country/Region|Land/Region|Pays/R\xC3\xA9gion|Pa\xC3\xADs/Regi\xC3\xB3n|"
		"Pa\xC3\xADs o regi\xC3\xB3n|phone_region|Phone Region|Staat"},
	{REGION,
		"region|Sales Region|region_code|Region ID|region_id|State/Region|Region Code|Region Name|"
		"Lead Region|Home Region|country_region_id"},
	{CODE, "phone_code|Tel Code|mobile cd|prefix|Phone Prefix|prefijo|Indicatif|Indicatif t\xC3\xA9l\xC3\xA9phonique"},
	{AREA, "area_code|Area Code (3)|AreaCode|Telephone Area|Phone1 Area|ONKZ|Vorwahl|Ortsvorwahl|telefon_vorwahl|"
	       "npa|STD Code|std|codigo de area|C\xC3\xB3"
	       "digo de \xC3\xA1rea|consumer_area_code"},
	{PERHAPS_AREA,
		"area|Sales Area|Area Manager|local_code|City Code|Fax Area Code|Sales Area Code"},
	{N, "phone_number|number|Phone Type Code|code|Zip Code|status_code|county|County Code|iso_date|ISO 9001|"
	    "land line|landline|cc_email|Caller ID|calling number|international|city|id|type|currency_iso_code|"
	    "reason_code|area_id|land_line|suppressed_at|provider|discount|preference|short_code|"},
};

static void a_name_tells_what_is_under_it(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		for (const char *p = names[i].names; *p;) {
			struct dnc_str name = {p, strcspn(p, "|")};
			enum dnc_beside kind = dnc_beside_of(name, (struct dnc_beside_owner){0});

			if (kind != names[i].kind)
				wrong++, print_error("%.*s is of kind %d\n", DNC_STR_ARG(name),
						 (int)kind);
			p += name.n + (p[name.n] == '|');
		}
	assert_int_equal(wrong, 0);
}

static void a_name_of_the_other_side_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(dnc_beside_of(DNC_STR("FromCountry"),
				 (struct dnc_beside_owner){.side = DNC_SIDE_CALLER}),
		COUNTRY);
	assert_int_equal(dnc_beside_of(DNC_STR("ToCountry"),
				 (struct dnc_beside_owner){.side = DNC_SIDE_CALLER}),
		N);
	assert_int_equal(dnc_beside_of(DNC_STR("ToCountry"),
				 (struct dnc_beside_owner){.side = DNC_SIDE_CALLED}),
		COUNTRY);
	assert_int_equal(dnc_beside_of(DNC_STR("caller_area_code"),
				 (struct dnc_beside_owner){.side = DNC_SIDE_CALLED}),
		N);
	assert_int_equal(dnc_beside_of(DNC_STR("caller_area_code"),
				 (struct dnc_beside_owner){.side = DNC_SIDE_CALLER}),
		AREA);
	assert_int_equal(dnc_beside_of(DNC_STR("country"),
				 (struct dnc_beside_owner){.side = DNC_SIDE_CALLER}),
		COUNTRY);
}

/* The country of another telephone is not certain. */
static const struct {
	const char *own, *name;
	enum dnc_beside kind;
} lines[] = {
	{"phone", "phone_country_code", COUNTRY},
	{"phone", "phone_1_country_code", COUNTRY},
	{"phone", "phone2_country_code", PERHAPS},
	{"phone", "phone_2_country_code", PERHAPS},
	{"phone", "home_country_code", PERHAPS},
	{"phone", "mobile_country_code", NETWORK},
	{"phone2", "phone2_country_code", COUNTRY},
	{"phone2", "phone_country_code", PERHAPS},
	{"phone2", "country_code", COUNTRY},
	{"home_phone", "mobile_country_code", PERHAPS},
	{"home_phone", "home_country_code", COUNTRY},
	{"home_phone", "country_code", COUNTRY},
	{"home_phone", "work_area_code", PERHAPS_AREA},
	{"cell", "home_country_code", PERHAPS},
	{"cell", "mobile_country_code", NETWORK},
	{"Business Phone", "work_country", COUNTRY},
};

static void the_country_of_another_telephone_is_not_certain(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		enum dnc_beside kind = dnc_beside_of(dnc_str(lines[i].name),
			dnc_beside_owner(dnc_str(lines[i].own), DNC_SIDE_NONE));

		if (kind != lines[i].kind)
			wrong++, print_error("%s beside %s is of kind %d\n", lines[i].name,
					 lines[i].own, (int)kind);
	}
	assert_int_equal(wrong, 0);
}

/* WANT is the number as it is read, or NULL for a reject. */
static const struct {
	const char *region, *number, *name, *value, *want;
} readings[] = {
	{"US", "2079460958", "country", "GB", "+442079460958"},
	{"US", "2079460958", "country_phone_code", "44", "+442079460958"},
	{"US", "2079460958", "country_code", "44.0", "+442079460958"},
	{"US", "2079460958", "dial_cd", "0044", "+442079460958"},
	{"US", "2079460958", "iso2", "gb", "+442079460958"},
	{"US", "tel:2079460958", "iso2", "gb", "+442079460958"},
	{"US", "tel:+12025550143", "iso2", "gb", "tel:+12025550143"},
	{"US", "tel:2025550143;phone-context=+1", "iso2", "gb", "tel:2025550143;phone-context=+1"},
	{"US", "+12025550143", "country", "GB", "+12025550143"},
	{"US", "2025550143", "country", "us", "2025550143"},
	{"US", "2025550143", "country", "", "2025550143"},
	{"US", "2025550143", "country", "Atlantis", NULL},
	{"US", "2025550143", "country_code", "35.0", NULL},
	{"DE", "030 1234567", "country_code", "49", "030 1234567"},
	/* An area code under a name that usually means a calling code: +20 is Egypt. */
	{"GB", "79460958", "Dialling Code", "020", NULL},
	{"DE", "1234567", "dial_code", "030", NULL},
	{"DE", "030 1234567", "dial_code", "049", "030 1234567"},
	/* In mobile networks the United Kingdom is 234, which calls Nigeria; Sweden is 240. */
	{"US", "2079460958", "mobile_country_code", "44", "+442079460958"},
	{"US", "701234567", "mobile_country_code", "240", NULL},
	{"US", "2079460958", "mobile_country_code", "234", NULL},
	{"US", "701740605", "mobile_country_code", "+46", "+46701740605"},
	/* What may be a country counts if the number is a valid one of it. */
	{"US", "2079460958", "phone_code", "44", NULL},
	{"US", "2079460958", "prefix", "44", NULL},
	{"US", "2079460958", "Country Manager", "GB", NULL},
	/* The digits of a key or a region say nothing. */
	{"US", "2079460958", "country_id", "44", "2079460958"},
	{"US", "2079460958", "country_id", "+44", NULL},
	{"US", "2079460958", "country_id", "GB", NULL},
	{"US", "9155550143", "region_id", "7", "9155550143"},
	{"US", "2079460958", "Sales Region", "44", "2079460958"},
	{"US", "2079460958", "Sales Region", "+44", NULL},
	{"US", "2079460958", "Country/Region", "44", NULL},
	/* A whole number of the region is none of another country, if it is no valid one there. */
	{"US", "1-202-555-0143", "country", "DE", NULL},
	{"US", "12025550143", "country", "DE", NULL},
	{"US", "1-202-555-0143", "country", "JP", NULL},
	{"US", "1-202-555-0143", "country", "MX", NULL},
	{"US", "1-202-555-0143", "country", "IN", NULL},
	{"US", "3175550123", "country", "GB", NULL},
	{"US", "919812345678", "country", "IN", "+919812345678"},
	/* States come first. */
	{"US", "3025550143", "Phone Region", "DE", "3025550143"},
	{"US", "3025550143", "Country/Region", "DE", "3025550143"},
	{"US", "3175550123", "Phone Region", "IN", "3175550123"},
	{"US", "3175550123", "Country/Region", "IN", "3175550123"},
	{"US", "2079460958", "Country/Region", "GB", NULL},
	/* Names of countries. */
	{"US", "2079460958", "Mailing Country", "United Kingdom", NULL},
	{"US", "3012345678", "Mailing Country", "Germany", NULL},
	{"US", "2079460958", "Billing Country", "UK", NULL},
	{"US", "2079460958", "IP Country", "GBR", NULL},
	{"US", "2079460958", "Country of Residence", "England", NULL},
	{"US", "2025550143", "Mailing Country", "United States", "2025550143"},
	{"US", "2025550143", "Country Manager", "Chad", "2025550143"},
	{"US", "2025550143", "State/Region", "Georgia", "2025550143"},
	{"DE", "01 58858 0", "Land/Region", "\xC3\x96sterreich", NULL},
	{"DE", "01 58858 0", "Land/Region", "AT", NULL},
	{"DE", "030 1234570", "Land/Region", "Deutschland", "030 1234570"},
	/* Other languages. */
	{"ES", "612345678",
		"C\xC3\xB3"
		"digo de pa\xC3\xADs",
		"33", "+33612345678"},
	{"ES", "612345678", "Prefijo pa\xC3\xADs", "33", "+33612345678"},
	{"ES", "612345678", "Indicatif t\xC3\xA9l\xC3\xA9phonique", "33", NULL},
	{"ES", "612345678", "L\xC3\xA4nderk\xC3\xBCrzel", "33", "+33612345678"},
	{"US", "2079460958", "Pays/R\xC3\xA9gion", "GB", NULL},
	{"US", "2079460958", "Pa\xC3\xADs/Regi\xC3\xB3n", "44", NULL},
	{"US", "2079460958", "Pa\xC3\xADs o regi\xC3\xB3n", "+44", NULL},
	{"US", "2079460958", "Prefijo internacional", "44", "+442079460958"},
	{"US", "2079460958", "L\xC3\xA4nderkennzeichen", "GB", "+442079460958"},
	{"US", "2079460958", "Staat", "GB", NULL},
	{"US", "2079460958", "Versandland", "GB", NULL},
	{"US", "2079460958",
		"C\xC3\xB3"
		"digo do Pa\xC3\xADs",
		"44", "+442079460958"},
	{"US", "2079460958", "Landeskennzahl", "44", "+442079460958"},
	{"US", "2079460958", "Landskod", "44", "+442079460958"},
	{"US", "2079460958", "Telefon Land", "44", NULL},
	{"US", "2079460958", "Telefon-Vorwahl (Land)", "44", "+442079460958"},
	{"US", "2079460958", "DDI", "44", NULL},
	/* A copy of a mail, a kind of card, and no country. */
	{"US", "4155550123", "cc", "a@b.c", "4155550123"},
	{"US", "4155550123", "cc", "billing", "4155550123"},
	{"US", "4155550123", "cc", "VISA", "4155550123"},
	{"US", "2079460958", "cc", "44", NULL},
	{"US", "4155550123", "country", "Unknown", "4155550123"},
	{"US", "4155550123", "country", "N/A", "4155550123"},
	{"US", "4155550123", "country", "NA", NULL},
	{"US", "4155550123", "country", "ZZ", "4155550123"},
	{"US", "4155550123", "country", "XX", "4155550123"},
	{"US", "4155550123", "country", "-", "4155550123"},
	{"US", "4155550123", "mobile_country_code", "310", "4155550123"},
	{"DE", "030 1234570", "mobile_country_code", "310", NULL},
	{"US", "2025550143", "Country Manager", "Jo Smith", "2025550143"},
	{"US", "2025550143", "Country Manager", "GB", "2025550143"},
	{"US", "2025550143", "country_id", "231", "2025550143"},
	{"US", "2025550143", "country_id", "1", "2025550143"},
	{"US", "2025550143", "region", "North", "2025550143"},
	{"US", "3025550143", "region", "DE", "3025550143"},
	{"US", "2079460958", "region", "GB", NULL},
	{"US", "9812345678", "region", "IN", NULL},
	{"US", "2025550143", "phone_code", "1", "2025550143"},
	{"US", "2025550143", "prefix", "Mrs.", "2025550143"},
	{"US", "2025550143", "prefix", "+49", NULL},
	{"US", "2025550143", "prefix", "202", "2025550143"},
	{"US", "2025550143", "Area", "12", "2025550143"},
	{"US", "2025550143", "Area", "02", "2025550143"},
	{"US", "2079460958", "area_code", "44", NULL},
	{"US", "2025550143", "area_code", "+1 202", "2025550143"},
	{"US", "2025550143", "area_code", "202.0", "2025550143"},
	{"US", "2025550143", "area_code", "020", NULL},
	/* The area code with the calling code before it. */
	{"DE", "030 1234570", "Vorwahl", "030", "030 1234570"},
	{"DE", "030 1234570", "Vorwahl", "+49 30", "030 1234570"},
	{"DE", "030 1234570", "Vorwahl", "0049 30", "030 1234570"},
	{"DE", "030 1234570", "Vorwahl", "+4930", "030 1234570"},
	{"DE", "030 1234570", "Vorwahl", "49 30", "030 1234570"},
	{"DE", "030 1234570", "Vorwahl", "+49 (0) 30", "030 1234570"},
	{"DE", "030 1234570", "prefix", "49", "030 1234570"},
	{"DE", "030 1234570", "prefix", "+49", "030 1234570"},
	{"DE", "1234567", "Vorwahl", "+49 30", NULL},
	{"DE", "1234567", "Vorwahl", "030", NULL},
	{"DE", "1234567", "ONKZ", "30", NULL},
	{"DE", "1234567", "Area Code (3)", "030", NULL},
	{"DE", "1234567", "Telephone Area", "030", NULL},
	{"DE", "1234567", "Phone1 Area", "030", NULL},
	{"DE", "1234567", "local_code", "030", NULL},
	{"DE", "1234567", "phone_code", "30", NULL},
	{"DE", "1234567", "Area", "30", NULL},
	{"DE", "040 1234567", "Vorwahl", "030", NULL},
	{"DE", "040 1234567", "Vorwahl", "+44 20", NULL},
	{"DE", "030 1234570", "Area", "12", "030 1234570"},
	{"DE", "030 1234570", "Area", "40", "030 1234570"},
	/* A mobile telephone has no area code. */
	{"DE", "0171 1234567", "Vorwahl", "030", "0171 1234567"},
	{"DE", "0171 1234567", "Area", "030", "0171 1234567"},
	{"GB", "07946 001812", "area_code", "020", "07946 001812"},
	{"GB", "07946001812", "area_code", "+44 20", "07946001812"},
	{"GB", "020 7946 0018", "area_code", "020", "020 7946 0018"},
	{"GB", "7946 0018", "area_code", "020", NULL},
	{"GB", "5550123", "area", "415", NULL},
	{"GB", "02079460958", "area", "020", "02079460958"},
	{"IT", "347 1234567", "prefisso", "39", "347 1234567"},
};

static void a_number_is_read_with_what_is_beside_it(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
		struct dnc_beside_context c = {.region = readings[i].region};
		struct dnc_beside_number number = dnc_beside_number(dnc_str(readings[i].number));
		struct dnc_str name = dnc_str(readings[i].name);
		struct dnc_error err = {.message = ""};
		int rc = dnc_beside_apply(&c, dnc_beside_of(name, (struct dnc_beside_owner){0}),
			name, dnc_str(readings[i].value), &number, &err);
		bool right = readings[i].want
		                     ? rc == 0 && dnc_str_eq(number.read, dnc_str(readings[i].want))
		                     : rc < 0 && err.code == DNC_BESIDE_REJECTED;

		if (!right)
			wrong++, print_error("%s %s beside %s=%s: %.*s %s\n", readings[i].region,
					 readings[i].number, readings[i].name, readings[i].value,
					 DNC_STR_ARG(number.read), rc < 0 ? err.message : "");
		dnc_beside_finish(&c);
	}
	assert_int_equal(wrong, 0);
}

/* The advice for a CSV file names options that other sources do not have. */
static void a_reject_says_what_its_source_can_do(void **state)
{
	const struct dnc_str name = DNC_STR("a_header_of_some_thirty_bytes_."),
			     value = DNC_STR("GB");
	static const char *const advices[] = {NULL, "use a map",
		"keep that as text with --column event_data.NAME=HEADER, or use a map"};

	(void)state;
	for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
		for (enum dnc_beside kind = DNC_BESIDE_COUNTRY; kind <= DNC_BESIDE_PERHAPS_COUNTRY;
			kind++) {
			struct dnc_beside_context c = {.region = "US", .advice = advices[i]};
			struct dnc_beside_number number = dnc_beside_number(
				kind == DNC_BESIDE_PERHAPS_COUNTRY ? DNC_STR("2079460958")
								   : DNC_STR("3175550123"));
			struct dnc_error err = {.message = ""};

			assert_int_equal(
				dnc_beside_apply(&c, kind, name, value, &number, &err), -1);
			assert_non_null(strstr(err.message, "\"+\" and its country code"));
			if (advices[i])
				assert_string_equal(advices[i],
					err.message + strlen(err.message) - strlen(advices[i]));
			else
				assert_null(strstr(err.message, "map"));
			dnc_beside_finish(&c);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_tells_what_is_under_it),
		cmocka_unit_test(a_name_of_the_other_side_says_nothing),
		cmocka_unit_test(the_country_of_another_telephone_is_not_certain),
		cmocka_unit_test(a_number_is_read_with_what_is_beside_it),
		cmocka_unit_test(a_reject_says_what_its_source_can_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

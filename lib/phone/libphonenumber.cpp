// libphonenumber.cpp - the one place that knows libphonenumber (and, through it, protobuf).
#include <cstring>
#include <string>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>
#include "phone.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

/* Of some countries the library accepts longer numbers, which may be two numbers in one. */
enum { E164_DIGITS = 15 };

/* The country code of the North American Numbering Plan, and the digits of its numbers. */
enum { NANP = 1, NANP_DIGITS = 10 };

static enum dnc_phone_verdict possible(const PhoneNumberUtil &util, const PhoneNumber &number)
{
	switch (util.IsPossibleNumberWithReason(number)) {
	case PhoneNumberUtil::IS_POSSIBLE:
		return DNC_PHONE_OK;
	case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
		return DNC_PHONE_LOCAL;
	case PhoneNumberUtil::INVALID_COUNTRY_CODE:
		return DNC_PHONE_COUNTRY;
	case PhoneNumberUtil::TOO_SHORT:
		return DNC_PHONE_TOO_SHORT;
	case PhoneNumberUtil::TOO_LONG:
		return DNC_PHONE_TOO_LONG;
	default:
		return DNC_PHONE_LENGTH;
	}
}

/* False if the library has made one of the plan's numbers of what is none: an area code starts with 2 to 9; and of digits
 * alone, as they are dialled there, it takes ones and zeros away until ten are left. More likely one is missing or too many,
 * or the zero of 011, which dials abroad. */
static bool is_nanp(const PhoneNumberUtil &util, const PhoneNumber &number, const std::string &text,
	const char *region)
{
	std::string national;

	util.GetNationalSignificantNumber(number, &national);
	if (national.empty() || national[0] < '2')
		return false;
	if (util.GetCountryCodeForRegion(region) != NANP ||
		text.find_first_not_of("0123456789") != std::string::npos ||
		text.compare(0, 3, "011") == 0)
		return true;
	return text.size() == NANP_DIGITS || (text.size() == 1 + NANP_DIGITS && text[0] == '1');
}

static enum dnc_phone_verdict normalize_once(
	const std::string &text, const char *region, bool strict, std::string &e164)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	PhoneNumber number;

	switch (util.Parse(text, region, &number)) {
	case PhoneNumberUtil::NO_PARSING_ERROR:
		break;
	case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
		return DNC_PHONE_COUNTRY;
	case PhoneNumberUtil::TOO_SHORT_NSN:
	case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
		return DNC_PHONE_TOO_SHORT;
	case PhoneNumberUtil::TOO_LONG_NSN:
		return DNC_PHONE_TOO_LONG;
	default:
		return DNC_PHONE_NOT_A_NUMBER;
	}
	enum dnc_phone_verdict verdict = possible(util, number);
	if (verdict != DNC_PHONE_OK)
		return verdict;
	std::string national;
	util.GetNationalSignificantNumber(number, &national);
	if (national.find_first_not_of('0') == std::string::npos)
		return DNC_PHONE_INVALID; /* a placeholder: 00000000000 */
	if (number.country_code() == NANP && !is_nanp(util, number, text, region))
		return DNC_PHONE_INVALID;
	if (strict && !util.IsValidNumber(number))
		return DNC_PHONE_INVALID;
	util.Format(number, PhoneNumberUtil::E164, &e164);
	return DNC_PHONE_OK;
}

extern "C" enum dnc_phone_verdict dnc_phone_normalize_slow(
	struct dnc_str s, const char *region, bool strict, char out[DNC_PHONE_MAX], size_t *len)
{
	std::string text(s.p ? s.p : "", s.n), e164;

	if (s.n == 0)
		return DNC_PHONE_EMPTY;
	/* The library drops one national prefix at a time: +31009... becomes +3109..., then +319....
	 * An event must not change when it is normalized again, so it is repeated until nothing changes. */
	for (;; text.swap(e164)) {
		enum dnc_phone_verdict verdict = normalize_once(text, region, strict, e164);

		if (verdict != DNC_PHONE_OK)
			return verdict;
		if (e164 == text)
			break;
		if (text[0] == '+' && e164.size() >= text.size())
			break; /* no prefix was dropped */
	}
	if (e164.size() > 1 + E164_DIGITS)
		return DNC_PHONE_TOO_LONG;
	memcpy(out, e164.c_str(), e164.size() + 1);
	*len = e164.size();
	return DNC_PHONE_OK;
}

extern "C" bool dnc_phone_has_no_area(struct dnc_str e164)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	PhoneNumber number;

	return util.Parse(std::string(e164.p, e164.n), "ZZ", &number) ==
	               PhoneNumberUtil::NO_PARSING_ERROR &&
	       util.IsValidNumber(number) && !util.IsNumberGeographical(number);
}

extern "C" int dnc_phone_region_code(const char *region)
{
	return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region);
}

extern "C" bool dnc_phone_code_known(int code)
{
	std::string region;

	PhoneNumberUtil::GetInstance()->GetRegionCodeForCountryCode(code, &region);
	return region != "ZZ"; /* the library's name for no region */
}

extern "C" bool dnc_phone_region_nanp(const char *region)
{
	return dnc_phone_region_code(region) == NANP;
}

extern "C" bool dnc_phone_region_known(const char *region)
{
	return dnc_phone_region_code(region) != 0;
}

/* choose.h - "auto": which format a stream has, from its start. */
#pragma once
#include "format.h"

/* Asks the formats about SAMPLE; the first one that is sure is the format of S (DNC_SOURCE_CHOSEN). If none is, S is
 * refused, or, if it is not the LAST sample and a format may be sure later, DNC_SOURCE_MORE. */
enum dnc_source_result choose_format(struct dnc_source *s, const struct sample *sample, bool last);

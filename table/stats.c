#include "table/stats.h"

#define VERDICT_NAME(e, name, text) name,
#define VERDICT_TEXT(e, name, text) text,

static const char *const verdict_names[TBL_VERDICT_CNT] = { TBL_VERDICTS(VERDICT_NAME) };
static const char *const verdict_texts[TBL_VERDICT_CNT] = { TBL_VERDICTS(VERDICT_TEXT) };

const char *
tbl_verdict_name(unsigned int verdict)
{
	return verdict < TBL_VERDICT_CNT ? verdict_names[verdict] : "?";
}

const char *
tbl_verdict_text(unsigned int verdict)
{
	return verdict < TBL_VERDICT_CNT ? verdict_texts[verdict] : "?";
}

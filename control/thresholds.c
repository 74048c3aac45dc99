#include "control/thresholds.h"

#include "control/config.h"

struct cp_plan_thresholds
cp_thresholds_of(const void *config, const char *name)
{
	struct cp_zone_settings settings = cp_config_zone(config, name);

	return (struct cp_plan_thresholds){
		.update_share = settings.update_share,
		.delete_share = settings.delete_share,
	};
}

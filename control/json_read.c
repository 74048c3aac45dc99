#include "control/json_read.h"

#include <stdint.h>

const char *
cp_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

long long
cp_json_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_real(value) ? (long long)json_real_value(value)
	                           : (long long)json_integer_value(value);
}

bool
is_cp_json_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

size_t
cp_json_count(const json_t *object, const char *key)
{
	return json_array_size(json_object_get(object, key));
}

const json_t *
cp_json_item(const json_t *object, const char *key, size_t i)
{
	return json_array_get(json_object_get(object, key), i);
}

json_t *
cp_json_copy(const json_t *object)
{
	/* json_copy() changes nothing of it. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	return json_copy((json_t *)(uintptr_t)object);
}

#include "control/messages.h"

#include <string.h>

#include "control/lint.h"

/* File names and zone text may be any bytes; JSON strings may not. */
static json_t *
text_json(const char *text)
{
	json_t *string = json_string(text);
	char clean[1024];
	size_t len = 0;

	if (string != NULL) {
		return string;
	}
	for (; text[len] != '\0' && len < sizeof(clean) - 1; len++) {
		clean[len] = '?';
		if ((unsigned char)text[len] < 0x80) {
			clean[len] = text[len];
		}
	}
	clean[len] = '\0';
	return json_string(clean);
}

json_t *
cp_messages_json(const struct conf_errors *errors)
{
	json_t *messages = json_array();

	for (size_t i = 0; i < errors->cnt; i++) {
		const struct conf_message *message = &errors->messages[i];

		json_t *object = json_pack("{s:o, s:I, s:I, s:s, s:o}", "file",
				text_json(message->file != NULL ? message->file : ""), "line",
				(json_int_t)message->line, "col", (json_int_t)message->col, "level",
				conf_level_name(message->level), "text",
				text_json(message->text != NULL ? message->text : ""));

		if (message->lint != NULL) {
			json_object_set_new(object, "lint", json_string(message->lint));
		}
		json_array_append_new(messages, object);
	}
	return messages;
}

static uint32_t
place_of(const json_t *message, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(message, key));

	return value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

/* A level of a newer daemon is worth a warning. */
static enum conf_level
level_of(const char *name)
{
	for (unsigned int i = 0; i < CONF_LEVEL_CNT; i++) {
		if (strcmp(conf_level_name(i), name) == 0) {
			return i;
		}
	}
	return CONF_WARNING;
}

/* Names in messages live for ever, so they come from the table; NULL for one it does not have. */
static const char *
lint_of(const json_t *message)
{
	const char *name = json_string_value(json_object_get(message, "lint"));

	for (unsigned int i = 0; name != NULL && i < CP_LINT_CNT; i++) {
		if (strcmp(cp_lint_rows[i].name, name) == 0) {
			return cp_lint_rows[i].name;
		}
	}
	return NULL;
}

void
cp_messages_take(const json_t *messages, struct conf_errors *errors)
{
	for (size_t i = 0; i < json_array_size(messages); i++) {
		const json_t *message = json_array_get(messages, i);
		const char *file = json_string_value(json_object_get(message, "file"));
		const char *text = json_string_value(json_object_get(message, "text"));
		const char *level = json_string_value(json_object_get(message, "level"));

		if (file == NULL || text == NULL || level == NULL) {
			continue;
		}
		errors->lint = lint_of(message);
		conf_error_add(errors, level_of(level), file, place_of(message, "line"),
				place_of(message, "col"), "%s", text);
		errors->lint = NULL;
	}
}

#include "dataplane/cookie_watch.h"

#include <stdio.h>
#include <string.h>

static void
say_errors(const struct dp_cookie_watch *watch, const struct conf_errors *errors)
{
	for (size_t i = 0; i < errors->cnt; i++) {
		const struct conf_message *message = &errors->messages[i];
		char text[512];

		(void)snprintf(text, sizeof(text), "%s:%u:%u: %s", message->file, message->line,
				message->col, message->text);
		watch->say(watch->arg, text);
	}
	watch->say(watch->arg, "cookies: the secrets in use stay");
}

static void
say_adopted(const struct dp_cookie_watch *watch, uint32_t cnt)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "cookies: %u secret%s read", cnt, cnt > 1 ? "s" : "");
	watch->say(watch->arg, text);
}

void
dp_cookie_watch_reload(struct dp_cookie_watch *watch)
{
	struct conf_errors errors = { 0 };
	struct tbl_error error = { .text = "" };
	struct dp_cookie_keys keys;

	if (watch->file.path == NULL) {
		watch->say(watch->arg, "no cookies.secret_file to read again; the rest of the "
				       "configuration is read at start");
	} else if (dp_cookie_file_read(&watch->file, &keys, &errors) != 0) {
		say_errors(watch, &errors);
	} else if (dp_adopt_cookie_keys(watch->adopter, &keys, &error) != 0) {
		watch->say(watch->arg, error.text);
	} else {
		say_adopted(watch, keys.cnt);
	}
	explicit_bzero(&keys, sizeof(keys));
	conf_errors_free(&errors);
}

void
dp_cookie_watch_look(struct dp_cookie_watch *watch)
{
	if (watch->file.path != NULL && has_dp_cookie_file_changed(&watch->file)) {
		dp_cookie_watch_reload(watch);
	}
}

#include "control/who.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A line of /etc/passwd: every field is far shorter. */
#define PASSWD_LINE_MAX 4096u

static bool
has_user_name(uid_t uid, char *name, size_t size)
{
	FILE *file = fopen("/etc/passwd", "re");
	char line[PASSWD_LINE_MAX];
	struct passwd entry;
	struct passwd *found = NULL;
	bool has_name = false;

	while (file != NULL && !has_name &&
			fgetpwent_r(file, &entry, line, sizeof(line), &found) == 0) {
		if (found->pw_uid == uid) {
			(void)snprintf(name, size, "%s", found->pw_name);
			has_name = true;
		}
	}
	if (file != NULL) {
		(void)fclose(file);
	}
	return has_name;
}

/* A program may call itself anything: what is printed to terminals and written as JSON is ASCII. */
static void
find_program(uint32_t pid, char *name, size_t size)
{
	char path[40];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	file = fopen(path, "re");
	if (file == NULL || fgets(name, (int)size, file) == NULL) {
		name[0] = '\0';
	}
	name[strcspn(name, "\n")] = '\0';
	for (char *at = name; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~') {
			*at = '?';
		}
	}
	if (file != NULL) {
		(void)fclose(file);
	}
}

void
cp_who_of_peer(int sock, struct cp_who *ret_who)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	memset(ret_who, 0, sizeof(*ret_who));
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
		(void)snprintf(ret_who->name, sizeof(ret_who->name), "unknown");
		ret_who->uid = UINT32_MAX;
		ret_who->pid = UINT32_MAX;
		return;
	}
	ret_who->uid = peer.uid;
	/* 0: a process that our PID namespace does not show. It is not the daemon itself. */
	ret_who->pid = peer.pid > 0 ? (uint32_t)peer.pid : UINT32_MAX;
	if (!has_user_name(peer.uid, ret_who->name, sizeof(ret_who->name))) {
		(void)snprintf(ret_who->name, sizeof(ret_who->name), "uid %u", peer.uid);
	}
	find_program(ret_who->pid, ret_who->program, sizeof(ret_who->program));
}

struct cp_who
cp_who_self(const char *reason)
{
	struct cp_who who = { .pid = 0 };

	(void)snprintf(who.name, sizeof(who.name), "%s", reason);
	return who;
}

void
cp_who_text(const struct cp_who *who, char text[CP_WHO_TEXT_MAX])
{
	if (who->pid == 0) {
		(void)snprintf(text, CP_WHO_TEXT_MAX, "%s", who->name);
	} else if (who->pid == UINT32_MAX) {
		(void)snprintf(text, CP_WHO_TEXT_MAX, "%s (a process of another namespace)",
				who->name);
	} else {
		(void)snprintf(text, CP_WHO_TEXT_MAX, "%s (%s%spid %u)", who->name, who->program,
				who->program[0] != '\0' ? ", " : "", who->pid);
	}
}

json_t *
cp_who_json(const struct cp_who *who)
{
	/* A program may call itself anything; JSON is UTF-8. */
	json_t *program = json_string(who->program);
	json_t *json;

	if (who->pid == 0) {
		json_decref(program);
		return json_pack("{s:s}", "name", who->name);
	}
	json = json_pack("{s:s, s:I, s:I, s:o}", "name", who->name, "uid", (json_int_t)who->uid,
			"pid", (json_int_t)who->pid, "program",
			program != NULL ? program : json_string("?"));
	if (who->pid == UINT32_MAX) {
		json_object_del(json, "pid");
	}
	return json;
}

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/config.h"
#include "control/ctl.h"
#include "control/json_read.h"

/* A status of a million targets is about 400 MB of text; beyond that something is wrong. */
#define REPLY_BYTES_MAX (1u << 30)
/* The daemon answers an apply when every worker serves it, or gives up after 30 s. */
#define TIMEOUT_S         120L
#define CONNECT_TIMEOUT_S 5L

struct reply {
	char *bytes;
	size_t size;
};

static size_t
take_bytes(char *data, size_t size, size_t cnt, void *arg)
{
	struct reply *reply = arg;
	size_t more = size * cnt;
	char *bytes;

	if (more > REPLY_BYTES_MAX - reply->size) {
		return 0;
	}
	bytes = realloc(reply->bytes, reply->size + more + 1);
	if (bytes == NULL) {
		return 0;
	}
	memcpy(bytes + reply->size, data, more);
	reply->bytes = bytes;
	reply->size += more;
	return more;
}

static CURLcode
perform(CURL *curl, const struct ctl_options *options, const char *path, const char *body,
		struct reply *reply)
{
	char url[4096];
	long timeout_s = TIMEOUT_S;

	/* The host is never looked up: the connection is the socket's. */
	(void)snprintf(url, sizeof(url), "http://meridian%s", path);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, options->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	/* Who waits is answered by then. */
	if (options->timeout_s <= CP_API_WAIT_S_MAX &&
			(long)options->timeout_s + CONNECT_TIMEOUT_S > timeout_s) {
		timeout_s = (long)options->timeout_s + CONNECT_TIMEOUT_S;
	}
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_s);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
	if (body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	}
	return curl_easy_perform(curl);
}

enum ctl_status
ctl_request(const struct ctl_options *options, const char *path, const char *body, long *ret_code,
		json_t **ret_json)
{
	CURL *curl = curl_easy_init();
	struct reply reply = { 0 };
	enum ctl_status status = CTL_FINE;
	CURLcode code;

	if (curl == NULL) {
		return ctl_fail(CTL_NO_DAEMON, "out of memory");
	}
	code = perform(curl, options, path, body, &reply);
	if (code != CURLE_OK) {
		status = ctl_fail(CTL_NO_DAEMON, "%s: %s; is meridian-control running?",
				options->socket, curl_easy_strerror(code));
	} else {
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_code);
		*ret_json = json_loadb(reply.bytes != NULL ? reply.bytes : "", reply.size, 0, NULL);
		if (*ret_json == NULL) {
			status = ctl_fail(CTL_NO_DAEMON,
					"%s: what answers there is not meridian-control "
					"(HTTP status %ld, no JSON)",
					options->socket, *ret_code);
		}
	}
	curl_easy_cleanup(curl);
	free(reply.bytes);
	return status;
}

enum ctl_status
ctl_get(const struct ctl_options *options, const char *path, json_t **ret_json)
{
	json_t *json = NULL;
	long code = 0;
	enum ctl_status status = ctl_request(options, path, NULL, &code, &json);

	if (status != CTL_FINE) {
		return status;
	}
	if (code != 200) {
		status = ctl_fail(code == 503 ? CTL_NO_DAEMON : CTL_INPUT, "%s",
				cp_json_text(json, "error"));
		json_decref(json);
		return status;
	}
	*ret_json = json;
	return CTL_FINE;
}

/*
 * One HTTP or HTTPS request of a probe, and what its end means, in words.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/probe_impl.h"

/* An answer's headers; the largest that servers send are half of this. Without a bound a hostile one
 * would keep us busy for the whole timeout. */
#define HEADER_BYTES_MAX (64u << 10)
/* What is read of a body: enough to see that the server goes on after its headers. */
#define BODY_BYTES_MAX (16u << 10)
/* Reading the system's certificates costs 10 ms, too much for each probe; a new authority counts
 * after this. */
#define CA_CACHE_S 600L

struct cp_probe_request {
	CURL *easy;
	struct curl_slist *connect_to;
	struct curl_slist *headers;
	size_t header_bytes;
	size_t body_bytes;
	int socket_errno;  /* of socket(), 0: it was fine */
	bool is_connected; /* known when the socket is closed */
	char error[CURL_ERROR_SIZE];
};

bool
is_cp_probe_host(const char *host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
	struct in6_addr address;

	return (host[0] != '\0' && host[strspn(host, allowed)] == '\0') ||
	       inet_pton(AF_INET6, host, &address) == 1;
}

/* A path as it stands in a zone file: what a request line cannot hold is escaped, the rest, "%" and
 * "?" included, is what the writer meant. Returns the length. */
static size_t
put_path(char *to, const char *path)
{
	size_t len = 0;

	if (path[0] != '/') {
		to[len++] = '/';
	}
	for (; *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;

		if (c <= ' ' || c >= 0x7f || c == '#') {
			len += (size_t)snprintf(to + len, 4, "%%%02X", c);
		} else {
			to[len++] = (char)c;
		}
	}
	to[len] = '\0';
	return len;
}

static char *
make_url(const struct cp_probe_spec *spec, const char *host, uint16_t port, const char *path)
{
	bool is_ipv6 = strchr(host, ':') != NULL;
	/* "https://[]:65535/" has 17 characters; each of a path's may become three. */
	size_t size = 32 + strlen(host) + 3 * strlen(path);
	char *url = malloc(size);
	int len = 0;

	if (url == NULL) {
		return NULL;
	}
	len = snprintf(url, size, "%s://%s%s%s:%u",
			spec->protocol == CP_PROTOCOL_HTTPS ? "https" : "http", is_ipv6 ? "[" : "",
			host, is_ipv6 ? "]" : "", port);
	(void)put_path(url + len, path);
	return url;
}

/* The address as text, and its port. */
static uint16_t
read_address(const struct sockaddr_storage *address, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->ss_family == AF_INET) {
		(void)inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
		return ntohs(v4->sin_port);
	}
	(void)inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
	return ntohs(v6->sin6_port);
}

int
cp_probe_http_urls(struct cp_probe *probe, const char *host, const char *path)
{
	char address[INET6_ADDRSTRLEN];
	uint16_t port = read_address(&probe->spec.address, address);

	probe->url = make_url(&probe->spec, host, port, path);
	probe->shown_url = make_url(&probe->spec, address, port, path);
	return probe->url == NULL || probe->shown_url == NULL ? -ENOMEM : 0;
}

/* The callbacks' types are libcurl's. NOLINTBEGIN(readability-non-const-parameter) */
static size_t
on_header(char *bytes, size_t one, size_t cnt, void *arg)
{
	struct cp_probe_request *request = arg;

	(void)bytes;
	(void)one;
	request->header_bytes += cnt;
	return request->header_bytes <= HEADER_BYTES_MAX ? cnt : 0;
}

static size_t
on_body(char *bytes, size_t one, size_t cnt, void *arg)
{
	struct cp_probe_request *request = arg;

	(void)bytes;
	(void)one;
	request->body_bytes += cnt;
	return request->body_bytes <= BODY_BYTES_MAX ? cnt : 0;
}

/* NOLINTEND(readability-non-const-parameter) */

/* Ours, to know when it is our descriptors that have run out. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct cp_probe_request *request = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (fd < 0) {
		request->socket_errno = errno;
		return CURL_SOCKET_BAD;
	}
	return fd;
}

/* Whether it ever was connected: libcurl's own times do not tell that from a TLS handshake that hangs. */
static int
close_socket(void *arg, curl_socket_t fd)
{
	struct cp_probe_request *request = arg;
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	request->is_connected = request->is_connected ||
	                        getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
	return close(fd);
}

static void
set_certificates(CURL *easy)
{
	const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
	/* OpenSSL's own name for it. Nobody changes the environment.
	 * NOLINTNEXTLINE(concurrency-mt-unsafe) */
	const char *file = getenv("SSL_CERT_FILE");

	if (file == NULL || file[0] == '\0') {
		file = version->cainfo;
	}
	if (file != NULL) {
		/* A directory beside the file holds the same, and would keep it from being cached. */
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
}

static void
set_callbacks(struct cp_probe_request *request)
{
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
}

static void
set_options(const struct cp_probe *probe, struct cp_probe_request *request)
{
	CURL *easy = request->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, probe);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
			probe->spec.protocol == CP_PROTOCOL_HTTPS ? "https" : "http");
	curl_easy_setopt(easy, CURLOPT_URL, probe->url);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, request->connect_to);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "meridian-control/" MERIDIAN_VERSION);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)probe->spec.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* As a new client: nothing is kept from the probe before, and no proxy stands between. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	set_certificates(easy);
	set_callbacks(request);
}

int
cp_probe_request_new(const struct cp_probe *probe, struct cp_probe_request **ret_request,
		void **ret_easy)
{
	struct cp_probe_request *request = calloc(1, sizeof(*request));
	char address[INET6_ADDRSTRLEN];
	char connect_to[INET6_ADDRSTRLEN + 16];
	uint16_t port = read_address(&probe->spec.address, address);

	if (request == NULL) {
		return -ENOMEM;
	}
	/* Whatever host and port the URL has, this is where it goes: nothing is looked up. */
	(void)snprintf(connect_to, sizeof(connect_to),
			probe->spec.address.ss_family == AF_INET6 ? "::[%s]:%u" : "::%s:%u",
			address, port);
	request->connect_to = curl_slist_append(NULL, connect_to);
	request->headers = curl_slist_append(NULL, "Connection: close");
	request->easy = curl_easy_init();
	if (request->connect_to == NULL || request->headers == NULL || request->easy == NULL) {
		cp_probe_request_free(request);
		return -ENOMEM;
	}
	set_options(probe, request);
	*ret_request = request;
	*ret_easy = request->easy;
	return 0;
}

void
cp_probe_request_free(struct cp_probe_request *request)
{
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->connect_to);
	curl_slist_free_all(request->headers);
	free(request);
}

void *
cp_probe_request_easy(const struct cp_probe_request *request)
{
	return request->easy;
}

static bool
judge_status(const struct cp_probe *probe, char *reason)
{
	long status = 0;

	curl_easy_getinfo(probe->request->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)snprintf(reason, CP_HEALTH_REASON_MAX, "HTTP %ld from %.100s (200 to 399 expected)",
			status, probe->shown_url);
	return status >= 200 && status <= 399;
}

/* How far it came within the time. */
static void
describe_timeout(const struct cp_probe *probe, char *reason)
{
	curl_off_t secured_us = 0;
	const char *missing = NULL;

	curl_easy_getinfo(probe->request->easy, CURLINFO_APPCONNECT_TIME_T, &secured_us);
	if (!probe->request->is_connected) {
		missing = "no connection";
	} else if (probe->spec.protocol == CP_PROTOCOL_HTTPS && secured_us == 0) {
		missing = "no end of the TLS handshake";
	} else if (probe->request->header_bytes == 0) {
		missing = "no answer";
	} else {
		missing = "no end of the answer";
	}
	(void)snprintf(reason, CP_HEALTH_REASON_MAX, "timed out after %u ms: %s",
			probe->spec.timeout_ms, missing);
}

static bool
describe_connect(const struct cp_probe *probe, char *reason)
{
	long error = probe->request->socket_errno;
	char text[64];

	if (error == 0) {
		curl_easy_getinfo(probe->request->easy, CURLINFO_OS_ERRNO, &error);
	}
	(void)snprintf(reason, CP_HEALTH_REASON_MAX, "connect: %.160s",
			error != 0 ? strerror_r((int)error, text, sizeof(text))
				   : probe->request->error);
	return is_cp_probe_shortage((int)error);
}

static void
describe_certificate(const struct cp_probe *probe, char *reason)
{
	long result = X509_V_OK;

	curl_easy_getinfo(probe->request->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	/* Names are compared by libcurl, which leaves OpenSSL's result as it was. */
	if (result != X509_V_OK && result != X509_V_ERR_UNSPECIFIED) {
		(void)snprintf(reason, CP_HEALTH_REASON_MAX, "%s",
				X509_verify_cert_error_string(result));
	} else {
		(void)snprintf(reason, CP_HEALTH_REASON_MAX,
				"the certificate is for another host: %.150s",
				probe->request->error);
	}
}

/* The library's own words, without the code and the name of the library inside it. */
static void
describe_other(const struct cp_probe *probe, CURLcode code, char *reason)
{
	const char *text = probe->request->error;
	const char *inner = strstr(text, "::");

	if (inner != NULL && code == CURLE_SSL_CONNECT_ERROR) {
		text = inner + 2;
	}
	(void)snprintf(reason, CP_HEALTH_REASON_MAX, "%s%.170s",
			code == CURLE_SSL_CONNECT_ERROR ? "TLS handshake: " : "",
			text[0] != '\0' ? text : curl_easy_strerror(code));
}

void
cp_probe_request_judge(const struct cp_probe *probe, int code, char reason[CP_HEALTH_REASON_MAX],
		struct cp_probe_result *ret_result)
{
	struct cp_probe_result result = { .reason = reason };
	const struct cp_probe_request *request = probe->request;

	reason[0] = '\0';
	switch ((CURLcode)code) {
	case CURLE_OK:
		result.is_ok = judge_status(probe, reason);
		break;
	case CURLE_WRITE_ERROR: /* we wanted no more */
		if (request->body_bytes > 0) {
			result.is_ok = judge_status(probe, reason);
		} else {
			(void)snprintf(reason, CP_HEALTH_REASON_MAX,
					"the answer's headers have more than %u bytes",
					HEADER_BYTES_MAX);
		}
		break;
	case CURLE_OPERATION_TIMEDOUT:
		describe_timeout(probe, reason);
		break;
	case CURLE_COULDNT_CONNECT:
		result.is_void = describe_connect(probe, reason);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		describe_certificate(probe, reason);
		break;
	case CURLE_GOT_NOTHING:
		(void)snprintf(reason, CP_HEALTH_REASON_MAX, "closed without an answer");
		break;
	case CURLE_PARTIAL_FILE:
		(void)snprintf(reason, CP_HEALTH_REASON_MAX, "closed in the middle of the answer");
		break;
	case CURLE_OUT_OF_MEMORY:
	case CURLE_FAILED_INIT:
	case CURLE_SSL_CACERT_BADFILE:
		result.is_void = true;
		describe_other(probe, (CURLcode)code, reason);
		break;
	default:
		describe_other(probe, (CURLcode)code, reason);
		break;
	}
	result.reason = result.is_ok ? NULL : reason;
	*ret_result = result;
}

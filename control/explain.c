#include "control/explain.h"

#include <errno.h>
#include <string.h>

#include "table/dns.h"
#include "table/reply.h"

#include "control/address.h"
#include "control/explain_impl.h"
#include "control/json_read.h"
#include "control/leaves.h"
#include "control/present.h"
#include "control/zones.h"

/* Everything about one explanation that its parts need. */
struct explainer {
	const struct cp_explain_input *input;
	const struct tbl_view *view;
	struct tbl_name name;
	uint16_t type;
	struct tbl_prefix from; /* family 0: not told */
	struct tbl_prefix ecs;  /* family 0: the question carries none */
	bool is_ecs_ignored;    /* client subnets do not count in the question's zone */
	struct cp_explain_client client;
	struct tbl_reply reply;
	struct cp_explain_step steps[CP_EXPLAIN_STEPS_MAX];
	size_t step_cnt;
};

/* The question */

static int
read_prefix(const char *option, const char *text, struct tbl_prefix *ret_prefix,
		char error[CP_EXPLAIN_ERROR_MAX])
{
	bool has_host_bits = false;
	char meant[CP_PREFIX_TEXT_MAX];

	if (cp_prefix_parse_loose(text, ret_prefix, &has_host_bits) != 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"%s: \"%.60s\" is not an IPv4 or IPv6 address or prefix", option,
				text);
		return -EINVAL;
	}
	if (has_host_bits) {
		cp_prefix_text(ret_prefix, meant);
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"%s: \"%.60s\" has bits set behind its /%u: the prefix is %s",
				option, text, ret_prefix->bits, meant);
		return -EINVAL;
	}
	return 0;
}

static int
read_clients(struct explainer *explainer, char error[CP_EXPLAIN_ERROR_MAX])
{
	const struct cp_explain_input *input = explainer->input;
	int err = 0;

	if (input->from != NULL) {
		err = read_prefix("from", input->from, &explainer->from, error);
	}
	if (err == 0 && input->ecs != NULL) {
		err = read_prefix("ecs", input->ecs, &explainer->ecs, error);
	}
	if (err == 0 && input->ecs != NULL && input->from == NULL && explainer->is_ecs_ignored) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"ecs: client subnets do not count in the zone of %.60s, but the "
				"address the question comes from: say which with --from",
				input->name);
		return -EINVAL;
	}
	if (err == 0 && input->ecs != NULL && input->from == NULL && explainer->ecs.bits == 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"ecs: a /0 tells no address, so that the one the question comes "
				"from "
				"counts: say which with --from");
		err = -EINVAL;
	}
	return err;
}

static bool
is_ecs_ignored(const struct tbl_view *view, const struct tbl_name *name)
{
	struct tbl_match match = tbl_find(view, name);

	return match.node != NULL && (view->zones[match.node->zone].flags & TBL_ZONE_NO_ECS) != 0;
}

static int
read_question(struct explainer *explainer, char error[CP_EXPLAIN_ERROR_MAX])
{
	const struct cp_explain_input *input = explainer->input;
	uint8_t wire[TBL_NAME_MAX];
	int len = tbl_name_from_text(input->name, wire);

	if (len < 0 || tbl_name_parse(wire, (size_t)len, &explainer->name) < 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX, "\"%.100s\" is not a domain name",
				input->name);
		return -EINVAL;
	}
	explainer->type = cp_type_from_name(input->type);
	if (explainer->type == 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX,
				"\"%.40s\" is not a record type (A, AAAA, TXT, TYPE65 ...)",
				input->type);
		return -EINVAL;
	}
	tbl_name_hash(&explainer->name, explainer->view->header->hash_seed);
	explainer->is_ecs_ignored = is_ecs_ignored(explainer->view, &explainer->name);
	return read_clients(explainer, error);
}

static json_t *
question_json(const struct explainer *explainer)
{
	const struct cp_explain_input *input = explainer->input;
	char type_name[CP_TYPE_NAME_MAX];
	json_t *json = json_pack("{s:o, s:s}", "name", cp_explain_name(explainer->name.wire),
			"type", cp_type_name(explainer->type, type_name));

	if (input->from != NULL) {
		json_object_set_new(json, "from", json_string(input->from));
	}
	if (input->ecs != NULL) {
		char ecs[CP_PREFIX_TEXT_MAX];

		cp_prefix_text(&explainer->ecs, ecs); /* as the wire has it: an address is a /32 */
		json_object_set_new(json, "ecs", json_string(ecs));
	}
	return json;
}

/* The client */

/* As the data plane does (RFC 7871 §7.1.2): the subnet when it tells an address, by its first one, and
 * the zone lets it. */
static bool
is_located_by_ecs(const struct explainer *explainer)
{
	return explainer->ecs.family != 0 && explainer->ecs.bits > 0 && !explainer->is_ecs_ignored;
}

static void
locate(struct explainer *explainer)
{
	const struct tbl_prefix *by =
			is_located_by_ecs(explainer) ? &explainer->ecs : &explainer->from;
	struct cp_explain_client *client = &explainer->client;

	memcpy(client->addr.bytes, by->bytes, sizeof(by->bytes));
	client->addr.family = by->family;
	client->leaf = tbl_locate(explainer->view, &client->addr);
	if (explainer->input->geo != NULL) {
		client->place = cp_geo_place(
				explainer->input->geo, &client->addr, &client->place_bits);
	}
}

static const char *
why_located_so(const struct explainer *explainer)
{
	if (is_located_by_ecs(explainer)) {
		return explainer->from.family != 0 ? "the client subnet of the question counts, "
		                                     "not the address it "
		                                     "comes from"
		                                   : "the client subnet of the question counts";
	}
	if (explainer->ecs.family != 0 && explainer->is_ecs_ignored) {
		return "client subnets do not count in this zone (ecs: false): the address the "
		       "question comes from counts";
	}
	if (explainer->ecs.family != 0) {
		return "the question's client subnet is a /0, which asks not to be located by it: "
		       "the "
		       "address it comes from counts";
	}
	return "the question carries no client subnet: the address it comes from counts";
}

static void
add_place(const struct cp_explain_client *client, json_t *json)
{
	struct cp_geo_parts parts = { 0 };
	const char *place_name = cp_geo_name(client->place);
	char text[CP_PREFIX_TEXT_MAX];
	struct tbl_prefix prefix = cp_prefix_around(&client->addr, client->place_bits);

	cp_prefix_text(&prefix, text);
	json_object_set_new(json, "place", json_string(client->place));
	json_object_set_new(json, "place_name",
			json_string(place_name != NULL ? place_name : client->place));
	json_object_set_new(json, "place_prefix", json_string(text));
	if (cp_geo_code_check(client->place, &parts) == CP_GEO_OK) {
		const char *continent_name = cp_geo_name(parts.continent);

		json_object_set_new(json, "continent", json_string(parts.continent));
		json_object_set_new(json, "continent_name",
				json_string(continent_name != NULL ? continent_name
								   : parts.continent));
		json_object_set_new(json, "country", json_string(parts.country));
	}
}

/* Places are named by the database at hand; rules were decided by the one the table was made with. */
static void
add_database(const struct explainer *explainer, json_t *json)
{
	const struct tbl_view *view = explainer->view;
	const char *of_table = view->strings + view->header->geo_description_str;
	const struct cp_geo *geo = explainer->input->geo;

	if (of_table[0] != '\0') {
		json_object_set_new(json, "geo_of_table", json_string(of_table));
	}
	if (geo != NULL) {
		json_object_set_new(json, "geo_at_hand", json_string(geo->description));
		json_object_set_new(json, "is_geo_of_table",
				json_boolean(view->header->geo_built_unix_s == geo->build_epoch_s));
	}
}

static json_t *
client_json(const struct explainer *explainer)
{
	const struct tbl_view *view = explainer->view;
	const struct cp_explain_client *client = &explainer->client;
	const struct tbl_leaf *leaf = &view->leaves[client->leaf];
	struct tbl_prefix prefix = cp_prefix_around(&client->addr, leaf->prefix_bits);
	char address[CP_ADDRESS_TEXT_MAX];
	char leaf_text[CP_PREFIX_TEXT_MAX];
	json_t *json;

	cp_address_text(&client->addr, address);
	cp_prefix_text(&prefix, leaf_text);
	json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:b}", "address", address, "told_by",
			is_located_by_ecs(explainer) ? "ecs" : "from", "because",
			why_located_so(explainer), "leaf", (json_int_t)client->leaf, "class",
			(json_int_t)leaf->class_id, "prefix", leaf_text, "has_geo_database",
			explainer->input->geo != NULL);
	add_database(explainer, json);
	if (client->place != NULL) {
		add_place(client, json);
	}
	return json;
}

/* The way and the reply */

static json_t *
steps_json(const struct explainer *explainer)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < explainer->step_cnt; i++) {
		const struct cp_explain_step *step = &explainer->steps[i];
		json_t *json = cp_explain_step_json(explainer->view, step, explainer->type);

		if (step->dyn != NULL) {
			json_object_set_new(json, "decision",
					cp_explain_decision(explainer->input, &explainer->client,
							step));
		}
		json_array_append_new(steps, json);
	}
	return steps;
}

/* Marks what another question may get another value of. */
static void
mark_drawn(const struct explainer *explainer, json_t *answer)
{
	const struct tbl_view *view = explainer->view;
	size_t at = 0;

	for (size_t i = 0; i < explainer->step_cnt && explainer->steps[i].answer != NULL; i++) {
		const struct cp_explain_step *step = &explainer->steps[i];

		if (step->dyn != NULL && step->choice.set->cnt > 1) {
			uint32_t index = (uint32_t)(step->answer - view->answers);

			json_object_set_new(json_array_get(answer, at), "drawn",
					json_pack("{s:I, s:f}", "of_values",
							(json_int_t)step->choice.set->cnt, "share",
							cp_explain_share(view, step->choice.set,
									index)));
		}
		at += step->rr_cnt;
	}
}

static unsigned int
opt_bytes(const struct explainer *explainer, bool has_edns)
{
	unsigned int bytes = TBL_OPT_BYTES;

	if (!has_edns) {
		return 0;
	}
	if (explainer->reply.has_ecs) {
		bytes += TBL_ECS_FIXED_BYTES + (explainer->ecs.bits + 7u) / 8;
	}
	/* Why, for whoever is refused. */
	return explainer->reply.rcode == TBL_RCODE_REFUSED ? bytes + TBL_EDE_BYTES : bytes;
}

/* What becomes of the reply where it may not be longer. `additional_cnt`: the records of its additional
 * section with room for all. */
static json_t *
sizes_json(const struct explainer *explainer, size_t additional_cnt)
{
	bool has_ecs = explainer->ecs.family != 0;
	const struct {
		const char *transport;
		unsigned int limit_bytes;
		bool has_edns;
	} rows[] = {
		{ "udp", 512, has_ecs }, /* without EDNS, or with it from who allows no more */
		{ "udp", 1232, true },   /* meridiand's max_udp_bytes unless configured otherwise */
		{ "tcp", 65535, true },
	};
	json_t *sizes = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int opt = opt_bytes(explainer, rows[i].has_edns);
		uint16_t kept_cnt = 0;
		size_t bytes = cp_present_bytes(explainer->view, &explainer->reply,
				&explainer->name, rows[i].limit_bytes - opt, &kept_cnt);
		bool is_truncated = bytes == 0;
		size_t left_out_cnt = is_truncated ? 0 : additional_cnt - kept_cnt;
		json_int_t sent = (json_int_t)opt;

		sent += is_truncated ? (json_int_t)(TBL_MESSAGE_HEADER_BYTES +
						       explainer->name.len) +
		                                        (json_int_t)TBL_QUESTION_TAIL_BYTES
		                     : (json_int_t)bytes;

		json_array_append_new(sizes,
				json_pack("{s:s, s:i, s:b, s:b, s:I, s:I}", "transport",
						rows[i].transport, "limit_bytes",
						(int)rows[i].limit_bytes, "has_edns",
						rows[i].has_edns, "is_truncated", is_truncated,
						"left_out_records", (json_int_t)left_out_cnt,
						"sent_bytes", sent));
	}
	return sizes;
}

static void
add_reply(const struct explainer *explainer, json_t *json)
{
	json_t *reply = cp_present_reply(explainer->view, &explainer->reply, &explainer->name);

	if (reply != NULL) {
		mark_drawn(explainer, json_object_get(reply, "answer"));
		json_object_set_new(json, "reply", reply);
	}
	json_object_set_new(
			json, "sizes", sizes_json(explainer, cp_json_count(reply, "additional")));
}

/* What the reply tells caches (RFC 7871 §7.2.1). The scopes of all records passed count, and the
 * longest holds. */
static json_t *
ecs_json(const struct explainer *explainer)
{
	const struct tbl_reply *reply = &explainer->reply;
	const struct tbl_prefix *ecs = &explainer->ecs;
	bool is_sent = reply->has_ecs;
	uint8_t bits = is_sent && ecs->bits == 0 ? 0 : reply->scope_bits;
	struct tbl_prefix scope = cp_prefix_around(&explainer->client.addr, bits);
	char text[CP_PREFIX_TEXT_MAX];
	const char *because = "the same answer may be given to all of this prefix";

	cp_prefix_text(&scope, text);
	if (ecs->family != 0 && explainer->is_ecs_ignored) {
		because = "not sent: client subnets do not count in this zone";
	} else if (!is_sent) {
		because = ecs->family != 0 ? "a refusal carries no client subnet"
		                           : "not sent: the question carries no client subnet";
	} else if (ecs->bits == 0) {
		because = "the question asks not to be located";
	} else if (bits == 0) {
		because = "the answer is the same for every client of this family";
	} else if (bits > ecs->bits) {
		because = "longer than what the question told: a resolver can keep the answer for "
			  "that "
			  "alone";
	}
	return json_pack("{s:b, s:i, s:s, s:s}", "is_sent", is_sent, "scope_bits", (int)bits,
			"scope_prefix", text, "because", because);
}

static void
explain_client(struct explainer *explainer, json_t *json)
{
	const struct tbl_reply *reply = &explainer->reply;
	/* locate() has chosen between them; what is told of the reply depends on whether there was a
	 * subnet at all. */
	const struct tbl_asker asker = {
		.source = &explainer->client.addr,
		.ecs = explainer->ecs.family != 0 ? &explainer->client.addr : NULL,
	};

	locate(explainer);
	tbl_resolve(explainer->view, &explainer->name, explainer->type, &asker,
			explainer->input->random, &explainer->reply);
	explainer->step_cnt = cp_explain_steps(explainer->view, &explainer->name, explainer->type,
			reply, explainer->client.leaf, explainer->steps);
	json_object_set_new(json, "client", client_json(explainer));
	json_object_set_new(json, "rcode", json_string(cp_explain_rcode(reply->rcode)));
	json_object_set_new(json, "is_authoritative", json_boolean(reply->is_authoritative));
	json_object_set_new(json, "is_referral", json_boolean(reply->is_referral));
	json_object_set_new(json, "steps", steps_json(explainer));
	json_object_set_new(json, "ecs", ecs_json(explainer));
	add_reply(explainer, json);
}

int
cp_explain(const struct cp_explain_input *input, json_t **ret_json,
		char error[CP_EXPLAIN_ERROR_MAX])
{
	struct explainer explainer = { .input = input, .view = input->view };
	int err = read_question(&explainer, error);
	json_t *json;

	if (err != 0) {
		return err;
	}
	json = json_pack("{s:o, s:I, s:I}", "question", question_json(&explainer), "generation",
			(json_int_t)input->view->header->generation, "sequence",
			(json_int_t)input->view->select->sequence);
	if (json != NULL && (explainer.from.family != 0 || explainer.ecs.family != 0)) {
		explain_client(&explainer, json);
	} else if (json != NULL) {
		err = cp_explain_outcomes(input, &explainer.name, explainer.type, json);
	}
	if (json == NULL || err != 0) {
		(void)snprintf(error, CP_EXPLAIN_ERROR_MAX, "out of memory");
		json_decref(json);
		return -ENOMEM;
	}
	*ret_json = json;
	return 0;
}

#include "tests/property/path.h"

struct address
question_client(const struct question *question)
{
	return question->has_ecs && question->source_bits > 0 ? question->client : question->source;
}

static void
add_step(struct path *path, const struct knowledge *knowledge, const struct record *record,
		struct address client)
{
	uint32_t pool = reference_pool(knowledge, client);
	uint32_t serves = reference_serves(record, pool);
	unsigned int scope = reference_scope(knowledge, client);

	path->is_hop[path->step_cnt] = false;
	path->steps[path->step_cnt++] = (struct step){ record, pool, serves };
	path->scope = scope > path->scope ? scope : path->scope;
	path->outcome = path->outcome * 1000003 + record->number * 100ULL +
	                (pool == NO_POOL ? 0 : pool + 1);
	path->served_outcome =
			path->served_outcome * 1000003 + record->number * 100ULL + serves + 1;
	path->link_cnt += record->type == SCENE_CNAME || record->type == SCENE_DNAME;
}

static enum end
end_static(uint16_t type, bool has_type)
{
	return type == SCENE_CNAME ? END_CHAIN : has_type ? END_DATA : END_NODATA;
}

/* One record of the path; the next one, or NULL at its end. */
static const struct record *
walk_record(const struct world *world, struct path *path, const struct record *record,
		uint16_t type, struct address client)
{
	const struct pool *pool;

	path->end_type = type;
	if (record->type != SCENE_CNAME && record->type != SCENE_DNAME && record->type != type) {
		path->end = END_NODATA;
		return NULL;
	}
	add_step(path, &world->knowledge[record->number], record, client);
	pool = &record->pools[path->steps[path->step_cnt - 1].serves];
	path->end = END_CHAIN;
	if (record->type == type || type == SCENE_CNAME) {
		return NULL;
	}
	switch (pool->leads_to) {
	case TO_RECORD:
	case TO_HOP:
		path->is_hop[path->step_cnt - 1] = pool->leads_to == TO_HOP;
		path->link_cnt += pool->leads_to == TO_HOP;
		return &world->scene.records[pool->record];
	case TO_DATA:
		path->end = end_static(type, type == SCENE_A || type == SCENE_AAAA);
		return NULL;
	case TO_NODATA:
		path->end = end_static(type, type == SCENE_TXT);
		return NULL;
	case TO_NOTHING:
		path->end = END_NXDOMAIN;
		return NULL;
	default:
		return NULL;
	}
}

struct path
path_expect(const struct world *world, const struct question *question)
{
	const struct record *record = question->record;
	struct path path = { .scope = 0 };

	while (record != NULL) {
		record = walk_record(
				world, &path, record, question->type, question_client(question));
	}
	path.outcome = path.outcome * 10 + path.end;
	path.served_outcome = path.served_outcome * 10 + path.end;
	return path;
}

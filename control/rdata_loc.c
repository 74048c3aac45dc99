/*
 * LOC: where on earth something is (RFC 1876).
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "control/rdata_impl.h"
#include "control/scalar.h"

/* octoDNS judges in this order: whole numbers, others, directions. */
enum loc_field {
	LAT_DEGREES,
	LAT_MINUTES,
	LONG_DEGREES,
	LONG_MINUTES,
	LAT_SECONDS,
	LONG_SECONDS,
	ALTITUDE,
	SIZE,
	PRECISION_HORZ,
	PRECISION_VERT,
	FIELD_CNT,
};

/* The bounds are octoDNS's, which are those of RFC 1876 §2 and §3. */
static const struct loc_row {
	const char *key;
	bool is_whole;
	double min, max;
} rows[FIELD_CNT] = {
	[LAT_DEGREES] = { "lat_degrees", true, 0, 90 },
	[LAT_MINUTES] = { "lat_minutes", true, 0, 59 },
	[LONG_DEGREES] = { "long_degrees", true, 0, 180 },
	[LONG_MINUTES] = { "long_minutes", true, 0, 59 },
	[LAT_SECONDS] = { "lat_seconds", false, 0, 59.999 },
	[LONG_SECONDS] = { "long_seconds", false, 0, 59.999 },
	[ALTITUDE] = { "altitude", false, -100000, 42849672.95 },
	[SIZE] = { "size", false, 0, 90000000 },
	[PRECISION_HORZ] = { "precision_horz", false, 0, 90000000 },
	[PRECISION_VERT] = { "precision_vert", false, 0, 90000000 },
};

static int
read_row(const struct cp_reader *reader, const struct conf_node *node, const struct loc_row *row,
		double *ret_number)
{
	int64_t whole = 0;
	double number = 0;
	char *text = NULL;
	int rc = 0;

	if (node == NULL) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing %s", row->key);
		return -EINVAL;
	}
	if (row->is_whole) {
		rc = cp_scalar_int(node, &whole);
		number = (double)whole;
	} else {
		rc = cp_scalar_real(node, &number);
	}
	if (rc == 0 && number >= row->min && number <= row->max) {
		*ret_number = number;
		return 0;
	}
	text = cp_scalar_text(reader->arena, node);
	if (text == NULL) {
		return -ENOMEM;
	}
	cp_reason_add(reader->reasons, CP_FATAL,
			rc != 0 ? "invalid %s \"%s\"" : "invalid value for %s \"%s\"", row->key,
			text);
	return -EINVAL;
}

/* read_direction returns 1 for the first of the two directions, -1 for the second, 0 after a
 * reason. */
static int
read_direction(const struct cp_reader *reader, const struct conf_node *value, const char *key,
		const char *directions)
{
	const struct conf_node *node = conf_get(value, key);
	char *text = NULL;

	if (node == NULL) {
		cp_reason_add(reader->reasons, CP_FATAL, "missing %s", key);
		return 0;
	}
	text = cp_scalar_text(reader->arena, node);
	if (text != NULL && text[0] != '\0' && text[1] == '\0' &&
			strchr(directions, text[0]) != NULL) {
		return text[0] == directions[0] ? 1 : -1;
	}
	cp_reason_add(reader->reasons, CP_FATAL, "invalid direction for %s \"%s\"", key,
			text != NULL ? text : "");
	return 0;
}

static void
put_u32(uint8_t *at, uint32_t number)
{
	cp_wire_u16(at, (uint16_t)(number >> 16));
	cp_wire_u16(at + 2, (uint16_t)number);
}

/* Metres as a digit and a power of ten of centimetres. What two digits cannot hold is cut, as in
 * the program of RFC 1876 appendix A. */
static uint8_t
pack_size(double metres)
{
	int64_t digit = llround(metres * 100);
	unsigned int power = 0;

	while (digit > 9) {
		digit /= 10;
		power++;
	}
	return (uint8_t)((unsigned int)digit << 4 | power);
}

/* pack_angle: thousandths of a second of arc, or -1 after a reason: minutes and seconds may lead
 * beyond the pole or the antimeridian. */
static int64_t
pack_angle(const struct cp_reader *reader, const double parts[3], const struct loc_row *row)
{
	int64_t angle = llround(parts[0]) * CP_LOC_DEGREE + llround(parts[1]) * CP_LOC_MINUTE +
	                llround(parts[2] * 1000);

	if (angle > (int64_t)row->max * CP_LOC_DEGREE) {
		cp_reason_add(reader->reasons, CP_FATAL,
				"%s, minutes and seconds are more than %.0f degrees", row->key,
				row->max);
		return -1;
	}
	return angle;
}

static int
set_loc(const struct cp_reader *reader, const double numbers[FIELD_CNT], const int directions[2],
		struct cp_value *ret_value)
{
	const double latitude[] = { numbers[LAT_DEGREES], numbers[LAT_MINUTES],
		numbers[LAT_SECONDS] };
	const double longitude[] = { numbers[LONG_DEGREES], numbers[LONG_MINUTES],
		numbers[LONG_SECONDS] };
	int64_t lat = pack_angle(reader, latitude, &rows[LAT_DEGREES]);
	int64_t lon = pack_angle(reader, longitude, &rows[LONG_DEGREES]);
	uint8_t *wire = conf_arena_alloc(reader->arena, CP_LOC_BYTES, 1);

	if (wire == NULL) {
		return -ENOMEM;
	}
	if (lat < 0 || lon < 0) {
		return -EINVAL;
	}
	wire[0] = 0; /* the version */
	wire[1] = pack_size(numbers[SIZE]);
	wire[2] = pack_size(numbers[PRECISION_HORZ]);
	wire[3] = pack_size(numbers[PRECISION_VERT]);
	put_u32(wire + 4, (uint32_t)(CP_LOC_ZERO + directions[0] * lat));
	put_u32(wire + 8, (uint32_t)(CP_LOC_ZERO + directions[1] * lon));
	put_u32(wire + 12, (uint32_t)(llround(numbers[ALTITUDE] * 100) + CP_LOC_ALTITUDE_ZERO));
	return cp_value_present(reader, wire, CP_LOC_BYTES, ret_value);
}

int
cp_read_loc(const struct cp_reader *reader, const struct conf_node *value,
		struct cp_value *ret_value)
{
	double numbers[FIELD_CNT] = { 0 };
	int directions[2] = { 0 };
	int rc = cp_fields_check(reader, value);

	if (rc != 0) {
		return rc;
	}
	for (size_t i = 0; i < FIELD_CNT; i++) {
		int bad = read_row(reader, conf_get(value, rows[i].key), &rows[i], &numbers[i]);

		rc = bad != 0 ? bad : rc;
	}
	directions[0] = read_direction(reader, value, "lat_direction", "NS");
	directions[1] = read_direction(reader, value, "long_direction", "EW");
	if (rc != 0 || directions[0] == 0 || directions[1] == 0) {
		return -EINVAL;
	}
	return set_loc(reader, numbers, directions, ret_value);
}

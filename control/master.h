/*
 * Master files: a zone in the text form of RFC 1035, for zones without dynamic records. The text is
 * parsed by libzscanner; this reads files and their $INCLUDEs and turns what the parser finds into
 * the same struct cp_zone that a YAML file becomes.
 *
 * Threads:   one reader.
 * Memory:    what outlives the load is in the set's arena.
 * Errors:    told in load->errors as file:line:col; 0 also then, -ENOMEM else.
 * Standards: RFC 1035 §5, RFC 2308 §4 ($TTL), RFC 3597 §5, RFC 2181 §5 (RRsets) and §8 (TTL).
 */
#ifndef CONTROL_MASTER_H
#define CONTROL_MASTER_H

#include "control/zones_impl.h"

/* cp_master_read reads load->draft->zone.file into load->draft, whose zone has apex, name and file.
 * Its SOA is the file's and comes first among the records. */
int cp_master_read(struct cp_zone_load *load);

#endif

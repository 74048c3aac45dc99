"""octoDNS's fields to RDATA, written a second time: values as PyYAML or JSON gives them become presentation text,
and dnspython makes RDATA of that. Nothing here looks at what Meridian makes of them."""
import re
import struct

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

SINGLE = ("ALIAS", "CNAME", "DNAME")  # take `value` alone
DEFAULT_TTL = 3600


def absolute(name):
    """octoDNS's names are absolute with or without a final dot."""
    return name if name.endswith(".") else f"{name}."


def target(name):
    """Targets, which the replacement of NAPTR is not, are lower-cased besides. A lenient one may hold blanks."""
    return absolute(str(name).lower().replace(" ", "\\032"))


def quoted(octets):
    """Any octets as one quoted character-string."""
    return '"' + "".join(f"\\{octet:03d}" for octet in octets) + '"'


def unescaped(text):
    """What a character-string in a zone file stands for; a backslash that escapes nothing is itself."""
    return b"".join(bytes([int(code)]) if code and int(code) < 256 else (char or other).encode("latin-1")
                    for code, char, other in re.findall(r"\\(\d{3})|\\([^\d])|(.)", text, re.DOTALL))


def txt(value):
    """octodns/record/chunked.py: outer quotes and the seams of hand-made chunks go, "\\;" is ";"."""
    text = str(value)
    if text.startswith('"'):
        text = text[1:-1].replace('" "', "")
    # A lenient value may hold other letters; octoDNS leaves their octets to whoever sends them.
    octets = text.replace("\\;", ";").encode()
    return " ".join(quoted(octets[at:at + 255]) for at in range(0, max(len(octets), 1), 255))


def loc(v):
    def angle(kind):
        return f"{v[f'{kind}_degrees']} {v[f'{kind}_minutes']} {float(v[f'{kind}_seconds']):.3f} {v[f'{kind}_direction']}"
    sizes = (v["altitude"], v["size"], v["precision_horz"], v["precision_vert"])
    return " ".join([angle("lat"), angle("long"), *(f"{float(size):.2f}m" for size in sizes)])


def svc_list(value):
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def svc_param(key, value):
    """RFC 9460 appendix A: an item of a list escapes its own commas and backslashes, then the string does."""
    if value is None:
        return key
    if key == "alpn":
        items = [item.replace("\\", "\\\\").replace(",", "\\,") for item in svc_list(value)]
        return key + "=" + quoted(",".join(items).encode("ascii"))
    if key in ("mandatory", "ipv4hint", "ipv6hint"):
        return key + "=" + ",".join(svc_list(value))
    if re.fullmatch(r"key\d+", key):
        return key + "=" + quoted(unescaped(str(value)))
    return f"{key}={value}"


def svcb(v):
    params = [svc_param(key, value) for key, value in (v.get("svcparams") or {}).items()]
    return " ".join([str(v["svcpriority"]), target(v["targetname"]), *params])


def ds(v):
    if "public_key" in v:  # octoDNS's old names for the same four fields
        return f"{v['flags']} {v['protocol']} {v['algorithm']} {v['public_key']}"
    return f"{v['key_tag']} {v['algorithm']} {v['digest_type']} {v['digest']}"


PRESENTATION = {
    "A": str, "AAAA": str,
    "CNAME": target, "DNAME": target, "NS": target, "PTR": target,
    "MX": lambda v: f"{v.get('preference', v.get('priority'))} {target(v.get('exchange', v.get('value')))}",
    "TXT": txt, "SPF": txt,
    "CAA": lambda v: f"{v.get('flags', 0)} {v['tag']} {quoted(str(v['value']).encode('ascii'))}",
    "SRV": lambda v: f"{v['priority']} {v['weight']} {v['port']} {target(v['target'])}",
    "URI": lambda v: f"{v['priority']} {v['weight']} {quoted(str(v['target']).encode('ascii'))}",
    "NAPTR": lambda v: " ".join([f"{v['order']} {v['preference']}", quoted(unescaped(str(v["flags"]).upper())),
                                 quoted(unescaped(str(v["service"] or ""))), quoted(unescaped(str(v["regexp"] or ""))),
                                 absolute(str(v["replacement"]))]),
    "SSHFP": lambda v: f"{v['algorithm']} {v['fingerprint_type']} {v['fingerprint']}",
    "TLSA": lambda v: f"{v['certificate_usage']} {v['selector']} {v['matching_type']} "
                      f"{v['certificate_association_data']}",
    "DS": ds, "LOC": loc, "OPENPGPKEY": str, "SVCB": svcb, "HTTPS": svcb,
}


# What octoDNS takes and dnspython does not, octet by octet: digests of a wrong length, "no-default-alpn" without
# "alpn".
BY_HAND = {
    "DS": lambda v: struct.pack(">HBB", v["key_tag"], v["algorithm"], v["digest_type"]) + bytes.fromhex(v["digest"]),
    "SVCB": lambda v: struct.pack(">H", v["svcpriority"]) + dns.name.from_text(target(v["targetname"])).to_wire() +
                      {"no-default-alpn": b"\0\2\0\0"}[" ".join(v["svcparams"])],
}


def rdata(rdtype, value):
    """One value as dnspython has it."""
    try:
        return dns.rdata.from_text(dns.rdataclass.IN, rdtype, PRESENTATION[rdtype](value), origin=dns.name.root,
                                   relativize=False)
    except dns.exception.SyntaxError:
        if rdtype not in BY_HAND:
            raise
        return dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.from_text(rdtype), BY_HAND[rdtype](value))


def values_of(record):
    """The list of a record's values: `values` before `value`, a scalar is a list of one."""
    values = record.get("value")
    if record["type"] not in SINGLE and record.get("values") is not None:
        values = record["values"]
    return values if isinstance(values, list) else [values]


def ttl_of(record):
    return int(record.get("ttl", DEFAULT_TTL))


def owner(name, zone):
    return dns.name.from_text(f"{name}.{zone}" if name else zone)


def wires(rdtype, values):
    """The set that is served: RDATA octets, each once."""
    return {rdata(rdtype, value).to_wire() for value in values}

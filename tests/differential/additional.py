"""What stands in the additional section beside an answer: ours must be true, and nothing may be missing that a peer adds
and that is ours to add: static addresses of hosts of the answer's own zone, where there was room.
"""
from tests.differential import names, wire

A, NS, CNAME, MX, AAAA, SRV, DNAME, SVCB, HTTPS = 1, 2, 5, 15, 28, 33, 39, 64, 65
ANY = 255
BEFORE = {NS: 0, MX: 2, SRV: 6, SVCB: 2, HTTPS: 2}  # octets of RDATA in front of the host's name
RECORD_BYTES = 12  # owner as a pointer, type, class, TTL, RDLENGTH


class Wrong(Exception):
    """A set of ours that nobody else has, or one that is missing."""


def size(rrset):
    return sum(RECORD_BYTES + len(rdata) for rdata in rrset.rdatas)


def _fold(labels):
    return tuple(label.lower() for label in labels)


def hosts(rrset):
    """The names that an answer leads to, folded: of the owner itself for "." in ServiceMode."""
    found = set()
    for rdata in rrset.rdatas:
        before = BEFORE[rrset.type]
        labels, _ = wire.read_name(rdata, before)
        is_alias = rrset.type in (SVCB, HTTPS) and rdata[:2] == b"\0\0"
        if labels:
            found.add(_fold(labels))
        elif rrset.type in (SVCB, HTTPS) and not is_alias:
            found.add(rrset.owner)
    return found


class Beside:
    """Judges the additional sections of four replies to one question."""

    def __init__(self, zones, ask):
        self.zones = zones  # apex -> Zone
        self.ask = ask      # (owner, type) -> RRsets of a peer's answer
        self.known = {}     # what was asked

    def _zone_of(self, name):
        return next((self.zones[name[i:]] for i in range(len(name) + 1) if name[i:] in self.zones), None)

    def _is_own(self, host, zone):
        """Whether a host's addresses are this zone's to give: not another's, not below a delegation."""
        return self._zone_of(host) is zone and not any(names.is_within(host, cut) for cut in zone.cuts)

    def _source(self, name, zone):
        """The name of the zone that answers for `name`: itself, or a wildcard."""
        here = [name[i:] for i in range(len(name) - len(zone.apex) + 1)]
        taken = [above for above in here if any(names.is_within(other, above) for other in zone.records)]
        return name if not taken or taken[0] == name else (b"*", *taken[0])

    def _is_true(self, rrset):
        key = rrset.owner, rrset.type
        if key not in self.known:
            self.known[key] = self.ask(*key)
        return rrset in self.known[key]

    def check(self, ours, peers, room):
        """`ours` and `peers` as wire.parse() has them, referrals apart. `room`: octets that ours might have had more."""
        leading = ours.answer[-1] if ours.answer and ours.answer[-1].type in BEFORE else None
        added = set(ours.additional)
        if leading is None:
            if added:
                raise Wrong("additional data beside an answer that leads to no host")
            return
        zone = self._zone_of(leading.owner)
        # A peer that stays in the zone where a chain begins may refer to the one where it ends.
        said_by_peers = {rrset for peer in peers if leading in peer.answer for rrset in peer.additional}
        for rrset in added - said_by_peers:
            if not self._is_true(rrset):
                raise Wrong(f"additional data that is not true: {rrset}")
        for rrset in added:
            if not self._is_own(rrset.owner, zone):
                raise Wrong(f"additional data of another zone: {rrset}")
        own = {host for host in hosts(leading) if self._is_own(host, zone)}
        if leading.owner in own:  # named as ".": of its wildcard's other names none is added, each may be the owner
            own = {host for host in own if host == leading.owner or
                   self._source(host, zone) != self._source(leading.owner, zone)}
        for rrset in said_by_peers - added:
            if rrset.type in (A, AAAA) and rrset.owner in own and size(rrset) <= room:
                raise Wrong(f"additional data that a peer adds and we have room for is missing: {rrset}")

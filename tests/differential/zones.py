"""Random families of zones: a parent, its child, a zone below a delegation to somebody else, one below a DNAME, and one
elsewhere, each a master file that all four servers read.

Small alphabets on purpose: names must meet, block each other and lead to each other.
"""
import os

from tests.differential import names, rdata

LABELS = [b"a", b"b", b"c", b"d", b"e"]
ODD = [b"\0", b".", b"a.b", b"\xff\xfe", b" ", b"\\", b'"', b"*a", b"**", b"(;)", b"@", b"$", b"\n\t", b"_tcp", b"\xc0\x0c",
       b"[", b"{", b"A" * names.LABEL_MAX, b"\x41\xc3\x84", b"0", b"-", b"\\000"]
STAR = b"*"
TTLS = [0, 1, 5, 300, 300, 3600, 86400, 2 ** 31 - 1]
OUTSIDE = [(b"www", b"example", b"org"), (b"example", b"net"), (b"test",), ()]
COMMON = ["A", "AAAA", "MX", "TXT"]
COUNTS = [1, 1, 1, 2, 3, 8]
COUNT_MAX = 60  # of one RRset: addresses that no longer fit into 512 octets, nor into 1232


class Zone:
    """Records by owner, with what may not stand together kept apart."""

    def __init__(self, rng, apex):
        self.rng, self.apex = rng, apex
        self.records = {}  # folded owner -> {type: (owner, ttl, [text])}
        self.cuts, self.dnames, self.inner = set(), set(), set()
        self.hidden = {}   # glue: folded owner -> {type: ...}

    def _is_beneath(self, name, tops):
        return any(names.is_within(name, top) for top in tops)

    def may_hold(self, owner):
        name = names.fold(owner)
        return (names.size(owner) <= names.NAME_MAX and names.is_within(name, self.apex) and
                not self._is_beneath(name, self.cuts | self.inner) and
                not self._is_beneath(name[1:], self.dnames))

    def add(self, owner, kind, ttl, texts):
        """Whether it could stand there, and now does."""
        name = names.fold(owner)
        here = self.records.get(name, {})
        numbers = {rdata.number(other) for other in here}  # a type by its name and by its number is one
        if not self.may_hold(owner) or rdata.number(kind) in numbers or "CNAME" in here or (kind == "CNAME" and here):
            return False
        if kind == "DNAME":
            below = any(other != name and names.is_within(other, name) for other in [*self.records, *self.cuts])
            if below or owner[0] == STAR or self._is_beneath(name, self.dnames):
                return False
            self.dnames.add(name)
        self.records.setdefault(name, {})[kind] = (owner, ttl, texts)
        return True

    def add_cut(self, owner, ttl, servers, ds_texts, is_inner=False):
        """A delegation; of a zone served here when is_inner."""
        name = names.fold(owner)
        is_free = not self._is_beneath(name, self.cuts | self.dnames) if is_inner else self.may_hold(owner)
        if owner[0] == STAR or not is_free or any(names.is_within(other, name) for other in self.records):
            return False
        self.cuts.add(name)
        self.records[name] = {"NS": (owner, ttl, servers)}
        if ds_texts:
            self.records[name]["DS"] = (owner, ttl, ds_texts)
        return True

    def add_glue(self, owner, kind, ttl, texts):
        """An address at or below a cut; only of names that an NS of a cut has."""
        name = names.fold(owner)
        if names.size(owner) <= names.NAME_MAX and self._is_beneath(name, self.cuts):
            self.hidden.setdefault(name, {}).setdefault(kind, (owner, ttl, texts))

    def lines(self):
        """The file: the SOA first, the rest in any order and in several spellings of the same."""
        yield f"$ORIGIN {names.text(self.apex)}"
        apex = self.records[self.apex]
        owner, ttl, texts = apex["SOA"]
        yield f"{names.text(owner)} {ttl} IN SOA {texts[0]}"
        sets = [(kind, *found) for here in [*self.records.values(), *self.hidden.values()]
                for kind, found in here.items() if kind != "SOA"]
        self.rng.shuffle(sets)
        for kind, owner, ttl, texts in sets:
            spelled = self._spell(owner)
            for text in texts:
                yield f"{spelled} {ttl} IN {kind} {text}" if self.rng.random() < 0.8 else f"{spelled} IN {ttl} {kind} {text}"
                spelled = self.rng.choice(["", spelled])  # the owner is the last one's when left out

    def _spell(self, owner):
        front = owner[:len(owner) - len(self.apex)]
        if self.rng.random() < 0.5:
            return ".".join(names.label_text(label) for label in front) or "@"
        return names.text(owner)


class Family:
    """Zones that know of each other, and what is worth asking about them."""

    def __init__(self, rng, number):
        self.rng = rng
        base = (b"s%d" % number, b"test")
        self.zones = []
        self.services = []  # (owner, type) of what leads to hosts
        self.parent = self._zone(base)
        self.child = self._zone((b"kid", *rng.choice([(), (b"a",), (b"ent", b"b")]), *base))
        self.other = self._zone((b"o%d" % number, b"example"))
        self.foreign_cut = (b"far", *base)
        self.grandchild = self._zone((b"deep", *self.foreign_cut))
        self.moved = (b"moved", *base)
        # A zone that its parent does not know of, now and then below one of the parent's DNAMEs.
        self.is_below_dname = rng.random() < 0.25
        self.lost = self._zone((b"lost", *(self.moved if self.is_below_dname else base)))
        self.parent.inner = {self.child.apex, self.lost.apex}
        self._make()

    def _zone(self, apex):
        zone = Zone(self.rng, apex)
        self.zones.append(zone)
        return zone

    # Names

    def label(self):
        kind = self.rng.random()
        return self.rng.choice(LABELS if kind < 0.75 else ODD if kind < 0.9 else [STAR])

    def owner(self, zone):
        labels = [self.label() for _ in range(self.rng.choice([1, 1, 2, 2, 3, 4]))]
        if self.rng.random() < 0.25:
            labels[0] = STAR
        name = (*labels, *zone.apex)
        if self.rng.random() < 0.04:
            name = names.fill(self.rng, name, names.NAME_MAX - self.rng.choice([0, 0, 1, 2, 30]))
        return names.mix_case(self.rng, name) if self.rng.random() < 0.2 else name

    def known(self):
        zone = self.rng.choice([self.parent, *self.zones])
        return self.rng.choice([zone.apex, *zone.records, *zone.hidden])

    def target(self):
        """Where a name in RDATA leads."""
        kind = self.rng.random()
        if kind < 0.45:
            name = self.known()
        elif kind < 0.65:
            name = (*(self.label() for _ in range(self.rng.randint(1, 2))), *self.known())
        elif kind < 0.85:
            name = self.owner(self.rng.choice(self.zones))
        else:
            name = self.rng.choice(OUTSIDE)
        while names.size(name) > names.NAME_MAX:
            name = name[1:]
        return names.mix_case(self.rng, name) if self.rng.random() < 0.1 else name

    def target_text(self):
        return names.text(self.target())

    # Records

    def ttl(self):
        return self.rng.choice(TTLS)

    def values(self, kind, count):
        return sorted({rdata.KINDS[kind](self.rng, self.target) for _ in range(count)})

    def _make(self):
        for zone in self.zones:
            self._make_apex(zone)
        self._make_cuts()
        for zone in self.zones:
            self._make_data(zone)
        self._make_dnames()
        self._make_chains()
        for zone in self.zones:
            self._make_hosts(zone)

    def _make_apex(self, zone):
        minimum_s = self.rng.choice([0, 5, 300, 86400])
        spelled = names.mix_case(self.rng, zone.apex) if self.rng.random() < 0.3 else zone.apex
        zone.add(spelled, "SOA", self.ttl(), [rdata.soa(self.rng, (b"ns1", *zone.apex), minimum_s)])
        # Not all in the zone: an apex that is to be a DNAME has nothing below it.
        servers = [names.text((b"ns1", *zone.apex))] if zone is not self.lost else []
        zone.add(zone.apex, "NS", self.ttl(), [*servers, "ns.example.net."])
        zone.add((b"ns1", *zone.apex), "A", self.ttl(), [f"192.0.2.{self.rng.randrange(256)}"])
        if self.rng.random() < 0.5:
            zone.add(zone.apex, "MX", self.ttl(), self.values("MX", 2))

    def _make_cuts(self):
        """Delegations to others, with glue in, below and beside the cut, and to the zones that are served as well."""
        parent = self.parent
        self._delegate(parent, self.foreign_cut)
        for zone in (parent, parent, parent, self.child, self.other):
            self._delegate(zone, self.owner(zone))
        if self.rng.random() < 0.85:  # else: a child that its parent does not know of
            self._delegate(parent, self.child.apex, is_inner=True)

    def _delegate(self, zone, cut, is_inner=False):
        rng = self.rng
        servers = [(b"ns1", *cut), (b"ns", b"b", *cut), cut, (b"ns1", *zone.apex), (b"ns", b"example", b"net")]
        servers += [(b"ns1", *other) for other in sorted(zone.cuts)]
        servers = [name for name in rng.sample(servers, rng.randint(1, 4)) if names.size(name) <= names.NAME_MAX]
        ds_texts = sorted({rdata.ds(rng) for _ in range(2)}) if rng.random() < 0.5 else []
        if not zone.add_cut(cut, self.ttl(), [names.text(name) for name in servers] or ["ns.example.net."],
                            ds_texts, is_inner):
            return
        for name in servers:
            for kind in rng.choice([("A",), ("AAAA",), ("A", "AAAA"), ()]):
                zone.add_glue(name, kind, self.ttl(), self.values(kind, rng.choice([1, 1, 2])))

    def _make_data(self, zone):
        rng = self.rng
        for _ in range(rng.choice([6, 12, 24]) if zone is not self.parent else 30):
            owner = self.owner(zone)
            for _ in range(rng.choice([1, 1, 2, 4])):
                kind = rng.choice(COMMON if rng.random() < 0.4 else list(rdata.KINDS))
                zone.add(owner, kind, self.ttl(), self.values(kind, rng.choice(COUNTS)))
            if rng.random() < 0.3:  # wildcards below wildcards, names below wildcards
                zone.add((self.label(), *owner), "A", self.ttl(), self.values("A", 1))
        zone.add((b"many", *zone.apex), "A", self.ttl(), self.values("A", rng.randint(20, COUNT_MAX)))
        zone.add((b"big", *zone.apex), "TXT", self.ttl(), self.values("TXT", rng.randint(3, 12)))

    def _make_dnames(self):
        rng = self.rng
        self.parent.add(self.moved, "DNAME", self.ttl(), [self.target_text()])
        for zone in (self.parent, self.parent, self.parent, self.child, self.other):
            zone.add(self.owner(zone), "DNAME", self.ttl(), [self.target_text()])
        chained = (b"hop", *self.parent.apex)
        self.parent.add(chained, "DNAME", self.ttl(), [names.text(self.moved)])
        self.parent.add((b"grow", *self.parent.apex), "DNAME", self.ttl(), [names.text((b"on", b"grow", *self.parent.apex))])
        self.parent.add((b"wide", *self.parent.apex), "DNAME", self.ttl(),
                        [names.text(names.fill(rng, self.parent.apex, rng.randint(200, 250)))])
        self.parent.add((b"up", *self.parent.apex), "DNAME", self.ttl(), [names.text(self.parent.apex)])
        # A zone that is all DNAME, but for what its apex must have.
        if rng.random() < 0.7:
            for name in [name for name in self.lost.records if name != self.lost.apex]:
                del self.lost.records[name]
            self.lost.cuts, self.lost.dnames, self.lost.hidden = set(), set(), {}
            self.lost.add(self.lost.apex, "DNAME", self.ttl(), [self.target_text()])

    def _make_chains(self):
        rng = self.rng
        for zone in (*self.zones, self.parent, self.parent):
            for _ in range(rng.randint(3, 10)):
                zone.add(self.owner(zone), "CNAME", self.ttl(), [self.target_text()])
        length = rng.choice([2, 5, 16, 17, 18, 30])
        for i in range(length):
            following = (b"chain%d" % (i + 1), *self.parent.apex)
            self.parent.add((b"chain%d" % i, *self.parent.apex), "CNAME", self.ttl(), [names.text(following)])
        self.parent.add((b"chain%d" % length, *self.parent.apex), "A", self.ttl(), ["192.0.2.1"])
        for i, (zone, following) in enumerate([(self.parent, self.child), (self.child, self.other), (self.other, self.parent)]):
            zone.add((b"ring", *zone.apex), "CNAME", self.ttl(), [names.text((b"ring", *following.apex))])
            zone.add((b"walk%d" % i, *zone.apex), "CNAME", self.ttl(), [names.text((b"walk%d" % (i + 1), *following.apex))])
        self.parent.add((b"walk3", *self.parent.apex), "A", self.ttl(), ["192.0.2.3"])

    def _make_hosts(self, zone):
        """Services whose hosts have addresses, or might: what stands beside their answers is compared."""
        with_address = [name for name, here in zone.records.items() if here.keys() & {"A", "AAAA"}]
        # Where SVCB sets lead to each other, or many times to themselves by ".", Knot 3.2 follows all the ways there are:
        # for ever, as good as.
        plain = [name for name in with_address if not zone.records[name].keys() & {"SVCB", "HTTPS"} and STAR not in name]
        if not plain:
            return

        def host():
            name = self.rng.choice(with_address) if self.rng.random() < 0.8 else self.target()
            return tuple(self.label() if label == STAR and self.rng.random() < 0.8 else label for label in name)
        for kind in ("MX", "SRV", "HTTPS", "SVCB"):
            owner = self.owner(zone)
            is_service = kind in ("HTTPS", "SVCB")
            target = (lambda: self.rng.choice(plain)) if is_service else host
            texts = sorted({rdata.KINDS[kind](self.rng, target)
                            for _ in range(self.rng.choice([1, 2] if is_service else COUNTS))})
            if zone.add(owner, kind, self.ttl(), texts):
                self.services.append((owner, kind))
                if is_service and STAR not in owner:
                    alias = self.owner(zone)
                    if zone.add(alias, kind, self.ttl(), [f"0 {names.text(owner)}"]):
                        self.services.append((alias, kind))

    def write(self, directory):
        """Writes the files; returns [(apex, path, whether it is below a DNAME)]."""
        written = []
        for zone in self.zones:
            path = os.path.join(directory, names.text(zone.apex) + "zone")
            with open(path, "w", encoding="ascii") as file:
                file.write("\n".join(zone.lines()) + "\n")
            written.append((zone.apex, path, zone is self.lost and self.is_below_dname))
        return written

"""Which replies say the same, and which differences are known.

A reply of ours must say what one of the peers says, at least; where all three agree there is then no choice. What is let
through has a row in LISTED or is undone here: replies that were cut are asked for over TCP, and chains that a peer does
not follow into another zone, or not as far, are followed by asking it again where it stopped.
"""
import collections

from tests.differential import additional, names, wire
from tests.differential.questions import ANY, CHAOS, IN, Question
from tests.differential.servers import OURS, PEERS, UDP_BYTES

NS, CNAME, DNAME, DS = 2, 5, 39, 43
LINKS_MAX = 18  # CNAMEs in a reply: 17 are followed, the next one is shown (docs/dns-readings.md)
PLAIN_UDP_BYTES = 512

# The answer in the order of its RRsets, the rest as sets.
Said = collections.namedtuple("Said", "rcode is_authoritative answer authority additional")


class Differs(Exception):
    """A defect: in a reply of ours, or one that no listed reason explains."""


def said(reply):
    return Said(reply.rcode, bool(reply.flags & wire.AA), tuple(reply.answer), frozenset(reply.authority),
                frozenset(reply.additional))


class Listed(collections.namedtuple("Listed", "reason applies")):
    """A difference by design: what it is, and whether a question is of that kind."""


# Keep this short: each row is a question that is not compared. The why of each is in docs/dns-readings.md.
LISTED = [
    Listed("class neither IN nor CHAOS: REFUSED", lambda question: question.rdclass not in (IN, CHAOS)),
    Listed("AXFR, IXFR: REFUSED whatever the name", lambda question: question.rdtype in (251, 252)),
    Listed("MAILA, MAILB, TKEY: NOTIMP", lambda question: question.rdtype in (249, 253, 254)),
]


def _links(answer):
    return sum(rrset.type == CNAME for rrset in answer)


def _ended(reply):
    """The chain as far as it is shown: NOERROR, and nothing is denied."""
    kept = tuple(rrset for i, rrset in enumerate(reply.answer) if _links(reply.answer[:i]) < LINKS_MAX)
    return reply._replace(rcode=wire.NOERROR, answer=kept, authority=frozenset(), additional=frozenset())


class Judge:
    """Compares the replies to one question after another and counts why they agree."""

    def __init__(self, servers, families):
        self.servers = servers
        self.counts = collections.Counter()
        # apex -> Zone, of all that are served
        self.zones = {zone.apex: zone for family in families for zone in family.zones}
        self.beside = additional.Beside(self.zones, self._ask_knot)

    def judge(self, question, messages):
        """messages: octets by server. Counts how the replies agree, or raises Differs."""
        replies = {name: wire.parse(message) for name, message in messages.items()}
        self._check_form(question, replies[OURS])
        self._check_additional(question, replies)
        reason = None if any(reply.flags & wire.TC for reply in replies.values()) else self._agreement(question, replies)
        if reason is None:  # peers leave out glue that does not fit without saying so
            reason = self._agreement(question, self._untruncated(question, replies))
            self.counts["of these over TCP: cut over UDP"] += 1
        if reason is None:
            raise Differs("no peer says what we say")
        self.counts[reason] += 1

    @staticmethod
    def _check_form(question, reply):
        """What holds of every reply, whatever others say."""
        if question.message[wire.HEADER_BYTES:][:len(reply.question)] != reply.question or not reply.question:
            raise Differs("the question does not come back as it was asked")
        if reply.flags & (wire.QR | wire.RD | wire.CD | wire.RA | wire.AD) != \
                wire.QR | question.flags & (wire.RD | wire.CD):
            raise Differs(f"flags {reply.flags:#06x}")
        if reply.repeats:
            raise Differs("a record stands there twice")
        if reply.has_opt != (question.payload is not None):
            raise Differs("OPT without being asked for" if reply.has_opt else "no OPT")

    def _ask_knot(self, name, rdtype):
        return wire.parse(self.servers["knot"].ask_tcp(Question(name, rdtype, payload=65535).message)).answer

    def _check_additional(self, question, replies):
        """Beside an answer; the glue of referrals is compared with the rest."""
        ours = replies[OURS]
        if ours.flags & wire.TC or any(rrset.type == NS for rrset in ours.authority):
            return
        if ours.size > self._limit(question):
            raise Differs(f"{ours.size} octets, limit {self._limit(question)}")
        try:
            if question.rdtype == ANY and ours.additional:
                raise additional.Wrong("additional data beside ANY")
            # Whoever asks for ANY gets nothing beside it (docs/dns-readings.md).
            peers = [] if question.rdtype == ANY else [replies[name] for name in PEERS]
            self.beside.check(ours, peers, self._limit(question) - ours.size)
            self.counts["of these with additional data beside an answer"] += bool(ours.additional)
        except additional.Wrong as wrong:
            raise Differs(str(wrong)) from wrong

    def _untruncated(self, question, replies):
        """The same over TCP. Ours must have been cut because it had to be, and wholly."""
        whole = {name: wire.parse(self.servers[name].ask_tcp(question.message)) for name in replies}
        ours, limit = replies[OURS], self._limit(question)
        is_cut = bool(ours.flags & wire.TC)
        needed = whole[OURS].size - sum(additional.size(rrset) for rrset in self._optional(whole[OURS]))
        if is_cut != (needed > limit):
            raise Differs(f"{needed} octets needed, limit {limit}, and TC is {int(is_cut)}")
        if is_cut and (ours.answer or ours.authority or ours.additional):
            raise Differs("records in a reply with TC")
        if not is_cut and (self._without_extras(said(ours)) != self._without_extras(said(whole[OURS])) or
                           not said(ours).additional <= said(whole[OURS]).additional):
            raise Differs("another answer over TCP")
        return whole

    @staticmethod
    def _optional(reply):
        """What may be left out: additional data, but not the glue of a referral (RFC 9471)."""
        return [] if any(rrset.type == NS for rrset in reply.authority) else reply.additional

    @staticmethod
    def _limit(question):
        if question.payload is None:
            return PLAIN_UDP_BYTES
        return min(max(question.payload, PLAIN_UDP_BYTES), UDP_BYTES)

    def _agreement(self, question, replies):
        """Why the replies count as equal; None when they do not."""
        ours = said(replies[OURS])
        peers = {name: said(replies[name]) for name in PEERS}
        if all(ours == peer for peer in peers.values()):
            return "all four equal"
        if ours in peers.values():
            return "equal to at least one peer"
        for listed in LISTED:
            if listed.applies(question):
                return listed.reason
        plain = self._without_extras(ours)
        bare = [peer for peer in peers.values() if self._without_extras(peer) == plain]
        if any(peer.additional <= ours.additional for peer in bare):
            return "additional data that a peer leaves out"
        if bare:
            return "additional data that peers have of other zones, from below delegations, or more of than fits"
        followed = {name: self._without_extras(self._follow(name, question, peer)) for name, peer in peers.items()}
        if plain in followed.values():
            return "chain followed further than a peer does"
        return None

    def _without_extras(self, reply):
        """Without additional records but the glue of a referral; _check_additional() has looked at the others."""
        cuts = [rrset.owner for rrset in reply.authority if rrset.type == NS]
        glue = self._zone_above(cuts[0]).hidden if cuts and self._zone_above(cuts[0]) else ()
        return reply._replace(additional=frozenset(rrset for rrset in reply.additional if rrset.owner in glue))

    def _zone_above(self, cut):
        """The zone that delegates it."""
        return next((self.zones[cut[i:]] for i in range(1, len(cut) + 1) if cut[i:] in self.zones), None)

    def _zone_of(self, name, rdtype):
        """Apex of the nearest zone at or above the name; None when none is served. A DS is in the zone above an apex."""
        above = [name[i:] for i in range(len(name) + 1) if name[i:] in self.zones]
        if rdtype == DS and len(above) > 1 and above[0] == name:
            return above[1]
        return above[0] if above else None

    def _follow(self, server, question, reply):
        """What the peer would have said had it gone on to the end of the chain, as far as we do: peers stay in the zone
        where a chain begins, even where another is nearer to a name on it, and stop after fewer links."""
        visited, reply = set(), self._up_to_zone_edge(question, reply)
        while self._goes_on(question, reply):
            target = wire.target_of(reply.answer[-1])
            visited |= {names.fold(question.name)} | {rrset.owner for rrset in reply.answer if rrset.type == CNAME}
            if _links(reply.answer) >= LINKS_MAX or target in visited or self._zone_of(target, question.rdtype) is None:
                return _ended(reply)
            visited.add(target)
            following = question.at(target)
            more = self._up_to_zone_edge(following, said(wire.parse(self.servers[server].ask_tcp(following.message))))
            answer = reply.answer + tuple(rrset for rrset in more.answer if rrset not in reply.answer)
            reply = more._replace(is_authoritative=reply.is_authoritative, answer=answer)
        return _ended(reply) if _links(reply.answer) >= LINKS_MAX else reply

    def _up_to_zone_edge(self, question, reply):
        """The reply up to the first CNAME that leads from one zone into another, and nothing behind that."""
        for i, rrset in enumerate(reply.answer):
            if rrset.type == CNAME and question.rdtype != CNAME and \
                    self._zone_of(wire.target_of(rrset), question.rdtype) != self._zone_of(rrset.owner, question.rdtype):
                return reply._replace(rcode=wire.NOERROR, answer=reply.answer[:i + 1], authority=frozenset(),
                                      additional=frozenset())
        return reply

    @staticmethod
    def _goes_on(question, reply):
        """Whether the last CNAME has not been followed; for ANY, only those that DNAMEs make are."""
        if not reply.answer or reply.answer[-1].type != CNAME or question.rdtype == CNAME or reply.authority or \
                reply.rcode not in (wire.NOERROR, wire.SERVFAIL):  # BIND fails at its limit
            return False
        owner = reply.answer[-1].owner
        return question.rdtype != ANY or any(rrset.type == DNAME and names.is_within(owner[1:], rrset.owner)
                                             for rrset in reply.answer)

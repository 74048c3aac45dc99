"""DNS cookies: RFC 7873 and RFC 9018. Those made with a known secret, and its roll-over, are in tests/e2e/cookies.py."""
import struct

from tests.conformance.check import TCP, UDP, check
from tests.conformance.message import COOKIE, DO, NSID, Bad, header, opt, option, question
from tests.conformance.messages import WWW

CLIENT = b"\x24\x64\xc4\xab\xcf\x10\xc9\x57"
BAD = CLIENT + bytes.fromhex("01000000 5cf79f11 0000000000000000")
REQUIRED = "cookies_required"


def cookie_of(reply, client=CLIENT):
    """The server cookie in a reply: one COOKIE option of 24 bytes that begins with the client's."""
    options = [data for code, data in reply.opt.options() if code == COOKIE]
    if len(options) != 1 or len(options[0]) != 24 or options[0][:8] != client:
        raise Bad(f"COOKIE: {[data.hex() for data in options]}")
    return options[0][8:]


def expect_formerr(ask, length):
    reply = ask.query("www.dns.test.", "A", option(COOKIE, bytes(range(length)))).expect(rcode="FORMERR", opt=True)
    if reply.opt.rdata:
        raise Bad(reply.opt.options())


@check("client-cookie", "RFC 7873 §5.2.3", same=False)
def client_cookie(ask):
    """A client cookie alone is answered by it and a server cookie, in every reply."""
    cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, CLIENT)).expect(an=WWW))
    cookie_of(ask.query("x.www.dns.test.", "A", option(COOKIE, CLIENT)).expect(rcode="NXDOMAIN"))
    cookie_of(ask.query("www.example.org.", "A", option(COOKIE, CLIENT)).expect(rcode="REFUSED"))
    cookie_of(ask.query("id.server.", "TXT", option(COOKIE, CLIENT), qclass=3).expect(rcode="NOERROR"))
    cookie_of(ask.query("dns.test.", 128, option(COOKIE, CLIENT)).expect(rcode="FORMERR"))


@check("cookie-only-on-request", "RFC 7873 §5.2.1")
def cookie_only_on_request(ask):
    """Who shows no cookie gets none."""
    if ask.query("www.dns.test.", "A", option(NSID)).expect(an=WWW).options(COOKIE):
        raise Bad("unasked")


@check("interoperable-24-bytes", "RFC 9018 §4", same=False)
def interoperable(ask):
    """A server cookie is version 1, three bytes 0, the time and a hash of eight bytes."""
    made = cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, CLIENT)).expect(an=WWW))
    other = cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, b"another!")).expect(an=WWW), b"another!")
    version, made_s = struct.unpack(">II", made[:8])
    if version != 1 << 24 or not 1_700_000_000 < made_s or made[8:] == other[8:]:
        raise Bad(f"{made.hex()}, {other.hex()}")


@check("returned-cookie-accepted", "RFC 7873 §5.2.5, RFC 9018 §4.3", over=UDP, config=REQUIRED, same=False)
def returned(ask):
    """A cookie that comes back is accepted, and goes back as it came."""
    full = CLIENT + cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, CLIENT)).expect(rcode="BADCOOKIE"))
    for name in ("www.dns.test.", "WWW.dns.test."):
        if CLIENT + cookie_of(ask.query(name, "A", option(COOKIE, full)).expect(rcode="NOERROR")) != full:
            raise Bad("another cookie")


@check("bad-server-cookie-still-served", "RFC 7873 §5.2.4", same=False)
def bad_server_cookie(ask):
    """A server cookie that is not ours is answered as none would be, with one that is."""
    for bad in (BAD, CLIENT + b"12345678", CLIENT + bytes(32), CLIENT + b"\2" + bytes(15)):
        cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, bad)).expect(an=WWW))


@check("badcookie", "RFC 7873 §5.2.3, RFC 7873 §5.2.4, RFC 7873 §8", over=UDP, config=REQUIRED, same=False)
def badcookie(ask):
    """Where cookies are required, a cookie without ours gets BADCOOKIE, question and OPT, before anything is said."""
    for name in ("www.dns.test.", "x.www.dns.test.", "www.example.org."):
        for shown in (CLIENT, BAD, CLIENT + b"12345678"):
            reply = ask.query(name, "A", option(COOKIE, shown)).expect(rcode="BADCOOKIE", aa=False, tc=False, an=[], ns=[],
                                                                       ar=[])
            cookie_of(reply)


@check("badcookie-one-byte-off", "RFC 9018 §4.4", over=UDP, config=REQUIRED, same=False)
def one_byte_off(ask):
    """Every byte of a cookie counts."""
    full = CLIENT + cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, CLIENT)).expect(rcode="BADCOOKIE"))
    for at in range(24):
        wrong = full[:at] + bytes([full[at] ^ 0x10]) + full[at + 1:]
        reply = ask.query("www.dns.test.", "A", option(COOKIE, wrong)).expect(rcode="BADCOOKIE")
        cookie_of(reply, wrong[:8])


@check("badcookie-not-without-option", "RFC 7873 §5.2.1", config=REQUIRED)
def no_option(ask):
    """Where cookies are required, a client that shows none may know of none, and is answered."""
    ask.query().expect(an=WWW)
    ask.query(edns=False).expect(an=WWW)


@check("badcookie-not-over-tcp", "RFC 7873 §5.2.3", over=TCP, config=REQUIRED, same=False)
def not_over_tcp(ask):
    """A TCP connection proves where its client is: no cookie is required."""
    for shown in (CLIENT, BAD):
        cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, shown)).expect(an=WWW))


@check("cookie-len-0-formerr", "RFC 7873 §5.2.2")
def length_0(ask):
    """An empty COOKIE option: FORMERR."""
    expect_formerr(ask, 0)


@check("cookie-len-1-formerr", "RFC 7873 §5.2.2")
def length_1(ask):
    """One byte is no client cookie: FORMERR."""
    expect_formerr(ask, 1)


@check("cookie-len-7-formerr", "RFC 7873 §5.2.2")
def length_7(ask):
    """Seven bytes are no client cookie: FORMERR, as two to six."""
    for length in range(2, 8):
        expect_formerr(ask, length)


@check("cookie-len-9-formerr", "RFC 7873 §5.2.2")
def length_9(ask):
    """A server cookie of one byte is none: FORMERR, as of two to six."""
    for length in range(9, 15):
        expect_formerr(ask, length)


@check("cookie-len-15-formerr", "RFC 7873 §5.2.2")
def length_15(ask):
    """A server cookie of seven bytes is none: FORMERR."""
    expect_formerr(ask, 15)


@check("cookie-len-41-formerr", "RFC 7873 §5.2.2")
def length_41(ask):
    """A server cookie of more than 32 bytes is none: FORMERR."""
    for length in (41, 48, 255):
        expect_formerr(ask, length)


@check("cookie-len-16-to-40", "RFC 7873 §4.2", same=False)
def lengths_allowed(ask):
    """Server cookies of 8 to 32 bytes are cookies, ours or not."""
    for length in range(16, 41):
        cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, CLIENT + bytes(length - 8))).expect(an=WWW))


@check("two-cookies", "RFC 7873 §5.2", same=False)
def two_cookies(ask):
    """Of several COOKIE options the first counts, whatever the others are."""
    cookie_of(ask.query("www.dns.test.", "A", option(COOKIE, CLIENT), option(COOKIE, b"another!"),
                        option(COOKIE, b"x")).expect(an=WWW))


@check("cookie-only-qd0", "RFC 7873 §5.4, RFC 9619 §4", same=False)
def cookie_only(ask):
    """A message with a COOKIE option and no question asks for a cookie: NOERROR, or BADCOOKIE for a bad one."""
    def exchange(*options, counts=(0, 0, 0, 1)):
        return ask.send(header(0, counts, ask.next_id()) + opt(*options))
    full = CLIENT + cookie_of(exchange(option(COOKIE, CLIENT)).expect(rcode="NOERROR", aa=False, an=[], ns=[], ar=[]))
    cookie_of(exchange(option(COOKIE, full)).expect(rcode="NOERROR"))
    cookie_of(exchange(option(COOKIE, BAD)).expect(rcode="BADCOOKIE"))
    exchange(option(COOKIE, b"short")).expect(rcode="FORMERR", opt=True)
    exchange(option(NSID)).expect(rcode="FORMERR", opt=True)
    exchange().expect(rcode="FORMERR", opt=True)


@check("cookie-in-formerr", "RFC 7873 §5.2.3", same=False)
def cookie_in_formerr(ask):
    """What is wrong beside a well-formed cookie does not cost the client its cookie."""
    wire = header(0, (1, 0, 0, 1), ask.next_id()) + question() + opt(option(COOKIE, CLIENT), option(8, b"bad"), flags=DO)
    cookie_of(ask.send(wire).expect(rcode="FORMERR"))

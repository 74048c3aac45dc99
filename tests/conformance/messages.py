"""Headers, opcodes, classes, sections: messages right and wrong."""
from tests.conformance.check import check
from tests.conformance.message import header, question


@check("response-bit-dropped", "RFC 1035 §7.3, CVE-2024-2169")
def response_is_dropped(ask):
    """A response is never answered, or two servers could keep each other busy for ever."""
    ask.silence(header(0x8000) + question(), "drop_response")

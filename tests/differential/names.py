"""Names as tuples of label octets, without the root; what every part of this package passes around."""
NAME_MAX = 255  # wire octets (RFC 1035 section 2.3.4)
LABEL_MAX = 63
PLAIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*"


def size(name):
    return sum(len(label) + 1 for label in name) + 1


def wire(name):
    return b"".join(bytes([len(label)]) + label for label in name) + b"\0"


def fold(name):
    """For comparisons: ASCII letters alone have a case (RFC 4343)."""
    return tuple(label.lower() for label in name)


def text(name):
    """As a master file has it, absolute."""
    return "".join(label_text(label) + "." for label in name) or "."


def label_text(label):
    return "".join(chr(octet) if octet in PLAIN else f"\\{octet:03d}" for octet in label)


def is_within(name, above):
    """At the name `above` or below it; both folded."""
    return len(name) >= len(above) and name[len(name) - len(above):] == above


def mix_case(rng, name):
    return tuple(bytes(octet ^ 0x20 if chr(octet).isascii() and chr(octet).isalpha() and rng.random() < 0.5 else octet
                       for octet in label) for label in name)


def fill(rng, name, octets):
    """The name with labels in front until it has that many octets; as it is when there is no room."""
    while (left := octets - size(name)) >= 2:
        length = min(left - 1, LABEL_MAX)
        if left - 1 - length == 1:  # a label needs two octets: one must not be left over
            length -= 1
        name = (bytes(rng.choices(b"abcz", k=length)), *name)
    return name

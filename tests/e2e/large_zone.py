"""A zone of 100,000 names, of which a thousand are dynamic and share two health targets."""
import os

NAMES = 100_000
DYNAMIC_EVERY = 100
FALL, RISE, INTERVAL_S = 3, 2, 0.1

_DYNAMIC = """\
{name}:
  dynamic:
    pools:
      america:
        fallback: rest
        values:
          - value: 10.53.1.11
      rest:
        values:
          - value: 10.53.2.22
    rules:
      - geos:
          - NA
          - SA
        pool: america
      - pool: rest
  octodns:
    healthcheck:
      port: 80
      protocol: TCP
    meridian:
      healthcheck:
        fall: {fall}
        interval: {interval}
        rise: {rise}
        timeout: 0.1
  ttl: 60
  type: A
  values:
    - 10.53.1.11
    - 10.53.2.22
"""
_STATIC = "{name}:\n  type: A\n  value: 192.0.2.{last}\n"


def write(lab):
    """Writes zones/large.test.yaml into the lab; returns the directory."""
    lines = ["---\n'':\n  type: NS\n  values:\n    - ns1.large.test.\n"]
    for number in range(NAMES):
        name = f"h{number}"
        if number % DYNAMIC_EVERY == 0:
            lines.append(_DYNAMIC.format(name=name, fall=FALL, rise=RISE, interval=INTERVAL_S))
        else:
            lines.append(_STATIC.format(name=name, last=number % 250))
    lines.append("ns1:\n  type: A\n  value: 10.53.0.53\n")
    return os.path.dirname(lab.write("large/large.test.yaml", "".join(lines)))

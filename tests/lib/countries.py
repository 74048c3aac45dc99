"""Clients of known countries: candidate addresses, believed only after the database confirmed them."""
import functools
import ipaddress
import re

from tests.lib.lab import LabError, run
from tests.lib.programs import country_database

# (country, served by the pool `america`, IPv4 candidates, IPv6 candidates)
COUNTRIES = [
    ("US", True, ["8.8.8.0", "23.21.0.0"], ["2600::", "2601::"]),
    ("CA", True, ["24.48.0.0", "99.224.0.0"], ["2607:f2c0::", "2605:8d80::"]),
    ("BR", True, ["187.0.0.0", "200.147.0.0"], ["2804:14c::", "2804:14d::"]),
    ("DE", False, ["84.128.0.0", "91.0.0.0"], ["2003::", "2003:c0::"]),
    ("GB", False, ["81.128.0.0", "86.128.0.0"], ["2a00:23c0::", "2a00:2380::"]),
    ("JP", False, ["126.0.0.0", "133.0.0.0"], ["2400:2410::", "240f::"]),
    ("IN", False, ["49.32.0.0", "117.192.0.0"], ["2405:200::", "2409:4000::"]),
    ("AU", False, ["1.128.0.0", "101.160.0.0"], ["2001:8000::", "2403:5800::"]),
]


def look_up(address):
    """(country code, prefix length within the address's own family) or (None, None)."""
    done = run("mmdblookup", "--verbose", "--file", country_database(), "--ip", address, check=False)
    country = re.search(r'"country_code":\s*"(..)"', done.stdout)
    length = re.search(r"Record prefix length: (\d+)", done.stdout)
    if country is None or length is None:
        return None, None
    bits = int(length.group(1))
    # IPv4 lies at ::/96 of the database's tree.
    return country.group(1), bits - 96 if ":" not in address else bits


def choose_client(code, candidates):
    """The first candidate that the database places in `code`, as (ECS prefix, database prefix length)."""
    return _choose(code, tuple(candidates))


@functools.lru_cache(maxsize=None)
def _choose(code, candidates):
    for address in candidates:
        country, length = look_up(address)
        if country == code:
            network = ipaddress.ip_network(f"{address}/{24 if ':' not in address else 56}")
            return str(network), length
    raise LabError(f"the database places none of {', '.join(candidates)} in {code}")

"""The long soak: `python3 -m tests.soak [MINUTES]` as root, MERIDIAN_BUILD naming the build, best a sanitizers' one."""
import os
import sys
import unittest

from tests.e2e.__main__ import Result
from tests.figures import figure
from tests.lib import programs
from tests.soak.soak import Soak

TARGET = "30 minutes of everything at once, ASan build: 0 reports, 0 wrong, no growth of memory, descriptors, buffers"


def main(arguments):
    if os.geteuid() != 0:
        sys.exit("tests.soak: needs root to make network namespaces")
    minutes = int(arguments[0]) if arguments else 30
    Soak.seconds = minutes * 60
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Soak)
    result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suite)
    if not result.wasSuccessful():
        return 1
    build = "ASan and UBSan" if programs.is_sanitized() else "without sanitizers"
    figure.record("soak", TARGET, f"{Soak.told}; {build}, 0 reports", Soak.seconds, f"sudo ./dev soak {minutes}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

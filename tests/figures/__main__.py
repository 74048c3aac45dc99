"""Measures figures: `python3 -m tests.figures [--long] [NAME...]` as root, MERIDIAN_BUILD naming the build."""
import importlib
import os
import sys
import unittest

from tests.e2e.__main__ import Result
from tests.figures import NAMES, figure


def main(arguments):
    if os.geteuid() != 0:
        sys.exit("tests.figures: needs root to make network namespaces")
    figure.is_long = "--long" in arguments
    names = [argument for argument in arguments if argument != "--long"] or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"tests.figures: no figure {', '.join(unknown)}; there are {', '.join(NAMES)}")
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromModule(
        importlib.import_module(f"tests.figures.{name}")) for name in names)
    result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suite)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

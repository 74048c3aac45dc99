"""Runs the end-to-end suites: `python3 -m tests.e2e [all | SUITE...]` as root.

MERIDIAN_BUILD names the build directory, so the same suites run on a sanitizer's build.
"""
import importlib
import os
import sys
import time
import unittest

SUITES = ["abuse", "conformance", "explain", "shared_nic", "links", "tcp", "cookies", "publish", "changes",
          "failover", "health", "crash", "refusals", "layouts", "plan", "alias", "roundtrip", "ecs", "differential",
          "manual", "figures", "soak"]


class Result(unittest.TextTestResult):
    """One line a test with its time; subtests count through the test that holds them."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.stream.writeln(f"    {time.monotonic() - self.began:.1f} s")


def main(names):
    if os.geteuid() != 0:
        sys.exit("tests.e2e: needs root to make network namespaces")
    names = SUITES if names in ([], ["all"]) else names
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        sys.exit(f"tests.e2e: no suite {', '.join(unknown)}; there are {', '.join(SUITES)}")
    suite = unittest.TestSuite()
    for name in names:
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(
            importlib.import_module(f"tests.e2e.{name}")))
    if suite.countTestCases() == 0:
        sys.exit("tests.e2e: no test was found")
    result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suite)
    failed = len({id(getattr(test, "test_case", test)) for test, _ in result.failures + result.errors})
    print(f"end to end: {max(result.testsRun - failed, 0)} passed, {failed} failed")
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

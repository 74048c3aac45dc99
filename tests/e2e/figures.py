"""The short form of every figure of tests/figures/: the same assertions over less."""
import importlib
import unittest

from tests.figures import NAMES


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite(loader.loadTestsFromModule(importlib.import_module(f"tests.figures.{name}"))
                              for name in NAMES)

"""The soak of tests/soak/, for a minute instead of thirty."""
from tests.soak.soak import Soak

__all__ = ["Soak"]

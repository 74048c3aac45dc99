"""Figures to hold: what must be true under load, each measured and compared with its target."""

NAMES = ["churn", "stall", "torn", "images", "determinism", "tcp_abuse"]  # its modules, one or more figures each

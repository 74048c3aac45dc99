"""Figures to hold: what must be true under load, each measured and compared with its target."""

# Its modules, one or more figures each.
NAMES = ["churn", "stall", "torn", "images", "determinism", "tcp_abuse", "limits", "amplification", "leak", "attack", "observability"]

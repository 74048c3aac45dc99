"""Under abuse: rate limits, source ports, amplification."""

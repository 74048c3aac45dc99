"""Random zones, served by Meridian, Knot DNS, NSD and BIND at once and asked the same questions."""

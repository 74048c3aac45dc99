"""Signed queries: RFC 8945, as a server without keys meets them."""

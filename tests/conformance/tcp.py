"""DNS over TCP: RFC 7766 and RFC 9210."""

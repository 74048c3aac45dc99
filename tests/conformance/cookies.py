"""DNS cookies: RFC 7873 and RFC 9018."""

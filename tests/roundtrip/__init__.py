"""Every accepted record, compiled and asked back over DNS, against what dnspython makes of the same fields."""

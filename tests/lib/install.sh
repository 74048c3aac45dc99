# What `dev` needs from outside: Debian packages by group, and the CC0 country database. Sourced.
# Everything here is a no-op when it is there already.

packages_build="gcc libc6-dev meson ninja-build pkgconf clang llvm libdpdk-dev libbpf-dev libxdp-dev
	linux-libc-dev libyaml-dev libmaxminddb-dev libevent-dev libjansson-dev libcurl4-openssl-dev
	libssl-dev libxxhash-dev libknot-dev libidn2-dev libunistring-dev libcmocka-dev valgrind
	python3-dnspython"
packages_clang="git clang clang-format-14 clang-tidy-14"
packages_e2e="python3 python3-dnspython python3-yaml iproute2 iputils-ping ethtool dnsperf util-linux procps mmdb-bin
	bind9-dnsutils mandoc groff zsh"
packages_demo="python3 python3-dnspython iproute2 iputils-ping ethtool dnsperf mmdb-bin bind9-dnsutils"
packages_npm="npm openssl"
packages_peers="knot nsd bind9"

# install_packages GROUP: installs what dpkg does not know as installed. apt-get update runs only
# when something is missing, and once.
install_packages() {
	local group="packages_$1" missing=() package
	for package in ${!group}; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "dev: installing from Debian: ${missing[*]}"
	[ "$(id -u)" -eq 0 ] || die "installing packages needs root: sudo apt-get install ${missing[*]}"
	if [ -z "${apt_is_fresh:-}" ]; then
		apt-get update -qq
		apt_is_fresh=1
	fi
	DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
		"${missing[@]}" </dev/null >/dev/null
}

# install_peers: the servers that `differential` compares with, and not as services: a machine that
# had none of them must not answer DNS because it runs tests, now or after its next start.
policy_rc=/usr/sbin/policy-rc.d
install_peers() {
	local package missing=()
	for package in $packages_peers; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ -e "$policy_rc" ] || [ "$(id -u)" -ne 0 ]; then
		install_packages peers # a policy of the machine's own stays; without root this says so
	else
		trap 'rm -f "$policy_rc"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy_rc"
		chmod 755 "$policy_rc"
		install_packages peers
		rm -f "$policy_rc"
		trap - EXIT
	fi
	for package in "${missing[@]}"; do
		systemctl disable --quiet "${package/bind9/named}.service" >/dev/null 2>&1 || true
	done
}

# The country database: public domain (CC0), so anybody may run the demo and the tests. The pinned
# digest is of the package's archive, in npm's own notation.
country_package=@ip-location-db/geo-whois-asn-country-mmdb
country_version=2.3.2026061719
country_sha512=xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg==
country_database=.cache/geo-whois-asn-country-$country_version.mmdb

install_country_database() {
	local archive digest work
	[ ! -s "$country_database" ] || return 0
	# Debian's npm only where there is none: another one may have its registry configured.
	command -v npm >/dev/null || install_packages npm
	echo "dev: fetching $country_package@$country_version (CC0 country database, 8 MB)"
	mkdir -p .cache
	work=$(mktemp -d .cache/country.XXXXXX)
	# npm's own words go to the terminal when it fails; one retry, since its default waits for minutes.
	archive=$(cd "$work" && npm pack --loglevel=error --fetch-retries=1 \
		"$country_package@$country_version" </dev/null) || {
		rm -rf "$work"
		die "npm could not fetch $country_package@$country_version from its configured registry"
	}
	archive=$work/${archive##*$'\n'}
	digest=$(openssl dgst -sha512 -binary "$archive" | openssl base64 -A)
	if [ "$digest" != "$country_sha512" ]; then
		rm -rf "$work"
		die "$country_package@$country_version: sha512 is $digest, pinned is $country_sha512"
	fi
	tar -xzf "$archive" -C "$work" package/geo-whois-asn-country.mmdb
	# Renamed into place: a run that is interrupted leaves no half of it behind.
	mv "$work/package/geo-whois-asn-country.mmdb" "$country_database"
	rm -rf "$work"
}

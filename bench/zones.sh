#!/bin/sh
# Makes a directory with one zone of COUNT records (bench/zone_gen.py) and prints what checking it
# costs: stage by stage, and `meridianctl check` as a whole. Usage: bench/zones.sh BUILD_DIR [COUNT]
set -eu

[ $# -ge 1 ] && [ -x "$1/bench/zones" ] || { echo "usage: $0 BUILD_DIR [COUNT]" >&2; exit 2; }
build=$1
count=${2:-1000000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

/usr/bin/python3 "${0%/*}/zone_gen.py" "$dir/zones" "$count"
file=$dir/zones/bench.test.yaml
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores"
echo "$count records, $(($(stat -c %s "$file") / 1000000)) MB in one file"
"$build/bench/zones" "$dir/zones" "$file"
/usr/bin/python3 - "$build/control/meridianctl" "$dir/zones" <<'PYTHON'
import os, resource, subprocess, sys, time
start = time.monotonic()
subprocess.run([sys.argv[1], "check", sys.argv[2]], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"meridianctl check: {time.monotonic() - start:.2f} s ({used.ru_utime:.2f} user, "
      f"{used.ru_stime:.2f} system), {used.ru_maxrss // 1024} MiB")
PYTHON

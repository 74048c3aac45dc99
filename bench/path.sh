#!/bin/sh
# Prints what a query costs on the pure path, case by case: instructions (by callgrind: the same from
# run to run) and nanoseconds (of this
# machine, the best of 200 passes). Usage: bench/path.sh BUILD_DIR
set -eu

[ $# -eq 1 ] && [ -x "$1/bench/path" ] || { echo "usage: $0 BUILD_DIR (holding bench/path)" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "$0: needs valgrind" >&2; exit 1; }
path=$1/bench/path
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$path" native >"$dir/native"
valgrind --tool=callgrind --instr-atstart=no --toggle-collect=run_burst \
	--callgrind-out-file="$dir/profile" "$path" callgrind >"$dir/counted" 2>"$dir/log" ||
	{ cat "$dir/log" >&2; exit 1; }

# Each dump names its case and ends with the instructions of its queries.
for profile in "$dir"/profile.*; do
	sed -n -e 's/^desc: Trigger: Client Request: //p' -e 's/^totals: //p' "$profile" | paste - -
done >"$dir/totals"

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), one core"
echo "pure path, 101,000 names in 1,000 zones, bursts of 32, 4,096 different queries a case"
awk -F '\t' '
	FILENAME ~ /totals$/ { total[$1] = $2; next }
	FILENAME ~ /counted$/ { cost[$1] = total[$1] / $2; next }
	FNR == 1 { printf "%-28s %18s %10s %12s %12s\n", "case", "instructions/query",
		"ns/query", "query bytes", "reply bytes" }
	{ if (!($1 in cost) || cost[$1] <= 0) { print "no profile of " $1; failed = 1; exit }
	  printf "%-28s %18.0f %10.1f %12d %12d\n", $1, cost[$1], $2, $3, $4 }
	END { exit failed }
' "$dir/totals" "$dir/counted" "$dir/native"

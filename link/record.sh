#!/usr/bin/env bash
# Records the functions that a rendering runs, so that the linker puts them side by side: link/order.ld.
#
# The program has tens of thousands of functions, and a rendering runs two thousand. Where these lie scattered, the system
# brings in a page of the file for nearly each of them, which takes longer than running them.
#
# Needs valgrind and a linker that writes maps as LLVM's does (Rust's own for this target). Takes some minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=x86_64-unknown-linux-gnu
# A function belongs to the list when so many charts run it.
CHARTS=3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo rustc --release --locked --target $TARGET --config link/static.toml --bin vulas-native -- \
  -C strip=none -C link-arg=-Wl,--no-demangle,-Map="$work/map"

for chart in core admin monitoring fixtures/charts/*; do
  # Charts that are refused count as well.
  valgrind --tool=callgrind --demangle=no --callgrind-out-file="$work/ran.$(basename "$chart")" \
    "${CARGO_TARGET_DIR:-target}/$TARGET/release/vulas-native" template "$chart" >/dev/null 2>&1 || true
done

# The functions, those that most charts run first. (A recursive one has its depth behind its name.)
sed -nsE "s/^c?fn=\([0-9]+\) //; T; s/'[0-9]+\$//; F; p" "$work"/ran.* | paste - - | sort -u | cut -f 2 |
  sort | uniq -c | awk -v charts=$CHARTS '$1 >= charts {print $1, $2}' | sort -k 1,1nr -k 2 >"$work/functions"

# The section of each, as its object file calls it. What differs from one compiler to the next is left open: the hashes of
# crates (Cs…_), references to places behind them (B…_), what LLVM adds to some names (.llvm.…); and the numbers of impls
# (Ms…_, Xs…_), which change when one is written before them. Of the C library's functions that are there
# for several processors all are taken.
{
  echo "/* Written by link/record.sh: what a rendering runs lies side by side. */"
  echo "SECTIONS {"
  echo "  .text.first : {"
  awk '
    FNR == NR {
      if ($5 ~ /:\(/) { section = $5 ~ /:\(\.text/ ? $5 : "" } else if (section && !($5 in of)) { of[$5] = section }
      next
    }
    $2 in of && of[$2] ~ /\.text\.|\.a\(/ { print of[$2] }
  ' "$work/map" "$work/functions" |
    sed -E '
      s/^.*\/(lib[a-z_]+)[^/(]*\.a\((\w+)-(avx|evex|sse)[^)]*\):.*$/    *\1*.a:\2-*.o(.text .text.*)/; t
      s/^.*\/(lib[a-z_]+)[^/(]*\.a\(([^)]*)\):\(([^)]*)\)$/    *\1*.a:\2(\3)/; t
      s/^.*:\((.*)\)$/    *(\1)/
      s/(N[vCS])([MX])(s[0-9A-Za-z]*_)?([NC])/\1\2*\4/g
      s/Cs[0-9A-Za-z]{5,13}_/Cs*_/g; s/B[0-9A-Za-z]{1,3}_/B*_/g; s/(\.llvm\.[0-9]+)?\)$/*)/' |
    awk '!seen[$0]++'
  echo "  }"
  echo "} INSERT BEFORE .text;"
} >link/order.ld
wc -l link/order.ld

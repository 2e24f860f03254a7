#!/bin/bash
# inclusion.sh LEAF PROOF VKEY: is the leaf in the tree whose head this log's key signed? bash, openssl, sha256sum, coreutils.
set -euo pipefail
export LC_ALL=C.UTF-8
work=$(mktemp -d); trap 'rm -r "$work"' EXIT
hash() { sha256sum | cut -c1-64; }
bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }             # from hexadecimal
unbase64() { base64 -d | od -An -v -tx1 | tr -d ' \n'; }             # to hexadecimal

# The head: text, blank line, signature line. It stands behind the path in the proof.
sed '1,/^$/d' "$2" >"$work/note"
sed '/^$/,$d' "$work/note" >"$work/text"
name=$(cut -d+ -f1 "$3")
sed -n "s|^— $name ||p" "$work/note" | head -n1 | base64 -d | tail -c 64 >"$work/signature"
{ echo MCowBQYDK2VwAyEA | base64 -d; cut -d+ -f3- "$3" | base64 -d | tail -c 32; } |
  openssl pkey -pubin -inform DER -out "$work/key.pem"
openssl pkeyutl -verify -pubin -inkey "$work/key.pem" -rawin -in "$work/text" -sigfile "$work/signature"
[ "$(sed -n 1p "$work/text")" = "$name" ] || { echo "the head is of another log"; exit 1; }

# The path: RFC 9162 2.1.3.2.
index=$(sed -n 's/^index //p' "$2" | head -n1) size=$(sed -n 2p "$work/text")
root=$(sed -n 3p "$work/text" | unbase64)
fn=$index sn=$((size - 1))
[ "$fn" -le "$sn" ] || { echo "the index lies outside the tree"; exit 1; }
r=$({ printf '\0'; cat "$1"; } | hash)
while read -r line; do
  p=$(unbase64 <<<"$line")
  [ "$sn" -ne 0 ] || { echo "the path is too long"; exit 1; }
  if ((fn & 1 || fn == sn)); then
    r=$({ printf '\001'; bytes "$p$r"; } | hash)
    while ((!(fn & 1) && fn)); do ((fn >>= 1, sn >>= 1)) || true; done
  else
    r=$({ printf '\001'; bytes "$r$p"; } | hash)
  fi
  ((fn >>= 1, sn >>= 1)) || true
done < <(sed -n '/^index /,/^$/p' "$2" | sed '1d;/^$/d')
[ "$sn" -eq 0 ] && [ "$r" = "$root" ] || { echo "NOT in the log: the path does not lead to the signed root"; exit 1; }
echo "In the log: entry $index of $size, under the head that $name signed"

#!/usr/bin/env bash
# bagit 1.9.0 (PyPI, of the Library of Congress): it makes bags that it calls invalid a moment later.
#
# Valid input: two files whose names Linux and BagIt allow, `x%0Ay.txt` (a name that came out of a URL) and a name that
# ends in a blank. Guess beforehand: a bag that nobody touched validates with the program that made it.
# What happens: making writes `%` as it is, and encodes line ends only; reading decodes every `%0A` and strips the
# line. Each of the two files is then said to be missing, and to be there without being listed. `%25` in a name is not
# decoded, so that a bag encoded as RFC 8493 section 2.1.3 says is refused as well.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python bagit==1.9.0
bagit=$programs/bagit.py

# Makes a bag of one file with this name; prints what the manifest lists, and what validating says of it.
bag() {
    local folder=$work/bag
    rm -rf -- "$folder"
    mkdir "$folder"
    printf 'a vaccination card\n' >"$folder/$1"
    "$bagit" --quiet --sha256 "$folder"
    sed 's/^[0-9a-f]*//' "$folder/manifest-sha256.txt"
    "$bagit" --validate "$folder" 2>&1 | grep -o 'is valid\|is invalid.*' || true
}

plain=$(bag 'card.txt')
encoded=$(bag 'x%0Ay.txt')
blank=$(bag 'card ')
printf '%s\n' "$plain" "$encoded" "$blank"
[[ $plain == *'is valid' ]]
[[ $encoded == *'data/x%0Ay.txt'*'is invalid: Bag is incomplete'* ]]
[[ $blank == *'data/card '*'is invalid: Bag is incomplete'* ]]

# As RFC 8493 has it: the manifest says %25 where the name has a percent sign.
folder=$work/rfc
mkdir "$folder"
printf 'half\n' >"$folder/50%.txt"
"$bagit" --quiet --sha256 "$folder"
rm "$folder"/tagmanifest-*.txt
sed -i 's/%/%25/' "$folder/manifest-sha256.txt"
rfc=$("$bagit" --validate "$folder" 2>&1 | grep -o 'is valid\|is invalid.*' || true)
printf '%s\n' "$rfc"
[[ $rfc == 'is invalid: Bag is incomplete'* ]]

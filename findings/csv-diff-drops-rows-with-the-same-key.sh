#!/usr/bin/env bash
# csv-diff 1.2: two files with different numbers of rows have no difference.
#
# Valid input: a CSV file of three rows, two of them with the same key but other contents, beside one
# of two rows. Guess beforehand: a row removed, or an error that the key is not unique. What
# happens: rows go into a dictionary by their key, the last one wins, and the row before it is
# compared with nothing. Nothing is printed. The same for rows whose key is empty.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/start/python"
install_python csv-diff==1.2

for key in 1 ''; do
    printf 'id,name\n%s,A\n%s,B\n2,C\n' "$key" "$key" >"$work/three.csv"
    printf 'id,name\n%s,B\n2,C\n' "$key" >"$work/two.csv"
    found=$("$programs/csv-diff" "$work/three.csv" "$work/two.csv" --key id)
    printf 'key [%s]: [%s]\n' "$key" "$found"
    [[ -z ${found//[[:space:]]/} ]]
done

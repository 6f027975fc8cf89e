#!/usr/bin/env bash
# fflate 0.8.3 (npm): of a gzip file of two members it returns a few bytes, without an error.
#
# Valid input: two gzip files one behind the other, which RFC 1952 section 2.2 allows and log rotation, bgzip and
# `cat` make. Guess beforehand: both members, as zlib and gzip read it; at worst the first one whole.
# What happens: gunzipSync, decompressSync and the asynchronous gunzip take the length of the *last* member for the
# length of everything, read the first member into that, and return it: 4 bytes of 16 here. The streaming Gunzip
# reads both.
set -euo pipefail
work=$(mktemp -d /tmp/finding.XXXXXX)
trap 'rm -rf -- "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit fflate@0.8.3 >/dev/null

output=$(node - <<'JAVASCRIPT'
const fflate = require('fflate')
const zlib = require('node:zlib')

const file = Buffer.concat([zlib.gzipSync('id,dose\n1,1\n'), zlib.gzipSync('2,3\n')])
const show = (name, bytes) => console.log(name, JSON.stringify(Buffer.from(bytes).toString()))
show('zlib', zlib.gunzipSync(file))
show('gunzipSync', fflate.gunzipSync(file))
show('decompressSync', fflate.decompressSync(file))
const chunks = []
new fflate.Gunzip((chunk) => chunks.push(Buffer.from(chunk))).push(file, true)
show('Gunzip', Buffer.concat(chunks))
fflate.gunzip(file, (error, bytes) => show(`gunzip ${error}`, bytes))
JAVASCRIPT
)
printf '%s\n' "$output"
[[ $output == 'zlib "id,dose\n1,1\n2,3\n"
gunzipSync "id,d"
decompressSync "id,d"
Gunzip "id,dose\n1,1\n2,3\n"
gunzip null "id,d"' ]]

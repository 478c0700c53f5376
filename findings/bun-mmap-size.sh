#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bun: Bun.mmap() returns less than the size it is asked for, without an error.
#
# Guess: a `size` beyond the end of the file is an error, or the array has that length, as with
#   mmap(2), and its end raises SIGBUS; an `offset` that is not of a page is EINVAL.
# Came: the array ends with the file, and nothing tells. An unaligned `offset` works.
# Version: @oven/bun-linux-x64-baseline 1.4.5, from npm.
# Hurts: a program in Bun that maps the object of a region itself, by a capacity from somewhere
#   else: reads beyond the end are undefined, and writes are lost.
# Zinc: the package for Node.js works in Bun, and has the capacity from the region;
#   lib/node/README.md, "Memory".

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

bun=$(npm_pack @oven/bun-linux-x64-baseline@1.4.5)/bin/bun
chmod +x "$bun"
cat >"$SCRATCH/map.js" <<'JS'
const file = process.argv[2];
const content = new Uint8Array(16384);

content[100] = 7;
await Bun.write(file, content);
console.log('Bun', Bun.version);
console.log('whole:', Bun.mmap(file).length);
const more = Bun.mmap(file, { size: 65536 });
console.log('65536 of 16384:', more.length, more[20000]);
const part = Bun.mmap(file, { offset: 100 });
console.log('from 100:', part.length, part[0]);
JS
"$bun" "$SCRATCH/map.js" "$SCRATCH/file" | finding 3<<'TXT'
Bun 1.4.5
whole: 16384
65536 of 16384: 16384 undefined
from 100: 16284 7
TXT

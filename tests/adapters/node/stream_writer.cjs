// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* Writes frames, each filled with its number, until it is killed. */

const path = require('node:path');
const { StreamWriter } = require(path.join(process.env.ZINC_ADAPTERS, 'node', 'zinc-shm'));

async function main(name) {
	const writer = StreamWriter.create(name, { format: { kind: 'bytes' }, slotSize: 4096 });
	console.log('ready');
	for (let number = 1; ; number++) {
		const memory = await writer.begin();
		new Uint32Array(memory.buffer, memory.byteOffset, 1024).fill(number);
		writer.commit();
		await new Promise((resolve) => setTimeout(resolve, 2));
	}
}

main(process.argv[2]);

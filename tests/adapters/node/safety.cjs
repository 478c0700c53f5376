// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* usage: node --expose-gc safety.cjs WHAT: memory, under the collector. Says safe at its end. */

const assert = require('node:assert/strict');
const { PAGE, SharedRegion, collected, comeDown, counts, fails, named, peer, sleep } =
	require('./suite.cjs');

const MANY = 10000;

const parts = {
	/** Created and dropped, every second one with a buffer, every third one closed. */
	dropped: async () => {
		const before = counts();
		let most = 0;
		for (let n = 0; n < MANY; n++) {
			const region = SharedRegion.create(named(), PAGE);
			if (n % 2) region.buffer[0] = n & 255;
			if (n % 3 === 0) region.close();
			if (n % 200 === 199) {
				most = Math.max(most, counts().maps);
				globalThis.gc();
				// finalizers of buffers come later
				await sleep(0);
			}
		}
		assert.ok(most > 10, `no more than ${most} mappings at a time`);
		const last = () => counts().fds <= before.fds && counts().maps <= before.maps;
		await collected(last);
	},
	/** Buffers that live on are good, and then go. */
	buffers: async () => {
		const before = counts();
		const buffers = [];
		const fill = (n) => {
			const { buffer } = SharedRegion.create(named(), PAGE);
			buffer.fill(n);
			buffers.push(buffer.subarray(100, 200));
		};
		for (let n = 0; n < 200; n++) fill(n);
		for (let n = 0; n < 5; n++) {
			globalThis.gc();
			await sleep(1);
		}
		buffers.forEach((buffer, n) => assert.ok(buffer.every((byte) => byte === n)));
		buffers.length = 0;
		await collected(() => counts().fds <= before.fds && counts().maps <= before.maps);
	},
	/** No memory that a transfer has moved is unmapped below its new owner. */
	transferred: async () => {
		const name = named();
		const region = SharedRegion.create(name, PAGE);
		const { arrayBuffer } = region;
		new Uint8Array(arrayBuffer)[0] = 7;
		const { port1, port2 } = new MessageChannel();
		let moved;
		try {
			port1.postMessage(arrayBuffer, [arrayBuffer]);
			moved = await new Promise((resolve) => {
				port2.onmessage = (event) => resolve(event.data);
			});
		} catch (error) {
			// Node.js refuses
			assert.equal(error.name, 'DataCloneError');
		}
		port1.close();
		port2.close();
		region.close();
		assert.equal(arrayBuffer.byteLength, 0);
		if (moved) assert.equal(new Uint8Array(moved)[0], 7);
		moved = undefined;
		await collected(() => peer('probe', name) === '2');
	},
	/** As in Electron. */
	copies: async () => {
		const region = SharedRegion.create(named(), PAGE);
		assert.equal(region.isShared, false);
		region.buffer[0] = 7;
		assert.equal(region.buffer[0], 0);
		region.write(Buffer.from([8]), 0);
		assert.equal(region.buffer[0], 8);
		assert.equal(new Uint8Array(region.arrayBuffer)[0], 8);
		assert.equal(region.buffer.length, PAGE);
		region.close();
		await fails('ERR_ZINC_CLOSED', () => region.buffer);
		const { StreamReader, StreamWriter } = require('./suite.cjs');
		const name = named();
		const writer = StreamWriter.create(name, { slotSize: 4096 });
		const reader = StreamReader.open(name);
		(await writer.begin()).fill(5);
		writer.commit({ bytes: 10 });
		const view = await reader.view();
		assert.deepEqual([...view.data], Array(10).fill(5));
		assert.ok(view.done());
		await writer.write(Buffer.from('x'));
		assert.equal((await reader.read()).data.toString(), 'x');
		writer.close();
		reader.close();
	},
	/** Waits that end in every way, at once. */
	races: async () => {
		const before = counts();
		for (let n = 0; n < 300; n++) {
			const name = named();
			const region = SharedRegion.create(name, PAGE);
			const other = SharedRegion.open(name);
			const controller = new AbortController();
			const { signal } = controller;
			const waits = [
				region.wait({ signal }),
				region.wait({ timeout: n % 3 }),
				other.wait({ orGone: true, timeout: 60000 }),
				SharedRegion.waitAny([region, other], { signal }),
			];
			if (n % 2) other.notify();
			if (n % 5 === 0) await sleep(1);
			if (n % 3) controller.abort();
			region.close();
			if (n % 7) other.close();
			controller.abort();
			await Promise.allSettled(waits.slice(0, 2));
			other.close();
			await Promise.allSettled(waits);
		}
		await comeDown(before);
	},
	/** What is open at the end is closed, by a program that ends itself. */
	exit: async () => {
		const region = SharedRegion.create(process.argv[3], PAGE);
		region.buffer[0] = 1;
		region.wait();
		SharedRegion.openWait(named());
		setTimeout(() => process.exit(7), 20);
		await new Promise(() => {});
	},
};

parts[process.argv[2]]().then(() => console.log('safe'));

// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* Streams, by the adapter for Node.js. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { inspect } = require('node:util');
const { IS_KMOD, PATIENCE, SharedRegion, StreamReader, StreamWriter, ZincGoneError } =
	require('./suite.cjs');
const { PACKAGE, collected, comeDown, counts, fails, named, peer, sleep, startOther } = require('./suite.cjs');

const BYTES = { kind: 'bytes' };

/** Both ends of a stream, which are closed at the end. */
async function both(test, { mode = 'newest', ...options } = {}) {
	const name = named();
	const ends = [StreamWriter.create(name, { format: BYTES, slotSize: 4096, ...options })];
	try {
		ends.push(StreamReader.open(name, { mode }));
		await test(...ends, name);
	} finally {
		for (const end of ends) end.close();
	}
}

function mine(ms) {
	const controller = new AbortController();
	const reason = Object.assign(new Error('no more'), { code: 'MINE' });
	setTimeout(() => controller.abort(reason), ms);
	return controller.signal;
}

const tests = {
	'frames': () =>
		both(async (writer, reader, name) => {
			assert.equal(writer.name, name);
			assert.equal(reader.name, name);
			assert.equal(reader.slots, 4);
			assert.equal(reader.slotSize, 4096);
			assert.equal(reader.slotOffset, writer.slotOffset);
			assert.ok(writer.info.creator && reader.info.readOnly);
			assert.equal(await reader.read({ timeout: 0 }), null);
			assert.equal(await reader.read({ timeout: 20 }), null);
			const before = StreamWriter.now();
			assert.equal(await writer.write(Buffer.from('one'), { key: true }), true);
			const frame = await reader.read();
			assert.equal(frame.data.toString(), 'one');
			assert.equal(frame.number, 1);
			assert.ok(frame.pts >= before && frame.pts <= StreamWriter.now());
			assert.ok(frame.key && !frame.gap && !frame.end && !frame.newFormat);
			assert.equal(frame.damage, null);
			setTimeout(() => writer.write(Buffer.from('two'), { pts: 5n, end: true }), 20);
			const next = await reader.read({ timeout: PATIENCE });
			assert.equal(next.data.toString(), 'two');
			assert.equal(next.pts, 5n);
			assert.ok(next.end && !next.key);
		}),
	'what a copy lost before a time-out': () =>
		both(
			async (writer, reader) => {
				const native = require(`${PACKAGE}/lib/native.js`);
				const done = native.streamDone;
				writer.setFormat({ ...BYTES, caps: 'other' });
				await writer.write(Buffer.from('one'));
				// as if the writer had overwritten it
				native.streamDone = (handle) => done(handle) || -116;
				try {
					assert.equal(await reader.read({ timeout: 20 }), null);
				} finally {
					native.streamDone = done;
				}
				await writer.write(Buffer.from('two'));
				const frame = await reader.read();
				assert.equal(frame.number, 2);
				assert.equal(frame.lost, 1);
				assert.ok(frame.newFormat);
				await writer.write(Buffer.from('three'));
				const next = await reader.read();
				assert.ok(next.lost === 0 && !next.newFormat);
			},
			{ mode: 'every' },
		),
	'newest': () =>
		both(async (writer, reader) => {
			for (let i = 1; i <= 10; i++) await writer.write(Buffer.from([i]));
			const frame = await reader.read();
			assert.deepEqual([frame.number, frame.data[0], frame.lost, reader.lost], [10, 10, 0, 0]);
		}),
	'every': () =>
		both(
			async (writer, reader) => {
				await writer.write(Buffer.from([1]));
				assert.equal((await reader.read()).number, 1);
				for (let i = 2; i <= 10; i++) await writer.write(Buffer.from([i]));
				const frame = await reader.read();
				// the oldest slot may be written at any time
				assert.deepEqual([frame.number, frame.lost, reader.lost], [8, 6, 6]);
				assert.equal((await reader.read()).number, 9);
			},
			{ mode: 'every' },
		),
	// the writer waits for a reader that has registered
	'register': () =>
		both(
			async (writer, reader) => {
				for (let i = 1; i <= 4; i++) assert.ok(await writer.write(Buffer.from([i])));
				assert.equal(await writer.write(Buffer.from([5]), { timeout: 0 }), false);
				assert.equal(await writer.begin({ timeout: 20 }), null);
				await fails('MINE', () => writer.begin({ signal: mine(20) }));
				const write = writer.write(Buffer.from([5]));
				await fails('EBUSY', () => writer.begin());
				await fails('EBUSY', () => writer.setFormat(BYTES));
				assert.equal((await reader.read()).data[0], 1);
				assert.ok(await write);
				for (let i = 2; i <= 5; i++) assert.equal((await reader.read()).data[0], i);
				assert.equal(reader.lost, 0);
			},
			{ mode: 'register' },
		),
	// a thread's begin after the timeout serves the next caller
	'register-late': () =>
		both(
			async (writer, reader) => {
				for (let i = 1; i <= 4; i++) assert.ok(await writer.write(Buffer.from([i])));
				assert.equal(await writer.begin({ timeout: 5 }), null);
				assert.equal((await reader.read()).data[0], 1);
				assert.equal(await writer.drop(), 0);
				writer.setFormat({ kind: 'bytes', caps: 'other' });
				const write = writer.write(Buffer.from([5]));
				for (let i = 2; i <= 4; i++) await reader.read();
				assert.ok(await write);
				const frame = await reader.read();
				assert.equal(frame.data[0], 5);
				assert.equal(frame.format.caps, 'other');
			},
			{ mode: 'register' },
		),
	'drop': () =>
		both(
			async (writer, reader) => {
				for (let i = 1; i <= 4; i++) assert.ok(await writer.write(Buffer.from([i])));
				const begin = writer.begin({ timeout: 20 });
				await fails('EBUSY', () => writer.drop());
				assert.equal(await begin, null);
				assert.equal(await writer.drop(), 1);
				assert.equal(await writer.drop(), 0);
				for (let i = 5; i <= 6; i++) assert.ok(await writer.write(Buffer.from([i])));
				const frame = await reader.read();
				assert.ok(frame.lost >= 2 && frame.data[0] === frame.number, inspect(frame));
				writer.close();
				await fails('ERR_ZINC_CLOSED', () => writer.drop());
			},
			{ mode: 'register' },
		),
	'close-ends-waits': () =>
		both(
			async (writer, reader) => {
				for (let i = 1; i <= 4; i++) assert.ok(await writer.write(Buffer.from([i])));
				const begin = writer.begin();
				setTimeout(() => writer.close(), 10);
				await fails('ERR_ZINC_CLOSED', () => begin);
				for (let i = 1; i <= 4; i++) await reader.read();
				const read = reader.read();
				setTimeout(() => reader.close(), 10);
				await fails(/ERR_ZINC_CLOSED|EPIPE/, () => read);
			},
			{ mode: 'register' },
		),
	'begin-commit-cancel': () =>
		both(async (writer, reader) => {
			await fails('EINVAL', () => writer.commit());
			const memory = await writer.begin();
			assert.equal(memory.length, 4096);
			await fails('EBUSY', () => writer.begin());
			memory.fill(7);
			writer.commit({ bytes: 100, gap: true, damage: { x: 1, y: 2, width: 3, height: 4 } });
			const frame = await reader.read();
			assert.equal(frame.data.length, 100);
			assert.ok(frame.data.every((byte) => byte === 7) && frame.gap);
			assert.deepEqual(frame.damage, { x: 1, y: 2, width: 3, height: 4 });
			(await writer.begin()).fill(8);
			writer.cancel();
			writer.cancel();
			assert.equal(await reader.read({ timeout: 0 }), null);
			await writer.begin();
			await fails('ERR_OUT_OF_RANGE', () => writer.commit({ bytes: 4097 }));
			writer.commit();
			assert.equal((await reader.read()).data.length, 4096);
			await fails('ERR_OUT_OF_RANGE', () => writer.write(Buffer.alloc(4097)));
			await fails('ERR_INVALID_ARG_TYPE', () => writer.write('text'));
		}),
	'view': () =>
		both(async (writer, reader) => {
			await writer.write(Buffer.from('one'));
			const view = await reader.view();
			assert.equal(view.data.toString(), 'one');
			assert.ok(view.isWhole());
			for (let i = 0; i < 4; i++) await writer.write(Buffer.from('two'));
			assert.ok(!view.isWhole());
			assert.equal(view.data.toString(), 'two');
			assert.equal(view.done(), false);
			assert.equal(view.data.length, 0);
			const next = await reader.view();
			const { data } = next;
			assert.equal(next.done(), true);
			assert.equal(next.done(), false);
			assert.equal(data.length, 3);
			reader.close();
			assert.equal(data.length, 0);
		}),
	'views': () =>
		both(
			async (writer, reader) => {
				const seen = [];
				const writes = (async () => {
					for (let i = 1; i <= 20; i++) await writer.write(Buffer.from([i]));
					writer.close();
				})();
				for await (const view of reader.views()) seen.push(view.data[0]);
				await writes;
				assert.deepEqual(seen, Array.from({ length: 20 }, (_, i) => i + 1));
			},
			{ mode: 'register' },
		),
	'one-at-a-time': () =>
		both(async (writer, reader) => {
			const read = reader.read({ timeout: PATIENCE });
			await fails('ERR_ZINC_BUSY', () => reader.read());
			await fails('ERR_ZINC_BUSY', () => reader.view());
			await writer.write(Buffer.from('x'));
			assert.equal((await read).data.toString(), 'x');
		}),
	'abort': () =>
		both(async (writer, reader) => {
			await fails('MINE', () => reader.read({ signal: mine(10) }));
			await writer.write(Buffer.from('x'));
			assert.equal((await reader.read()).data.toString(), 'x');
			const frames = reader.frames({ signal: mine(10) });
			await fails('MINE', () => frames.next());
			for await (const frame of reader.frames({ timeout: 10 })) assert.fail(frame.number);
		}),
	'tensor': () =>
		both(
			async (writer, reader) => {
				const { format } = reader;
				assert.equal(format.kind, 'tensor');
				assert.equal(format.dtype, 'float32');
				assert.deepEqual(format.shape, [2, 3]);
				assert.deepEqual(format.rate, [30000, 1001]);
				assert.equal(format.caps, 'model=a');
				const memory = await writer.begin();
				new Float32Array(memory.buffer, memory.byteOffset, 6).set([1, 2, 3, 4, 5, 6.5]);
				writer.commit({ bytes: 24 });
				const frame = await reader.read();
				assert.deepEqual([...frame.elements], [1, 2, 3, 4, 5, 6.5]);
				assert.ok(frame.elements instanceof Float32Array);
			},
			{
				format: {
					kind: 'tensor',
					dtype: 'float32',
					shape: [2, 3],
					rate: [30000, 1001],
					caps: 'model=a',
				},
				slotSize: undefined,
			},
		),
	'video': () =>
		both(
			async (writer, reader) => {
				const { format } = reader;
				assert.equal(format.fourcc, 'NV12');
				assert.deepEqual([format.width, format.height], [321, 241]);
				assert.deepEqual(format.stride, [321, 322]);
				assert.deepEqual(format.offset, [0, 321 * 241]);
				assert.equal(format.modifier, 0n);
				assert.equal(writer.slotSize % 4096, 0);
				// another format from here on, and nothing is lost by it
				await writer.write(Buffer.alloc(4));
				const other = { kind: 'video', fourcc: 'XR24', width: 100, height: 100 };
				writer.setFormat({ ...other, stride: [512], offset: [64], modifier: 1n << 56n });
				const old = await reader.read();
				assert.deepEqual([old.number, old.format.fourcc], [1, 'NV12']);
				await writer.write(Buffer.alloc(8));
				const frame = await reader.read();
				assert.ok(frame.newFormat);
				assert.equal(frame.format.fourcc, 'XR24');
				assert.deepEqual([frame.format.stride, frame.format.offset], [[512], [64]]);
				assert.equal(frame.format.modifier, 1n << 56n);
				await fails('EBADMSG', () => writer.setFormat({ ...other, width: 9999 }));
			},
			{ format: { kind: 'video', fourcc: 'NV12', width: 321, height: 241 }, slotSize: undefined },
		),
	'audio': () =>
		both(
			async (writer, reader) => {
				assert.equal(reader.format.channels, 2);
				assert.deepEqual(reader.format.rate, [48000, 1]);
				const samples = Int16Array.of(1, -2, 3, -4);
				await writer.write(new Uint8Array(samples.buffer));
				assert.deepEqual((await reader.read()).elements, samples);
			},
			{ format: { kind: 'audio', dtype: 'int16', channels: 2, rate: 48000 }, slotSize: 4096 },
		),
	'errors': async () => {
		const name = named();
		await fails('ENOENT', () => StreamReader.open(name));
		await fails('ENOENT', () => StreamReader.openWait(name, { timeout: 0 }));
		await fails('ETIMEDOUT', () => StreamReader.openWait(name, { timeout: 20 }));
		await fails('MINE', () => StreamReader.openWait(name, { signal: mine(10) }));
		const create = (options) => () => StreamWriter.create(name, options);
		await fails('ERR_INVALID_ARG_VALUE', create({ format: BYTES }));
		await fails('ERR_INVALID_ARG_VALUE', create({ format: { kind: 'text' } }));
		await fails('EINVAL', create({ format: BYTES, slotSize: 4096, slots: 1 }));
		await fails('EINVAL', create({ format: BYTES, slotSize: 0 }));
		const tensor = { kind: 'tensor', dtype: 'float32', shape: [2] };
		await fails('ERR_INVALID_ARG_VALUE', create({ format: { ...tensor, dtype: 'float' } }));
		await fails('ERR_INVALID_ARG_VALUE', create({ format: { ...tensor, shape: Array(9).fill(1) } }));
		await fails('ERR_OUT_OF_RANGE', create({ format: { ...tensor, shape: [-1] } }));
		await fails('EBADMSG', create({ format: { ...tensor, shape: [9999] }, slotSize: 4096 }));
		const video = { kind: 'video', fourcc: 'XR24', width: 2, height: 2 };
		await fails('ERR_INVALID_ARG_VALUE', create({ format: { ...video, fourcc: 'ABCDE' } }));
		await fails('ERR_INVALID_ARG_VALUE', create({ format: { ...video, fourcc: 'WHAT' } }));
		await fails('ERR_INVALID_ARG_VALUE', create({ format: { ...video, caps: 'x'.repeat(256) } }));
		// not a stream
		const region = SharedRegion.create(name, 65536);
		await fails('EEXIST', create({ format: BYTES, slotSize: 4096 }));
		await fails('EBADMSG', () => StreamReader.open(name));
		region.close();
		await fails('ERR_INVALID_ARG_VALUE', () => StreamReader.open(name, { mode: 'all' }));
		await fails('ERR_ILLEGAL_CONSTRUCTOR', () => new StreamReader());
		await fails('ERR_ILLEGAL_CONSTRUCTOR', () => new StreamWriter());
	},
	'open-waits': async () => {
		const name = named();
		const open = StreamReader.openWait(name, { timeout: PATIENCE, mode: 'every' });
		await sleep(20);
		const writer = StreamWriter.create(name, { format: BYTES, slotSize: 4096 });
		const reader = await open;
		await writer.write(Buffer.from('x'));
		assert.equal((await reader.read({ timeout: PATIENCE })).data.toString(), 'x');
		reader.close();
		writer.close();
	},
	// frames of another process, until it is killed, and of the next one
	'restarted': async () => {
		const name = named();
		for (let i = 0; i < 2; i++) {
			const open = StreamReader.openWait(name, { timeout: PATIENCE, mode: 'every' });
			const other = await startOther('stream_writer.cjs', name);
			const reader = await open;
			let last = 0;
			let lost = 0;
			for await (const frame of reader) {
				const words = new Uint32Array(frame.data.buffer, frame.data.byteOffset, 1024);
				assert.ok(words.every((word) => word === frame.number));
				lost += frame.lost;
				if (last !== 0) assert.equal(frame.number - last, frame.lost + 1);
				last = frame.number;
				if (frame.number >= 50) await other.kill();
			}
			assert.ok(last >= 50);
			assert.equal(reader.lost, lost);
			await fails('EPIPE', () => reader.read({ timeout: PATIENCE }));
			reader.close();
			peer('unlink', name);
		}
	},
	'gone-by-name': () =>
		both(async (writer, reader, name) => {
			const read = reader.read({ timeout: PATIENCE });
			await sleep(10);
			peer('unlink', name);
			assert.ok((await fails('EPIPE', () => read)) instanceof ZincGoneError);
		}),
	'closed': () =>
		both(async (writer, reader) => {
			for (const end of [writer, reader]) {
				end.close();
				end.close();
				assert.ok(end.closed);
				await fails('ERR_ZINC_CLOSED', () => end.info);
				await fails('ERR_ZINC_CLOSED', () => end.exportDmabuf());
			}
			await fails('ERR_ZINC_CLOSED', () => reader.read());
			await fails('ERR_ZINC_CLOSED', () => reader.view());
			await fails('ERR_ZINC_CLOSED', () => reader.lost);
			await fails('ERR_ZINC_CLOSED', () => writer.begin());
			await fails('ERR_ZINC_CLOSED', () => writer.commit());
			await fails('ERR_ZINC_CLOSED', () => writer.setFormat(BYTES));
		}),
	'dmabuf': () =>
		both(async (writer) => {
			if (!IS_KMOD) {
				await fails('EOPNOTSUPP', () => writer.exportDmabuf());
				return;
			}
			const fd = writer.exportDmabuf();
			assert.ok(fs.existsSync(`/proc/self/fd/${fd}`));
			SharedRegion.closeFd(fd);
			assert.ok(!fs.existsSync(`/proc/self/fd/${fd}`));
		}),
	'collected': async () => {
		const name = named();
		(() => {
			StreamWriter.create(name, { format: BYTES, slotSize: 4096 });
			StreamReader.open(name);
		})();
		await collected(() => peer('probe', name) === '2');
	},
	'leaves-nothing': async () => {
		const before = counts();
		for (let n = 0; n < 50; n++) {
			await both(
				async (writer, reader) => {
					await writer.write(Buffer.from('x'));
					await reader.view();
					reader.read({ timeout: PATIENCE }).catch(() => {});
				},
				{ mode: n % 2 ? 'register' : 'newest' },
			);
		}
		await comeDown(before);
	},
};

module.exports = Object.entries(tests).map(([id, test], index) => [
	201 + index,
	`node.stream-${id}`,
	test,
]);

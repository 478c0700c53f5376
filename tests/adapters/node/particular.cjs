// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* Tests of regions that only the adapter for Node.js has. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');
const { IS_KMOD, PACKAGE, PAGE, PATIENCE, SharedRegion, Skip } = require('./suite.cjs');
const { collected, comeDown, counts, fails, named, peer, sleep, start } = require('./suite.cjs');

/** A region and another handle of it, which are closed at the end. */
async function opened(test, options) {
	const name = named();
	const regions = [SharedRegion.create(name, PAGE, options)];
	try {
		regions.push(SharedRegion.open(name));
		await test(...regions, name);
	} finally {
		for (const region of regions) region.close();
	}
}

function waitsInThread() {
	return fs.readdirSync('/proc/self/task').length;
}

const tests = {
	'wait-sync': () =>
		opened(async (a, b, name) => {
			assert.equal(a.waitSync({ timeout: 20 }), false);
			b.notify();
			assert.ok(a.waitSync());
			const other = await start('late-notify', name, process.pid);
			assert.ok(a.waitSync({ timeout: PATIENCE }));
			await other.ends();
			SharedRegion.unlink(name);
			const gone = await fails('EPIPE', () => a.waitSync({ orGone: true, timeout: PATIENCE }));
			assert.equal(gone.name, 'ZincGoneError');
		}),
	'loop-lives': () =>
		opened(async (a, b) => {
			let ticks = 0;
			const timer = setInterval(() => ticks++, 5);
			setTimeout(() => b.notify(), 100);
			assert.ok(await a.wait({ timeout: PATIENCE }));
			clearInterval(timer);
			assert.ok(ticks > 2, `${ticks} ticks`);
		}),
	'all-that-wait': () =>
		opened(async (a, b) => {
			const waits = [1, 2, 3].map(() => a.wait({ timeout: PATIENCE }));
			b.notify();
			assert.deepEqual(await Promise.all(waits), [true, true, true]);
			assert.equal(a.tryWait(), false);
		}),
	// 50 regions are waited for: with the module by one thread
	'threads': async () => {
		const regions = [];
		for (let i = 0; i < 50; i++) regions.push(SharedRegion.create(named(), PAGE));
		const before = waitsInThread();
		const waits = regions.map((region) => region.wait({ timeout: PATIENCE }));
		await sleep(20);
		const more = waitsInThread() - before;
		for (const region of regions) region.notify();
		assert.ok((await Promise.all(waits)).every(Boolean));
		for (const region of regions) region.close();
		if (IS_KMOD) assert.ok(more <= 1, `${more} threads`);
		else assert.ok(more >= 50, `${more} threads`);
	},
	'iterator': () =>
		opened(async (a, b) => {
			const seen = [];
			b.notify();
			for await (const n of a) {
				seen.push(n);
				if (n === 3) break;
				b.notify();
			}
			assert.deepEqual(seen, [1, 2, 3]);
			assert.equal(a.closed, false);
		}),
	'iterator-closed': () =>
		opened(async (a) => {
			setTimeout(() => a.close(), 20);
			for await (const n of a) assert.fail(`a notify: ${n}`);
		}),
	'iterator-gone': async () => {
		const name = named();
		const other = await start('hold', name);
		const region = SharedRegion.open(name);
		region.notify();
		setTimeout(() => other.kill(), 50);
		const seen = [];
		for await (const n of region.notifications({ orGone: true })) seen.push(n);
		assert.deepEqual(seen, [1]);
		region.close();
		peer('unlink', name);
	},
	'abort': () =>
		opened(async (a, b) => {
			const gone = new AbortController();
			gone.abort();
			const early = await fails('AbortError', () => a.wait({ signal: gone.signal }).catch(named20));
			assert.equal(early.name, 'AbortError');
			const controller = new AbortController();
			const reason = Object.assign(new Error('no more'), { code: 'MINE' });
			setTimeout(() => controller.abort(reason), 20);
			const late = await fails('MINE', () => a.wait({ signal: controller.signal }));
			assert.equal(late, reason);
			// it took no notify
			b.notify();
			assert.equal(await a.wait({ timeout: PATIENCE }), true);
			assert.equal(a.tryWait(), false);
		}),
	// what a thread takes after the abort is not lost
	'abort-takes-nothing': () =>
		opened(async (a, b) => {
			for (let i = 0; i < 5; i++) {
				const controller = new AbortController();
				const wait = a.wait({ signal: controller.signal });
				await sleep(1);
				controller.abort(Object.assign(new Error('no more'), { code: 'MINE' }));
				await fails('MINE', () => wait);
				b.notify();
				await sleep(5);
				assert.equal(a.tryWait(), true, `round ${i}`);
			}
		}),
	'close-ends-waits': () =>
		opened(async (a) => {
			const wait = a.wait();
			setTimeout(() => a.close(), 10);
			await fails('ERR_ZINC_CLOSED', () => wait);
		}),
	'closed-while-waited': async () => {
		const name = named();
		const region = SharedRegion.create(name, PAGE);
		const wait = region.wait();
		await sleep(10);
		region.close();
		await fails('ERR_ZINC_CLOSED', () => wait);
		// a thread on POSIX shared memory has it for a slice of its wait
		for (let i = 0; i < 100 && peer('probe', name) !== '2'; i++) await sleep(10);
		assert.equal(peer('probe', name), '2');
	},
	'wait-any': () =>
		opened((a, b) =>
			opened(async (c, d) => {
				assert.equal(await SharedRegion.waitAny([a, c], { timeout: 20 }), null);
				setTimeout(() => d.notify(), 20);
				assert.equal(await SharedRegion.waitAny([a, c], { timeout: PATIENCE }), c);
				b.notify();
				d.notify();
				assert.equal(await SharedRegion.waitAny([c, a]), c);
				assert.equal(await SharedRegion.waitAny([c, a]), a);
				assert.equal(await SharedRegion.waitAny([c, a], { timeout: 0 }), null);
				const controller = new AbortController();
				const reason = Object.assign(new Error('no more'), { code: 'MINE' });
				setTimeout(() => controller.abort(reason), 20);
				const { signal } = controller;
				await fails('MINE', () => SharedRegion.waitAny([a, c], { signal }));
				d.notify();
				assert.equal(SharedRegion.waitAnySync([a, c]), c);
				assert.equal(SharedRegion.waitAnySync([a, c], { timeout: 10 }), null);
				await fails('ERR_INVALID_ARG_VALUE', () => SharedRegion.waitAny([]));
				await fails('ERR_INVALID_ARG_VALUE', () => SharedRegion.waitAnySync([{}]));
			}),
		),
	'notify-and-wait': () =>
		opened(async (a, b, name) => {
			// it hears itself
			assert.equal(a.notifyAndWaitSync(a), true);
			assert.equal(b.tryWait(), true);
			const reply = SharedRegion.open(name, { readOnly: true });
			await fails('EBADF', () => reply.notifyAndWaitSync(a, { timeout: 10 }));
			reply.close();
		}),
	'open-wait-abort': async () => {
		const name = named();
		const controller = new AbortController();
		const reason = Object.assign(new Error('no more'), { code: 'MINE' });
		const wait = SharedRegion.openWait(name, { signal: controller.signal });
		setTimeout(() => controller.abort(reason), 20);
		await fails('MINE', () => wait);
		// a thread that comes late leaves nothing open
		const region = SharedRegion.create(name, PAGE);
		await sleep(150);
		assert.equal(region.info.handles, 1);
		region.close();
	},
	'errors': async () => {
		const name = named();
		const error = await fails('ENOENT', () => SharedRegion.open(name));
		assert.equal(error.name, 'ZincError');
		assert.equal(error.errno, -2);
		assert.equal(error.syscall, 'open');
		assert.equal(error.region, name);
		assert.match(error.message, new RegExp(`^ENOENT: open '${name}': \\w.* `));
		await fails('ERR_INVALID_ARG_TYPE', () => SharedRegion.open(7));
		await fails('ERR_INVALID_ARG_TYPE', () => SharedRegion.create(name, '4096'));
		await fails('ERR_INVALID_ARG_TYPE', () => SharedRegion.create(name, PAGE, 'persist'));
		await fails('EINVAL', () => SharedRegion.create(name, -PAGE));
		await fails('EINVAL', () => SharedRegion.create(name, PAGE, { mode: 0o1000 }));
		await fails('ERR_INVALID_ARG_VALUE', () => SharedRegion.create(name, PAGE, { lifetime: 'x' }));
		await fails('ERR_INVALID_ARG_VALUE', () => SharedRegion.open(name, { backend: 'x' }));
		await fails('ERR_OUT_OF_RANGE', () => SharedRegion.openWait(name, { timeout: -1 }));
		await fails('ERR_OUT_OF_RANGE', () => SharedRegion.openWait(name, { timeout: NaN }));
		await fails('ERR_ILLEGAL_CONSTRUCTOR', () => new SharedRegion());
		await fails('EBADF', () => SharedRegion.fromFd(999));
		await fails('EBADF', () => SharedRegion.closeFd(999));
		await fails('ERR_OUT_OF_RANGE', () => SharedRegion.closeFd(-1));
		await fails(IS_KMOD ? 'EBADF' : 'EOPNOTSUPP', () => SharedRegion.importDmabuf(999, name));
	},
	'stat-list-unlink': () =>
		opened(async (a, b, name) => {
			const info = SharedRegion.stat(name);
			assert.equal(info.name, name);
			assert.equal(info.handles, 2);
			assert.equal(info.mode, 0o640);
			assert.equal(info.backend, IS_KMOD ? 'kmod' : 'shm');
			assert.equal(a.backend, info.backend);
			assert.equal(SharedRegion.defaultBackend(), info.backend);
			assert.equal(info.lifetime, 'creator');
			assert.equal(typeof info.id, 'bigint');
			const age = BigInt(Date.now()) * 1_000_000n - info.createdAt;
			assert.ok(age > -1_000_000_000n && age < 600_000_000_000n, `${age} ns old`);
			assert.ok(a.info.creator && !b.info.creator && !info.unlinked);
			assert.ok(SharedRegion.list().some((entry) => entry.name === name));
			SharedRegion.unlink(name);
			await fails('ENOENT', () => SharedRegion.stat(name));
			assert.ok(a.info.unlinked);
		}, { mode: 0o640, lifetime: 'creator' }),
	'replace': () =>
		opened(async (a, b, name) => {
			const c = SharedRegion.createOrReplace(name, 2 * PAGE);
			assert.equal(SharedRegion.stat(name).capacity, 2 * PAGE);
			assert.equal(a.capacity, PAGE);
			c.close();
		}),
	'read-write': () =>
		opened(async (a, b) => {
			a.write(Buffer.from('hello'), 3);
			assert.equal(b.read(3, 5).toString(), 'hello');
			assert.equal(b.read().length, PAGE);
			assert.equal(b.read(PAGE).length, 0);
			await fails('ERR_OUT_OF_RANGE', () => a.read(PAGE, 1));
			await fails('ERR_OUT_OF_RANGE', () => a.read(-1));
			await fails('ERR_OUT_OF_RANGE', () => a.write(Buffer.alloc(2), PAGE - 1));
			await fails('ERR_INVALID_ARG_TYPE', () => a.write('text'));
		}),
	'buffer-length-0': () =>
		opened(async (a) => {
			const { arrayBuffer, buffer } = a;
			assert.equal(buffer.buffer, arrayBuffer);
			assert.equal(a.arrayBuffer, arrayBuffer);
			const words = new Uint32Array(arrayBuffer, 8, 4);
			assert.ok(a.isShared);
			a.close();
			assert.equal(arrayBuffer.byteLength, 0);
			assert.equal(buffer.length, 0);
			assert.equal(words.length, 0);
			await fails('TypeError', () => new Uint8Array(arrayBuffer));
		}),
	// the region goes when the last view of a region that was dropped does
	'buffer-keeps': async () => {
		const name = named();
		const views = [(() => SharedRegion.create(name, PAGE).buffer.subarray(8, 16))()];
		let rounds = 0;
		await collected(() => ++rounds >= 5);
		views[0][0] = 7;
		const other = SharedRegion.open(name);
		assert.equal(other.buffer[8], 7);
		other.close();
		assert.equal(peer('probe', name), '0');
		views.pop();
		await collected(() => peer('probe', name) === '2');
	},
	'no-data': () =>
		opened(async (a, b, name) => {
			const c = SharedRegion.open(name, { noData: true });
			await fails('ENXIO', () => c.buffer);
			await fails('EINVAL', () => c.read(0, 1));
			c.notify();
			assert.ok(a.tryWait());
			c.close();
		}),
	'anonymous': async () => {
		if (!IS_KMOD) {
			await fails('EOPNOTSUPP', () => SharedRegion.create(null, PAGE));
			return;
		}
		const region = SharedRegion.create(null, PAGE);
		assert.equal(region.name, null);
		const other = SharedRegion.fromFd(region.fd, { readOnly: true });
		region.buffer[0] = 5;
		assert.equal(other.buffer[0], 5);
		assert.ok(other.readOnly);
		other.close();
		region.close();
	},
	'dmabuf': () =>
		opened(async (a) => {
			if (!IS_KMOD) {
				await fails('EOPNOTSUPP', () => a.exportDmabuf());
				await fails('EOPNOTSUPP', () => a.exportDmabufPart(0, a.capacity));
				await fails('EOPNOTSUPP', () => a.beginCpuAccess());
				await fails('EOPNOTSUPP', () => a.endCpuAccess('read'));
				await fails('EOPNOTSUPP', () => a.notifyOnFence(0));
				assert.ok(Object.values(a.features).every((has) => has === false));
				assert.equal(a.features.exportPart, false);
				return;
			}
			if (!a.features.export || !SharedRegion.features().import) throw new Skip('no dma-bufs');
			SharedRegion.closeFd(a.exportDmabufPart(0, a.capacity, { readOnly: true }));
			await fails('EINVAL', () => a.exportDmabufPart(a.capacity, a.capacity));
			const fd = a.exportDmabuf();
			a.beginCpuAccess('write');
			a.buffer[9] = 9;
			a.endCpuAccess('write');
			const name = named();
			const imported = SharedRegion.importDmabuf(fd, name);
			assert.equal(imported.buffer[9], 9);
			assert.ok(imported.info.imported);
			imported.close();
			SharedRegion.closeFd(fd);
			await fails('EBADF', () => a.notifyOnFence(a.fd));
			await fails('ERR_INVALID_ARG_VALUE', () => a.beginCpuAccess('all'));
		}),
	// a region of each worker, and one that they share
	'workers': async () => {
		const name = named();
		const region = SharedRegion.create(name, PAGE);
		const code = `
			const { workerData, parentPort } = require('node:worker_threads');
			const { SharedRegion } = require(workerData.package);
			const region = SharedRegion.open(workerData.name);
			parentPort.postMessage('ready');
			region.wait({ timeout: 60000 }).then((notified) => {
				region.buffer[workerData.index] = notified ? 1 : 2;
				parentPort.postMessage('done');
			});`;
		const workers = [1, 2, 3].map((index) => {
			const workerData = { package: PACKAGE, name, index };
			return new Worker(code, { eval: true, workerData });
		});
		const answers = (count) =>
			Promise.all(
				workers.map(
					(worker) =>
						new Promise((resolve, reject) => {
							let seen = 0;
							worker.on('error', reject);
							worker.on('message', () => ++seen === count && resolve());
						}),
				),
			);
		const done = answers(2);
		await answers(1);
		region.notify();
		await done;
		assert.deepEqual([...region.buffer.subarray(1, 4)], [1, 1, 1]);
		await Promise.all(workers.map((worker) => worker.terminate()));
		for (let i = 0; i < 200 && region.info.handles > 1; i++) await sleep(10);
		assert.equal(region.info.handles, 1);
		region.close();
	},
	// with a wait that has not ended
	'worker-terminated': async () => {
		const name = named();
		const region = SharedRegion.create(name, PAGE);
		const code = `
			const { workerData, parentPort } = require('node:worker_threads');
			const { SharedRegion } = require(workerData.package);
			const region = SharedRegion.open(workerData.name);
			region.buffer[0] = 1;
			region.wait();
			SharedRegion.openWait(workerData.name + '-never');
			setTimeout(() => parentPort.postMessage('waits'), 20);`;
		const worker = new Worker(code, { eval: true, workerData: { package: PACKAGE, name } });
		await new Promise((resolve, reject) => {
			worker.on('error', reject);
			worker.on('message', resolve);
		});
		await worker.terminate();
		for (let i = 0; i < 200 && region.info.handles > 1; i++) await sleep(10);
		assert.equal(region.info.handles, 1);
		region.close();
	},
	'dispose': async () => {
		if (!Symbol.dispose) throw new Skip('no Symbol.dispose in this runtime');
		const region = SharedRegion.create(named(), PAGE);
		region[Symbol.dispose]();
		assert.ok(region.closed);
	},
	'leaves-nothing': async () => {
		const before = counts();
		for (let n = 0; n < 200; n++) {
			const region = SharedRegion.create(named(), PAGE);
			region.buffer[0] = 1;
			region.wait({ timeout: PATIENCE }).catch(() => {});
			region.close();
		}
		await comeDown(before);
	},
};

/** Its DOMException has an old number as its code. */
function named20(error) {
	throw Object.assign(new Error(error.message), { name: error.name, code: error.name });
}

module.exports = Object.entries(tests).map(([id, test], index) => [101 + index, `node.${id}`, test]);

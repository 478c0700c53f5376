// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* The adapter for Node.js: the cases of CASES.md, and its own. Prints TAP. */

const assert = require('node:assert/strict');
const child = require('node:child_process');
const fs = require('node:fs');
const { inspect } = require('node:util');
const path = require('node:path');
const { IS_KMOD, PAGE, PATIENCE, RUN, SharedRegion, ZincError, ZincGoneError } =
	require('./suite.cjs');
const { collected, counts, fails, named, peer, run, start } = require('./suite.cjs');

const OWN_PAGE = Number(child.execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));
const BAD_NAMES = ['', ' ', 'a b', 'a/b', '/a', '.', '..', 'a.b', 'a\n', 'a:b'];
BAD_NAMES.push('x'.repeat(251), 'caf\u00e9');
const BAD_CAPACITIES = [0, 1, OWN_PAGE - 1, OWN_PAGE + 1, 2 ** 63, (1n << 64n) - BigInt(PAGE)];

/** Closes regions at the end of a test, also of one that failed. */
async function closing(regions, test) {
	try {
		return await test(...regions);
	} finally {
		for (const region of regions) region.close();
	}
}

function created(test, capacity = PAGE) {
	const name = named();
	return closing([SharedRegion.create(name, capacity)], (region) => test(region, name));
}

/** A region, and another handle of it. */
function opened(test) {
	return created((region, name) =>
		closing([SharedRegion.open(name)], (other) => test(region, other, name)),
	);
}

function pattern(salt, size) {
	return Uint8Array.from({ length: size }, (_, i) => (i * 31 + salt) & 255);
}

/** At its deadline a wait looks once more: one that was never woken is late. */
async function isWoken(region, options) {
	const begin = performance.now();
	const notified = await region.wait({ timeout: PATIENCE, ...options });
	return notified && performance.now() - begin < PATIENCE;
}

/** Whether a wait ends because creator or name is gone, before its timeout. */
async function isGone(region, timeout = PATIENCE) {
	const begin = performance.now();
	const error = await fails('EPIPE', () => region.wait({ timeout, orGone: true }));
	assert.ok(error instanceof ZincGoneError && error instanceof ZincError);
	assert.equal(error.region, region.name);
	return performance.now() - begin < PATIENCE;
}

/** A program of another process that writes to a read-only view. */
const WRITES = `
const { SharedRegion } = require(process.argv[2]);
const region = SharedRegion.open(process.argv[3], { readOnly: true });
region.buffer[1] = 8;
process.exit(0);
`;

async function badName(name) {
	await fails('EINVAL', () => SharedRegion.create(name, PAGE));
	await fails('EINVAL', () => SharedRegion.open(name));
}

async function badCapacity(capacity) {
	const name = named();
	await fails('EINVAL', () => SharedRegion.create(name, capacity));
	await fails('ENOENT', () => SharedRegion.open(name));
}

const cases = {
	1: () =>
		created((region, name) => {
			assert.equal(region.name, name);
			assert.equal(region.capacity, PAGE);
			assert.equal(peer('probe', name), '0');
		}),
	2: () =>
		created(async (region, name) => {
			const error = await fails('EEXIST', () => SharedRegion.create(name, PAGE));
			assert.equal(error.errno, -17);
			region.notify();
			assert.ok(region.tryWait());
		}),
	3: () => fails('ENOENT', () => SharedRegion.open(named())),
	16: () =>
		created(async (region, name) => {
			const bad = `${name}\0b`;
			await fails('ERR_INVALID_ARG_VALUE', () => SharedRegion.create(bad, PAGE));
			await fails('ERR_INVALID_ARG_VALUE', () => SharedRegion.open(bad));
		}),
	17: () => {
		const name = named().padEnd(249, 'x');
		return closing([SharedRegion.create(name, PAGE), SharedRegion.open(name)], (_, other) =>
			assert.equal(other.name, name),
		);
	},
	24: () =>
		created(
			(a, name) =>
				closing([SharedRegion.open(name)], (b) => {
					for (const region of [a, b]) {
						assert.equal(region.capacity, 196608);
						assert.equal(region.buffer.length, 196608);
						assert.equal(region.arrayBuffer.byteLength, 196608);
					}
				}),
			3 * PAGE,
		),
	25: () =>
		created((region) => assert.ok(region.buffer.every((byte) => byte === 0)), 16 * PAGE),
	26: () =>
		created(async (region, name) => {
			const view = region.buffer;
			const other = await start('answer', name);
			view.set(pattern(7, view.length));
			region.notify();
			while (view[0] !== 14) assert.ok(await region.wait({ timeout: PATIENCE }));
			assert.ok(view.equals(pattern(14, view.length)));
			await other.ends();
		}, 3 * PAGE),
	27: () =>
		opened((a, b) => {
			const views = [a.buffer, new Uint8Array(a.arrayBuffer), b.buffer];
			views.forEach((writer, value) => {
				writer[100] = value + 1;
				for (const view of views) assert.equal(view[100], value + 1);
			});
		}),
	28: () =>
		created(async (region, name) => {
			assert.equal(peer('refs', name), '1');
			await closing([SharedRegion.open(name)], () => assert.equal(peer('refs', name), '2'));
			assert.equal(peer('refs', name), '1');
		}),
	29: () => created((region) => assert.equal(region.tryWait(), false)),
	30: () =>
		created(async (region) => {
			assert.equal(await region.wait({ timeout: 0 }), false);
			region.notify();
			assert.equal(await region.wait({ timeout: 0 }), true);
			assert.equal(await region.wait({ timeout: 0 }), false);
		}),
	31: () =>
		created(async (region) => {
			const begin = process.hrtime.bigint();
			assert.equal(await region.wait({ timeout: 100 }), false);
			assert.ok(process.hrtime.bigint() - begin >= 100_000_000n);
		}),
	32: () =>
		created((region) => {
			for (let i = 0; i < 5; i++) region.notify();
			assert.ok(region.tryWait() && !region.tryWait());
		}),
	33: () =>
		created((region, name) => {
			region.notify();
			return closing([SharedRegion.open(name)], (late) =>
				assert.ok(late.tryWait() && !late.tryWait()),
			);
		}),
	34: () =>
		opened((a, b) => {
			a.notify();
			assert.ok(a.tryWait() && b.tryWait());
			assert.ok(!a.tryWait() && !b.tryWait());
		}),
	35: () =>
		created((region, name) => {
			peer('sequence', name, 0xffffffff);
			assert.equal(region.sequence, 0xffffffff);
			assert.ok(region.tryWait());
			region.notify();
			assert.ok(region.tryWait() && !region.tryWait());
		}),
	36: () =>
		created(async (region, name) => {
			peer('notify', name, 3);
			assert.ok(await isWoken(region));
			assert.ok(!region.tryWait());
		}),
	37: () =>
		created(async (region, name) => {
			const other = await start('late-notify', name, process.pid);
			assert.ok(await isWoken(region));
			await other.ends();
		}),
	38: () => {
		const region = SharedRegion.create(named(), PAGE);
		region.close();
		region.close();
		assert.ok(region.closed);
	},
	39: async () => {
		const region = SharedRegion.create(named(), PAGE);
		region.close();
		const calls = ['notify', 'wait', 'waitSync', 'tryWait', 'read', 'exportDmabuf'];
		for (const call of calls) await fails('ERR_ZINC_CLOSED', () => region[call]());
		for (const member of ['capacity', 'sequence', 'info', 'buffer', 'arrayBuffer', 'fd']) {
			await fails('ERR_ZINC_CLOSED', () => region[member]);
		}
	},
	40: async () => {
		const name = named();
		const creator = SharedRegion.create(name, PAGE);
		await closing([SharedRegion.open(name)], () => {
			creator.close();
			assert.equal(peer('probe', name), '0');
		});
		assert.equal(peer('probe', name), '2');
	},
	41: async () => {
		const name = named();
		let other;
		await closing([SharedRegion.create(name, PAGE)], async (region) => {
			region.buffer[5] = 7;
			other = await start('open-hold', name);
		});
		await closing([SharedRegion.open(name)], async (region) => {
			await other.ends();
			assert.equal(region.buffer[5], 7);
		});
		assert.equal(peer('probe', name), '2');
	},
	42: () => {
		const name = named();
		SharedRegion.create(name, PAGE).close();
		SharedRegion.create(name, PAGE).close();
	},
	// close() detaches every view: they have no bytes then, and the others keep the value
	43: () =>
		opened((region, other) => {
			const view = region.buffer;
			view[10] = 1;
			region.close();
			view[10] = 2;
			assert.equal(view.length, 0);
			assert.equal(view[10], undefined);
			assert.equal(other.buffer[10], 1);
		}),
	44: () =>
		created(async (region) => {
			region.close();
			await fails('ERR_ZINC_CLOSED', () => region.buffer);
		}),
	45: async () => {
		const name = named();
		(() => {
			const knot = [SharedRegion.create(name, PAGE)];
			knot.push(knot);
		})();
		await collected(() => peer('probe', name) === '2');
	},
	46: () => {
		const name = named();
		let first;
		for (let n = 0; n < 1000; n++) {
			const region = SharedRegion.create(name, PAGE);
			region.notify();
			assert.ok(region.tryWait());
			region.close();
			if (n === 10) first = counts();
		}
		const now = counts();
		assert.ok(now.fds <= first.fds && now.maps <= first.maps, inspect({ first, now }));
	},
	47: () =>
		created((creator, name) => {
			creator.buffer[1] = 9;
			return closing([SharedRegion.open(name, { readOnly: true })], async (reader) => {
				assert.ok(reader.readOnly && reader.info.readOnly);
				assert.equal(reader.buffer[1], 9);
				await fails('EBADF', () => reader.write(Buffer.from([8]), 1));
				await fails('EBADF', () => reader.notify());
				// no array of JavaScript is read-only: a write ends the program
				const file = path.join(process.env.ZINC_ADAPTERS, 'node', `writes-${process.pid}.cjs`);
				fs.writeFileSync(file, WRITES);
				const words = [...RUN, file, require('./suite.cjs').PACKAGE, name];
				const other = child.spawnSync(process.execPath, words, { stdio: 'ignore' });
				fs.unlinkSync(file);
				assert.notEqual(other.status, 0);
				assert.ok(!creator.tryWait());
				assert.equal(creator.buffer[1], 9);
			});
		}),
	48: () => {
		const name = named();
		SharedRegion.create(name, PAGE, { lifetime: 'persist' }).close();
		assert.equal(peer('probe', name), '0');
		SharedRegion.unlink(name);
		assert.equal(peer('probe', name), '2');
	},
	49: async () => {
		const name = named();
		const other = await start('hold', name);
		await closing([SharedRegion.open(name)], async (region) => {
			await other.kill();
			assert.equal(region.buffer[0], 0xa5);
			region.notify();
			assert.ok(region.tryWait());
		});
		assert.equal(peer('probe', name), '2');
		peer('unlink', name);
	},
	// wait() polls the descriptor; JavaScript cannot poll it otherwise
	50: () =>
		created(async (region) => {
			if (!IS_KMOD) {
				await fails('EOPNOTSUPP', () => region.fd);
				return;
			}
			assert.ok(fs.existsSync(`/proc/self/fd/${region.fd}`));
			assert.ok(!(await region.wait({ timeout: 1 })));
			setTimeout(() => region.notify(), 10);
			assert.ok(await isWoken(region));
			assert.ok(!(await region.wait({ timeout: 1 })));
		}),
	51: async () => {
		const name = named();
		const other = await start('late-die', name, process.pid);
		await closing([SharedRegion.open(name)], async (region) => {
			assert.ok(await isGone(region));
			assert.ok(await isGone(region, 0));
			assert.equal(await region.wait({ timeout: 0 }), false);
		});
		await other.kill();
	},
	52: async () => {
		const name = named();
		const other = await start('hold', name);
		await closing([SharedRegion.open(name)], async (region) => {
			region.notify();
			await other.kill();
			assert.ok(await region.wait({ timeout: PATIENCE, orGone: true }));
			assert.ok(await isGone(region));
		});
		assert.equal(peer('probe', name), '2');
	},
	53: () =>
		opened(async (creator, other, name) => {
			peer('unlink', name);
			assert.ok(await isGone(creator));
			assert.ok(await isGone(other));
		}),
	54: () =>
		opened(async (creator, other) => {
			const begin = performance.now();
			assert.equal(await other.wait({ timeout: 0, orGone: true }), false);
			assert.equal(await other.wait({ timeout: 100, orGone: true }), false);
			assert.ok(performance.now() - begin >= 100);
			creator.notify();
			assert.ok(await other.wait({ timeout: PATIENCE, orGone: true }));
			assert.equal(await other.wait({ timeout: 0, orGone: true }), false);
		}),
	55: async () => {
		const name = named();
		const other = await start('hold', name);
		await fails(IS_KMOD ? 'ENOENT' : 'EBUSY', () => SharedRegion.unlinkStale(name));
		await other.kill();
		if (IS_KMOD) await fails('ENOENT', () => SharedRegion.unlinkStale(name));
		else SharedRegion.unlinkStale(name);
		assert.equal(peer('probe', name), '2');
		await fails('ENOENT', () => SharedRegion.unlinkStale(name));
	},
	56: async () => {
		const name = named();
		const other = await start('late-create', name, process.pid);
		const begin = performance.now();
		const region = await SharedRegion.openWait(name, { timeout: PATIENCE });
		assert.ok(performance.now() - begin < PATIENCE);
		assert.equal(region.info.name, name);
		region.close();
		await other.kill();
	},
	57: async () => {
		const name = named();
		await fails('ENOENT', () => SharedRegion.openWait(name, { timeout: 0 }));
		const begin = performance.now();
		await fails('ETIMEDOUT', () => SharedRegion.openWait(name, { timeout: 100 }));
		assert.ok(performance.now() - begin >= 100);
	},
};

function all() {
	const file = path.join(__dirname, '..', 'cases.txt');
	const lines = fs.readFileSync(file, 'utf8').trim().split('\n').slice(1);
	return lines.map((line) => {
		const [number, id] = line.split(/\s+/);
		let test = cases[number];
		if (number >= 4 && number <= 15) test = () => badName(BAD_NAMES[number - 4]);
		if (number >= 18 && number <= 23) test = () => badCapacity(BAD_CAPACITIES[number - 18]);
		return [Number(number), id, test];
	});
}

run([...all(), ...require('./particular.cjs'), ...require('./streams.cjs')]);

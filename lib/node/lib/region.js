// SPDX-License-Identifier: MIT
'use strict';

const { EFBIG, ENOENT, EOPNOTSUPP, ETIMEDOUT } = require('node:os').constants.errno;
const native = require('./native.js');
const option = require('./options.js');
const { ZincGoneError, check, closed, coded, failure } = require('./error.js');
const { Waiters, openLater } = require('./waits.js');

const FLAGS = {
	creatorGone: 1 << 0,
	unlinked: 1 << 1,
	anonymous: 1 << 2,
	lazy: 1 << 3,
	readOnly: 1 << 4,
	creator: 1 << 5,
	imported: 1 << 6,
	dataReadOnly: 1 << 7,
	contiguous: 1 << 8,
	stale: 1 << 16,
	invalid: 1 << 17,
	unknown: 1 << 18,
	pageLayout: 1 << 19,
};
const FEATURES = {
	export: 1 << 3,
	import: 1 << 4,
	fence: 1 << 5,
	contiguous: 1 << 10,
	exportPart: 1 << 11,
};
const ACCESS = { read: 1, write: 2, 'read-write': 3 };

/** struct zinc_region_info, with words for its numbers. */
function description(raw) {
	const info = {
		...raw,
		backend: option.BACKENDS[raw.backend],
		lifetime: option.LIFETIMES[raw.lifetime],
	};
	delete info.flags;
	for (const [word, bit] of Object.entries(FLAGS)) info[word] = (raw.flags & bit) !== 0;
	return info;
}

function features(bits) {
	return Object.fromEntries(
		Object.entries(FEATURES).map(([word, bit]) => [word, (bits & bit) !== 0]),
	);
}

/** Bytes of a view, or a copy of them if the runtime has no external buffers. */
function arrayBuffer(handle, name) {
	const buffer = native.buffer(handle);
	if (typeof buffer !== 'number') return buffer;
	if (buffer === -EFBIG) {
		throw coded(
			RangeError,
			'ERR_BUFFER_TOO_LARGE',
			'the region is larger than an ArrayBuffer of this runtime can be: use read() and write()',
		);
	}
	if (buffer !== -EOPNOTSUPP) throw failure(buffer, 'buffer', name);
	return null;
}

class SharedRegion {
	#handle;
	#name;
	#readOnly;
	#waiters;
	#memory;
	#buffer;

	/** For create() and open() alone. */
	constructor(handle, name) {
		if (typeof handle !== 'object' || handle === null) {
			throw coded(
				TypeError,
				'ERR_ILLEGAL_CONSTRUCTOR',
				'use SharedRegion.create() or SharedRegion.open()',
			);
		}
		const info = check(native.info(handle), 'info', name);
		this.#handle = handle;
		this.#name = name ?? (info.name || null);
		this.#readOnly = (info.flags & (FLAGS.readOnly | FLAGS.dataReadOnly)) !== 0;
		this.#waiters = new Waiters(handle, this.#name);
	}

	static create(name, capacity, options) {
		option.name(name, true);
		const choices = option.creation(options);
		const bytes = option.bytes(capacity, 'create', name);
		return new SharedRegion(
			check(native.create(name, bytes, ...choices), 'create', name),
			name,
		);
	}

	static createOrReplace(name, capacity, options) {
		return SharedRegion.create(name, capacity, { ...option.options(options), replace: true });
	}

	static open(name, options) {
		const choices = option.opening(options);
		return new SharedRegion(
			check(native.open(option.name(name), ...choices), 'open', name),
			name,
		);
	}

	static async openWait(name, options) {
		const choices = option.opening(options);
		const ms = option.timeout(option.options(options).timeout);
		const { signal } = option.options(options);
		option.name(name);
		signal?.throwIfAborted();
		let handle = native.open(name, ...choices);
		if (handle === -ENOENT && ms > 0) {
			const start = (id) => native.openLater(name, ...choices, id);
			handle = await openLater(ms, signal, start, 'open', name);
			if (handle === null) {
				// at its deadline a wait looks once more
				handle = native.open(name, ...choices);
				if (handle === -ENOENT) handle = -ETIMEDOUT;
			}
		}
		return new SharedRegion(check(handle, 'open', name), name);
	}

	static fromFd(fd, options) {
		const [flags] = option.opening(options);
		const handle = native.fromFd(option.descriptor(fd), flags);
		return new SharedRegion(check(handle, 'fromFd'), null);
	}

	static importDmabuf(fd, name, options) {
		const [flags, mode, lifetime] = option.creation(options);
		const noData = option.options(options).noData ? option.NO_DATA : 0;
		const handle = native.importDmabuf(
			option.descriptor(fd),
			option.name(name, true),
			flags | noData,
			mode,
			lifetime,
		);
		return new SharedRegion(check(handle, 'importDmabuf', name), name);
	}

	static list() {
		return check(native.list(), 'list').map(description);
	}

	static stat(name) {
		return description(check(native.stat(option.name(name)), 'stat', name));
	}

	static unlink(name) {
		check(native.unlink(option.name(name)), 'unlink', name);
	}

	static unlinkStale(name) {
		check(native.unlinkStale(option.name(name)), 'unlinkStale', name);
	}

	/** Closes what exportDmabuf() returned: Deno's fs.closeSync() does not. */
	static closeFd(fd) {
		check(native.closeFd(option.descriptor(fd)), 'closeFd');
	}

	static features() {
		return features(check(native.features(null), 'features'));
	}

	static defaultBackend() {
		return option.BACKENDS[check(native.backend(null), 'backend')];
	}

	/** The region of several that was notified, the first one of them; null: the time is up. */
	static async waitAny(regions, options) {
		const { signal } = option.options(options);
		const ms = option.timeout(option.options(options).timeout);
		const all = SharedRegion.#several(regions);
		const end = performance.now() + ms;
		signal?.throwIfAborted();
		for (;;) {
			// the first one in their order, and no other's notify is taken
			for (const region of all) {
				if (region.tryWait()) return region;
			}
			const left = Math.max(0, end - performance.now());
			if (left === 0) return null;
			if (!(await SharedRegion.#wakeAny(all, left, signal))) return null;
		}
	}

	static async #wakeAny(all, ms, signal) {
		const others = new AbortController();
		const stop = () => others.abort();
		signal?.addEventListener('abort', stop);
		let found;
		const waits = all.map(async (region) => {
			const notified = await region.#waiters.wait(ms, false, others.signal, 'waitAny');
			if (notified && found === undefined) {
				found = region;
				stop();
			} else if (notified) {
				// two at once: the second one keeps it
				region.#owed = true;
			}
			return notified;
		});
		const results = await Promise.allSettled(waits);
		signal?.removeEventListener('abort', stop);
		if (found !== undefined) {
			found.#owed = true;
			return true;
		}
		signal?.throwIfAborted();
		const failed = results.find((result) => result.status === 'rejected');
		if (failed) throw failed.reason;
		return false;
	}

	/** waitAny() that blocks the event loop. */
	static waitAnySync(regions, options) {
		const ms = option.timeout(option.options(options).timeout);
		const all = SharedRegion.#several(regions);
		for (const region of all) {
			if (region.#settle()) return region;
		}
		const index = native.waitAny(
			all.map((region) => region.#open()),
			ms,
		);
		return index === -ETIMEDOUT ? null : all[check(index, 'waitAny')];
	}

	static #several(regions) {
		const all = [...regions];
		if (all.length === 0 || !all.every((region) => region instanceof SharedRegion)) {
			throw coded(
				TypeError,
				'ERR_INVALID_ARG_VALUE',
				'invalid regions: expected one SharedRegion or more',
			);
		}
		return all;
	}

	// a notify that was taken for a wait that ended otherwise
	#owed = false;

	#settle() {
		const owed = this.#owed;
		this.#owed = false;
		return owed;
	}

	#open() {
		if (this.#handle === undefined) throw closed();
		return this.#handle;
	}

	#call(what, ...rest) {
		return check(native[what](this.#open(), ...rest), what, this.#name);
	}

	get name() {
		return this.#name;
	}

	get capacity() {
		return native.capacity(this.#open());
	}

	get readOnly() {
		return this.#readOnly;
	}

	get closed() {
		return this.#handle === undefined;
	}

	get sequence() {
		return native.sequence(this.#open());
	}

	get backend() {
		return option.BACKENDS[this.#call('backend')];
	}

	get info() {
		return description(this.#call('info'));
	}

	/** Whether arrayBuffer and buffer are the memory itself: not so in Electron. */
	get isShared() {
		return this.#map() !== null;
	}

	#map() {
		const handle = this.#open();
		if (this.#memory === undefined) this.#memory = arrayBuffer(handle, this.#name);
		return this.#memory;
	}

	get arrayBuffer() {
		return this.#map() ?? this.#copy();
	}

	#copy() {
		const bytes = new Uint8Array(this.capacity);
		this.#call('read', 0, bytes);
		return bytes.buffer;
	}

	get buffer() {
		const memory = this.#map();
		if (memory === null) return Buffer.from(this.#copy());
		this.#buffer ??= Buffer.from(memory);
		return this.#buffer;
	}

	/** A copy of a part of the memory. */
	read(offset = 0, length = this.capacity - offset) {
		const handle = this.#open();
		this.#range(offset, length);
		const bytes = Buffer.allocUnsafeSlow(length);
		check(native.read(handle, offset, bytes), 'read', this.#name);
		return bytes;
	}

	/** Copies bytes into the memory. */
	write(bytes, offset = 0) {
		const handle = this.#open();
		if (!(bytes instanceof Uint8Array)) {
			throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'invalid bytes: expected a Uint8Array');
		}
		this.#range(offset, bytes.length);
		check(native.write(handle, offset, bytes), 'write', this.#name);
	}

	#range(offset, length) {
		option.whole('offset', offset, this.capacity);
		option.whole('length', length, this.capacity - offset);
	}

	notify() {
		this.#call('notify');
	}

	tryWait() {
		const handle = this.#open();
		if (this.#settle()) return true;
		const result = native.look(handle, false);
		return result !== -ETIMEDOUT && check(result, 'wait', this.#name) === 0;
	}

	async wait(options) {
		const { orGone = false, signal } = option.options(options);
		const ms = option.timeout(option.options(options).timeout);
		this.#open();
		signal?.throwIfAborted();
		if (this.#settle()) return true;
		return this.#waiters.wait(ms, Boolean(orGone), signal, 'wait');
	}

	/** wait() that blocks the event loop. */
	waitSync(options) {
		const { orGone = false } = option.options(options);
		const ms = option.timeout(option.options(options).timeout);
		const handle = this.#open();
		if (this.#settle()) return true;
		const result = native.wait(handle, ms, Boolean(orGone));
		return result !== -ETIMEDOUT && check(result, 'wait', this.#name) === 0;
	}

	/** Notifies this region, then waits for another one, which blocks the event loop. */
	notifyAndWaitSync(reply, options) {
		const ms = option.timeout(option.options(options).timeout);
		const handle = this.#open();
		const [other] = SharedRegion.#several([reply]);
		if (other.#owed) {
			this.notify();
			return other.#settle();
		}
		const result = native.notifyAndWait(handle, other.#open(), ms);
		return result !== -ETIMEDOUT && check(result, 'notifyAndWait', this.#name) === 0;
	}

	/** The sequence after each notify, until the region is closed, or gone if that is asked for. */
	async *notifications(options) {
		const { orGone = false, signal } = option.options(options);
		while (!this.closed) {
			try {
				await this.wait({ orGone, signal });
			} catch (error) {
				if (error instanceof ZincGoneError || error.code === 'ERR_ZINC_CLOSED') return;
				throw error;
			}
			if (this.closed) return;
			yield this.sequence;
		}
	}

	[Symbol.asyncIterator]() {
		return this.notifications();
	}

	get fd() {
		return this.#call('fd');
	}

	get features() {
		return features(this.#call('features'));
	}

	exportDmabuf(options) {
		const flags = option.options(options).readOnly ? option.RDONLY : 0;
		return this.#call('exportDmabuf', flags);
	}

	/** A dma-buf of a part of the data, in whole pages: a new one in each call. */
	exportDmabufPart(offset, length, options) {
		const flags = option.options(options).readOnly ? option.RDONLY : 0;
		const first = option.bytes(offset, 'exportDmabufPart', this.name);
		const bytes = option.bytes(length, 'exportDmabufPart', this.name);
		return this.#call('exportDmabufPart', first, bytes, flags);
	}

	notifyOnFence(fd) {
		this.#call('notifyOnFence', option.descriptor(fd));
	}

	beginCpuAccess(access = 'read-write') {
		option.choice('access', access, Object.keys(ACCESS));
		this.#call('beginCpuAccess', ACCESS[access]);
	}

	endCpuAccess(access = 'read-write') {
		option.choice('access', access, Object.keys(ACCESS));
		this.#call('endCpuAccess', ACCESS[access]);
	}

	close() {
		if (this.#handle === undefined) return;
		const handle = this.#handle;
		this.#handle = undefined;
		native.close(handle, this.#memory ?? undefined);
		this.#memory = this.#buffer = undefined;
		this.#waiters.end();
	}

	static {
		if (Symbol.dispose) this.prototype[Symbol.dispose] = this.prototype.close;
	}
}

module.exports = { SharedRegion, arrayBuffer, description };

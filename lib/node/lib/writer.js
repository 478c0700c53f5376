// SPDX-License-Identifier: MIT
'use strict';

const { ECANCELED, EINVAL, EBUSY, ETIMEDOUT } = require('node:os').constants.errno;
const native = require('./native.js');
const option = require('./options.js');
const { ZincError, check, closed, coded, failure } = require('./error.js');
const { encode } = require('./format.js');
const { arrayBuffer, description } = require('./region.js');
const { expect, forget, number, until } = require('./waits.js');

const FRAME_FLAGS = { key: 1 << 0, gap: 1 << 1, end: 1 << 3 };

class StreamWriter {
	#handle;
	#name;
	#geometry;
	#memory;
	// the frame that is begun: its offset, and its memory
	#offset = 0;
	#frame;
	// the number of a thread that waits for readers, and the promise that waits for it
	#waiting = 0;
	#begun;
	#idle = [];

	/** For create() alone. */
	constructor(handle, name) {
		if (typeof handle !== 'object' || handle === null) {
			throw coded(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'use StreamWriter.create()');
		}
		this.#handle = handle;
		this.#name = name;
		this.#geometry = native.streamGeometry(handle);
	}

	static create(name, options) {
		const o = option.options(options);
		const [flags, mode, lifetime, backend] = option.creation(o, 'creator');
		const format = encode(o.format);
		const size = o.slotSize ?? format.bytes;
		if (size === undefined) {
			throw coded(
				TypeError,
				'ERR_INVALID_ARG_VALUE',
				'invalid slotSize: expected the bytes of the largest frame, which this format does not say',
			);
		}
		const handle = native.streamCreate(
			option.name(name),
			format,
			option.whole('slots', o.slots ?? 4),
			option.bytes(size, 'StreamWriter.create', name),
			flags,
			mode,
			lifetime,
			backend,
		);
		return new StreamWriter(check(handle, 'StreamWriter.create', name), name);
	}

	/** The clock of pts, now: CLOCK_MONOTONIC in nanoseconds. */
	static now() {
		return native.now();
	}

	#open() {
		if (this.#handle === undefined) throw closed('stream');
		return this.#handle;
	}

	get name() {
		return this.#name;
	}

	get slots() {
		return this.#geometry.slots;
	}

	get slotSize() {
		return this.#geometry.slotSize;
	}

	/** Where slot 0 begins in the region's data, for devices that import its dma-buf. */
	get slotOffset() {
		return this.#geometry.slotOffset;
	}

	get closed() {
		return this.#handle === undefined;
	}

	get info() {
		return description(check(native.info(this.#open()), 'info', this.#name));
	}

	exportDmabuf() {
		return check(native.exportDmabuf(this.#open(), 0), 'exportDmabuf', this.#name);
	}

	/**
	 * The memory for the next frame, the bytes of a slot. It waits for readers that have
	 * registered; null if the time is up.
	 */
	async begin(options) {
		const { signal } = option.options(options);
		const ms = option.timeout(option.options(options).timeout);
		const handle = this.#open();
		signal?.throwIfAborted();
		if (this.#offset !== 0 || this.#begun !== undefined) {
			throw new ZincError(-EBUSY, 'begin', this.#name);
		}
		if (this.#waiting === 0) {
			const offset = native.streamBegin(handle);
			if (offset !== -ETIMEDOUT) return this.#begins(check(offset, 'begin', this.#name));
		}
		if (ms === 0) return null;
		const offset = await until(
			ms,
			signal,
			(resolve, reject) => {
				this.#begun = { resolve, reject };
				this.#watch();
				return () => this.#giveUp();
			},
			() => null,
		);
		return offset === null ? null : this.#begins(offset);
	}

	#begins(offset) {
		this.#offset = offset;
		if (this.#memory === undefined) this.#memory = arrayBuffer(this.#handle, this.#name);
		this.#frame =
			this.#memory === null
				? Buffer.alloc(this.slotSize)
				: Buffer.from(this.#memory, offset, this.slotSize);
		return this.#frame;
	}

	#watch() {
		if (this.#waiting === 0) {
			this.#waiting = number();
			expect(this.#waiting, (error) => this.#poked(error));
		}
		const error = native.watch(this.#handle, this.#waiting, false);
		if (error < 0) {
			this.#settle('reject', failure(error, 'begin', this.#name));
			this.#forget();
		}
	}

	#giveUp() {
		this.#begun = undefined;
		// the thread may have the stream for a while; it says when it has not
		if (this.#handle !== undefined && this.#waiting !== 0) native.unwatch(this.#handle);
	}

	#forget() {
		forget(this.#waiting);
		this.#waiting = 0;
		for (const resolve of this.#idle.splice(0)) resolve();
	}

	#settle(how, value) {
		const begun = this.#begun;
		this.#begun = undefined;
		begun?.[how](value);
	}

	#poked(error) {
		if (error === -ECANCELED && this.#begun !== undefined) {
			this.#watch();
			return;
		}
		this.#forget();
		if (this.#begun === undefined) return;
		if (error < 0) this.#settle('reject', failure(error, 'begin', this.#name));
		else this.#settle('resolve', native.streamBegin(this.#handle));
	}

	/** Publishes the frame that was begun. */
	commit(options) {
		const o = option.options(options);
		const handle = this.#open();
		if (this.#offset === 0) throw new ZincError(-EINVAL, 'commit', this.#name);
		const bytes = option.whole('bytes', o.bytes ?? this.slotSize, this.slotSize);
		let flags = 0;
		for (const [word, bit] of Object.entries(FRAME_FLAGS)) if (o[word]) flags |= bit;
		const pts = o.pts === undefined ? null : option.bytes(o.pts, 'commit', this.#name);
		if (this.#memory === null) {
			const frame = this.#frame.subarray(0, bytes);
			check(native.write(handle, this.#offset, frame), 'commit', this.#name);
		}
		const damage = o.damage ?? null;
		check(native.streamCommit(handle, bytes, pts, flags, damage), 'commit', this.#name);
		this.#offset = 0;
		this.#frame = undefined;
	}

	/** Gives the frame that was begun up: its slot is empty. */
	cancel() {
		if (this.#offset === 0) return;
		native.streamCancel(this.#open());
		this.#offset = 0;
		this.#frame = undefined;
	}

	/** Copies a frame into the next slot; false if the time is up. */
	async write(bytes, options) {
		if (!(bytes instanceof Uint8Array)) {
			throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'invalid frame: expected a Uint8Array');
		}
		option.whole('bytes', bytes.length, this.slotSize);
		const frame = await this.begin(options);
		if (frame === null) return false;
		frame.set(bytes);
		this.commit({ ...options, bytes: bytes.length });
		return true;
	}

	/** Waits no longer for registered readers that are in the way: how many these were. */
	async drop() {
		this.#open();
		if (this.#begun !== undefined) throw new ZincError(-EBUSY, 'drop', this.#name);
		while (this.#waiting !== 0) await new Promise((resolve) => this.#idle.push(resolve));
		return check(native.streamDrop(this.#open()), 'drop', this.#name);
	}

	/** What later frames are. */
	setFormat(format) {
		const handle = this.#open();
		const raw = encode(format);
		if (this.#waiting !== 0) throw new ZincError(-EBUSY, 'setFormat', this.#name);
		// that a thread has begun for a caller that did not wait for it
		if (this.#offset === 0 && native.streamBegin(handle, true) > 0) native.streamCancel(handle);
		check(native.streamSetFormat(handle, raw), 'setFormat', this.#name);
	}

	close() {
		if (this.#handle === undefined) return;
		const handle = this.#handle;
		this.#handle = undefined;
		native.close(handle, this.#memory ?? undefined);
		this.#memory = this.#frame = undefined;
		if (this.#waiting !== 0) this.#forget();
		this.#settle('reject', closed('stream'));
	}

	static {
		if (Symbol.dispose) this.prototype[Symbol.dispose] = this.prototype.close;
	}
}

module.exports = { StreamWriter };

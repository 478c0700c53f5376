// SPDX-License-Identifier: MIT
'use strict';

const { ENOENT, ETIMEDOUT } = require('node:os').constants.errno;
const native = require('./native.js');
const option = require('./options.js');
const { ZincGoneError, check, closed, coded } = require('./error.js');
const { decode, elements } = require('./format.js');
const { arrayBuffer, description } = require('./region.js');
const { Waiters, openLater } = require('./waits.js');

const MODES = ['newest', 'every', 'register'];
const KEY = 1 << 0;
const GAP = 1 << 1;
const DAMAGE = 1 << 2;
const END = 1 << 3;

/** A frame, and its bytes. */
class Frame {
	constructor(raw, data, format) {
		this.data = data;
		this.format = format;
		this.number = raw.number;
		this.pts = raw.pts;
		this.key = (raw.flags & KEY) !== 0;
		this.gap = (raw.flags & GAP) !== 0;
		this.end = (raw.flags & END) !== 0;
		this.damage = null;
		if (raw.flags & DAMAGE) {
			const { x, y, width, height } = raw;
			this.damage = { x, y, width, height };
		}
		this.lost = raw.lost;
		this.newFormat = raw.newFormat !== 0;
	}

	/** The bytes as a typed array of the format's dtype. */
	get elements() {
		return elements(this.format, this.data);
	}
}

/** A frame whose bytes are those in the ring, until done() or the next one. */
class FrameView extends Frame {
	#reader;

	constructor(raw, data, format, reader) {
		super(raw, data, format);
		this.#reader = reader;
	}

	/** Whether the writer has not begun to overwrite it. */
	isWhole() {
		return this.#reader.isWhole();
	}

	/** Ends the use of it; false: it was overwritten, discard what was read. */
	done() {
		const whole = this.#reader.done();
		this.data = this.data.subarray(0, 0);
		return whole;
	}
}

class StreamReader {
	#handle;
	#name;
	#geometry;
	#format;
	#waiters;
	#memory;
	#found;
	#view;
	#busy = false;
	// of frames that were not returned, for the next one that is
	#lost = 0;
	#newFormat = 0;

	/** For open() alone. */
	constructor(handle, name) {
		if (typeof handle !== 'object' || handle === null) {
			throw coded(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'use StreamReader.open()');
		}
		this.#handle = handle;
		this.#name = name;
		this.#geometry = native.streamGeometry(handle);
		this.#format = decode(native.streamFormat(handle));
		this.#waiters = new Waiters(handle, name, () => this.#look());
	}

	static open(name, options) {
		const mode = option.choice('mode', option.options(options).mode ?? 'newest', MODES);
		const handle = native.streamOpen(option.name(name), mode);
		return new StreamReader(check(handle, 'StreamReader.open', name), name);
	}

	static async openWait(name, options) {
		const o = option.options(options);
		const mode = option.choice('mode', o.mode ?? 'newest', MODES);
		const ms = option.timeout(o.timeout);
		const syscall = 'StreamReader.open';
		option.name(name);
		o.signal?.throwIfAborted();
		let handle = native.streamOpen(name, mode);
		if (handle === -ENOENT && ms > 0) {
			const flags = MODES[mode] === 'register' ? 0 : option.RDONLY;
			const start = (id) => native.openLater(name, flags, 0, id, mode);
			handle = await openLater(ms, o.signal, start, syscall, name);
			if (handle === null) {
				handle = native.streamOpen(name, mode);
				if (handle === -ENOENT) handle = -ETIMEDOUT;
			}
		}
		return new StreamReader(check(handle, syscall, name), name);
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

	get slotOffset() {
		return this.#geometry.slotOffset;
	}

	/** What the frame that was returned last is, or the next one. */
	get format() {
		return this.#format;
	}

	/** Frames lost since the stream was opened. */
	get lost() {
		return native.streamGeometry(this.#open()).lost;
	}

	get closed() {
		return this.#handle === undefined;
	}

	get info() {
		return description(check(native.info(this.#open()), 'info', this.#name));
	}

	exportDmabuf() {
		const flags = this.info.readOnly ? option.RDONLY : 0;
		return check(native.exportDmabuf(this.#open(), flags), 'exportDmabuf', this.#name);
	}

	#look() {
		const found = native.streamNext(this.#handle);
		if (typeof found === 'number') return found;
		this.#found = found;
		return 0;
	}

	/** The next frame as the library has it; null if the time is up. */
	async #next(ms, signal) {
		if (this.#view !== undefined) this.#view.done();
		const got = await this.#waiters.wait(ms, true, signal, 'read');
		// a look at the deadline may have found one
		if (!got && this.#found === undefined) return null;
		const found = this.#found;
		this.#found = undefined;
		if (found.newFormat) this.#format = decode(native.streamFormat(this.#open()));
		found.lost += this.#lost;
		found.newFormat |= this.#newFormat;
		this.#lost = 0;
		this.#newFormat = 0;
		return found;
	}

	async #alone(act) {
		if (this.#busy) {
			throw coded(
				Error,
				'ERR_ZINC_BUSY',
				'the reader waits for a frame already: expected one read() or view() at a time',
			);
		}
		this.#busy = true;
		try {
			return await act();
		} finally {
			this.#busy = false;
		}
	}

	/** A copy of the next frame, which is whole; null if the time is up. */
	async read(options) {
		const { signal } = option.options(options);
		const ms = option.timeout(option.options(options).timeout);
		const end = performance.now() + ms;
		this.#open();
		signal?.throwIfAborted();
		return this.#alone(async () => {
			for (;;) {
				const raw = await this.#next(Math.max(0, end - performance.now()), signal);
				if (raw === null) return null;
				const data = Buffer.allocUnsafeSlow(raw.bytes);
				check(native.streamCopy(this.#open(), data), 'read', this.#name);
				if (native.streamDone(this.#handle) === 0) return new Frame(raw, data, this.#format);
				// for the next frame that is returned, also by a later call
				this.#lost = raw.lost + 1;
				this.#newFormat = raw.newFormat;
			}
		});
	}

	/** The next frame in the ring itself; null if the time is up. */
	async view(options) {
		const { signal } = option.options(options);
		const ms = option.timeout(option.options(options).timeout);
		this.#open();
		signal?.throwIfAborted();
		return this.#alone(async () => {
			const raw = await this.#next(ms, signal);
			if (raw === null) return null;
			const handle = this.#open();
			if (this.#memory === undefined) this.#memory = arrayBuffer(handle, this.#name);
			let data;
			if (this.#memory === null) {
				data = Buffer.allocUnsafeSlow(raw.bytes);
				check(native.streamCopy(handle, data), 'view', this.#name);
			} else {
				data = Buffer.from(this.#memory, raw.offset, raw.bytes);
			}
			this.#view = new FrameView(raw, data, this.#format, {
				isWhole: () => native.streamIsWhole(this.#open()) === 0,
				done: () => this.#done(raw),
			});
			this.#seen = raw;
			return this.#view;
		});
	}

	#seen;

	#done(raw) {
		if (this.#seen !== raw || this.#handle === undefined) return false;
		this.#view = this.#seen = undefined;
		return native.streamDone(this.#handle) === 0;
	}

	async *#frames(next, options) {
		while (!this.closed) {
			let frame;
			try {
				frame = await next.call(this, options);
			} catch (error) {
				if (error instanceof ZincGoneError || error.code === 'ERR_ZINC_CLOSED') return;
				throw error;
			}
			// the time is up
			if (frame === null) return;
			yield frame;
		}
	}

	/** Copies of frames, until the writer has ended or the reader is closed. */
	frames(options) {
		return this.#frames(this.read, options);
	}

	/** The same in the ring itself: each is good until the next one. */
	views(options) {
		return this.#frames(this.view, options);
	}

	[Symbol.asyncIterator]() {
		return this.frames();
	}

	close() {
		if (this.#handle === undefined) return;
		const handle = this.#handle;
		this.#handle = undefined;
		native.close(handle, this.#memory ?? undefined);
		this.#memory = this.#view = this.#seen = undefined;
		this.#waiters.end();
	}

	static {
		if (Symbol.dispose) this.prototype[Symbol.dispose] = this.prototype.close;
	}
}

module.exports = { StreamReader };

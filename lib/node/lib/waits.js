// SPDX-License-Identifier: MIT
'use strict';

/*
 * Waiting in the event loop. The addon calls back with a number when a notify
 * may be pending; the rest is here: the waits, their timeouts, and their ends
 * by an AbortSignal.
 */

const { ECANCELED, EPIPE, ETIMEDOUT } = require('node:os').constants.errno;
const native = require('./native.js');
const { closed, failure } = require('./error.js');

// setTimeout() has a limit
const LONGEST_TIMER = 0x7fffffff;
// how often it is seen whether a region's name is gone, which its descriptor does not tell
const NAME_CHECK_MS = 100;

const expected = new Map();
let last = 0;

native.start((id, error) => expected.get(id)?.(error));

/** A number that no other wait uses. */
function number() {
	do {
		last = last === 0xffffffff ? 1 : last + 1;
	} while (expected.has(last));
	return last;
}

/** Have that function called with each poke; the program lives on until forget(). */
function expect(id, poked) {
	if (expected.size === 0) native.keepAlive(true);
	expected.set(id, poked);
}

function forget(id) {
	if (expected.delete(id) && expected.size === 0) native.keepAlive(false);
}

/** Calls a function at a time of performance.now(), not before. */
class Timer {
	#end;
	#due;
	#timer;

	constructor(ms, due) {
		this.#end = performance.now() + ms;
		this.#due = due;
		if (ms !== Infinity) this.#set(ms);
	}

	#set(ms) {
		this.#timer = setTimeout(() => {
			const left = this.#end - performance.now();
			if (left > 0) this.#set(left);
			else this.#due();
		}, Math.min(Math.ceil(ms), LONGEST_TIMER));
	}

	clear() {
		clearTimeout(this.#timer);
	}
}

/**
 * A promise that begin() resolves or rejects, or a timeout or a signal ends: with the
 * value that late() returns, or the signal's reason. begin() returns what is to be done
 * at the end in any case.
 */
function until(ms, signal, begin, late) {
	return new Promise((resolve, reject) => {
		let timer;
		let undo;
		let settled = false;
		const settle = (act, value) => {
			if (settled) return;
			settled = true;
			timer?.clear();
			signal?.removeEventListener('abort', aborted);
			undo?.();
			act(value);
		};
		const aborted = () => settle(reject, signal.reason);
		if (signal?.aborted) {
			aborted();
			return;
		}
		signal?.addEventListener('abort', aborted);
		undo = begin(
			(value) => settle(resolve, value),
			(error) => settle(reject, error),
		);
		if (settled) {
			undo?.();
			return;
		}
		timer = new Timer(ms, () => {
			try {
				const value = late();
				settle(resolve, value);
			} catch (error) {
				settle(reject, error);
			}
		});
	});
}

/** All that wait for one handle. */
class Waiters {
	#handle;
	#look;
	#waits = new Set();
	#id = 0;
	#nameCheck;
	#name;

	/** look(gone) returns 0 if there is what they wait for, or a negative errno. */
	constructor(handle, name, look = (gone) => native.look(handle, gone)) {
		this.#handle = handle;
		this.#name = name;
		this.#look = look;
	}

	/** True; false if the time is up; rejected with ZincGoneError, if gone is to be told. */
	wait(ms, gone, signal, syscall) {
		const wait = { gone, syscall };
		return until(
			ms,
			signal,
			(resolve, reject) => {
				wait.resolve = resolve;
				wait.reject = reject;
				this.#waits.add(wait);
				this.check();
				if (this.#waits.has(wait) && ms > 0) this.#watch();
				return () => this.#remove(wait);
			},
			() => {
				this.check();
				return false;
			},
		);
	}

	/** Check, and settle all waits. */
	check() {
		const gone = [...this.#waits].some((wait) => wait.gone);
		const result = this.#look(gone);
		if (result === -ETIMEDOUT) return;
		for (const wait of [...this.#waits]) {
			if (result === -EPIPE && !wait.gone) continue;
			this.#waits.delete(wait);
			if (result === 0) wait.resolve(true);
			else wait.reject(failure(result, wait.syscall, this.#name));
		}
	}

	/** The handle is closed: no wait is left. */
	end() {
		const waits = [...this.#waits];
		this.#waits.clear();
		this.#unwatch(false);
		for (const wait of waits) wait.reject(closed());
	}

	#remove(wait) {
		this.#waits.delete(wait);
		if (this.#waits.size === 0) this.#unwatch(true);
	}

	#watch() {
		const gone = [...this.#waits].some((wait) => wait.gone);
		if (this.#id === 0) {
			this.#id = number();
			expect(this.#id, (error) => this.#poked(error));
		}
		const error = native.watch(this.#handle, this.#id, gone);
		if (error < 0) this.#fail(error);
		else if (gone && !this.#nameCheck && native.fd(this.#handle) >= 0) {
			this.#nameCheck = setInterval(() => this.check(), NAME_CHECK_MS);
		}
	}

	#unwatch(tell) {
		clearInterval(this.#nameCheck);
		this.#nameCheck = undefined;
		if (this.#id === 0) return;
		forget(this.#id);
		this.#id = 0;
		if (tell) native.unwatch(this.#handle);
	}

	#fail(error) {
		for (const wait of [...this.#waits]) {
			this.#waits.delete(wait);
			wait.reject(failure(error, wait.syscall, this.#name));
		}
	}

	#poked(error) {
		if (error < 0 && error !== -EPIPE && error !== -ECANCELED) {
			this.#fail(error);
			return;
		}
		this.check();
		if (this.#waits.size > 0) this.#watch();
	}
}

/** What native.openLater() makes, once it is there; null if the time is up. */
function openLater(ms, signal, start, syscall, name) {
	return until(
		ms,
		signal,
		(resolve, reject) => {
			const id = number();
			const opening = start(id);
			if (typeof opening === 'number') {
				reject(failure(opening, syscall, name));
				return undefined;
			}
			expect(id, (error) => {
				if (error < 0) reject(failure(error, syscall, name));
				else resolve(native.opened(opening));
			});
			return () => {
				forget(id);
				native.close(opening);
			};
		},
		() => null,
	);
}

module.exports = { Waiters, expect, forget, number, openLater, until };

// SPDX-License-Identifier: MIT
'use strict';

const os = require('node:os');
const native = require('./native.js');

// by number, as this machine has them
const CODES = new Map(Object.entries(os.constants.errno).map(([code, errno]) => [errno, code]));
CODES.set(87, 'EUSERS');
CODES.set(116, 'ESTALE');
CODES.set(11, 'EAGAIN');

const EPIPE = os.constants.errno.EPIPE;

/** What the library answered instead of doing it. */
class ZincError extends Error {
	constructor(errno, syscall, region) {
		const code = CODES.get(-errno) ?? `E${-errno}`;
		const where = region ? ` '${region}'` : '';
		super(`${code}: ${syscall}${where}: ${native.describe(errno)}`);
		this.name = 'ZincError';
		this.code = code;
		this.errno = errno;
		this.syscall = syscall;
		if (region) this.region = region;
	}
}

/** The region's creator or name is gone: no notify is to be expected. */
class ZincGoneError extends ZincError {
	constructor(syscall, region) {
		super(-EPIPE, syscall, region);
		this.name = 'ZincGoneError';
	}
}

/** The error for a result that is negative. */
function failure(errno, syscall, region) {
	return errno === -EPIPE
		? new ZincGoneError(syscall, region)
		: new ZincError(errno, syscall, region);
}

/** The result of the library; a negative one is thrown. */
function check(result, syscall, region) {
	if (typeof result === 'number' && result < 0) throw failure(result, syscall, region);
	return result;
}

/** An error of Node.js's own kind, by its code. */
function coded(Kind, code, message) {
	return Object.assign(new Kind(message), { code });
}

/** What a closed region or stream answers. */
function closed(what = 'region') {
	return coded(Error, 'ERR_ZINC_CLOSED', `the ${what} is closed`);
}

module.exports = { ZincError, ZincGoneError, failure, check, coded, closed };

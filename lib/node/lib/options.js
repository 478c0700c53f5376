// SPDX-License-Identifier: MIT
'use strict';

const { EINVAL } = require('node:os').constants.errno;
const { ZincError, coded } = require('./error.js');

const BACKENDS = ['auto', 'kmod', 'shm'];
const LIFETIMES = ['refs', 'creator', 'persist'];

const LAZY = 1 << 0;
const REPLACE = 1 << 1;
const RDONLY = 1 << 2;
const NO_DATA = 1 << 3;
const CONTIGUOUS = 1 << 4;
const PAGE_LAYOUT = 1 << 16;

/** The place of a word in a list. */
function choice(what, value, words) {
	const index = words.indexOf(value);
	if (index < 0) {
		throw coded(
			TypeError,
			'ERR_INVALID_ARG_VALUE',
			`invalid ${what} '${value}': expected ${words.join(', ')}`,
		);
	}
	return index;
}

/** An object of options, of which none need be given. */
function options(value) {
	if (value === undefined) return {};
	if (typeof value !== 'object' || value === null) {
		throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'invalid options: expected an object');
	}
	return value;
}

/** A name that the library can look at; null is allowed for an anonymous region only. */
function name(value, nullable = false) {
	if (value === null && nullable) return null;
	if (typeof value !== 'string') {
		throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `invalid name ${value}: expected a string`);
	}
	if (value.includes('\0')) {
		throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', 'invalid name: it has a NUL in it');
	}
	return value;
}

/** Bytes as a bigint; what no region can have is EINVAL, as the library has it. */
function bytes(value, syscall, region) {
	if (typeof value === 'number' && Number.isInteger(value)) value = BigInt(value);
	if (typeof value !== 'bigint') {
		throw coded(
			TypeError,
			'ERR_INVALID_ARG_TYPE',
			`invalid number of bytes ${value}: expected an integer`,
		);
	}
	if (value < 0n || value >= 1n << 64n) throw new ZincError(-EINVAL, syscall, region);
	return value;
}

/** A whole number within 0 and 2^32 - 1 or another limit. */
function whole(what, value, limit = 0xffffffff) {
	if (!Number.isInteger(value) || value < 0 || value > limit) {
		throw coded(
			RangeError,
			'ERR_OUT_OF_RANGE',
			`invalid ${what} ${value}: expected an integer from 0 to ${limit}`,
		);
	}
	return value;
}

/** A descriptor, which the library may find to be another's. */
function descriptor(value) {
	return whole('descriptor', value, 0x7fffffff);
}

/** Milliseconds; Infinity has no end. */
function timeout(value, otherwise = Infinity) {
	if (value === undefined) return otherwise;
	if (typeof value !== 'number' || !(value >= 0)) {
		throw coded(
			RangeError,
			'ERR_OUT_OF_RANGE',
			`invalid timeout ${value}: expected milliseconds, 0 or more, or Infinity`,
		);
	}
	return value;
}

/** How a region is created: flags, mode, lifetime, backend. */
function creation(given, lifetime = 'refs') {
	const o = options(given);
	return [
		(o.replace ? REPLACE : 0) |
			(o.lazy ? LAZY : 0) |
			(o.contiguous ? CONTIGUOUS : 0) |
			(o.pageLayout ? PAGE_LAYOUT : 0),
		whole('mode', o.mode ?? 0),
		choice('lifetime', o.lifetime ?? lifetime, LIFETIMES),
		choice('backend', o.backend ?? 'auto', BACKENDS),
	];
}

/** How a region is opened: flags, backend. */
function opening(given) {
	const o = options(given);
	return [
		(o.readOnly ? RDONLY : 0) | (o.noData ? NO_DATA : 0),
		choice('backend', o.backend ?? 'auto', BACKENDS),
	];
}

module.exports = {
	BACKENDS,
	LIFETIMES,
	NO_DATA,
	RDONLY,
	REPLACE,
	bytes,
	choice,
	creation,
	descriptor,
	name,
	opening,
	options,
	timeout,
	whole,
};

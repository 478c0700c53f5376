// SPDX-License-Identifier: MIT
'use strict';

/* struct zinc_stream_format, with words for its numbers. */

const native = require('./native.js');
const option = require('./options.js');
const { coded } = require('./error.js');

const KINDS = ['bytes', 'video', 'tensor', 'audio'];
const DTYPE = /^(int|uint|float|bfloat|complex|bool)(8|16|32|64|128)?(?:x(\d+))?$/;
const CODES = { int: 0, uint: 1, float: 2, bfloat: 4, complex: 5, bool: 6 };
const WORDS = new Map(Object.entries(CODES).map(([word, code]) => [code, word]));
const DIMS_MAX = 8;
const PLANES_MAX = 4;
const CAPS_MAX = 255;
// colour that nothing is said of
const UNSPECIFIED = 2;

const ARRAYS = {
	int8: Int8Array,
	int16: Int16Array,
	int32: Int32Array,
	int64: BigInt64Array,
	uint8: Uint8Array,
	uint16: Uint16Array,
	uint32: Uint32Array,
	uint64: BigUint64Array,
	float32: Float32Array,
	float64: Float64Array,
	bool8: Uint8Array,
};

function invalid(what, value, expected) {
	return coded(
		TypeError,
		'ERR_INVALID_ARG_VALUE',
		`invalid ${what} '${value}': expected ${expected}`,
	);
}

function fourcc(text) {
	if (typeof text !== 'string' || !/^[ -~]{1,4}$/.test(text)) {
		throw invalid('fourcc', text, 'up to four characters of drm_fourcc.h, such as XR24');
	}
	return Buffer.from(text.padEnd(4)).readUInt32LE();
}

function fourccText(value) {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes.toString('latin1').trimEnd();
}

function dtype(text) {
	const found = typeof text === 'string' && DTYPE.exec(text);
	const bits = found && Number(found[2] ?? (found[1] === 'bool' ? 8 : 0));
	if (!found || bits === 0) throw invalid('dtype', text, 'a type and its bits, such as float32');
	return { dtypeCode: CODES[found[1]], dtypeBits: bits, dtypeLanes: Number(found[3] ?? 1) };
}

function dtypeText(raw) {
	const lanes = raw.dtypeLanes === 1 ? '' : `x${raw.dtypeLanes}`;
	return `${WORDS.get(raw.dtypeCode) ?? 'unknown'}${raw.dtypeBits}${lanes}`;
}

function several(what, values, limit) {
	if (!Array.isArray(values) || values.length > limit) {
		throw invalid(what, values, `an array of up to ${limit} numbers`);
	}
	return values.map((value) => option.whole(what, value, Number.MAX_SAFE_INTEGER));
}

function rate(value) {
	if (value === undefined) return { rateNum: 0, rateDen: 0 };
	const [num, den] = Array.isArray(value) ? value : [value, 1];
	return { rateNum: option.whole('rate', num), rateDen: option.whole('rate', den) };
}

function video(format) {
	const raw = {
		fourcc: fourcc(format.fourcc),
		width: option.whole('width', format.width),
		height: option.whole('height', format.height),
		modifier: BigInt(format.modifier ?? 0n),
		primaries: option.whole('primaries', format.primaries ?? UNSPECIFIED),
		transfer: option.whole('transfer', format.transfer ?? UNSPECIFIED),
		matrix: option.whole('matrix', format.matrix ?? UNSPECIFIED),
		fullRange: format.fullRange ? 1 : 0,
	};
	if (format.stride === undefined) {
		const plain = native.streamLayout({ ...raw, kind: KINDS.indexOf('video') });
		if (plain < 0) {
			throw invalid(
				'video format',
				`${format.fourcc} ${format.width}x${format.height}`,
				'1 to 65535 pixels of a known fourcc, or stride and offset of each plane',
			);
		}
		const { planes, stride, offset, bytes } = plain;
		return { ...raw, planes, stride, offset, bytes };
	}
	const stride = several('stride', format.stride, PLANES_MAX);
	const offset = several('offset', format.offset ?? [0], PLANES_MAX);
	return { ...raw, planes: stride.length, stride, offset };
}

function tensor(format) {
	const shape = several('shape', format.shape, DIMS_MAX);
	const raw = { ...dtype(format.dtype), dims: shape.length, shape };
	const elements = shape.reduce((product, dim) => product * dim, 1);
	return { ...raw, bytes: Math.ceil((raw.dtypeBits * raw.dtypeLanes) / 8) * elements };
}

const ENCODERS = {
	bytes: () => ({}),
	video,
	tensor,
	audio: (format) => ({
		...dtype(format.dtype),
		channels: option.whole('channels', format.channels),
	}),
};

/** For the addon; bytes are those of a frame, if the format says. */
function encode(format) {
	const kind = option.choice('kind', option.options(format).kind ?? 'bytes', KINDS);
	const caps = format?.caps ?? '';
	if (typeof caps !== 'string' || Buffer.byteLength(caps) > CAPS_MAX || caps.includes('\0')) {
		throw invalid('caps', caps, `text of up to ${CAPS_MAX} bytes`);
	}
	return { ...ENCODERS[KINDS[kind]](format ?? {}), kind, caps, ...rate(format?.rate) };
}

/** For the user. */
function decode(raw) {
	const format = { kind: KINDS[raw.kind], caps: raw.caps };
	if (raw.rateNum !== 0) format.rate = [raw.rateNum, raw.rateDen];
	if (format.kind === 'video') {
		const { modifier, width, height, stride, offset, primaries, transfer, matrix } = raw;
		Object.assign(format, { fourcc: fourccText(raw.fourcc), modifier, width, height });
		Object.assign(format, { stride, offset, primaries, transfer, matrix });
		format.fullRange = raw.fullRange !== 0;
	} else if (format.kind === 'tensor') {
		Object.assign(format, { dtype: dtypeText(raw), shape: raw.shape });
	} else if (format.kind === 'audio') {
		Object.assign(format, { dtype: dtypeText(raw), channels: raw.channels });
	}
	return format;
}

/** The elements of a tensor or of samples, on the same memory. */
function elements(format, data) {
	const Kind = ARRAYS[format.dtype];
	if (Kind === undefined) {
		throw invalid('dtype', format.dtype, `one of ${Object.keys(ARRAYS).join(', ')}`);
	}
	const length = Math.floor(data.byteLength / Kind.BYTES_PER_ELEMENT);
	return new Kind(data.buffer, data.byteOffset, length);
}

module.exports = { decode, elements, encode };

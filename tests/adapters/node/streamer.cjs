// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* Streams in Node.js, for the matrix of languages; CASES.md says what the orders do. */

const path = require('node:path');
const { createInterface } = require('node:readline');
const { StreamReader, StreamWriter, ZincGoneError } = require(
	path.join(process.env.ZINC_ADAPTERS, 'node', 'zinc-shm'),
);

const PATIENCE = { timeout: 60000 };
const ELEMENTS = 6;

const KINDS = {
	nv12: {
		format: {
			kind: 'video',
			fourcc: 'NV12',
			width: 6,
			height: 4,
			stride: [64, 64],
			offset: [0, 256],
		},
		bytes: 384,
	},
	xr24: {
		format: { kind: 'video', fourcc: 'XR24', width: 5, height: 3, stride: [32], offset: [0] },
		bytes: 96,
	},
	tensor: { format: { kind: 'tensor', dtype: 'float32', shape: [2, 3] }, bytes: 24 },
};

/** The rows of each plane, and the bytes of a row. */
function planes({ fourcc, width, height }) {
	if (fourcc === 'XR24') return [[height, width * 4]];
	return [
		[height, width],
		[Math.ceil(height / 2), Math.ceil(width / 2) * 2],
	];
}

/** Calls visit with the place of each sample, and what has to be there. */
function each(format, data, number, visit) {
	if (format.kind === 'tensor') {
		const elements = new Float32Array(data.buffer, data.byteOffset, ELEMENTS);
		for (let i = 0; i < ELEMENTS; i++) visit(elements, i, number / 2 + i);
		return;
	}
	planes(format).forEach(([rows, length], p) => {
		for (let y = 0; y < rows; y++) {
			const start = format.offset[p] + y * format.stride[p];
			for (let x = 0; x < length; x++) {
				visit(data, start + x, (number + p * 3 + y * 5 + x * 7) & 0xff);
			}
		}
	});
}

function isRight(frame) {
	let right = true;
	each(frame.format, frame.data, frame.number, (memory, at, want) => {
		if (memory[at] !== want) right = false;
	});
	return right;
}

function describe(format) {
	if (format.kind === 'tensor') return `${format.dtype}/${format.shape}`;
	return `${format.fourcc}/${format.width}x${format.height}/${format.stride}`;
}

function told(frame, bytes, state) {
	const words = [frame.number, frame.lost, Number(frame.newFormat), describe(frame.format)];
	return ['frame', ...words, bytes, frame.pts, state].join(' ');
}

let writer;
let written;
let number;
let reader;
let held;

/** Writes the next frame; false: the time is up. */
async function writeOne(options) {
	const memory = await writer.begin(options);
	if (memory === null) return false;
	number++;
	each(written.format, memory, number, (target, at, value) => {
		target[at] = value;
	});
	writer.commit({ bytes: written.bytes, pts: BigInt(number) * 1000n });
	return true;
}

async function nextView() {
	const view = await reader.view(PATIENCE);
	if (view === null) throw new Error('the time is up');
	return view;
}

const ORDERS = {
	create(name, kind, slots) {
		written = KINDS[kind];
		number = 0;
		const slotSize = written.bytes;
		writer = StreamWriter.create(name, { format: written.format, slots: Number(slots), slotSize });
		return 'ready';
	},

	async write(count) {
		for (let left = Number(count); left > 0; left--) {
			if (!(await writeOne(PATIENCE))) throw new Error('the time is up');
		}
		return 'done';
	},

	async try() {
		return (await writeOne({ timeout: 0 })) ? 'done' : 'busy';
	},

	format(kind) {
		written = KINDS[kind];
		writer.setFormat(written.format);
		return 'done';
	},

	end() {
		writer.close();
		return 'done';
	},

	async open(name, mode) {
		reader = await StreamReader.openWait(name, { mode, ...PATIENCE });
		return `ready ${describe(reader.format)}`;
	},

	async next() {
		try {
			const view = await nextView();
			const right = isRight(view) ? 'right' : 'wrong';
			const bytes = view.data.length;
			return told(view, bytes, view.done() ? right : 'torn');
		} catch (error) {
			if (error instanceof ZincGoneError) return 'gone';
			throw error;
		}
	},

	async read() {
		const frame = await reader.read(PATIENCE);
		if (frame === null) throw new Error('the time is up');
		return told(frame, frame.data.length, isRight(frame) ? 'right' : 'wrong');
	},

	async hold() {
		held = await nextView();
		return `held ${held.number} ${Number(held.isWhole())}`;
	},

	release() {
		return `released ${Number(held.done())}`;
	},

	async follow() {
		let right = 0;
		let wrong = 0;
		for await (const view of reader.views()) {
			const good = isRight(view);
			if (!view.done()) continue;
			if (good) right++;
			else wrong++;
		}
		return `followed ${right} ${wrong} ${reader.lost}`;
	},

	close() {
		reader.close();
		return 'done';
	},
};

async function main() {
	for await (const line of createInterface({ input: process.stdin })) {
		const [order, ...words] = line.split(' ');
		try {
			console.log(await ORDERS[order](...words));
		} catch (error) {
			console.log(`error ${error.message.replaceAll('\n', ' ')}`);
		}
	}
}

main();

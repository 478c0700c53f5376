// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* Writer and reader of CASES.md: takes orders from stdin. */

const os = require('node:os');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { SharedRegion } = require(path.join(process.env.ZINC_ADAPTERS, 'node', 'zinc-shm'));

const PAGE = 65536;
const PATIENCE = 60000;
const LITTLE = os.endianness() === 'LE';
const SIZE = 112;
const CHECKED = 104;

function fnv(bytes) {
	let sum = 2166136261;
	for (const byte of bytes) sum = Math.imul(sum ^ byte, 16777619) >>> 0;
	return sum;
}

/** The message of that sequence. */
function message(s) {
	const bytes = Buffer.alloc(SIZE);
	const view = new DataView(bytes.buffer, bytes.byteOffset, SIZE);
	const big = BigInt(s);
	view.setBigUint64(0, big, LITTLE);
	view.setUint8(8, s * 7);
	view.setUint16(10, s * 257, LITTLE);
	view.setUint32(12, Number((big * 2654435761n) & 0xffffffffn), LITTLE);
	view.setBigUint64(16, BigInt.asUintN(64, big * 0x9e3779b97f4a7c15n), LITTLE);
	view.setFloat32(24, s * 0.5, LITTLE);
	view.setFloat64(32, s * -0.125, LITTLE);
	for (let i = 0; i < 16; i++) view.setUint32(40 + 4 * i, s * 31 + i * 17, LITTLE);
	view.setUint32(CHECKED, fnv(bytes.subarray(0, CHECKED)), LITTLE);
	return bytes;
}

function sequence(view) {
	return Number(LITTLE ? view.readBigUInt64LE(0) : view.readBigUInt64BE(0));
}

function put(view, s) {
	if (LITTLE) view.writeBigUInt64LE(BigInt(s), 0);
	else view.writeBigUInt64BE(BigInt(s), 0);
}

async function notified(region) {
	if (!(await region.wait({ timeout: PATIENCE }))) throw new Error(`no notify of ${region.name}`);
}

async function write(name, count) {
	const data = SharedRegion.create(name, PAGE);
	const ack = SharedRegion.create(`${name}-ack`, PAGE);
	try {
		console.log('ready');
		for (let s = 1; s <= count; s++) {
			data.buffer.set(message(s));
			data.notify();
			while (sequence(ack.buffer) !== s) await notified(ack);
		}
	} finally {
		data.close();
		ack.close();
	}
}

async function read(name, count) {
	const data = SharedRegion.open(name);
	const ack = SharedRegion.open(`${name}-ack`);
	try {
		const view = data.buffer;
		for (let s = 1; s <= count; s++) {
			// only its notify says that the message is whole: the sequence is written first
			for (let seen = s - 1; seen !== s; ) {
				if (seen !== s - 1) throw new Error(`${seen} instead of ${s}`);
				await notified(data);
				seen = sequence(view);
			}
			if (!view.subarray(0, SIZE).equals(message(s))) throw new Error(`message ${s} is wrong`);
			put(ack.buffer, s);
			ack.notify();
		}
	} finally {
		data.close();
		ack.close();
	}
}

async function gone(name) {
	const region = SharedRegion.open(name);
	try {
		console.log('ready');
		while (await region.wait({ timeout: PATIENCE, orGone: true }));
		throw new Error('the time is up');
	} catch (error) {
		if (error.code !== 'EPIPE') throw error;
	} finally {
		region.close();
	}
}

async function hold(name) {
	SharedRegion.create(name, PAGE);
	console.log('ready');
	await new Promise(() => {
		setInterval(() => {}, PATIENCE);
	});
}

const ORDERS = { write, read, gone, hold };

async function main() {
	for await (const line of createInterface({ input: process.stdin })) {
		const [order, name, count] = line.split(' ');
		try {
			await ORDERS[order](name, Number(count));
			console.log('done');
		} catch (error) {
			console.log(`error ${error.message.replaceAll('\n', ' ')}`);
		}
	}
}

main();

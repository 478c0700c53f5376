// SPDX-License-Identifier: GPL-2.0-only
/* Code that tsc has to accept, and after `@ts-expect-error` to refuse. */

import { SharedRegion, StreamReader, StreamWriter, ZincError, ZincGoneError } from 'zinc-shm';
import type { Frame, FrameView, RegionInfo, StreamFormat } from 'zinc-shm';

async function regions(signal: AbortSignal): Promise<void> {
	const region: SharedRegion = SharedRegion.create('a', 4096, { lifetime: 'persist', mode: 0o640 });
	SharedRegion.create(null, 4096n);
	SharedRegion.createOrReplace('a', 4096, { lazy: true });
	const other = await SharedRegion.openWait('a', { timeout: 10, signal, readOnly: true });
	const info: RegionInfo = region.info;
	const id: bigint = info.id;
	const capacity: number = info.capacity;
	const notified: boolean = await region.wait({ timeout: 10, orGone: true, signal });
	for await (const n of region) console.log(n + 1, id, capacity, notified);
	for await (const n of region.notifications({ orGone: true })) console.log(n + 1);
	const any: SharedRegion | null = await SharedRegion.waitAny([region, other], { signal });
	const bytes: Buffer = region.buffer;
	const memory: ArrayBuffer = region.arrayBuffer;
	region.write(new Uint8Array(memory, 0, 4), 8);
	region.beginCpuAccess('read');
	console.log(any, bytes.subarray(1), region.read(1, 2).toString());

	// @ts-expect-error: no such lifetime
	SharedRegion.create('a', 4096, { lifetime: 'forever' });
	// @ts-expect-error: capacity is a number
	SharedRegion.create('a', '4096');
	// @ts-expect-error: there is none without a name
	SharedRegion.open(null);
	// @ts-expect-error: not for callers
	new SharedRegion();
	// @ts-expect-error: is a property
	region.name = 'b';
	// @ts-expect-error: blocks, and therefore takes no signal
	region.waitSync({ signal });
	// @ts-expect-error: no such access
	region.endCpuAccess('all');
}

async function streams(): Promise<void> {
	const format: StreamFormat = { kind: 'tensor', dtype: 'float32', shape: [2, 3], rate: [30, 1] };
	const writer = StreamWriter.create('s', { format, slots: 4 });
	const memory: Buffer | null = await writer.begin({ timeout: 5 });
	if (memory !== null) writer.commit({ bytes: 24, pts: StreamWriter.now() });
	await writer.write(new Uint8Array(24), { key: true, timeout: 5 });
	const reader = await StreamReader.openWait('s', { mode: 'register', timeout: 10 });
	for await (const frame of reader) {
		const one: Frame = frame;
		const pts: bigint = one.pts;
		console.log(pts, one.elements[0], one.lost + 1);
	}
	const view: FrameView | null = await reader.view();
	if (view?.isWhole()) console.log(view.done());

	// @ts-expect-error: a tensor has a shape
	writer.setFormat({ kind: 'tensor', dtype: 'float32' });
	// @ts-expect-error: no such mode
	StreamReader.open('s', { mode: 'all' });
	// @ts-expect-error: nanoseconds are a bigint
	writer.commit({ pts: 5 });
}

function errors(error: unknown): string | undefined {
	if (error instanceof ZincGoneError) return error.region;
	if (error instanceof ZincError) return `${error.code} ${error.errno + 1} ${error.syscall}`;
	return undefined;
}

export { errors, regions, streams };

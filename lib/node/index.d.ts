// SPDX-License-Identifier: MIT
/// <reference types="node" />

/** Where regions are: the kernel module, or POSIX shared memory. */
export type Backend = 'auto' | 'kmod' | 'shm';

/** When a region loses its name. */
export type Lifetime = 'refs' | 'creator' | 'persist';

/** What the library answered instead of doing it. */
export class ZincError extends Error {
	/** For example ENOENT. */
	readonly code: string;
	/** Negative, as in errors of Node.js itself. */
	readonly errno: number;
	/** The method. */
	readonly syscall: string;
	/** Its region's name. */
	readonly region?: string;
}

/** The region's creator or name is gone: no notify is to be expected. */
export class ZincGoneError extends ZincError {}

export interface WaitOptions {
	/** Milliseconds; 0 only looks. The default, Infinity, has no end. */
	timeout?: number;
	/** Rejects with its reason. Such a wait takes no notify. */
	signal?: AbortSignal;
}

export interface WaitGoneOptions extends WaitOptions {
	/** Fail with ZincGoneError once the creator or the name is gone. */
	orGone?: boolean;
}

export interface CreateOptions {
	/** Permissions within 0o666; 0o600 if not given. No umask is applied. */
	mode?: number;
	lifetime?: Lifetime;
	/** Take the name from the region that has it. */
	replace?: boolean;
	/** Allocate a page at its first access. */
	lazy?: boolean;
	/** Physically contiguous blocks of a huge page; with the module only. */
	contiguous?: boolean;
	/** POSIX shared memory: page-aligned data. */
	pageLayout?: boolean;
	backend?: Backend;
}

export interface OpenOptions {
	/** Map and wait only. A write to such a buffer ends the program by SIGSEGV. */
	readOnly?: boolean;
	/** Do not map the data: for memory that no CPU can map. */
	noData?: boolean;
	backend?: Backend;
}

export interface ImportOptions {
	mode?: number;
	lifetime?: Lifetime;
	replace?: boolean;
	noData?: boolean;
}

/** struct zinc_region_info. What can exceed 2^53 is a bigint. */
export interface RegionInfo {
	name: string;
	backend: Backend;
	id: bigint;
	capacity: number;
	resident: number;
	/** CLOCK_REALTIME in nanoseconds. */
	createdAt: bigint;
	lifetime: Lifetime;
	uid: number;
	gid: number;
	mode: number;
	creatorPid: number;
	handles: number;
	waiters: number;
	sequence: number;
	cursor: number;
	attachments: number;
	fences: number;
	fenceErrors: number;
	/** The last one, a negative errno; 0 for none. */
	fenceError: number;
	creatorGone: boolean;
	unlinked: boolean;
	anonymous: boolean;
	lazy: boolean;
	readOnly: boolean;
	creator: boolean;
	imported: boolean;
	dataReadOnly: boolean;
	contiguous: boolean;
	stale: boolean;
	invalid: boolean;
	unknown: boolean;
	pageLayout: boolean;
}

/** What can be done with devices; nothing on POSIX shared memory. */
export interface Features {
	export: boolean;
	import: boolean;
	fence: boolean;
	contiguous: boolean;
	exportPart: boolean;
}

export type Access = 'read' | 'write' | 'read-write';

/** A handle of a region. It is closed by close(), and when it and its buffers are collected. */
export class SharedRegion implements AsyncIterable<number> {
	private constructor();

	/**
	 * Creates a region of capacity bytes, a multiple of the page size; with null as its
	 * name an anonymous one, with the module only. Codes: EINVAL, EEXIST, EPERM or EACCES,
	 * ENOMEM, EDQUOT, ENOSPC.
	 */
	static create(name: string | null, capacity: number | bigint, options?: CreateOptions): SharedRegion;
	/** create() that takes the name from the region that has it. */
	static createOrReplace(
		name: string,
		capacity: number | bigint,
		options?: Omit<CreateOptions, 'replace'>,
	): SharedRegion;
	/** Codes: EINVAL, ENOENT, EPERM or EACCES, EBADMSG for what is no region, ENXIO. */
	static open(name: string, options?: OpenOptions): SharedRegion;
	/** open() that waits until a region of that name is created; ETIMEDOUT. */
	static openWait(name: string, options?: OpenOptions & WaitOptions): Promise<SharedRegion>;
	/** Of a descriptor that another process sent; it stays the caller's. */
	static fromFd(fd: number, options?: Omit<OpenOptions, 'backend'>): SharedRegion;
	/** Of a device's dma-buf, without a copy; fd stays the caller's. */
	static importDmabuf(fd: number, name: string | null, options?: ImportOptions): SharedRegion;
	/** The named regions that the caller may see, by name. */
	static list(): RegionInfo[];
	/** Describes a region without opening it. */
	static stat(name: string): RegionInfo;
	/** Removes the name; open handles stay valid. */
	static unlink(name: string): void;
	/** Removes the name if no process has the region open; EBUSY. */
	static unlinkStale(name: string): void;
	/** Closes what exportDmabuf() returned. */
	static closeFd(fd: number): void;
	static features(): Features;
	/** Of new regions. */
	static defaultBackend(): Backend;
	/** The first of them with a notify, which it takes; null: the time is up. */
	static waitAny(regions: Iterable<SharedRegion>, options?: WaitOptions): Promise<SharedRegion | null>;
	/** waitAny() that blocks the event loop. */
	static waitAnySync(
		regions: Iterable<SharedRegion>,
		options?: Pick<WaitOptions, 'timeout'>,
	): SharedRegion | null;

	/** null for a region without one. */
	readonly name: string | null;
	readonly capacity: number;
	readonly readOnly: boolean;
	readonly closed: boolean;
	/** Notifies so far, modulo 2^32. */
	readonly sequence: number;
	readonly backend: Backend;
	readonly info: RegionInfo;
	readonly features: Features;
	/** Whether arrayBuffer and buffer are the memory itself; where false (Electron), copies. */
	readonly isShared: boolean;
	/** The memory itself, the same object each time. close() detaches it: its length is 0 then. */
	readonly arrayBuffer: ArrayBuffer;
	/** The same as a Buffer. */
	readonly buffer: Buffer;
	/** For poll and SCM_RIGHTS; it is the region's. EOPNOTSUPP on POSIX shared memory. */
	readonly fd: number;

	/** A copy of a part of the memory. */
	read(offset?: number, length?: number): Buffer;
	/** Copies into the memory; EBADF for a read-only region. */
	write(bytes: Uint8Array, offset?: number): void;

	/** Increments the sequence and wakes all waiters; EBADF for a read-only region. */
	notify(): void;
	/** Takes a pending notify; false: there is none. */
	tryWait(): boolean;
	/** Waits for a notify that this handle has not seen; false: the time is up. */
	wait(options?: WaitGoneOptions): Promise<boolean>;
	/** wait() that blocks the event loop. */
	waitSync(options?: Omit<WaitGoneOptions, 'signal'>): boolean;
	/** Notifies this region, then waits for another one, which blocks the event loop. */
	notifyAndWaitSync(reply: SharedRegion, options?: Pick<WaitOptions, 'timeout'>): boolean;
	/** The sequence after each notify, until the region is closed, or with orGone is gone. */
	notifications(options?: Omit<WaitGoneOptions, 'timeout'>): AsyncGenerator<number, void, undefined>;
	[Symbol.asyncIterator](): AsyncGenerator<number, void, undefined>;

	/** A new descriptor of the data as a dma-buf, for closeFd(). */
	exportDmabuf(options?: { readOnly?: boolean }): number;
	/** A new dma-buf of a part of the data, in whole pages. Codes: EINVAL, EOPNOTSUPP. */
	exportDmabufPart(
		offset: number | bigint,
		length: number | bigint,
		options?: { readOnly?: boolean },
	): number;
	/** Has the region notified when the fences of a sync_file have signalled. */
	notifyOnFence(fd: number): void;
	/** Before the CPU touches what a device works on; blocks until the device is done. */
	beginCpuAccess(access?: Access): void;
	/** After it. */
	endCpuAccess(access?: Access): void;

	/** Closes the handle and detaches its buffers; again, nothing. Waits of it are rejected. */
	close(): void;
}

/** Elements: int, uint, float, bfloat, complex or bool, and their bits. */
export type Dtype = string;

export type Rate = number | [frames: number, seconds: number];

export interface FormatCommon {
	rate?: Rate;
	/** Text of the application's choice, up to 255 bytes. */
	caps?: string;
}

export interface BytesFormat extends FormatCommon {
	kind: 'bytes';
}

export interface VideoFormat extends FormatCommon {
	kind: 'video';
	/** Of drm_fourcc.h, such as XR24 or NV12. */
	fourcc: string;
	width: number;
	height: number;
	/** Per plane; without them there is no padding. */
	stride?: number[];
	offset?: number[];
	modifier?: bigint | number;
	/** Colour, as ITU-T H.273. */
	primaries?: number;
	transfer?: number;
	matrix?: number;
	fullRange?: boolean;
}

export interface TensorFormat extends FormatCommon {
	kind: 'tensor';
	dtype: Dtype;
	/** Up to 8 dimensions, the last one contiguous. */
	shape: number[];
}

export interface AudioFormat extends FormatCommon {
	kind: 'audio';
	dtype: Dtype;
	channels: number;
}

export type StreamFormat = BytesFormat | VideoFormat | TensorFormat | AudioFormat;

export interface Rectangle {
	x: number;
	y: number;
	width: number;
	height: number;
}

export interface FrameOptions {
	/** CLOCK_MONOTONIC in nanoseconds; now, if not given. */
	pts?: bigint;
	/** It can be decoded by itself. */
	key?: boolean;
	/** The source lost data before it. */
	gap?: boolean;
	/** The last frame. */
	end?: boolean;
	/** Only this changed. */
	damage?: Rectangle;
}

export interface StreamCreateOptions extends Omit<CreateOptions, 'pageLayout'> {
	/** bytes, if not given. */
	format?: StreamFormat;
	/** 2 to 64; 4, if not given. */
	slots?: number;
	/** Bytes of the largest frame; the format's, if it says. */
	slotSize?: number;
}

/** The writing end of a stream. */
export class StreamWriter {
	private constructor();

	/** Codes: EINVAL, EBADMSG for a format that does not fit, or as SharedRegion.create(). */
	static create(name: string, options?: StreamCreateOptions): StreamWriter;
	/** The clock of pts: CLOCK_MONOTONIC in nanoseconds. */
	static now(): bigint;

	readonly name: string;
	readonly slots: number;
	readonly slotSize: number;
	/** Where slot 0 begins in the region's data, and so in its dma-buf. */
	readonly slotOffset: number;
	readonly closed: boolean;
	readonly info: RegionInfo;

	/**
	 * The memory for the next frame, slotSize bytes. It waits for readers that have
	 * registered; null: the time is up. EBUSY: a frame is begun.
	 */
	begin(options?: WaitOptions): Promise<Buffer | null>;
	/** Publishes the frame that was begun. */
	commit(options?: FrameOptions & { bytes?: number }): void;
	/** Gives the frame that was begun up. */
	cancel(): void;
	/** Copies a frame into the next slot; false: the time is up. */
	write(bytes: Uint8Array, options?: FrameOptions & WaitOptions): Promise<boolean>;
	/** Stops waiting for registered readers that are behind, and returns their number. */
	drop(): Promise<number>;
	/**
	 * What later frames are; EBADMSG if it does not fit into a slot. The next begin() waits
	 * until registered readers have read the frames of the format before.
	 */
	setFormat(format: StreamFormat): void;
	exportDmabuf(): number;
	/** Readers get the frames that are left; then their loops end. */
	close(): void;
}

/** A frame, and its bytes. */
export interface Frame {
	readonly data: Buffer;
	readonly format: StreamFormat;
	/** 1 for the stream's first frame; exact up to 2^53. */
	readonly number: number;
	/** CLOCK_MONOTONIC in nanoseconds. */
	readonly pts: bigint;
	readonly key: boolean;
	readonly gap: boolean;
	readonly end: boolean;
	readonly damage: Rectangle | null;
	/** Frames lost between the previous one and this one. */
	readonly lost: number;
	/** The format has changed since the previous frame. */
	readonly newFormat: boolean;
	/** The bytes as a typed array of the format's dtype. */
	readonly elements: ArrayBufferView & ArrayLike<number | bigint>;
}

/** A frame in the ring itself, until done() or the next frame. A write to it is a SIGSEGV. */
export interface FrameView extends Frame {
	/** Whether the writer has not begun to overwrite it. */
	isWhole(): boolean;
	/** Ends the use of it; false: it was overwritten, discard what was read. */
	done(): boolean;
}

export type ReaderMode =
	/** Skip to the newest frame. */
	| 'newest'
	/** Every frame that is still there. */
	| 'every'
	/** Every frame: the writer waits. */
	| 'register';

export interface ReaderOptions {
	/** newest, if not given. */
	mode?: ReaderMode;
}

/** A reading end of a stream. */
export class StreamReader implements AsyncIterable<Frame> {
	private constructor();

	/** Codes: ENOENT, EBADMSG for what is no stream, EPIPE, EUSERS, or as SharedRegion.open(). */
	static open(name: string, options?: ReaderOptions): StreamReader;
	/** open() that waits for the writer; ETIMEDOUT. */
	static openWait(name: string, options?: ReaderOptions & WaitOptions): Promise<StreamReader>;

	readonly name: string;
	readonly slots: number;
	readonly slotSize: number;
	readonly slotOffset: number;
	/** Of the frame that was returned last. */
	readonly format: StreamFormat;
	/** Frames lost since the stream was opened. */
	readonly lost: number;
	readonly closed: boolean;
	readonly info: RegionInfo;

	/** A copy of the next frame, which is whole; null: the time is up. ZincGoneError: no more. */
	read(options?: WaitOptions): Promise<Frame | null>;
	/** The next frame in the ring itself; null: the time is up. */
	view(options?: WaitOptions): Promise<FrameView | null>;
	/** Copies of frames, until the writer has ended, the reader is closed, or a timeout. */
	frames(options?: WaitOptions): AsyncGenerator<Frame, void, undefined>;
	/** Frames in the ring itself: each is good until the next one. */
	views(options?: WaitOptions): AsyncGenerator<FrameView, void, undefined>;
	[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined>;
	exportDmabuf(): number;
	close(): void;
}

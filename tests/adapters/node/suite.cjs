// SPDX-License-Identifier: GPL-2.0-only
'use strict';

/* TAP, names, and the other process. */

const assert = require('node:assert/strict');
const child = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { inspect } = require('node:util');

const PACKAGE = path.join(process.env.ZINC_ADAPTERS, 'node', 'zinc-shm');
const zinc = require(PACKAGE);

const PAGE = 65536;
const PATIENCE = 60000;
const IS_KMOD = process.env.ZINC_BACKEND === 'kmod';
const PEER = process.env.ZINC_PEER;
// how this runtime is told to run a program
const IS_DENO = 'Deno' in globalThis;
const RUN = IS_DENO ? ['run', '-A', '--v8-flags=--expose-gc'] : [];
const RUNTIME = IS_DENO ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node';

let names = 0;

/** A name that nobody else has. */
function named() {
	names++;
	return `zc${process.pid}-${RUNTIME}-${names}`;
}

/** Why a test cannot be run here. */
class Skip extends Error {}

/** What the other process says, once it has ended. */
function peer(...words) {
	const done = child.spawnSync(PEER, words.map(String), { encoding: 'utf8' });
	assert.equal(done.status, 0, done.stderr);
	return done.stdout.trim();
}

/** A process, once it has said ready. */
async function startProgram(program, words) {
	const started = child.spawn(program, words.map(String), {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const ended = once(started, 'exit');
	const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
	assert.equal((await lines.next()).value, 'ready');
	return {
		lines,
		say: (line) => started.stdin.write(`${line}\n`),
		/** It ends by itself, and all is well. */
		ends: async () => {
			started.stdin.end();
			assert.deepEqual(await ended, [0, null]);
		},
		kill: async () => {
			started.kill('SIGKILL');
			await ended;
		},
	};
}

function start(...words) {
	return startProgram(PEER, words);
}

/** Another process of this runtime, with a program of this folder. */
function startOther(file, ...words) {
	return startProgram(process.execPath, [...RUN, path.join(__dirname, file), ...words]);
}

/** The call fails with an error of this code, now or later. */
async function fails(code, call) {
	let error;
	try {
		await call();
	} catch (caught) {
		error = caught;
	}
	assert.ok(error instanceof Error, `no error ${code}`);
	const got = error.code ?? error.name;
	assert.ok(code instanceof RegExp ? code.test(got) : got === code, error.stack);
	return error;
}

/** Run the collector, until that is so. */
async function collected(isSo) {
	for (let i = 0; i < 100 && !isSo(); i++) {
		if (globalThis.Bun) globalThis.Bun.gc(true);
		else globalThis.gc();
		await new Promise((resolve) => setTimeout(resolve, i));
	}
	assert.ok(isSo(), 'it was not collected');
}

/** Descriptors, and mappings of regions. */
function counts() {
	const maps = fs.readFileSync('/proc/self/maps', 'utf8').split('\n');
	return {
		fds: fs.readdirSync('/proc/self/fd').length,
		maps: maps.filter((line) => /\/dev\/shm\/|\/dev\/zinc|anon_inode|zinc:/.test(line)).length,
	};
}

/** No more of them than before, once threads have ended. */
async function comeDown(before) {
	let now = counts();
	for (let i = 0; i < 1000 && (now.fds > before.fds || now.maps > before.maps); i++) {
		await sleep(10);
		now = counts();
	}
	assert.ok(now.fds <= before.fds && now.maps <= before.maps, inspect({ before, now }));
}

function sleep(ms) {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs tests [number, id, function]; sets the exit status. */
async function run(tests) {
	console.log(`TAP version 13\n1..${tests.length}`);
	for (const [number, id, test] of tests) {
		let line = `ok ${number} ${id}`;
		try {
			await test();
		} catch (error) {
			if (error instanceof Skip) {
				line += ` # SKIP ${error.message}`;
			} else {
				console.log(`# ${id}: ${error?.stack ?? error}`.replaceAll('\n', '\n# '));
				line = `not ${line}`;
				process.exitCode = 1;
			}
		}
		console.log(line);
	}
}

module.exports = {
	...zinc,
	IS_KMOD,
	PACKAGE,
	PAGE,
	PATIENCE,
	RUN,
	RUNTIME,
	Skip,
	collected,
	comeDown,
	counts,
	fails,
	named,
	peer,
	run,
	sleep,
	start,
	startOther,
};

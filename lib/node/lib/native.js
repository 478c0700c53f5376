// SPDX-License-Identifier: MIT
'use strict';

const path = require('node:path');

/** The addon for this machine. */
function load() {
	const folder = path.join(__dirname, '..', 'prebuilds', `linux-${process.arch}`);
	try {
		return require(path.join(folder, 'zinc.node'));
	} catch (cause) {
		throw new Error(
			`zinc: cannot load ${folder}/zinc.node: ${cause.message}: expected the addon for` +
				' linux-' +
				process.arch +
				', from make -C lib/node, and libzinc-kmod.so.1 where the loader finds it',
			{ cause },
		);
	}
}

module.exports = load();

// SPDX-License-Identifier: MIT
'use strict';

const { ZincError, ZincGoneError } = require('./lib/error.js');
const { SharedRegion } = require('./lib/region.js');
const { StreamReader } = require('./lib/reader.js');
const { StreamWriter } = require('./lib/writer.js');

module.exports = { SharedRegion, StreamReader, StreamWriter, ZincError, ZincGoneError };

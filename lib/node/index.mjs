// SPDX-License-Identifier: MIT
import zinc from './index.js';

export const { SharedRegion, StreamReader, StreamWriter, ZincError, ZincGoneError } = zinc;
export default zinc;

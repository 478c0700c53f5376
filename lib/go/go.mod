// SPDX-License-Identifier: MIT
module zinc

go 1.19

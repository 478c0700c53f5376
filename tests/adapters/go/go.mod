// SPDX-License-Identifier: GPL-2.0-only
module adapters

go 1.19

require zinc v1.0.0

replace zinc => ../../../lib/go

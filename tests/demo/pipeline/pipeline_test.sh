#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `make demo-pipeline` does what it says, in short. Prints TAP.

cd "$(dirname "$0")/../../.." || exit 1
# shellcheck source-path=SCRIPTDIR source=../../steps/tap.sh
. tests/steps/tap.sh

export ZINC_DEMO_FRAMES=3
is 'the demo of a pipeline holds' tests/demo/pipeline/run
is 'its screenshot is there' test -s build/pipeline/screen.png
finish

// SPDX-License-Identifier: MIT
/*
 * Standard output: whether it has got where it should.
 */
#include <errno.h>
#include <stdio_ext.h>
#include <string.h>

#include "cli.h"

static int flush_error;

int cli_flush(void)
{
	if (!fflush(stdout))
		return 0;
	flush_error = errno;
	return -1;
}

/* The status to exit with, once it is known whether the output got there */
int cli_finish(int status)
{
	bool failed = ferror(stdout), pending = __fpending(stdout);

	errno = 0;
	if (fclose(stdout) && (pending || errno != EBADF))
		failed = true;
	if (!failed)
		return status;
	if (flush_error)
		errno = flush_error;
	if (errno)
		return cli_error("cannot write to standard output: %s",
				 strerror(errno));
	return cli_error("cannot write to standard output");
}

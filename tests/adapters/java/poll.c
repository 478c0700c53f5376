// SPDX-License-Identifier: GPL-2.0-only
/* poll(2) for Conform.java */
#include <errno.h>
#include <jni.h>
#include <poll.h>

/* the first two arguments of every native method are not used */
jboolean Java_Conform_poll(void *env, void *class, jint fd, jint ms);

jboolean Java_Conform_poll(void *env, void *class, jint fd, jint ms)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	(void)env;
	(void)class;
	while (poll(&one, 1, ms) < 0) {
		if (errno != EINTR)
			return JNI_FALSE;
	}
	return one.revents == POLLIN;
}

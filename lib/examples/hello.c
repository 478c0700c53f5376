// SPDX-License-Identifier: MIT
/*
 * A region with one message: the counterpart of hello.py, which answers it.
 *
 *	cc hello.c -o hello $(pkg-config --cflags --libs zinc-kmod)
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zinc.h>

struct message {
	_Atomic uint32_t answered;
	uint32_t length;
	char text[56];
};

int main(void)
{
	zinc_handle region;
	int32_t err = zinc_create("greeting", 65536, &region);

	if (err) {
		fprintf(stderr, "greeting: %s\n", zinc_strerror(err));
		return 1;
	}
	struct message *message = (void *)zinc_ptr(region);

	message->length = sprintf(message->text, "hello from C");
	zinc_notify(region);
	while (!message->answered && !err)
		err = zinc_wait(region, 60000);
	printf("answered: %.*s\n", (int)message->length, message->text);
	zinc_close(region);
	return err ? 1 : 0;
}

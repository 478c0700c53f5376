/* SPDX-License-Identifier: MIT */
/* What the files of native methods share. */
#ifndef ZINC_JAVA_INTERNAL_H
#define ZINC_JAVA_INTERNAL_H

#include <jni.h>
#include <stdint.h>
#include <time.h>
#include <zinc.h>

#define NS_PER_S 1000000000ULL

/* jni_stream.c: the methods of streams */
jint zinc_register_streams(JNIEnv *env, jclass class);

struct name {
	char text[ZINC_NAME_MAX + 3];
};

/*
 * name_of() - convert a Java name, without a NUL, to a C string
 * A name that is too long is truncated to a length that the library still refuses.
 * NULL stays NULL.
 */
static inline const char *name_of(JNIEnv *env, jbyteArray bytes, struct name *name)
{
	jsize length;

	if (!bytes)
		return NULL;
	length = (*env)->GetArrayLength(env, bytes);
	/* one byte more than the limit may be valid in another version of the library */
	if (length > ZINC_NAME_MAX + 2)
		length = ZINC_NAME_MAX + 2;
	(*env)->GetByteArrayRegion(env, bytes, 0, length, (jbyte *)name->text);
	name->text[length] = '\0';
	return name->text;
}

static inline zinc_handle handle_of(jlong handle)
{
	return (zinc_handle)(uintptr_t)handle;
}

static inline uint64_t deadline(jlong ns)
{
	struct timespec now;

	if (ns <= 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec + ns;
}

#endif /* ZINC_JAVA_INTERNAL_H */

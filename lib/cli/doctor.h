/* SPDX-License-Identifier: MIT */
/*
 * zinc doctor: what its checks report.
 */
#ifndef ZINC_CLI_DOCTOR_H
#define ZINC_CLI_DOCTOR_H

#include "cli.h"

enum status { OK, WARN, FAIL };

/* struct finding - one line; @remedy is NULL where there is nothing to do */
struct finding {
	enum status status;
	const char *check;
	char *text;
	char *remedy;
};

struct report {
	struct finding findings[32];
	size_t count;
};

/* ---- doctor_report.c: what the checks found ------------------------------ */

__printf(4, 5)
void found(struct report *report, enum status status, const char *check,
	   const char *format, ...);
/* remedy() - what to do about the last finding */
__printf(2, 3)
void remedy(struct report *report, const char *format, ...);

/* ---- doctor_module.c: the kernel module, its device, its limits --------- */

bool module_is_loaded(void);
void check_module(struct report *report);
/* Return: a descriptor of the device, -1 if it is of no use */
int check_device(struct report *report);
void check_query(struct report *report, int fd);

/* ---- doctor_absent.c: why there is no module ----------------------------- */

/* explain_absence() - one finding, with what to do first */
void explain_absence(struct report *report);

/* ---- doctor_checks.c: all the rest -------------------------------------- */

void check_library(struct report *report);
void check_backend(struct report *report);
void check_lifetime(struct report *report);
void check_shm(struct report *report);
void check_huge_pages(struct report *report);
void check_logout(struct report *report);
void check_locks(struct report *report);
void check_gpu_names(struct report *report);
void check_left_behind(struct report *report);

#endif /* ZINC_CLI_DOCTOR_H */

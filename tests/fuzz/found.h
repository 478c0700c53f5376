/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FOUND_H
#define FOUND_H

/* Run what once was a finding; 0 if the kernel has nothing to say of it now */
int run_found(const char *programs);

#endif /* FOUND_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BUILD_STAMP_H
#define BUILD_STAMP_H

/*
 * The commit that an executable was built from, NUL terminated; empty where
 * nobody wrote it. Scripts/build writes it into the finished file's section, so
 * that a new commit does not build everything anew.
 */
const char *build_stamp(void);

#define BUILD_STAMP_SIZE 64

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include "build_stamp.h"

/* volatile: what the compiler sees here is not what will stand there. */
static const volatile char stamp[BUILD_STAMP_SIZE] __attribute__((section("dioscope_build"), used)) = "";

const char *build_stamp(void)
{
	return (const char *)stamp;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The header holds everything; SwiftPM wants one source per C module. */
#include "probe_records.h"

/* SPDX-License-Identifier: GPL-2.0-only */
/* What Swift sees of libbpf, and the few lines of it that Swift cannot express. */
#pragma once

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>

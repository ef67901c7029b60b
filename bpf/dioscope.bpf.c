// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of one direct I/O, a file for each part in the order in which it is
 * lived. Each program is optional: user space loads those that the running
 * kernel can take, and a time whose program is missing stays 0, "not seen".
 */
#include "cpus.bpf.h"
#include "opens.bpf.h"
#include "submit.bpf.h"
#include "block_device.bpf.h"
#include "device.bpf.h"
#include "worker.bpf.h"
#include "completion.bpf.h"
#include "syncs.bpf.h"

char LICENSE[] SEC("license") = "GPL";

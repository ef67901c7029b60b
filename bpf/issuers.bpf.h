/* SPDX-License-Identifier: GPL-2.0-only */
/* Who asked for an I/O, by the function that it is to be completed with. */
#ifndef ISSUERS_BPF_H
#define ISSUERS_BPF_H

#include "kernel_flavours.bpf.h"

/* - complete: the kiocb's ki_complete. */
static __always_inline enum probe_issuer issuer_by(const void *complete)
{
	if (!complete)
		return PROBE_ISSUER_SYNC;
	if (complete == &aio_complete_rw)
		return PROBE_ISSUER_LIBAIO;
	if (complete == &io_complete_rw || complete == &io_complete_rw_iopoll)
		return PROBE_ISSUER_IO_URING;
	return PROBE_ISSUER_OTHER;
}

/* Does a user wait for it, and no file system between? */
static __always_inline bool is_users(const void *complete)
{
	return issuer_by(complete) != PROBE_ISSUER_OTHER;
}

/* A request of io_uring that polls has IOCB_HIPRI taken away on some ways; its completion function shows it. */
static __always_inline bool issuer_polls(const void *complete)
{
	return &io_complete_rw_iopoll && complete == &io_complete_rw_iopoll;
}

#endif

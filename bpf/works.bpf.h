/* SPDX-License-Identifier: GPL-2.0-only */
/* The work items that complete a direct I/O: their functions, and what each is part of. */
#ifndef WORKS_BPF_H
#define WORKS_BPF_H

#include "kernel_flavours.bpf.h"

/* each(function, type, member): the work is this member of a type that has the kiocb. */
#define FOR_EACH_COMPLETION_WORK(each)						\
	each(iomap_dio_complete_work, struct iomap_dio, aio.work)		\
	each(iomap_dio_simple_complete_work, struct iomap_dio_simple, work)	\
	each(dio_aio_complete_work, struct dio, complete_work)

/* Does this work complete a direct I/O? */
static __always_inline bool completes_io(const void *function)
{
#define COMPLETES(symbol, type, member) if (is_function(function, symbol)) return true;
	FOR_EACH_COMPLETION_WORK(COMPLETES)
#undef COMPLETES
	return false;
}

/* The I/O whose completion this work is, or NULL: the work is somebody else's. */
static __always_inline struct kiocb *iocb_of_work(struct work_struct *work)
{
	const void *function = (const void *)read_kernel(work, func);

#define IOCB(symbol, type, member)						\
	if (bpf_core_type_exists(type) && is_function(function, symbol))	\
		return read_kernel(container_of_kernel(type, member, work), iocb);
	FOR_EACH_COMPLETION_WORK(IOCB)
#undef IOCB
	return 0;
}

#endif

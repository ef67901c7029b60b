// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import Sweep

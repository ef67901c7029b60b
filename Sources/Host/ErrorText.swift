// SPDX-License-Identifier: GPL-2.0-only

import Glibc

/// What the system says of an error number, by default of the last call's.
public func errorText(_ number: Int32 = errno) -> String {
    String(cString: strerror(number))
}

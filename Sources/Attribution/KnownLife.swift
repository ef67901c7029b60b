// SPDX-License-Identifier: GPL-2.0-only

/// The attributed life of an I/O that somebody needed before. A reference: for most I/Os there is none, and to pass on
/// an optional life costs as much as a life.
public final class KnownLife: Sendable {
    public let life: AttributedLife

    public init(_ life: AttributedLife) {
        self.life = life
    }
}

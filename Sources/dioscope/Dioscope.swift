// SPDX-License-Identifier: GPL-2.0-only

@main
struct Dioscope {
    static func main() {}
}

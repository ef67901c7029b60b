// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-only

import PackageDescription

/// Scripts/fuzz builds one more executable, which only links with libFuzzer.
let isFuzzing = Context.environment["DIOSCOPE_FUZZ"] != nil
/// One more executable that makes captures to measure with: Documentation/Performance.md.
let isMeasuring = Context.environment["DIOSCOPE_SYNTHETIC"] != nil

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "dioscope",
    products: [
        .executable(name: "dioscope", targets: ["dioscope"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CLibbpf"),
        .systemLibrary(name: "CLibdeflate"),
        .systemLibrary(name: "CZlib"),
        .systemLibrary(name: "CZstd"),
        .target(name: "CBuildStamp"),
        .target(name: "CCurses", linkerSettings: [.linkedLibrary("ncursesw"), .linkedLibrary("tinfo")]),
        .target(name: "CProbeRecords"),
        .target(name: "DirectIO", swiftSettings: strict),
        .target(name: "Host", dependencies: ["DirectIO"], swiftSettings: strict),
        .target(
            name: "Probes",
            dependencies: ["DirectIO", "CProbeRecords", "CLibbpf"],
            swiftSettings: strict,
            plugins: ["EmbedBPF"]
        ),
        .target(
            name: "Capture",
            dependencies: [
                "DirectIO", "CProbeRecords", "CLibdeflate", "CZstd",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .target(name: "KernelTraces", dependencies: ["DirectIO", "CZlib", "CZstd"], swiftSettings: strict),
        .target(name: "Joiner", dependencies: ["DirectIO", "KernelTraces"], swiftSettings: strict),
        .target(name: "Attribution", dependencies: ["DirectIO"], swiftSettings: strict),
        .target(
            name: "Report",
            dependencies: [
                "Attribution", "DirectIO",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: strict
        ),
        .target(name: "Selection", dependencies: ["Attribution", "DirectIO", "Host"], swiftSettings: strict),
        .target(name: "Comparison", dependencies: ["Report", "Attribution", "DirectIO"], swiftSettings: strict),
        .target(name: "Sweep", dependencies: ["Comparison", "Attribution", "DirectIO"], swiftSettings: strict),
        .target(
            name: "Rendering", dependencies: ["Sweep", "Comparison", "Report", "Attribution", "DirectIO"],
            swiftSettings: strict),
        .target(
            name: "LiveView", dependencies: ["Rendering", "Report", "Attribution", "DirectIO"], swiftSettings: strict),
        .target(
            name: "Page",
            dependencies: ["Rendering", "Comparison", "Report", "Attribution", "DirectIO"],
            resources: [.embedInCode("Resources/page.css"), .embedInCode("Resources/page.js")],
            swiftSettings: strict),
        .target(
            name: "Exports",
            dependencies: [
                "Rendering", "Report", "Attribution", "DirectIO", "CZlib",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Perfetto/perfetto_trace.proto", "Perfetto/perfetto_track_event.proto"],
            swiftSettings: strict
        ),
        .target(
            name: "Recording",
            dependencies: [
                "DirectIO", "CProbeRecords", "Host", "Probes", "Capture", "Report",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Input",
            dependencies: [
                "DirectIO", "Host", "Capture", "KernelTraces", "Joiner", "Attribution", "Report", "Selection",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "dioscope",
            dependencies: [
                "CBuildStamp", "CCurses", "DirectIO", "Host", "Probes", "Capture", "Recording", "KernelTraces", "Input",
                "Attribution", "Report", "Selection", "Comparison", "Sweep", "Rendering", "Page",
                "LiveView", "Exports",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "HostTests", dependencies: ["Host", "DirectIO"], swiftSettings: strict),
        .testTarget(
            name: "RecordingTests",
            dependencies: [
                "Recording", "Capture", "Host", "Probes", "DirectIO", "CProbeRecords",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "InputTests",
            dependencies: [
                "Input", "KernelTraces", "Selection", "Capture", "DirectIO", "CProbeRecords",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "ProbesTests", dependencies: ["Probes", "CLibbpf", "DirectIO"], swiftSettings: strict),
        .testTarget(
            name: "RecordLayoutTests", dependencies: ["Capture", "DirectIO", "CProbeRecords"], swiftSettings: strict),
        .testTarget(
            name: "CaptureTests",
            dependencies: [
                "Capture", "DirectIO", "CProbeRecords",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KernelTracesTests", dependencies: ["KernelTraces", "DirectIO", "CZlib", "CZstd", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "JoinerTests", dependencies: ["Joiner", "Attribution", "KernelTraces", "DirectIO"],
            swiftSettings: strict),
        .target(name: "TestSupport", dependencies: ["DirectIO"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "AttributionTests", dependencies: ["Attribution", "DirectIO", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "ReportTests",
            dependencies: ["Report", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SummaryTests",
            dependencies: [
                "Report", "Capture", "Attribution", "DirectIO", "CProbeRecords", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SelectionTests",
            dependencies: ["Selection", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "RenderingTests",
            dependencies: ["Rendering", "Comparison", "Report", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "LiveViewTests",
            dependencies: ["LiveView", "Report", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PageTests",
            dependencies: ["Page", "Rendering", "Comparison", "Report", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ComparisonTests",
            dependencies: ["Comparison", "Rendering", "Report", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SweepTests",
            dependencies: ["Sweep", "Rendering", "Comparison", "Report", "Attribution", "DirectIO", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ExportsTests",
            dependencies: [
                "Exports", "Rendering", "Report", "Attribution", "DirectIO", "CZlib", "TestSupport",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict
        ),
        .executableTarget(name: "embed-bpf", swiftSettings: strict),
        .plugin(name: "EmbedBPF", capability: .buildTool(), dependencies: ["embed-bpf"]),
    ]
        + (isFuzzing
            ? [.executableTarget(name: "fuzz", dependencies: ["KernelTraces", "Joiner", "Capture", "DirectIO"])] : [])
        + (isMeasuring
            ? [
                .executableTarget(
                    name: "synthetic-capture",
                    dependencies: [
                        "Capture", "DirectIO", "CProbeRecords", "TestSupport",
                        .product(name: "SystemPackage", package: "swift-system"),
                    ],
                    path: "Tests/SyntheticCapture", swiftSettings: strict)
            ] : [])
)

// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// Checks a parsed JSON value against the part of JSON Schema that our schema uses.
public struct SchemaCheck {
    public let root: [String: Any]

    public init(root: [String: Any]) {
        self.root = root
    }

    public func violations(of value: Any, _ schema: [String: Any], at path: String = "") -> [String] {
        var schema = schema
        while let reference = schema.removeValue(forKey: "$ref") as? String {
            var target: Any? = root
            for name in reference.split(separator: "/").dropFirst() {
                target = (target as? [String: Any])?[String(name)]
            }
            guard let target = target as? [String: Any] else { return ["\(path): no definition of \(reference)"] }
            schema.merge(target) { own, _ in own }
        }
        var found: [String] = []
        let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] }
        if let types, !types.contains(where: { Self.isOf(type: $0, value) }) { return ["\(path): not \(types)"] }
        if let constant = schema["const"] as? String, constant != value as? String {
            found.append("\(path): not \(constant)")
        }
        if let list = schema["enum"] as? [String], !list.contains(value as? String ?? "") {
            found.append("\(path): not one of \(list)")
        }
        if let number = Self.number(value) {
            if let minimum = (schema["minimum"].flatMap(Self.number)), number < minimum {
                found.append("\(path): less than \(Int(minimum))")
            }
            if let maximum = (schema["maximum"].flatMap(Self.number)), number > maximum {
                found.append("\(path): more than \(maximum)")
            }
        }
        if let object = value as? [String: Any] {
            for key in schema["required"] as? [String] ?? [] where object[key] == nil {
                found.append("\(path): no \(key)")
            }
            let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
            for (key, member) in object {
                guard let property = properties[key] else {
                    found.append("\(path)/\(key): not in the schema")
                    continue
                }
                found += violations(of: member, property, at: "\(path)/\(key)")
            }
        }
        if let array = value as? [Any], let items = schema["items"] as? [String: Any] {
            for (index, element) in array.enumerated() {
                found += violations(of: element, items, at: "\(path)/\(index)")
            }
        }
        return found
    }

    private static func number(_ value: Any) -> Double? {
        value as? Double ?? (value as? Int).map(Double.init)
    }

    private static func isOf(type: String, _ value: Any) -> Bool {
        switch type {
        case "null": value is NSNull
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "boolean": value is Bool
        case "integer": value is Int || value is UInt64
        case "number": number(value) != nil
        default: false
        }
    }
}

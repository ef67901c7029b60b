// SPDX-License-Identifier: GPL-2.0-only

extension JSONSchema {
    /// The schema of `JSONComparison`.
    public static let comparison = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "dioscope.compare/2",
          "title": "dioscope comparison",
          "description": "What changed between a base and others. Durations are nanoseconds per I/O, shares are parts \
        of all I/Os. What is not known is null, not 0. Members may be added: ignore those you do not know.",
          "type": "object",
          "required": ["schema", "comparisons"],
          "properties": {
            "schema": {"const": "dioscope.compare/2"},
            "comparisons": {
              "type": "array",
              "items": {
                "type": "object",
                "required": [
                  "comparable", "obstacles", "differences", "base", "new", "metrics", "stages", "contexts", "reasons",
                  "remarks", "fail_if"
                ],
                "properties": {
                  "comparable": {"type": "boolean", "description": "There are no obstacles."},
                  "obstacles": {"$ref": "#/$defs/discrepancies"}, "differences": {"$ref": "#/$defs/discrepancies"},
                  "base": {"$ref": "#/$defs/side"}, "new": {"$ref": "#/$defs/side"},
                  "metrics": {"$ref": "#/$defs/rows", "description": "iops per second, and latencies."},
                  "stages": {"$ref": "#/$defs/stages"}, "contexts": {"$ref": "#/$defs/rows"},
                  "reasons": {"$ref": "#/$defs/rows"}, "remarks": {"$ref": "#/$defs/texts"},
                  "fail_if": {
                    "type": "array",
                    "items": {
                      "type": "object", "required": ["rule", "outcome"],
                      "properties": {
                        "rule": {"type": "string"}, "outcome": {"enum": ["holds", "broken", "undecided", "unknown"]}
                      }
                    }
                  }
                }
              }
            }
          },
          "$defs": {
            "discrepancies": {
              "type": "array",
              "items": {
                "type": "object", "required": ["what", "base", "new"],
                "properties": {
                  "what": {"type": "string"}, "base": {"$ref": "#/$defs/texts"}, "new": {"$ref": "#/$defs/texts"}
                }
              }
            },
            "side": {
              "type": "object",
              "required": [
                "runs", "selection", "ios", "finished_ios", "unit", "units", "block_ns", "has_intervals"
              ],
              "properties": {
                "runs": {"$ref": "#/$defs/texts"}, "selection": {"type": ["string", "null"]},
                "ios": {"$ref": "#/$defs/count"}, "finished_ios": {"$ref": "#/$defs/count"},
                "unit": {"enum": ["run", "block", "box"], "description": "What intervals are over."},
                "units": {"$ref": "#/$defs/count"},
                "block_ns": {"type": ["integer", "null"], "description": "null: of runs, or of a saved report."},
                "has_intervals": {"type": "boolean"}
              }
            },
        \(changes)
          }
        }

        """

    /// Definitions that comparisons and sweeps share: a `row` is as `JSONComparison` writes a difference.
    static let changes = """
            "count": {"type": "integer", "minimum": 0},
            "texts": {"type": "array", "items": {"type": "string"}},
            "maybe_number": {"type": ["number", "null"]},
            "maybe_true": {
              "type": ["boolean", "null"], "description": "The 95% interval of the change excludes 0; null: there is none."
            },
            "rows": {"type": "array", "items": {"$ref": "#/$defs/row"}},
            "row": {
              "type": "object", "required": ["name", \(changeNames)],
              "properties": {"name": {"type": "string"}, \(changeMembers)}
            },
            "stages": {
              "type": "array",
              "description": "In causal order; they sum to the mean latency.",
              "items": {
                "type": "object", "required": ["name", \(changeNames), "share_of_change", "causes"],
                "properties": {
                  "name": {"type": "string"}, \(changeMembers),
                  "share_of_change": {"$ref": "#/$defs/maybe_number"}, "causes": {"$ref": "#/$defs/rows"}
                }
              }
            }
        """

    /// The body of an object that is a change.
    static let changeBody = "\"required\": [\(changeNames)], \"properties\": {\(changeMembers)}"

    private static let numbers = [
        "base", "new", "delta", "delta_low", "delta_high", "relative", "relative_low", "relative_high",
    ]
    private static let changeNames = (numbers + ["significant"]).map { "\"\($0)\"" }.joined(separator: ", ")
    private static let changeMembers =
        numbers.map { "\"\($0)\": {\"$ref\": \"#/$defs/maybe_number\"}" }.joined(separator: ", ")
        + ", \"significant\": {\"$ref\": \"#/$defs/maybe_true\"}"
}

// SPDX-License-Identifier: GPL-2.0-only

extension JSONSchema {
    /// The schema of `JSONExperiment`.
    public static let experiment = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "dioscope.whatif/1",
          "title": "dioscope whatif",
          "description": "A load of fio with its completions deferred (base) and inline (new). IOPS and latency are fio's, \
        untraced; 'recorded' is of the traced runs. What is not known is null, not 0. Members may be added: ignore those \
        you do not know.",
          "type": "object",
          "required": [
            "schema", "command", "box", "files", "repeats", "iops", "latency_ns", "tracing", "recorded", "as_meant",
            "failures"
          ],
          "properties": {
            "schema": {"const": "dioscope.whatif/1"},
            "command": {"$ref": "#/$defs/texts"},
            "box": {"type": "string"},
            "files": {
              "type": "array",
              "items": {
                "type": "object", "required": ["path", "size", "cached_bytes"],
                "properties": {
                  "path": {"type": "string"}, "size": {"$ref": "#/$defs/count"},
                  "cached_bytes": {"$ref": "#/$defs/count", "description": "Before, and again at the end."}
                }
              }
            },
            "repeats": {"$ref": "#/$defs/count", "description": "Untraced runs of the side that has fewer."},
            "iops": {"$ref": "#/$defs/change"},
            "latency_ns": {"$ref": "#/$defs/change", "description": "Means."},
            "tracing": {
              "type": "object", "description": "Of IOPS, from untraced to traced.",
              "properties": {"deferred": {"$ref": "#/$defs/maybe_change"}, "inline": {"$ref": "#/$defs/maybe_change"}}
            },
            "recorded": {
              "type": ["object", "null"], "required": ["metrics", "stages", "contexts", "reasons"],
              "description": "As in dioscope.compare/2.",
              "properties": {
                "metrics": {"$ref": "#/$defs/rows"}, "stages": {"$ref": "#/$defs/stages"},
                "contexts": {"$ref": "#/$defs/rows"}, "reasons": {"$ref": "#/$defs/rows"}
              }
            },
            "as_meant": {
              "type": "boolean", "description": "Nearly all were deferred with cached pages, and none without; none failed."
            },
            "failures": {"$ref": "#/$defs/texts"}
          },
          "$defs": {
            "change": {"type": "object", \(changeBody)},
            "maybe_change": {"type": ["object", "null"], \(changeBody)},
        \(changes)
          }
        }

        """
}

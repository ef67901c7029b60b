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
            "schema", "command", "box", "files", "repeats", "iops", "cached_pages", "inline_alone", "latency_ns", "tracing",
            "recorded", "as_meant", "failures"
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
            "cached_pages": {
              "type": ["object", "null"], "required": ["submission_ns", "completion_ns", "share_at_most"],
              "description": "What it costs a write by itself that pages are cached, at most: per write, and as a part of \
        the deferred load's time; null of that: it gains no IOPS.",
              "properties": {
                "submission_ns": {"type": "number"}, "completion_ns": {"type": "number"},
                "share_at_most": {"type": ["number", "null"]}
              }
            },
            "inline_alone": {
              "type": ["object", "null"], "required": ["relative_low", "relative_high"],
              "description": "The interval of IOPS without that.",
              "properties": {
                "relative_low": {"type": "number"}, "relative_high": {"type": "number"}
              }
            },
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

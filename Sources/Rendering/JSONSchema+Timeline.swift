// SPDX-License-Identifier: GPL-2.0-only

extension JSONSchema {
    static let timeline = """
            "timeline": {
              "type": ["object", "null"],
              "required": [
                "origin_ns", "offset_ns", "interval_ns", "percentile_error", "outside_ios", "finding", "intervals", "spikes"
              ],
              "properties": {
                "origin_ns": {"$ref": "#/$defs/count", "description": "Begin of the first interval, CLOCK_MONOTONIC."},
                "offset_ns": {"$ref": "#/$defs/count", "description": "The same since the recording began."},
                "interval_ns": {"$ref": "#/$defs/count"}, "percentile_error": {"$ref": "#/$defs/share"},
                "outside_ios": {"$ref": "#/$defs/count"},
                "finding": {"enum": ["too_short", "steady", "drifting"]},
                "p99_from_ns": {"$ref": "#/$defs/count"}, "p99_to_ns": {"$ref": "#/$defs/count"},
                "p50_from_ns": {"$ref": "#/$defs/count"}, "p50_to_ns": {"$ref": "#/$defs/count"},
                "intervals": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["start_ns", "ios", "iops"],
                    "properties": {
                      "start_ns": {"$ref": "#/$defs/count", "description": "Since origin_ns."},
                      "ios": {"$ref": "#/$defs/count"},
                      "iops": {
                        "type": ["number", "null"],
                        "description": "Of the first and the last interval: by the part from the first submission to the last completion. Null: nothing of it was recorded."
                      },
                      "mean_ns": {"$ref": "#/$defs/number"}, "p50_ns": {"$ref": "#/$defs/count"},
                      "p99_ns": {"$ref": "#/$defs/count"}, "max_ns": {"$ref": "#/$defs/count"},
                      "stage": {"type": "string"}, "stage_share": {"$ref": "#/$defs/share"},
                      "cause": {"type": "string"}, "cause_share": {"$ref": "#/$defs/share"},
                      "slowest_point": {"type": "string"},
                      "slowest_ns": {
                        "$ref": "#/$defs/count",
                        "description": "When the slowest I/O passed that point: list --where POINT=NS finds it."
                      }
                    }
                  },
                  "description": "Without gaps, of the I/Os that were done in them; one without I/Os has no durations."
                },
                "spikes": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["interval", "stages", "causes"],
                    "properties": {
                      "interval": {"$ref": "#/$defs/count", "description": "Position in intervals."},
                      "stages": {
                        "type": "array",
                        "items": {
                          "type": "object", "required": ["name", "share"],
                          "properties": {"name": {"type": "string"}, "share": {"$ref": "#/$defs/share"}}
                        }
                      },
                      "causes": {
                        "type": "array",
                        "items": {
                          "type": "object", "required": ["cause", "share"],
                          "properties": {"cause": {"type": "string"}, "share": {"$ref": "#/$defs/share"}}
                        }
                      }
                    }
                  },
                  "description": "Intervals that stand out by p99, with what their slowest I/Os were made of."
                }
              },
              "description": "null without finished I/Os, and where they were aggregated in the kernel."
            },

        """
}

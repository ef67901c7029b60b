// SPDX-License-Identifier: GPL-2.0-only

extension JSONSchema {
    /// The schema of `JSONSweep`.
    public static let sweep = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "dioscope.sweep/1",
          "title": "dioscope sweep",
          "description": "What fio reached in each cell of a matrix, and what made the differences. IOPS are of fio, \
        untraced where there are such runs; 'recorded' is of the traced ones. What is not known is null, not 0. \
        Members may be added: ignore those you do not know.",
          "type": "object",
          "required": ["schema", "versus", "box", "base_box", "plan", "unmatched_cells", "rows"],
          "properties": {
            "schema": {"const": "dioscope.sweep/1"},
            "versus": {
              "type": ["string", "null"],
              "description": "What base and new are: sweeps, or an axis: toggle, cpus, engine, depth, size, op, \
        target. null: there is but one side, new."
            },
            "box": {"$ref": "#/$defs/box"},
            "base_box": {"$ref": "#/$defs/maybe_box", "description": "Of another sweep that is the base."},
            "plan": {
              "type": "object",
              "required": ["repeats", "ramp_ns", "runtime_ns", "size", "seed", "controls", "toggles"],
              "properties": {
                "repeats": {"$ref": "#/$defs/count"}, "ramp_ns": {"$ref": "#/$defs/count"},
                "runtime_ns": {"$ref": "#/$defs/count"}, "size": {"$ref": "#/$defs/count"},
                "seed": {"$ref": "#/$defs/count"}, "controls": {"type": "boolean"},
                "toggles": {"$ref": "#/$defs/texts"}
              }
            },
            "unmatched_cells": {"$ref": "#/$defs/count"},
            "rows": {
              "type": "array",
              "items": {
                "type": "object", "required": ["base", "new", "change", "recorded"],
                "properties": {
                  "base": {"$ref": "#/$defs/maybe_cell"}, "new": {"$ref": "#/$defs/cell"},
                  "change": {"$ref": "#/$defs/maybe_change", "description": "Of IOPS."},
                  "recorded": {
                    "type": ["object", "null"], "required": ["metrics", "stages", "contexts", "reasons"],
                    "description": "As in dioscope.compare/2; without a base, of a side with itself.",
                    "properties": {
                      "metrics": {"$ref": "#/$defs/rows"}, "stages": {"$ref": "#/$defs/stages"},
                      "contexts": {"$ref": "#/$defs/rows"}, "reasons": {"$ref": "#/$defs/rows"}
                    }
                  }
                }
              }
            }
          },
          "$defs": {
            "box": {"type": "object", \(boxMembers)},
            "maybe_box": {"type": ["object", "null"], \(boxMembers)},
            "cell": {"type": "object", \(cellMembers)},
            "maybe_cell": {"type": ["object", "null"], \(cellMembers)},
            "maybe_change": {"type": ["object", "null"], \(changeBody)},
            "maybe_estimate": {
              "type": ["object", "null"], "required": ["value", "low", "high"],
              "description": "A mean over repeats, and the ends of its 95% interval.",
              "properties": {
                "value": {"type": "number"}, "low": {"$ref": "#/$defs/maybe_number"},
                "high": {"$ref": "#/$defs/maybe_number"}
              }
            },
        \(changes)
          }
        }

        """

    private static let boxMembers = """
        "required": ["host", "kernel", "machine", "cpus", "fio", "started"],
              "properties": {
                "host": {"type": "string"}, "kernel": {"type": "string"}, "machine": {"type": "string"},
                "cpus": {"$ref": "#/$defs/count"}, "fio": {"type": "string"},
                "started": {"type": "integer", "description": "Wall clock, nanoseconds since 1970."}
              }
        """

    private static let cellMembers = """
        "required": [
                "fs", "target", "engine", "qd", "bs", "op", "cpus", "interrupt_cpu", "toggles", "runs", "iops",
                "latency_ns", "tracing", "submit_end_share", "failures"
              ],
              "properties": {
                "fs": {"type": "string", "description": "block: a block device."}, "target": {"type": "string"},
                "engine": {"enum": ["libaio", "io_uring", "io_uring_poll", "psync"]},
                "qd": {"$ref": "#/$defs/count"}, "bs": {"$ref": "#/$defs/count"}, "op": {"type": "string"},
                "cpus": {"type": ["string", "null"]}, "interrupt_cpu": {"type": ["integer", "null"]},
                "toggles": {"$ref": "#/$defs/texts", "description": "Their values, in the order of the plan."},
                "runs": {"$ref": "#/$defs/count", "description": "That went well."},
                "iops": {"$ref": "#/$defs/maybe_estimate"}, "latency_ns": {"$ref": "#/$defs/maybe_estimate"},
                "tracing": {"$ref": "#/$defs/maybe_change", "description": "Of IOPS, from untraced to traced."},
                "submit_end_share": {"$ref": "#/$defs/maybe_number"}, "failures": {"$ref": "#/$defs/texts"}
              }
        """
}

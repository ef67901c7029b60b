// SPDX-License-Identifier: GPL-2.0-only

/// The JSON Schema (draft 2020-12) of `JSONReport`.
public enum JSONSchema {
    public static let text = recording + timeline + measurements

    /// What the recording is of, and how good it is.
    private static let recording = """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "dioscope.report/2",
          "title": "dioscope report",
          "description": "Where the latency of a recording's direct I/Os went. Times are nanoseconds; means, maxima \
        and totals are exact, percentiles within 1%. A count that could not be made is null, not 0. Members may be \
        added: ignore those you do not know.",
          "type": "object",
          "required": [
            "schema", "completion_rule", "source", "selection", "quality", "headline", "ios", "issuers", "latency", "stages",
            "queue_wait", "task_work_wait", "layers", "deliverers", "delivery_wait", "hop_wait",
            "submitter_wakeup_wait", "tail", "contexts", "end_io_contexts", "reasons", "cpu_sharing", "scheduling",
            "inline_estimate", "placement", "interrupts", "loss", "unseen", "syncs", "verdict", "timeline", "groups", "other_groups"
          ],
          "properties": {
            "schema": {"const": "dioscope.report/2"},
            "completion_rule": {
              "enum": ["defers-writes", "inline-if-flagged", "work-if-flagged", "unknown"],
              "description": "By which rule the recorded kernel decides how a direct I/O completes."
            },
            "source": {
              "type": "object",
              "required": [
                "kind", "recorder", "kernel", "host", "machine", "cpus", "command", "started", "duration_ns",
                "filters", "probes", "devices", "places", "file_users", "complete"
              ],
              "properties": {
                "kind": {"type": "string"}, "recorder": {"$ref": "#/$defs/maybe_text"},
                "kernel": {"$ref": "#/$defs/maybe_text"}, "host": {"$ref": "#/$defs/maybe_text"},
                "machine": {"$ref": "#/$defs/maybe_text"}, "cpus": {"$ref": "#/$defs/maybe_count"},
                "command": {"$ref": "#/$defs/texts"},
                "started": {"type": ["integer", "null"], "description": "Wall clock, nanoseconds since 1970."},
                "duration_ns": {"$ref": "#/$defs/maybe_count"}, "filters": {"$ref": "#/$defs/texts"},
                "virtual": {"type": ["boolean", "null"], "description": "A hypervisor runs the machine."},
                "blind_to": {"$ref": "#/$defs/texts"},
                "account": {
                  "type": ["object", "null"],
                  "required": ["name", "jobs", "ios", "submission_mean_ns", "completion_mean_ns", "mean_ns",
                    "completion_percentiles"],
                  "properties": {
                    "name": {"type": "string"}, "jobs": {"$ref": "#/$defs/texts"}, "ios": {"$ref": "#/$defs/count"},
                    "submission_mean_ns": {"$ref": "#/$defs/maybe_number"},
                    "completion_mean_ns": {"$ref": "#/$defs/maybe_number"}, "mean_ns": {"$ref": "#/$defs/number"},
                    "completion_percentiles": {
                      "type": "array",
                      "items": {
                        "type": "object", "required": ["percent", "ns"],
                        "properties": {"percent": {"$ref": "#/$defs/number"}, "ns": {"$ref": "#/$defs/count"}}
                      },
                      "description": "Empty where it tells of several jobs or directions, whose percentiles do not add up."
                    }
                  },
                  "description": "What the traced application says itself, such as fio by its JSON."
                },
                "files": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["dev", "inode", "path"],
                    "properties": {
                      "dev": {"type": "string"}, "inode": {"$ref": "#/$defs/count"}, "path": {"type": "string"}
                    }
                  },
                  "description": "As far as the recorder found under which path their users had them open."
                },
                "probes": {
                  "type": "object", "required": ["attached", "missing"],
                  "properties": {
                    "attached": {"$ref": "#/$defs/texts"},
                    "missing": {
                      "type": "array",
                      "items": {
                        "type": "object", "required": ["name", "reason"],
                        "properties": {"name": {"type": "string"}, "reason": {"$ref": "#/$defs/maybe_text"}}
                      }
                    }
                  }
                },
                "devices": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["dev", "name", "mapped", "fs", "mount_point"],
                    "properties": {
                      "dev": {"type": "string"}, "name": {"$ref": "#/$defs/maybe_text"},
                      "mapped": {"$ref": "#/$defs/maybe_text"},
                      "fs": {"$ref": "#/$defs/maybe_text"}, "mount_point": {"$ref": "#/$defs/maybe_text"}
                    }
                  }
                },
                "places": {
                  "type": ["object", "null"], "required": ["interrupts", "cpus", "unbound_works"],
                  "description": "Where the box lets things run. Lists of CPUs are the kernel's own text.",
                  "properties": {
                    "interrupts": {
                      "type": "array",
                      "items": {
                        "type": "object", "required": ["irq", "name", "allowed", "effective"],
                        "properties": {
                          "irq": {"$ref": "#/$defs/count"}, "name": {"$ref": "#/$defs/maybe_text"},
                          "allowed": {"$ref": "#/$defs/maybe_text"}, "effective": {"$ref": "#/$defs/maybe_text"}
                        }
                      }
                    },
                    "cpus": {
                      "type": "array",
                      "items": {
                        "type": "object", "required": ["cpu", "core", "cache"],
                        "properties": {
                          "cpu": {"$ref": "#/$defs/count"}, "core": {"$ref": "#/$defs/maybe_text"},
                          "cache": {"$ref": "#/$defs/maybe_text"}
                        }
                      }
                    },
                    "unbound_works": {"$ref": "#/$defs/maybe_text"}
                  }
                },
                "file_users": {
                  "type": ["array", "null"],
                  "items": {
                    "type": "object", "required": ["dev", "inode", "pid", "name", "mapped"],
                    "properties": {
                      "dev": {"type": "string"}, "inode": {"$ref": "#/$defs/count"},
                      "pid": {"$ref": "#/$defs/count"}, "name": {"type": "string"}, "mapped": {"type": "boolean"}
                    }
                  },
                  "description": "Who had files with cached pages open without O_DIRECT, or mapped, when the recording \
        ended; null: no such file, or it was not looked for."
                },
                "complete": {"type": "boolean", "description": "Nothing of the recording was cut off."}
              }
            },
            "selection": {
              "type": ["object", "null"], "required": ["where", "of_ios"],
              "properties": {"where": {"type": "string"}, "of_ios": {"$ref": "#/$defs/count"}},
              "description": "Which I/Os all else is of, and how many the recording has; null: all of them."
            },
            "sample": {
              "type": "object", "required": ["of_ios", "share_error"],
              "properties": {
                "of_ios": {"$ref": "#/$defs/count"}, "share_error": {"type": "number"},
                "thinned_out": {
                  "$ref": "#/$defs/count",
                  "description": "I/Os that were recorded and left out, for all to have had the same chance."
                },
                "bursts": {
                  "type": "object", "required": ["count", "recorded_ns", "mean_error"],
                  "properties": {
                    "count": {"$ref": "#/$defs/count"}, "recorded_ns": {"$ref": "#/$defs/count"},
                    "mean_error": {
                      "type": ["number", "null"],
                      "description": "How far the mean latency may be off (95%), as a part of it; null: too few bursts."
                    }
                  },
                  "description": "Only of a recording in bursts: errors are by how far those differ."
                },
                "steps": {
                  "type": "array", "description": "Of a recording that turned itself down: from when on how many.",
                  "items": {
                    "type": "object", "required": ["from_ns", "every", "overhead"],
                    "properties": {
                      "from_ns": {"$ref": "#/$defs/count"}, "every": {"$ref": "#/$defs/count"},
                      "overhead": {"$ref": "#/$defs/maybe_share"}
                    }
                  }
                }
              },
              "description": "Only of a recording of a part: of how many I/Os, and how far a share may be off (95%)."
            },
            "cost": {
              "type": "object", "required": ["limit", "whole", "pause", "mean"],
              "properties": {
                "limit": {"$ref": "#/$defs/maybe_share"}, "whole": {"type": "number"},
                "pause": {"$ref": "#/$defs/maybe_share"}, "mean": {"type": "number"}
              },
              "description": "What recording took of the CPU time, where it was measured: while everything was recorded, in pauses between bursts, and on average."
            },
            "summed_up": {
              "type": "object", "required": ["ios", "percentile_error"],
              "properties": {"ios": {"$ref": "#/$defs/count"}, "percentile_error": {"type": "number"}},
              "description": "Only of a recording with --summary: I/Os without a record, and how far percentiles may be off."
            },
            "quality": {
              "type": "object",
              "required": [
                "complete_share", "complete_ios", "unfinished_ios", "disordered_ios", "without_bio_ios",
                "blind", "missing", "not_followed"
              ],
              "properties": {
                "complete_share": {
                  "$ref": "#/$defs/maybe_share",
                  "description": "I/Os of which every expected point was seen, in order, and every device of a stack."
                },
                "complete_ios": {"$ref": "#/$defs/count"},
                "unfinished_ios": {"$ref": "#/$defs/count", "description": "Completion not seen; in no duration."},
                "disordered_ios": {"$ref": "#/$defs/count"},
                "without_bio_ios": {
                  "$ref": "#/$defs/count", "description": "Given to no device: they read holes, or failed before."
                },
                "blind": {"$ref": "#/$defs/texts", "description": "Points that no probe could see."},
                "missing": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["point", "ios"],
                    "properties": {"point": {"type": "string"}, "ios": {"$ref": "#/$defs/count"}}
                  }
                },
                "not_followed": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["device", "name", "layer", "ios"],
                    "properties": {
                      "device": {"type": "string"}, "name": {"$ref": "#/$defs/maybe_text"},
                      "layer": {"$ref": "#/$defs/maybe_text"}, "ios": {"$ref": "#/$defs/count"}
                    }
                  },
                  "description": "Devices that give their I/O to others, which were not seen to get it."
                }
              }
            },
            "headline": {
              "type": "object",
              "required": [
                "op", "op_share", "length", "length_share", "issuer", "issuer_share", "dev", "dev_share",
                "dev_name", "fs", "mean_in_flight"
              ],
              "properties": {
                "op": {"$ref": "#/$defs/maybe_text"}, "op_share": {"$ref": "#/$defs/maybe_share"},
                "length": {"$ref": "#/$defs/maybe_count"}, "length_share": {"$ref": "#/$defs/maybe_share"},
                "issuer": {"$ref": "#/$defs/maybe_text"}, "issuer_share": {"$ref": "#/$defs/maybe_share"},
                "dev": {"$ref": "#/$defs/maybe_text"}, "dev_share": {"$ref": "#/$defs/maybe_share"},
                "dev_name": {"$ref": "#/$defs/maybe_text"}, "fs": {"$ref": "#/$defs/maybe_text"},
                "mean_in_flight": {"$ref": "#/$defs/maybe_number"},
                "shortest": {"$ref": "#/$defs/maybe_count"}, "longest": {"$ref": "#/$defs/maybe_count"},
                "span_ns": {"$ref": "#/$defs/maybe_count"}, "iops": {"$ref": "#/$defs/maybe_number"},
                "bytes_per_second": {"$ref": "#/$defs/maybe_number"}
              }
            },
            "ios": {
              "type": "object", "required": ["total", "read", "write", "bytes", "errors"],
              "properties": {
                "total": {"$ref": "#/$defs/count"}, "read": {"$ref": "#/$defs/count"},
                "write": {"$ref": "#/$defs/count"}, "bytes": {"$ref": "#/$defs/maybe_count", "description": "null where a trace does not tell of all."},
                "errors": {"$ref": "#/$defs/count"},
                "partial": {
                  "description": "I/Os of which a trace has only the later part; absent when there are none",
                  "$ref": "#/$defs/count"
                },
                "requests": {
                  "description": "of these, block requests of which nothing else is known; absent when there are none",
                  "$ref": "#/$defs/count"
                }
              }
            },
            "issuers": {
              "type": "object", "required": ["sync", "libaio", "io_uring", "other", "unknown"],
              "properties": {
                "sync": {"$ref": "#/$defs/count"}, "libaio": {"$ref": "#/$defs/count"},
                "io_uring": {"$ref": "#/$defs/count"}, "other": {"$ref": "#/$defs/count"},
                "unknown": {"$ref": "#/$defs/count"}
              }
            },

        """
}

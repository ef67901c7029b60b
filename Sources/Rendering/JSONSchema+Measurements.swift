// SPDX-License-Identifier: GPL-2.0-only

import Attribution

extension JSONSchema {
    private static let stageNames = Stage.atomic.map(\.name).joined(separator: "|")

    /// What was measured, and what it comes to.
    static let measurements = """
            "latency": {
              "type": ["object", "null"],
              "required": ["ios", "total_ns", "mean_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"],
              "properties": {
                "ios": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"},
                "mean_ns": {"$ref": "#/$defs/number"}, "p50_ns": {"$ref": "#/$defs/count"},
                "p90_ns": {"$ref": "#/$defs/count"}, "p99_ns": {"$ref": "#/$defs/count"},
                "p999_ns": {"$ref": "#/$defs/count"}, "max_ns": {"$ref": "#/$defs/count"},
                "percentiles": {"$ref": "#/$defs/percentiles"},
                "histogram": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["from_ns", "to_ns", "ios"],
                    "properties": {
                      "from_ns": {"$ref": "#/$defs/count"}, "to_ns": {"$ref": "#/$defs/count"},
                      "ios": {"$ref": "#/$defs/count"}
                    }
                  },
                  "description": "I/Os by latency, from from_ns to less than to_ns."
                }
              },
              "description": "Of finished I/Os; null when there was none."
            },
            "stages": {
              "type": "array",
              "items": {
                "type": "object",
                "required": [
                  "name", "label", "context", "ios", "total_ns", "mean_ns", "p50_ns", "p99_ns", "max_ns", "share"
                ],
                "properties": {
                  "name": {
                    "type": "string", "pattern": "^(\(stageNames))(\\\\.\\\\.(\(stageNames)))?$",
                    "description": "The span between two points that were seen. FIRST..LAST where points between were \
        not: it covers these stages and those between. Of what /1 called submit_and_device (submit..device), \
        device_and_completion (device..submitter_wakeup), submit_to_completion (submit..submitter_wakeup), \
        irq_and_hand_off (irq..hand_off), irq_and_completion (irq..inline_completion); what two points enclose is \
        no longer unattributed."
                  },
                  "label": {"type": "string"},
                  "context": {
                    "enum": ["T", "H", "S", "W", "U", "-", "I"],
                    "description": "Whose time it is for most I/Os: task, hardirq, softirq, kworker, task_work, \
        device, thread of an interrupt."
                  },
                  "ios": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"},
                  "mean_ns": {"$ref": "#/$defs/number"}, "p50_ns": {"$ref": "#/$defs/count"},
                  "p99_ns": {"$ref": "#/$defs/count"}, "max_ns": {"$ref": "#/$defs/count"},
                  "percentiles": {"$ref": "#/$defs/percentiles"},
                  "share": {"$ref": "#/$defs/share", "description": "Part of the sum of all latencies."}
                }
              },
              "description": "In causal order. Mean and percentiles are over the I/Os that have the stage."
            },
            "queue_wait": {
              "$ref": "#/$defs/wait", "description": "null when no I/O was seen to wait for a kworker."
            },
            "task_work_wait": {
              "$ref": "#/$defs/wait",
              "description": "null when no I/O was seen to wait for its issuer to run its task_work."
            },
            "layers": {
              "type": "array",
              "items": {
                "type": "object", "required": ["device", "name", "layer", "place", "phase", "ios", "total_ns", "share"],
                "properties": {
                  "device": {"type": "string"}, "name": {"type": ["string", "null"]},
                  "layer": {"type": ["string", "null"], "description": "What it is: dm-crypt, raid1, loop."},
                  "place": {"$ref": "#/$defs/count"},
                  "phase": {"enum": ["work", "queue_wait", "issue", "device", "not_followed", "back"]},
                  "ios": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"},
                  "share": {"$ref": "#/$defs/share", "description": "Part of the sum of all latencies."}
                }
              },
              "description": "What the stage device is made of, for I/Os that came through several devices."
            },
            "deliverers": {
              "type": "array",
              "items": {
                "type": "object", "required": ["name", "ios"],
                "properties": {"name": {"type": "string"}, "ios": {"$ref": "#/$defs/count"}}
              },
              "description": "Works and threads of drivers and layers in which I/Os were completed."
            },
            "requests": {
              "type": "object", "required": ["ios", "requests", "bios", "requeues"],
              "properties": {
                "ios": {"$ref": "#/$defs/count"}, "requests": {"$ref": "#/$defs/count"},
                "bios": {"$ref": "#/$defs/count"}, "requeues": {"$ref": "#/$defs/count"}
              },
              "description": "Of those I/Os that took several requests or bios, or of which a request went back."
            },
            "delivery_wait": {
              "$ref": "#/$defs/wait", "description": "null when no I/O was seen to wait for what ran its end_io."
            },
            "hop_wait": {
              "$ref": "#/$defs/wait",
              "description": "null when no user's kiocb was seen to wait for the work that completed it: overlayfs, FUSE."
            },
            "submitter_wakeup_wait": {
              "$ref": "#/$defs/wait", "description": "null when no submitter was seen to sleep for its I/O."
            },
            "tail": {
              "type": ["object", "null"],
              "required": ["percentile", "from_ns", "ios", "share_of_ios", "mean_ns", "stages"],
              "properties": {
                "percentile": {"$ref": "#/$defs/number"}, "from_ns": {"$ref": "#/$defs/count"},
                "ios": {"$ref": "#/$defs/count"}, "share_of_ios": {"$ref": "#/$defs/share"},
                "mean_ns": {"$ref": "#/$defs/number"},
                "stages": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["name", "share"],
                    "properties": {"name": {"type": "string"}, "share": {"$ref": "#/$defs/share"}}
                  }
                }
              }
            },
            "recorder_share": {
              "type": "object", "required": ["ios", "total_ns", "largely_ios", "left_out_of_tail"],
              "properties": {
                "ios": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"},
                "largely_ios": {
                  "$ref": "#/$defs/count", "description": "It took a tenth of their latency or more; see --without-self."
                },
                "left_out_of_tail": {"$ref": "#/$defs/count"}
              },
              "description": "Of I/Os that waited for a CPU while the recorder had it; absent when none was seen to."
            },
            "contexts": {
              "type": "object",
              "required": [
                "hardirq", "softirq", "kworker", "task_work", "poll", "sync_wait", "submit_race", "driver_worker",
                "unknown"
              ],
              "properties": {
                "hardirq": {"$ref": "#/$defs/count"}, "softirq": {"$ref": "#/$defs/count"},
                "kworker": {"$ref": "#/$defs/count"}, "task_work": {"$ref": "#/$defs/count"},
                "poll": {"$ref": "#/$defs/count"}, "sync_wait": {"$ref": "#/$defs/count"},
                "submit_race": {"$ref": "#/$defs/count"}, "driver_worker": {"$ref": "#/$defs/count"}, "unknown": {"$ref": "#/$defs/count"},
                "irq_thread": {"$ref": "#/$defs/count"}, "ksoftirqd": {"$ref": "#/$defs/count"}
              }
            },
            "end_io_contexts": {
              "type": "object", "required": ["hardirq", "softirq", "task"],
              "properties": {
                "hardirq": {"$ref": "#/$defs/maybe_count"}, "softirq": {"$ref": "#/$defs/maybe_count"},
                "task": {"$ref": "#/$defs/maybe_count"}
              }
            },
            "reasons": {
              "type": "array",
              "items": {
                "type": "object", "required": ["reason", "ios", "avoidable"],
                "properties": {
                  "reason": {
                    "enum": [
                      "iomap-always-defers-writes", "issuer-no-caller-comp", "page-cache-present",
                      "unwritten-conversion", "extends-isize", "sync-flush", "cow", "error", "new-block-metadata",
                      "backing-file", "unknown"
                    ]
                  },
                  "ios": {"$ref": "#/$defs/count"}, "avoidable": {"type": ["boolean", "null"]}
                }
              }
            },
            "cpu_sharing": {
              "type": "object",
              "required": [
                "deferred_ios", "submit_irq_worker", "irq_worker", "none", "unknown", "submitter_preempted"
              ],
              "properties": {
                "deferred_ios": {"$ref": "#/$defs/count"}, "submit_irq_worker": {"$ref": "#/$defs/count"},
                "irq_worker": {"$ref": "#/$defs/count"}, "none": {"$ref": "#/$defs/count"},
                "unknown": {"$ref": "#/$defs/count"}, "submitter_preempted": {"$ref": "#/$defs/maybe_count"}
              }
            },
            "scheduling": {
              "type": ["object", "null"],
              "required": ["submitter_runs", "worker_runs", "works", "submitter_displaced_ns", "cpus"],
              "description": "Over the whole recording, by the probes' own clocks and counters.",
              "properties": {
                "submitter_runs": {
                  "$ref": "#/$defs/count", "description": "Switches to a thread that submits I/Os."
                },
                "worker_runs": {
                  "$ref": "#/$defs/count", "description": "Switches to a kworker that then completed I/Os."
                },
                "works": {"$ref": "#/$defs/count", "description": "I/Os, traced or not, that kworkers completed."},
                "quota_stops": {"$ref": "#/$defs/count", "description": "Times that a submitter was stopped by its cgroup's CPU quota."},
                "quota_stopped_ns": {"$ref": "#/$defs/count"},
                "submitter_displaced_ns": {
                  "$ref": "#/$defs/count",
                  "description": "A submitter was runnable and off-CPU: such a kworker had displaced it."
                },
                "completed_asleep": {
                  "$ref": "#/$defs/count",
                  "description": "I/Os complete while their submitter was off the CPU, and which then got it again."
                },
                "reap_ns": {
                  "$ref": "#/$defs/count", "description": "Theirs, from the completion until the submitter had a CPU."
                },
                "completed_awake": {
                  "$ref": "#/$defs/count", "description": "I/Os complete while their submitter had a CPU."
                },
                "cpus": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["cpu", "occupants"],
                    "properties": {
                      "cpu": {"$ref": "#/$defs/count"},
                      "occupants": {
                        "type": "array",
                        "items": {
                          "type": "object", "required": ["occupant", "ns"],
                          "properties": {"occupant": {"type": "string"}, "ns": {"$ref": "#/$defs/count"}}
                        }
                      }
                    }
                  }
                }
              }
            },
            "inline_estimate": {
              "type": ["object", "null"],
              "required": ["latency_saved_ns", "wait_p50_ns", "wait_p99_ns", "cpu_saved_ns", "loop"],
              "description": "What completing inline would be worth; null when there is too little to complete inline.",
              "properties": {
                "latency_saved_ns": {"$ref": "#/$defs/number", "description": "Mean over all I/Os."},
                "wait_p50_ns": {"$ref": "#/$defs/maybe_count", "description": "Of deferred I/Os, end_io to the work."},
                "wait_p99_ns": {"$ref": "#/$defs/maybe_count"},
                "cpu_saved_ns": {"type": ["number", "null"], "description": "CPU time per I/O, at least."},
                "loop": {"enum": ["closed", "paced", "unknown"]},
                "least_gain": {"$ref": "#/$defs/number", "description": "IOPS more, as a part of those recorded."},
                "most_gain": {"$ref": "#/$defs/number"},
                "limit": {"enum": ["latency", "cpu"]},
                "why_no_interval": {
                  "description": "too_wide: more IOPS; other_tasks: as many or more; paced: as many; else nothing is said.",
                  "enum": [
                    "too_wide", "other_tasks", "paced", "loop_unknown", "submitter_apart", "cpu_time_unknown", "quota",
                    "device_limits"
                  ]
                },
                "if_closed": {
                  "type": "object",
                  "description": "The same of a closed loop, where it is unknown whether it is one.",
                  "properties": {
                    "least_gain": {"$ref": "#/$defs/number"}, "most_gain": {"$ref": "#/$defs/number"},
                    "limit": {"enum": ["latency", "cpu"]}, "why_no_interval": {"enum": ["too_wide", "other_tasks"]}
                  }
                }
              }
            },
            "placement": {
              "type": ["object", "null"], "required": ["kinds", "rows", "other_ios"],
              "properties": {
                "kinds": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["kind", "ios", "total_ns", "mean_ns"],
                    "properties": {
                      "kind": {"$ref": "#/$defs/placement"}, "ios": {"$ref": "#/$defs/count"},
                      "total_ns": {"$ref": "#/$defs/count"}, "mean_ns": {"$ref": "#/$defs/number"}
                    }
                  }
                },
                "rows": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "required": ["kind", "submit_cpu", "end_cpu", "worker_cpu", "ios", "total_ns", "mean_ns"],
                    "properties": {
                      "kind": {"$ref": "#/$defs/placement"}, "submit_cpu": {"$ref": "#/$defs/maybe_count"},
                      "end_cpu": {"$ref": "#/$defs/maybe_count"}, "worker_cpu": {"$ref": "#/$defs/maybe_count"},
                      "ios": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"},
                      "mean_ns": {"$ref": "#/$defs/number"}
                    }
                  },
                  "description": "The most I/Os first. null: not seen, or no kworker."
                },
                "other_ios": {"$ref": "#/$defs/count"}
              },
              "description": "Finished I/Os and their latencies by the CPUs they took; null when there was none."
            },
            "interrupts": {
              "type": "array",
              "items": {
                "type": "object", "required": ["irq", "context", "ios", "interrupts", "ios_per_interrupt"],
                "properties": {
                  "irq": {"$ref": "#/$defs/maybe_count"}, "context": {"enum": ["hardirq", "softirq"]},
                  "ios": {"$ref": "#/$defs/count"}, "interrupts": {"$ref": "#/$defs/maybe_count"},
                  "ios_per_interrupt": {"$ref": "#/$defs/maybe_number"}
                }
              }
            },
            "loss": {
              "type": "array",
              "items": {
                "type": "object", "required": ["what", "count", "severity", "help"],
                "properties": {
                  "what": {"type": "string"}, "count": {"$ref": "#/$defs/count"},
                  "severity": {"enum": ["loss", "info"]}, "help": {"type": "string"}
                }
              }
            },
            "unseen": {
              "type": "array",
              "items": {
                "type": "object", "required": ["what"],
                "properties": {
                  "what": {"enum": ["file-system", "writes", "command", "filtered-out", "sampled-out"]},
                  "ios": {"$ref": "#/$defs/count", "description": "All that there were, and that were left out."},
                  "dev": {"type": "string"}, "fs": {"$ref": "#/$defs/maybe_text"},
                  "mount_point": {"$ref": "#/$defs/maybe_text"},
                  "files": {"$ref": "#/$defs/count", "description": "Opened with O_DIRECT."},
                  "op": {"enum": ["read", "write"]},
                  "bytes": {"$ref": "#/$defs/count", "description": "By the command's own account, /proc/PID/io."},
                  "direct_bytes": {"$ref": "#/$defs/count", "description": "Of the I/Os of this report."}
                }
              },
              "description": "I/O that was there and took none of the ways that are followed."
            },
            "syncs": {
              "type": ["array", "null"],
              "items": {
                "type": "object", "required": ["call", "dev", "inode", "path", "count", "total_ns"],
                "properties": {
                  "call": {"enum": ["fsync", "fdatasync"]}, "dev": {"type": "string"},
                  "inode": {"$ref": "#/$defs/count"}, "path": {"$ref": "#/$defs/maybe_text"},
                  "count": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"}
                }
              },
              "description": "Calls of the whole recording by file, the longest time first; null: they were not seen."
            },
            "other_requests": {
              "type": "array",
              "items": {
                "type": "object", "required": ["kind", "count", "errors", "timed", "total_ns", "max_ns"],
                "properties": {
                  "kind": {"enum": ["flush", "discard", "write_zeroes", "zone", "other"]},
                  "count": {"$ref": "#/$defs/count", "description": "Of which the device was done."},
                  "errors": {"$ref": "#/$defs/count"},
                  "timed": {"$ref": "#/$defs/count", "description": "Those that were seen to be issued, too."},
                  "total_ns": {"$ref": "#/$defs/maybe_count"}, "max_ns": {"$ref": "#/$defs/maybe_count"}
                }
              },
              "description": "Requests that move no data, of a trace without direct I/Os; absent when there are none."
            },
            "followed_by": {
              "type": "array",
              "items": {
                "type": "object", "required": ["name", "count", "total_ns", "max_ns"],
                "properties": {
                  "name": {"type": "string"}, "count": {"$ref": "#/$defs/count"},
                  "total_ns": {"$ref": "#/$defs/count", "description": "From block_rq_complete to its begin."},
                  "max_ns": {"$ref": "#/$defs/count"}
                }
              },
              "description": "Works that followed block requests, and what ext4 did with their files; absent without any."
            },
            "verdict": {
              "type": "object", "required": ["sentences", "refused"],
              "properties": {
                "sentences": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["kind", "text"],
                    "properties": {"kind": {"type": "string"}, "text": {"type": "string"}}
                  }
                },
                "refused": {"$ref": "#/$defs/texts"}
              }
            },
            "groups": {
              "type": "array",
              "items": {
                "type": "object",
                "required": [
                  "by", "key", "label", "quality", "headline", "ios", "issuers", "latency", "stages", "queue_wait",
                  "task_work_wait", "layers", "deliverers", "delivery_wait", "hop_wait",
                  "submitter_wakeup_wait", "tail", "contexts", "end_io_contexts", "reasons", "cpu_sharing", "scheduling",
                  "inline_estimate", "placement", "interrupts", "verdict"
                ],
                "properties": {
                  "by": {
                    "type": "string",
                    "description": "One, or several with commas, of: device, file, op, size, cpu, issuer, context, thread, comm, machine, layer."
                  },
                  "key": {"type": "string"}, "label": {"type": "string"},
                  "quality": {"$ref": "#/properties/quality"}, "headline": {"$ref": "#/properties/headline"},
                  "ios": {"$ref": "#/properties/ios"}, "issuers": {"$ref": "#/properties/issuers"},
                  "latency": {"$ref": "#/properties/latency"}, "stages": {"$ref": "#/properties/stages"},
                  "queue_wait": {"$ref": "#/properties/queue_wait"},
                  "task_work_wait": {"$ref": "#/properties/task_work_wait"},
                  "layers": {"$ref": "#/properties/layers"}, "deliverers": {"$ref": "#/properties/deliverers"},
                  "delivery_wait": {"$ref": "#/properties/delivery_wait"},
                  "hop_wait": {"$ref": "#/properties/hop_wait"},
                  "submitter_wakeup_wait": {"$ref": "#/properties/submitter_wakeup_wait"},
                  "tail": {"$ref": "#/properties/tail"}, "contexts": {"$ref": "#/properties/contexts"},
                  "end_io_contexts": {"$ref": "#/properties/end_io_contexts"},
                  "reasons": {"$ref": "#/properties/reasons"},
                  "cpu_sharing": {"$ref": "#/properties/cpu_sharing"},
                  "scheduling": {"$ref": "#/properties/scheduling"},
                  "inline_estimate": {"$ref": "#/properties/inline_estimate"},
                  "placement": {"$ref": "#/properties/placement"},
                  "interrupts": {"$ref": "#/properties/interrupts"},
                  "verdict": {"$ref": "#/properties/verdict"}
                }
              },
              "description": "The same of the I/Os of one group each, the most I/Os first; empty without --by."
            },
            "other_groups": {
              "type": ["object", "null"], "required": ["groups", "ios"],
              "properties": {"groups": {"$ref": "#/$defs/maybe_count"}, "ios": {"$ref": "#/$defs/count"}},
              "description": "What is in none of them; null without --by."
            }
          },
          "$defs": {
            "count": {"type": "integer", "minimum": 0}, "maybe_count": {"type": ["integer", "null"], "minimum": 0},
            "maybe_text": {"type": ["string", "null"]}, "number": {"type": "number", "minimum": 0},
            "maybe_number": {"type": ["number", "null"], "minimum": 0},
            "share": {"type": "number", "minimum": 0, "maximum": 1.000001},
            "maybe_share": {"type": ["number", "null"], "minimum": 0, "maximum": 1.000001},
            "texts": {"type": "array", "items": {"type": "string"}},
            "placement": {
              "enum": ["submit_irq_worker", "irq_worker", "worker_apart", "submit_irq", "irq_apart", "unknown"],
              "description": "Which of them shared a CPU; the last but unknown are of I/Os without a kworker."
            },
            "percentiles": {
              "type": "array",
              "items": {
                "type": "object", "required": ["percentile", "ns"],
                "properties": {"percentile": {"$ref": "#/$defs/number"}, "ns": {"$ref": "#/$defs/count"}}
              },
              "description": "Those that were asked for."
            },
            "wait": {
              "type": ["object", "null"],
              "required": ["ios", "total_ns", "mean_ns", "p50_ns", "p99_ns", "max_ns", "causes"],
              "properties": {
                "ios": {"$ref": "#/$defs/count"}, "total_ns": {"$ref": "#/$defs/count"},
                "mean_ns": {"$ref": "#/$defs/number"}, "p50_ns": {"$ref": "#/$defs/count"},
                "p99_ns": {"$ref": "#/$defs/count"}, "max_ns": {"$ref": "#/$defs/count"},
                "percentiles": {"$ref": "#/$defs/percentiles"},
                "causes": {
                  "type": "array",
                  "items": {
                    "type": "object", "required": ["cause", "total_ns", "share", "names"],
                    "properties": {
                      "cause": {
                        "enum": [
                          "submitter", "completion_work", "pool_work", "other_task", "hardirq", "softirq", "idle",
                          "worker_switch", "quota", "batching", "elsewhere", "workqueue_limit", "unattributed"
                        ]
                      },
                      "total_ns": {"$ref": "#/$defs/count"},
                      "share": {"$ref": "#/$defs/share", "description": "Part of the wait."},
                      "names": {
                        "type": "array",
                        "items": {
                          "type": "object", "required": ["name", "total_ns", "share"],
                          "properties": {
                            "name": {
                              "$ref": "#/$defs/maybe_text",
                              "description": "null: all others, and what has no name."
                            },
                            "total_ns": {"$ref": "#/$defs/count"}, "share": {"$ref": "#/$defs/share"}
                          }
                        },
                        "description": "Who it was; they sum to total_ns. Empty when no name is known."
                      }
                    }
                  },
                  "description": "Who occupied the CPU meanwhile, the largest first; total_ns sums to the wait's. \
        Empty when that was not looked at."
                }
              }
            }
          }
        }

        """
}

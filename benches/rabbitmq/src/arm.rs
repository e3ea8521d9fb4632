//! What is compared, and what each one's ack means.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// Creel, acks=all: acked when it is on the disk.
    CreelAll,
    /// Creel, acks=1: acked when it is written.
    CreelOne,
    /// A classic queue of RabbitMQ.
    Classic,
    /// A quorum queue of RabbitMQ with one member.
    Quorum,
}

impl Arm {
    /// In the table's order.
    pub const ALL: [Arm; 4] = [Arm::CreelAll, Arm::CreelOne, Arm::Classic, Arm::Quorum];

    /// The column's head.
    pub fn name(self) -> &'static str {
        match self {
            Arm::CreelAll => "Creel, acks=all",
            Arm::CreelOne => "Creel, acks=1",
            Arm::Classic => "RabbitMQ, classic queue",
            Arm::Quorum => "RabbitMQ, quorum queue",
        }
    }

    /// Which system.
    pub fn is_creel(self) -> bool {
        matches!(self, Arm::CreelAll | Arm::CreelOne)
    }

    /// `acks` of the Produce request.
    pub fn acks(self) -> i16 {
        if self == Arm::CreelOne { 1 } else { -1 }
    }

    /// What the broker promises when it acknowledges.
    pub fn ack_means(self) -> &'static str {
        match self {
            Arm::CreelAll => {
                "the record is written and one fdatasync that covers it has returned: it survives a power cut"
            }
            Arm::CreelOne => {
                "the record is written to the page cache: it survives a kill of the broker, not a power cut of the \
                 machine; the sync follows within some 10 ms"
            }
            Arm::Classic => {
                "durable queue, persistent message (delivery mode 2), publisher confirm: the message is in the queue \
                 index's journal (messages below 4 KiB are embedded in it) and an fsync of that file has returned, or its \
                 consumer has acknowledged it before that, and then nothing was synced (rabbit_queue_index.erl, `sync/1` \
                 and `flush_journal/1`; `file_handle_cache` syncs what is dirty when it closes). Index version 1, \
                 Debian's default"
            }
            Arm::Quorum => {
                "Raft of one member: the entry is in the write-ahead log and its fdatasync has returned, one for the \
                 entries of all queues that came together (ra_log_wal.erl)"
            }
        }
    }
}

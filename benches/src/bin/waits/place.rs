//! Where a thread waits in the kernel, told by the functions on its stack.

use crate::event::Tid;

/// A place, in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// It had work, and ran.
    Running,
    /// It could go on, and another had the CPU, of this kind.
    Runnable(&'static str),
    /// It had nothing to do.
    Idle,
    /// One of the places below.
    Known(&'static str),
    /// A function that none of them names.
    Function(String),
    /// The stack was not seen.
    Unknown,
}

/// A place is where each of these groups has a function on the stack.
struct Rule(&'static str, &'static [&'static [&'static str]]);

const LOCKS: &[&str] = &["rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "down_read", "down_write"];

/// The first that fits.
const RULES: [Rule; 21] = [
    Rule("a page fault", &[&["filemap_fault", "handle_mm_fault", "exc_page_fault"]]),
    Rule(
        "jbd2: no handle while a commit is locked",
        &[&[
            "start_this_handle",
            "wait_transaction_locked",
            "wait_transaction_switching",
            "add_transaction_credits",
            "jbd2__journal_start",
            "jbd2__journal_restart",
        ]],
    ),
    Rule(
        "jbd2: a block is being committed",
        &[&["do_get_write_access", "jbd2_journal_get_write_access", "jbd2_journal_get_create_access"]],
    ),
    Rule(
        "jbd2: a fast commit has the inode",
        &[&["ext4_fc_track_inode", "ext4_fc_del", "ext4_fc_wait_committing_inode"]],
    ),
    Rule(
        "jbd2: a sync waits for the commit",
        &[&["jbd2_log_wait_commit", "jbd2_complete_transaction", "jbd2_fc_begin_commit"]],
    ),
    Rule(
        "i_data_sem: mapping, allocation, or the length",
        &[
            LOCKS,
            &[
                "ext4_map_blocks",
                "ext4_map_query_blocks",
                "ext4_map_create_blocks",
                "ext4_da_map_blocks",
                "ext4_da_get_block_prep",
                "ext4_truncate",
                "ext4_ext_truncate",
                // They take it to note the new length.
                "ext4_write_end",
                "ext4_da_write_end",
                "ext4_da_do_write_end",
            ],
        ],
    ),
    Rule(
        "XFS: an inode is locked",
        &[
            LOCKS,
            &[
                "xfs_file_buffered_write",
                "xfs_file_write_checks",
                "xfs_ilock",
                "xfs_ilock_iocb",
                "xfs_vn_update_time",
                "xfs_buffered_write_iomap_begin",
                "xfs_bmapi_convert_delalloc",
            ],
        ],
    ),
    Rule("an inode or a directory is locked", &[LOCKS]),
    Rule(
        "a sync waits for its pages",
        &[&["__filemap_fdatawait_range", "file_write_and_wait_range", "filemap_fdatawait_range"]],
    ),
    Rule(
        "a page is being written back",
        &[&["folio_wait_stable", "folio_wait_writeback", "wait_for_stable_page"]],
    ),
    Rule(
        "a page is locked (tail page, by write-back)",
        &[&["__folio_lock", "folio_wait_bit_common", "folio_wait_bit", "__filemap_get_folio"]],
    ),
    Rule(
        "too many dirty pages",
        &[&[
            "balance_dirty_pages",
            "balance_dirty_pages_ratelimited",
            "balance_dirty_pages_ratelimited_flags",
        ]],
    ),
    Rule(
        "the device's queue is full",
        &[&["rq_qos_wait", "wbt_wait", "blk_mq_get_tag", "__blk_mq_alloc_requests"]],
    ),
    Rule(
        "a sync writes metadata",
        &[&["__sync_dirty_buffer", "fsync_buffers_list", "ext4_fsync_nojournal", "sync_inode_metadata"]],
    ),
    Rule("XFS: no room in its log", &[&["xlog_grant_head_wait", "xlog_grant_head_check", "xfs_log_reserve"]]),
    Rule(
        "XFS: a sync waits for its log",
        &[&["xfs_log_force_seq", "xfs_log_force", "xlog_wait_on_iclog", "xlog_force_lsn"]],
    ),
    Rule(
        "metadata is read, or locked",
        &[&[
            "__wait_on_buffer",
            "__bread_gfp",
            "ext4_read_block_bitmap",
            "ext4_wait_block_bitmap",
            "xfs_buf_read_map",
            "xfs_buf_lock",
            "__lock_buffer",
        ]],
    ),
    Rule(
        "memory is being freed",
        &[&["try_to_free_pages", "__alloc_pages_slowpath", "__alloc_frozen_pages_slowpath", "shrink_node"]],
    ),
    Rule("another thread (futex)", &[&["futex_wait", "__futex_wait", "do_futex"]]),
    Rule("a sync flushes the device", &[&["blkdev_issue_flush"]]),
    Rule("a direct write", &[&["__iomap_dio_rw", "iomap_dio_rw", "submit_bio_wait"]]),
];

/// What waits in the ring for completions has nothing else to do. Nor has a worker of the ring that handles no work.
const IDLE: [&str; 2] = ["io_cqring_wait", "io_cqring_schedule_timeout"];

/// Threads of the kernel, by how their names begin.
const KERNEL_THREADS: [&str; 9] =
    ["kworker", "ksoftirqd", "rcu_", "jbd2", "kswapd", "xfs", "loop", "migration", "irq/"];

/// How any wait begins; the place is the first function that is none of these.
const PLUMBING: [&str; 14] = [
    "trace_event_",
    "__traceiter_",
    "__schedule",
    "schedule",
    "io_schedule",
    "bit_wait",
    "__wait_on_bit",
    "out_of_line_wait_on_bit",
    "rwsem_down_",
    "down_",
    "__mutex_lock",
    "mutex_lock",
    "wait_for_completion",
    "__wait_for_common",
];

impl Place {
    /// Of a stack, the innermost function first.
    pub(crate) fn of(stack: &[String]) -> Place {
        let has = |names: &&[&str]| stack.iter().any(|function| names.contains(&function.as_str()));
        if stack.is_empty() {
            return Place::Unknown;
        }
        if has(&&IDLE[..]) || has(&&["io_wq_worker"][..]) && !has(&&["io_worker_handle_work"][..]) {
            return Place::Idle;
        }
        if let Some(Rule(name, _)) = RULES.iter().find(|Rule(_, groups)| groups.iter().all(has)) {
            return Place::Known(name);
        }
        let is_plumbing = |function: &&String| PLUMBING.iter().any(|begin| function.starts_with(begin));
        let first = stack.iter().find(|function| !is_plumbing(function));
        first.map_or(Place::Unknown, |function| Place::Function(function.clone()))
    }

    /// Of the thread `own` that could go on, while one of this name had the CPU.
    pub(crate) fn runnable(own: Tid, name: &str) -> Place {
        let is_kernels = KERNEL_THREADS.iter().any(|begin| name.starts_with(begin));
        let worker_of = name.strip_prefix("iou-wrk-").and_then(|tid| tid.parse().ok());
        Place::Runnable(match name {
            // The name of a CPU's idle thread.
            _ if name.starts_with("swapper") => "it was woken, and the CPU was free",
            _ if worker_of == Some(own) => "its ring's worker (a sync) had the CPU",
            _ if is_kernels => "the kernel had the CPU (write-back, interrupts ...)",
            "waits" => "this program had the CPU",
            _ => "other programs had the CPU",
        })
    }

    pub(crate) fn said(&self) -> &str {
        match self {
            Place::Running => "it ran",
            Place::Idle => "nothing to do",
            Place::Runnable(name) | Place::Known(name) => name,
            Place::Function(function) => function,
            Place::Unknown => "a stack that was not seen",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stack: &str) -> Place {
        Place::of(&stack.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_three_places_of_an_append_on_ext4_are_told_apart() {
        let hole = of(
            "__schedule schedule rwsem_down_write_slowpath down_write ext4_da_map_blocks ext4_da_get_block_prep \
                       __block_write_begin_int ext4_da_write_begin generic_perform_write ext4_buffered_write_iter",
        );
        assert_eq!(hole.said(), "i_data_sem: mapping, allocation, or the length");
        let handle = of(
            "__schedule schedule wait_transaction_locked add_transaction_credits start_this_handle \
                         jbd2__journal_start ext4_dirty_inode __mark_inode_dirty generic_update_time file_update_time",
        );
        assert_eq!(handle.said(), "jbd2: no handle while a commit is locked");
        let tail = of(
            "__schedule schedule io_schedule folio_wait_bit_common __filemap_get_folio ext4_da_write_begin \
                       generic_perform_write ext4_buffered_write_iter",
        );
        assert_eq!(tail.said(), "a page is locked (tail page, by write-back)");
    }

    #[test]
    fn neighbours_are_not_taken_for_them() {
        let inode = of(
            "__schedule schedule rwsem_down_write_slowpath down_write ext4_buffered_write_iter vfs_writev",
        );
        assert_eq!(inode.said(), "an inode or a directory is locked");
        let stable = of("__schedule schedule io_schedule folio_wait_bit_common folio_wait_writeback \
                         folio_wait_stable __filemap_get_folio ext4_da_write_begin");
        assert_eq!(stable.said(), "a page is being written back");
        let sync = of(
            "__schedule schedule io_schedule folio_wait_bit folio_wait_writeback __filemap_fdatawait_range \
                       file_write_and_wait_range ext4_sync_file",
        );
        assert_eq!(sync.said(), "a sync waits for its pages");
        let time = of(
            "__schedule schedule rwsem_down_write_slowpath down_write xfs_vn_update_time file_update_time_flags \
                       xfs_file_write_checks xfs_file_buffered_write",
        );
        assert_eq!(time.said(), "XFS: an inode is locked");
        let length = of(
            "__schedule schedule rwsem_down_write_slowpath down_write ext4_da_write_end generic_perform_write \
                         ext4_buffered_write_iter",
        );
        assert_eq!(length.said(), "i_data_sem: mapping, allocation, or the length");
        let fast =
            of("__schedule schedule ext4_fc_track_inode ext4_reserve_inode_write __ext4_mark_inode_dirty");
        assert_eq!(fast.said(), "jbd2: a fast commit has the inode");
        assert_eq!(of("__schedule schedule io_cqring_wait __do_sys_io_uring_enter"), Place::Idle);
        assert_eq!(of("__schedule schedule schedule_timeout io_wq_worker ret_from_fork"), Place::Idle);
        let worker =
            of("__schedule schedule jbd2_log_wait_commit ext4_sync_file io_fsync io_worker_handle_work \
                         io_wq_worker ret_from_fork");
        assert_eq!(worker.said(), "jbd2: a sync waits for the commit");
        let flush =
            of("wait_for_completion_io_timeout submit_bio_wait blkdev_issue_flush ext4_sync_file io_fsync");
        assert_eq!(flush.said(), "a sync flushes the device");
        assert_eq!(of("__schedule schedule hrtimer_nanosleep").said(), "hrtimer_nanosleep");
        assert_eq!(Place::of(&[]), Place::Unknown);
    }

    #[test]
    fn who_had_the_cpu_is_told_by_kind() {
        let of = |name: &str| Place::runnable(4711, name).said().to_owned();
        assert_eq!(of("iou-wrk-4711"), "its ring's worker (a sync) had the CPU");
        assert_eq!(of("iou-wrk-4712"), "other programs had the CPU");
        assert!(of("kworker/u8:5").starts_with("the kernel") && of("jbd2/vda-8").starts_with("the kernel"));
        assert_eq!(of("swapper/1"), "it was woken, and the CPU was free");
        assert_eq!(of("rustc"), "other programs had the CPU");
    }
}

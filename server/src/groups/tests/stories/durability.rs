//! What is told only once it is durable, and what a restart finds.

use bytes::Bytes;
use creel_engine::LoggedBatch;
use expect_test::expect;

use super::super::story::{LIMITS, story, story_with};
use crate::groups::{Coordinator, FetchRequest, GroupLimits, Now};
use crate::offsets::BatchContent;

#[test]
fn an_assignment_is_told_only_when_it_is_durable() {
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        hold
        sync a 1 a=p0
        heartbeat a 1
            3.0s a heartbeat: ok
        describe
            CompletingRebalance "consumer" ""
            a~1 None = ""
        persist
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        describe
            Stable "consumer" "range"
            a~1 None = "p0"
    "#]]
    .assert_eq(&story(
        "join a v3
         after 3s
         hold
         sync a 1 a=p0
         heartbeat a 1
         describe
         persist
         describe",
    ));
}

#[test]
fn a_member_that_comes_while_the_assignment_is_written_wins() {
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        hold
        sync a 1 a=p0
        join b v3
            3.0s a sync: rebalance in progress
        persist
            log g generation 1 [a~1=p0]
        join a
            3.0s a join: a~1 in generation 2, range, led by a~1, members [a~1 b~2]
            3.0s b join: b~2 in generation 2, range, led by a~1, members []
        sync b 2
        sync a 2 a=p0 b=p1
            log g generation 2 [a~1=p0 b~2=p1]
            3.0s a sync: assigned "p0"
            3.0s b sync: assigned "p1"
    "#]]
    .assert_eq(&story(
        "join a v3
         after 3s
         hold
         sync a 1 a=p0
         join b v3
         persist
         join a
         sync b 2
         sync a 2 a=p0 b=p1",
    ));
}

#[test]
fn a_failed_write_of_the_assignment_is_told_and_the_group_starts_over() {
    expect![[r#"
        join a v3
        join b v3
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        hold
        sync b 1
        sync a 1 a=p0 b=p1
        refuse
            6.0s a sync: not coordinator
            6.0s b sync: not coordinator
        describe
            PreparingRebalance "consumer" ""
            a~1 None = ""
            b~2 None = ""
    "#]]
    .assert_eq(&story(
        "join a v3
         join b v3
         after 6s
         hold
         sync b 1
         sync a 1 a=p0 b=p1
         refuse
         describe",
    ));
}

#[test]
fn what_was_written_survives_a_restart() {
    expect![[r#"
        join a v3
        join b v3
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        sync b 1
        sync a 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a sync: assigned "p0"
            6.0s b sync: assigned "p1"
        commit a 1 t/0=5 u/1=7
            log offset t/0 = 5 ""
            log offset u/1 = 7 ""
            6.0s a commit: t/0 ok, u/1 ok
        restart
        describe
            Stable "consumer" "range"
            a~1 None = "p0"
            b~2 None = "p1"
        fetch all
            t/0 = 5 ""
            u/1 = 7 ""
        heartbeat a 1
            6.0s a heartbeat: ok
        sync b 1
            6.0s b sync: assigned "p1"
        after 11s
            log g generation 2 []
        describe
            Empty "consumer" ""
        restart
        describe
            Empty "consumer" ""
    "#]]
    .assert_eq(&story(
        "join a v3
         join b v3
         after 6s
         sync b 1
         sync a 1 a=p0 b=p1
         commit a 1 t/0=5 u/1=7
         restart
         describe
         fetch all
         heartbeat a 1
         sync b 1
         after 11s
         describe
         restart
         describe",
    ));
}

/// The partition that `offsets` has from Kafka 4.3.1: what it says there is, is there after a start on it.
#[test]
fn a_partition_that_kafka_wrote_is_taken_over() {
    let mut log = Bytes::from_static(include_bytes!("../../../offsets/kafka-4.3.1.log"));
    let mut coordinator = Coordinator::new(LIMITS);
    while let Some(batch) = LoggedBatch::split_from(&mut log).unwrap() {
        coordinator.replay(BatchContent::read(&batch).unwrap()).unwrap();
    }
    coordinator.loaded(Now::default());
    coordinator.check_invariants();
    let all = FetchRequest { group: "sta".into(), ..FetchRequest::default() };
    let text = format!("{:#?}\n{:#?}\n", coordinator.list(), coordinator.fetch(&all));
    expect![[r#"
        [
            FoundGroup {
                group: "sta",
                protocol_type: "consumer",
                state: "Empty",
            },
        ]
        FetchReply {
            topics: [
                (
                    "orders",
                    [
                        FetchedOffset {
                            partition: 0,
                            offset: 5,
                            leader_epoch: 0,
                            metadata: "note",
                            error: None,
                        },
                        FetchedOffset {
                            partition: 1,
                            offset: 4,
                            leader_epoch: -1,
                            metadata: "",
                            error: None,
                        },
                    ],
                ),
            ],
        }
    "#]]
    .assert_eq(&text);
}

#[test]
fn an_assignment_that_makes_too_large_a_record_is_refused_before_it_is_made() {
    let limits = GroupLimits { state_bytes_max: 100, ..LIMITS };
    let assignment = "p".repeat(60);
    let script = format!(
        "join a v3
         after 3s
         sync a 1 a={assignment}
         join a v3
         sync a 2 a=p"
    );
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp
            3.0s a sync: unknown server error
        join a v3
            3.0s a join: a~1 in generation 2, range, led by a~1, members [a~1]
        sync a 2 a=p
            log g generation 2 [a~1=p]
            3.0s a sync: assigned "p"
    "#]]
    .assert_eq(&story_with(limits, &script));
}

#[test]
fn a_deletion_waits_while_it_is_written_that_a_member_left() {
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=p0
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        hold
        leave a
            3.0s leave: ok
        delete
        delete
        persist
            log g generation 2 []
            3.0s delete: group id not found
            log g gone
            3.0s delete: ok
        delete
            3.0s delete: group id not found
    "#]]
    .assert_eq(&story(
        "join a v3
         after 3s
         sync a 1 a=p0
         hold
         leave a
         delete
         delete
         persist
         delete",
    ));
}

#[test]
fn a_deletion_that_waits_goes_on_when_the_log_refuses_the_write() {
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=p0
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        hold
        leave a
            3.0s leave: ok
        delete
        refuse
            log g gone
            3.0s delete: ok
    "#]]
    .assert_eq(&story(
        "join a v3
         after 3s
         sync a 1 a=p0
         hold
         leave a
         delete
         refuse",
    ));
}

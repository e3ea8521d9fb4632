//! The group protocol, told as stories.

use bytes::Bytes;
use expect_test::expect;

use super::story::{LIMITS, story, story_with};
use crate::{
    groups::{Coordinator, FetchRequest, GroupLimits, Now},
    offsets::read_batch,
};

#[test]
fn a_group_of_two_forms_and_commits() {
    expect![[r#"
        join a
            0.0s a join: member id required, id a~1
        join a
        join b
            0.0s b join: member id required, id b~3
        join b
        after 2.9s
        after 3.2s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~3]
            6.0s b join: b~3 in generation 1, range, led by a~1, members []
        describe
            CompletingRebalance "consumer" ""
            a~1 None = ""
            b~3 None = ""
        sync b 1
        sync a 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~3=p1]
            6.1s a sync: assigned "p0"
            6.1s b sync: assigned "p1"
        describe
            Stable "consumer" "range"
            a~1 None = "p0"
            b~3 None = "p1"
        heartbeat a 1
            6.1s a heartbeat: ok
        commit a 1 t/0=5:note
            log offset t/0 = 5 "note"
            6.1s a commit: t/0 ok
        fetch t/0
            t/0 = 5 "note"
        fetch t/1
            t/1 = -1 ""
        list
            [FoundGroup { group: "g", protocol_type: "consumer", state: "Stable" }]
    "#]]
    .assert_eq(&story(
        "join a
         join a
         join b
         join b
         after 2.9s
         after 3.2s
         describe
         sync b 1
         sync a 1 a=p0 b=p1
         describe
         heartbeat a 1
         commit a 1 t/0=5:note
         fetch t/0
         fetch t/1
         list",
    ));
}

#[test]
fn a_third_member_makes_the_group_rebalance() {
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=p0,p1
            log g generation 1 [a~1=p0,p1]
            3.0s a sync: assigned "p0,p1"
        join b v3
        heartbeat a 1
            3.0s a heartbeat: rebalance in progress
        commit a 1 t/0=1
            log offset t/0 = 1 ""
            3.0s a commit: t/0 ok
        join a
            3.0s a join: a~1 in generation 2, range, led by a~1, members [a~1 b~2]
            3.0s b join: b~2 in generation 2, range, led by a~1, members []
        sync b 2
        commit a 2 t/0=2
            3.0s a commit: t/0 rebalance in progress
        heartbeat a 2
            3.0s a heartbeat: ok
        sync a 2 a=p0 b=p1
            log g generation 2 [a~1=p0 b~2=p1]
            3.0s a sync: assigned "p0"
            3.0s b sync: assigned "p1"
        sync a 1
            3.0s a sync: illegal generation
        heartbeat b 1
            3.0s b heartbeat: illegal generation
    "#]]
    .assert_eq(&story(
        "join a v3
         after 3s
         sync a 1 a=p0,p1
         join b v3
         heartbeat a 1
         commit a 1 t/0=1
         join a
         sync b 2
         commit a 2 t/0=2
         heartbeat a 2
         sync a 2 a=p0 b=p1
         sync a 1
         heartbeat b 1",
    ));
}

#[test]
fn a_silent_member_is_removed_and_its_partitions_go_to_the_others() {
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
        after 9s
        heartbeat a 1
            15.0s a heartbeat: ok
        after 2s
        heartbeat a 1
            17.0s a heartbeat: rebalance in progress
        join a
            17.0s a join: a~1 in generation 2, range, led by a~1, members [a~1]
        sync a 2 a=p0,p1
            log g generation 2 [a~1=p0,p1]
            17.0s a sync: assigned "p0,p1"
        heartbeat b 1
            17.0s b heartbeat: unknown member id
    "#]]
    .assert_eq(&story(
        "join a v3
         join b v3
         after 6s
         sync b 1
         sync a 1 a=p0 b=p1
         after 9s
         heartbeat a 1
         after 2s
         heartbeat a 1
         join a
         sync a 2 a=p0,p1
         heartbeat b 1",
    ));
}

#[test]
fn who_does_not_come_to_a_rebalance_in_time_is_removed() {
    expect![[r#"
        join a v3 rebalance=20s session=60s
        join b v3 rebalance=20s session=60s
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        sync b 1
        sync a 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a sync: assigned "p0"
            6.0s b sync: assigned "p1"
        join c v3 rebalance=20s session=60s
        after 19s
        heartbeat b 1
            25.0s b heartbeat: rebalance in progress
        after 2s
            26.0s c join: c~3 in generation 2, range, led by c~3, members [c~3]
        heartbeat b 1
            27.0s b heartbeat: unknown member id
        sync c 2 c=p0,p1
            log g generation 2 [c~3=p0,p1]
            27.0s c sync: assigned "p0,p1"
    "#]]
    .assert_eq(&story(
        "join a v3 rebalance=20s session=60s
         join b v3 rebalance=20s session=60s
         after 6s
         sync b 1
         sync a 1 a=p0 b=p1
         join c v3 rebalance=20s session=60s
         after 19s
         heartbeat b 1
         after 2s
         heartbeat b 1
         sync c 2 c=p0,p1",
    ));
}

#[test]
fn who_does_not_ask_for_its_assignment_in_time_is_removed() {
    expect![[r#"
        join a v3 rebalance=20s session=60s
        join b v3 rebalance=20s session=60s
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        sync a 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a sync: assigned "p0"
        after 15s
        heartbeat b 1
            21.0s b heartbeat: ok
        after 10s
        heartbeat a 1
            31.0s a heartbeat: rebalance in progress
        heartbeat b 1
            31.0s b heartbeat: unknown member id
    "#]]
    .assert_eq(&story(
        "join a v3 rebalance=20s session=60s
         join b v3 rebalance=20s session=60s
         after 6s
         sync a 1 a=p0 b=p1
         after 15s
         heartbeat b 1
         after 10s
         heartbeat a 1
         heartbeat b 1",
    ));
}

#[test]
fn a_late_sync_still_gets_its_assignment() {
    expect![[r#"
        join a v3
        join b v3
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        sync a 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a sync: assigned "p0"
        after 5s
        sync b 1
            11.0s b sync: assigned "p1"
        sync b 1
            11.0s b sync: assigned "p1"
    "#]]
    .assert_eq(&story(
        "join a v3
         join b v3
         after 6s
         sync a 1 a=p0 b=p1
         after 5s
         sync b 1
         sync b 1",
    ));
}

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
fn a_commit_is_answered_and_seen_only_when_it_is_durable() {
    expect![[r#"
        commit - -1 t/0=5
            log offset t/0 = 5 ""
            0.0s - commit: t/0 ok
        hold
        commit - -1 t/0=6 t/1=9
        fetch t/0
            t/0 = 5 ""
        persist
            log offset t/0 = 6 ""
            log offset t/1 = 9 ""
            0.0s - commit: t/0 ok, t/1 ok
        fetch all
            t/0 = 6 ""
            t/1 = 9 ""
        hold
        commit - -1 t/0=7
        refuse
            0.0s - commit: t/0 not coordinator
        fetch t/0
            t/0 = 6 ""
        commit - -1 t/0=8:a-note-that-is-too-long t/1=10
            log offset t/1 = 10 ""
            0.0s - commit: t/0 offset metadata too large, t/1 ok
    "#]]
    .assert_eq(&story(
        "commit - -1 t/0=5
         hold
         commit - -1 t/0=6 t/1=9
         fetch t/0
         persist
         fetch all
         hold
         commit - -1 t/0=7
         refuse
         fetch t/0
         commit - -1 t/0=8:a-note-that-is-too-long t/1=10",
    ));
}

#[test]
fn commits_from_outside_are_taken_only_while_the_group_is_empty() {
    expect![[r#"
        commit x 3 t/0=1
            0.0s x commit: t/0 illegal generation
        commit - -1 t/0=1
            log offset t/0 = 1 ""
            0.0s - commit: t/0 ok
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        commit - -1 t/0=2
            3.0s - commit: t/0 unknown member id
        commit a 1 t/0=2
            3.0s a commit: t/0 rebalance in progress
        sync a 1 a=p0
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        commit - -1 t/0=3
            3.0s - commit: t/0 unknown member id
        commit a 7 t/0=3
            3.0s a commit: t/0 illegal generation
        commit a 1 t/0=3
            log offset t/0 = 3 ""
            3.0s a commit: t/0 ok
        leave a
            3.0s leave: ok
            log g generation 2 []
        commit - -1 t/0=4
            log offset t/0 = 4 ""
            3.0s - commit: t/0 ok
        commit a 1 t/0=4
            3.0s a commit: t/0 unknown member id
    "#]]
    .assert_eq(&story(
        "commit x 3 t/0=1
         commit - -1 t/0=1
         join a v3
         after 3s
         commit - -1 t/0=2
         commit a 1 t/0=2
         sync a 1 a=p0
         commit - -1 t/0=3
         commit a 7 t/0=3
         commit a 1 t/0=3
         leave a
         commit - -1 t/0=4
         commit a 1 t/0=4",
    ));
}

#[test]
fn leaving_is_for_many_at_once_and_makes_one_rebalance() {
    expect![[r#"
        join a v3
        join b! v3
        join c v3
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2 c~3]
            6.0s b! join: b~2 in generation 1, range, led by a~1, members []
            6.0s c join: c~3 in generation 1, range, led by a~1, members []
        after 3s
        sync b! 1
        sync c 1
        sync a 1 a=1 b=2 c=3
            log g generation 1 [a~1=1 b~2=2 c~3=3]
            9.0s a sync: assigned "1"
            9.0s b! sync: assigned "2"
            9.0s c sync: assigned "3"
        leave instance:b c instance:nobody x
            9.0s leave: ok, ok, unknown member id, unknown member id
        describe
            PreparingRebalance "consumer" ""
            a~1 None = ""
        join a
            9.0s a join: a~1 in generation 2, range, led by a~1, members [a~1]
        sync a 2 a=all
            log g generation 2 [a~1=all]
            9.0s a sync: assigned "all"
        leave a
            9.0s leave: ok
            log g generation 3 []
        describe
            Empty "consumer" ""
    "#]]
    .assert_eq(&story(
        "join a v3
         join b! v3
         join c v3
         after 6s
         after 3s
         sync b! 1
         sync c 1
         sync a 1 a=1 b=2 c=3
         leave instance:b c instance:nobody x
         describe
         join a
         sync a 2 a=all
         leave a
         describe",
    ));
}

#[test]
fn a_static_member_comes_back_into_an_unchanged_group_without_a_rebalance() {
    expect![[r#"
        join a! v9
        join b! v9
        after 6s
            6.0s a! join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b! join: b~2 in generation 1, range, led by a~1, members []
        sync b! 1
        sync a! 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a! sync: assigned "p0"
            6.0s b! sync: assigned "p1"
        join b! fresh v9
            log g generation 1 [a~1=p0 b~3=p1]
            6.0s b! join: b~3 in generation 1, range, led by a~1, members []
        sync b! 1
            6.0s b! sync: assigned "p1"
        join a! fresh v9
            log g generation 1 [a~4=p0 b~3=p1]
            6.0s a! join: a~4 in generation 1, range, led by a~4, members [a~4 b~3], skip assignment
        sync a! 1
            6.0s a! sync: assigned "p0"
        heartbeat b! 1
            6.0s b! heartbeat: ok
        join a! fresh v3
            log g generation 1 [a~5=p0 b~3=p1]
            6.0s a! join: a~5 in generation 1, range, led by a~4, members []
        describe
            Stable "consumer" "range"
            a~5 Some("a") = "p0"
            b~3 Some("b") = "p1"
        restart
        describe
            Stable "consumer" "range"
            a~5 Some("a") = "p0"
            b~3 Some("b") = "p1"
        heartbeat a! 1
            6.0s a! heartbeat: ok
    "#]]
    .assert_eq(&story(
        "join a! v9
         join b! v9
         after 6s
         sync b! 1
         sync a! 1 a=p0 b=p1
         join b! fresh v9
         sync b! 1
         join a! fresh v9
         sync a! 1
         heartbeat b! 1
         join a! fresh v3
         describe
         restart
         describe
         heartbeat a! 1",
    ));
}

#[test]
fn the_old_process_of_a_static_member_is_fenced() {
    expect![[r#"
        join a! v9
        join a! fresh v9
            0.0s a! join: fenced instance id, id a~1
        after 6s
            3.0s a! join: a~2 in generation 1, range, led by a~2, members [a~2]
        sync a! 1 a=p0
            log g generation 1 [a~2=p0]
            6.0s a! sync: assigned "p0"
        heartbeat a 1
            6.0s a heartbeat: ok
        join b! v9
        join a! fresh v9
            6.0s a! join: a~4 in generation 2, range, led by a~4, members [a~4 b~3]
            6.0s b! join: b~3 in generation 2, range, led by a~4, members []
        sync a! 2 a=p0 b=p1
            log g generation 2 [a~4=p0 b~3=p1]
            6.0s a! sync: assigned "p0"
        join b! fresh v9
            log g generation 2 [a~4=p0 b~5=p1]
            6.0s b! join: b~5 in generation 2, range, led by a~4, members []
        leave a!
            6.0s leave: ok
    "#]]
    .assert_eq(&story(
        "join a! v9
         join a! fresh v9
         after 6s
         sync a! 1 a=p0
         heartbeat a 1
         join b! v9
         join a! fresh v9
         sync a! 2 a=p0 b=p1
         join b! fresh v9
         leave a!",
    ));
}

#[test]
fn static_members_keep_their_place_without_coming_until_their_session_ends() {
    expect![[r#"
        join a! v9 session=60s rebalance=10s
        join b! v9 session=60s rebalance=10s
        after 6s
            6.0s a! join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b! join: b~2 in generation 1, range, led by a~1, members []
        sync a! 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a! sync: assigned "p0"
        sync b! 1
            6.0s b! sync: assigned "p1"
        join a! v9 session=60s rebalance=10s
        after 10s
            16.0s a! join: a~1 in generation 2, range, led by a~1, members [a~1 b~2]
        sync a! 2 a=p0 b=p1
            log g generation 2 [a~1=p0 b~2=p1]
            16.0s a! sync: assigned "p0"
        describe
            Stable "consumer" "range"
            a~1 Some("a") = "p0"
            b~2 Some("b") = "p1"
        after 61s
            log g generation 3 []
        describe
            Empty "consumer" ""
    "#]]
    .assert_eq(&story(
        "join a! v9 session=60s rebalance=10s
         join b! v9 session=60s rebalance=10s
         after 6s
         sync a! 1 a=p0 b=p1
         sync b! 1
         join a! v9 session=60s rebalance=10s
         after 10s
         sync a! 2 a=p0 b=p1
         describe
         after 61s
         describe",
    ));
}

#[test]
fn a_new_member_must_come_back_with_its_id_or_is_forgotten() {
    expect![[r#"
        join a
            0.0s a join: member id required, id a~1
        after 11s
        join a
            11.0s a join: unknown member id, id a~1
        list
            []
        join b
            11.0s b join: member id required, id b~3
        leave b
            11.0s leave: ok
        list
            []
    "#]]
    .assert_eq(&story(
        "join a
         after 11s
         join a
         list
         join b
         leave b
         list",
    ));
}

#[test]
fn the_first_rebalance_waits_longer_while_members_arrive_but_not_forever() {
    let limits = GroupLimits { members_max: 10, ..LIMITS };
    expect![[r#"
        join a v3 rebalance=7s
        after 2s
        join b v3 rebalance=7s
        after 2s
        join c v3 rebalance=7s
        after 2s
        join d v3 rebalance=7s
        after 2s
            7.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2 c~3 d~4]
            7.0s b join: b~2 in generation 1, range, led by a~1, members []
            7.0s c join: c~3 in generation 1, range, led by a~1, members []
            7.0s d join: d~4 in generation 1, range, led by a~1, members []
        join e v3 rebalance=7s
    "#]]
    .assert_eq(&story_with(
        limits,
        "join a v3 rebalance=7s
         after 2s
         join b v3 rebalance=7s
         after 2s
         join c v3 rebalance=7s
         after 2s
         join d v3 rebalance=7s
         after 2s
         join e v3 rebalance=7s",
    ));
}

#[test]
fn without_an_initial_delay_the_first_member_starts_at_once() {
    let limits = GroupLimits { initial_rebalance_delay_ms: 0, ..LIMITS };
    expect![[r#"
        join a
            0.0s a join: member id required, id a~1
        join b
            0.0s b join: member id required, id b~2
        join a
            0.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        join b
        join a
            0.0s a join: a~1 in generation 2, range, led by a~1, members [a~1 b~2]
            0.0s b join: b~2 in generation 2, range, led by a~1, members []
    "#]]
    .assert_eq(&story_with(
        limits,
        "join a
         join b
         join a
         join b
         join a",
    ));
}

#[test]
fn a_full_group_takes_no_more() {
    expect![[r#"
        join a v3
        join b v3
        join c v3
        join d v3
            0.0s d join: group max size reached, id ""
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2 c~3]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
            6.0s c join: c~3 in generation 1, range, led by a~1, members []
        join d v3
            6.0s d join: group max size reached, id ""
    "#]]
    .assert_eq(&story(
        "join a v3
         join b v3
         join c v3
         join d v3
         after 6s
         join d v3",
    ));
}

#[test]
fn the_protocol_is_one_that_all_can_follow_and_most_prefer() {
    let limits = GroupLimits { members_max: 10, ..LIMITS };
    expect![[r#"
        join a v3 protocols=range,roundrobin
        join b v3 protocols=roundrobin,sticky,range
        join c v3 protocols=roundrobin,range
        join d v3 protocols=sticky
            0.0s d join: inconsistent group protocol, id ""
        join d v3 type=connect
            0.0s d join: inconsistent group protocol, id ""
        join d v3 session=1s
            0.0s d join: invalid session timeout, id ""
        join d v3 group=
            0.0s d join: invalid group id, id ""
        after 6s
            6.0s a join: a~1 in generation 1, roundrobin, led by a~1, members [a~1 b~2 c~3]
            6.0s b join: b~2 in generation 1, roundrobin, led by a~1, members []
            6.0s c join: c~3 in generation 1, roundrobin, led by a~1, members []
        sync a 1 a=x
            log g generation 1 [a~1=x b~2= c~3=]
            6.0s a sync: assigned "x"
    "#]]
    .assert_eq(&story_with(
        limits,
        "join a v3 protocols=range,roundrobin
         join b v3 protocols=roundrobin,sticky,range
         join c v3 protocols=roundrobin,range
         join d v3 protocols=sticky
         join d v3 type=connect
         join d v3 session=1s
         join d v3 group=
         after 6s
         sync a 1 a=x",
    ));
}

#[test]
fn a_member_that_asks_again_gets_the_same_answer_or_a_rebalance() {
    expect![[r#"
        join a v3
        join b v3
        after 6s
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        join a
            6.0s a join: a~1 in generation 1, range, led by a~1, members [a~1 b~2]
        join b
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        sync b 1
        sync b 1
            6.0s b sync: rebalance in progress
        sync a 1 a=p0 b=p1
            log g generation 1 [a~1=p0 b~2=p1]
            6.0s a sync: assigned "p0"
            6.0s b sync: assigned "p1"
        join b
            6.0s b join: b~2 in generation 1, range, led by a~1, members []
        join a
        join b
            6.0s a join: a~1 in generation 2, range, led by a~1, members [a~1 b~2]
            6.0s b join: b~2 in generation 2, range, led by a~1, members []
        sync a 2 a=p0 b=p1
            log g generation 2 [a~1=p0 b~2=p1]
            6.0s a sync: assigned "p0"
        sync b 2
            6.0s b sync: assigned "p1"
        join b protocols=range,sticky
    "#]]
    .assert_eq(&story(
        "join a v3
         join b v3
         after 6s
         join a
         join b
         sync b 1
         sync b 1
         sync a 1 a=p0 b=p1
         join b
         join a
         join b
         sync a 2 a=p0 b=p1
         sync b 2
         join b protocols=range,sticky",
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

#[test]
fn offsets_expire_when_nobody_needs_them() {
    expect![[r#"
        commit - -1 t/0=1
            log offset t/0 = 1 ""
            0.0s - commit: t/0 ok
        after 3000s
        commit - -1 t/1=2
            log offset t/1 = 2 ""
            3000.0s - commit: t/1 ok
        after 1200s
            log offset t/0 gone
        fetch all
            t/1 = 2 ""
        after 3600s
            log offset t/1 gone
            log g gone
        list
            []
    "#]]
    .assert_eq(&story(
        "commit - -1 t/0=1
         after 3000s
         commit - -1 t/1=2
         after 1200s
         fetch all
         after 3600s
         list",
    ));
}

#[test]
fn offsets_of_an_empty_group_expire_by_the_time_it_became_empty() {
    expect![[r#"
        join a v3 session=1800s
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=p0
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        commit a 1 t/0=1 u/0=1
            log offset t/0 = 1 ""
            log offset u/0 = 1 ""
            3.0s a commit: t/0 ok, u/0 ok
        after 1700s
        heartbeat a 1
            1703.0s a heartbeat: ok
        after 1700s
        heartbeat a 1
            3403.0s a heartbeat: ok
        after 1000s
            log offset u/0 gone
        fetch all
            t/0 = 1 ""
        leave a
            4403.0s leave: ok
            log g generation 2 []
        after 1800s
        fetch all
            t/0 = 1 ""
        after 2400s
            log offset t/0 gone
            log g gone
        fetch all
        list
            []
    "#]]
    .assert_eq(&story(
        "join a v3 session=1800s
         after 3s
         sync a 1 a=p0
         commit a 1 t/0=1 u/0=1
         after 1700s
         heartbeat a 1
         after 1700s
         heartbeat a 1
         after 1000s
         fetch all
         leave a
         after 1800s
         fetch all
         after 2400s
         fetch all
         list",
    ));
}

#[test]
fn groups_and_offsets_can_be_deleted() {
    expect![[r#"
        delete
            0.0s delete: group id not found
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=p0
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        commit a 1 t/0=1 u/0=1 v/0=1
            log offset t/0 = 1 ""
            log offset u/0 = 1 ""
            log offset v/0 = 1 ""
            3.0s a commit: t/0 ok, u/0 ok, v/0 ok
        delete
            3.0s delete: non-empty group
        delete offsets t/0
            3.0s delete offsets: t/0 group subscribed to topic
        delete offsets u/0
            log offset u/0 gone
            3.0s delete offsets: u/0 ok
        topic deleted v
            log offset v/0 gone
        fetch all
            t/0 = 1 ""
        leave a
            3.0s leave: ok
            log g generation 2 []
        delete
            log offset t/0 gone
            log g gone
            3.0s delete: ok
        describe
            Dead "" ""
        delete offsets t/0
            3.0s delete offsets: group id not found
        restart
        list
            []
    "#]]
    .assert_eq(&story(
        "delete
         join a v3
         after 3s
         sync a 1 a=p0
         commit a 1 t/0=1 u/0=1 v/0=1
         delete
         delete offsets t/0
         delete offsets u/0
         topic deleted v
         fetch all
         leave a
         delete
         describe
         delete offsets t/0
         restart
         list",
    ));
}

/// The partition that `offsets` has from Kafka 4.3.1: what it says there is, is there after a start on it.
#[test]
fn a_partition_that_kafka_wrote_is_taken_over() {
    let mut log = Bytes::from_static(include_bytes!("../../offsets/kafka-4.3.1.log"));
    let mut coordinator = Coordinator::new(LIMITS);
    while let Some((content, length)) = read_batch(&log).unwrap() {
        coordinator.replay(content).unwrap();
        log = log.slice(length..);
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
    "#]].assert_eq(&text);
}

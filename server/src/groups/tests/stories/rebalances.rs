//! Rebalances: how a generation comes about, and who is not in it.

use expect_test::expect;

use super::super::story::{LIMITS, story, story_with};
use crate::groups::GroupLimits;

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

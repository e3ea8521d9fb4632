//! Offsets: who may commit, when it counts, how long it stays.

use expect_test::expect;

use super::super::story::story;

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

#[test]
fn a_group_whose_deletion_failed_is_there_although_a_new_one_of_its_name_came_and_went() {
    expect![[r#"
        join a v3
        after 3s
            3.0s a join: a~1 in generation 1, range, led by a~1, members [a~1]
        sync a 1 a=p0
            log g generation 1 [a~1=p0]
            3.0s a sync: assigned "p0"
        leave a
            3.0s leave: ok
            log g generation 2 []
        hold
        delete
        join b
            3.0s b join: member id required, id b~2
        refuse
            3.0s delete: not coordinator
        after 20s
        list
            [FoundGroup { group: "g", protocol_type: "consumer", state: "Empty" }]
        restart
        list
            [FoundGroup { group: "g", protocol_type: "consumer", state: "Empty" }]
    "#]]
    .assert_eq(&story(
        "join a v3
         after 3s
         sync a 1 a=p0
         leave a
         hold
         delete
         join b
         refuse
         after 20s
         list
         restart
         list",
    ));
}

//! Members: who may join and as whom, static members, leaving.

use expect_test::expect;

use super::super::story::{LIMITS, story, story_with};
use crate::groups::GroupLimits;

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
fn a_common_protocol_is_found_among_many_members_of_many_protocols() {
    let names: Vec<String> = (0..1000).map(|at| format!("p{at}")).collect();
    let backwards: Vec<String> = names.iter().rev().cloned().collect();
    let orders = [names.join(","), backwards.join(",")];
    let joins: String =
        (0..60).map(|at| format!("join m{at} v3 protocols={}\n", orders[usize::from(at % 3 == 0)])).collect();
    let told = story_with(GroupLimits { members_max: 60, ..LIMITS }, &format!("{joins}after 10s"));
    assert!(told.contains("m1 join: m1~2 in generation 1, p0, led by"));
    assert_eq!(told.matches(" in generation 1, p0, ").count(), 60);
}

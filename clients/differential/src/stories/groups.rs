//! Groups of the classic protocol: join, sync, heartbeat, leave.

use serde_json::{Value, json};

use super::stories;
use crate::side::{Side, WireId};

stories! { "groups":
    coordinators_in_each_version,
    one_member_in_each_version,
    two_members,
    the_leader_alone_learns_of_members,
    a_member_comes_while_another_syncs,
    a_member_leaves_while_another_waits_to_sync,
    a_member_that_says_nothing_more,
    a_member_joins_again,
    protocols_are_chosen_by_votes,
    a_follower_syncs_first,
    leaving_in_each_version,
    descriptions_in_each_version,
    descriptions_of_states,
    listings,
    deletions,
}

/// A join request's body.
pub(super) fn joining(group: &str, member: &Value) -> Value {
    json!({
        "groupId": group,
        "sessionTimeoutMs": 60_000,
        "rebalanceTimeoutMs": 60_000,
        "memberId": member,
        "protocolType": "consumer",
        "protocols": [{ "name": "range", "metadata": "0001" }],
    })
}

/// A sync request's body; the leader's has assignments.
pub(super) fn syncing(group: &str, generation: &Value, member: &Value, assignments: Value) -> Value {
    json!({
        "groupId": group,
        "generationId": generation,
        "memberId": member,
        "protocolType": "consumer",
        "protocolName": "range",
        "assignments": assignments,
    })
}

pub(super) fn assigned(member: &Value, hex: &str) -> Value {
    json!({ "memberId": member, "assignment": hex })
}

pub(super) fn beating(group: &str, generation: &Value, member: &Value) -> Value {
    json!({ "groupId": group, "generationId": generation, "memberId": member })
}

/// A member that has an id and has not joined yet.
pub(super) fn new_member(it: &mut Side<'_>, group: &str, name: &str) -> Value {
    let answer = it.quietly("JoinGroup", 5, joining(group, &json!("")));
    it.name(name, &answer["memberId"])
}

/// A group of one member, stable: the member and its generation.
pub(super) fn group_of_one(it: &mut Side<'_>, group: &str, name: &str) -> (Value, Value) {
    let member = new_member(it, group, name);
    let joined = it.quietly("JoinGroup", 5, joining(group, &member));
    let generation = joined["generationId"].clone();
    it.quietly("SyncGroup", 3, syncing(group, &generation, &member, json!([assigned(&member, "01")])));
    (member, generation)
}

fn coordinators_in_each_version(it: &mut Side<'_>) {
    let group = it.own("group");
    for version in it.versions("FindCoordinator") {
        for key_type in [0, 7, -1] {
            let body = match version {
                0..4 => json!({ "key": group, "keyType": key_type }),
                _ => json!({ "coordinatorKeys": [group, it.own("another")], "keyType": key_type }),
            };
            it.ask("FindCoordinator", version, body);
        }
    }
    it.ask("FindCoordinator", 1, json!({ "key": "" }));
    it.ask("FindCoordinator", 4, json!({ "coordinatorKeys": [] }));
    it.ask("FindCoordinator", 4, json!({ "coordinatorKeys": ["", group] }));
    it.ask("FindCoordinator", 4, json!({ "coordinatorKeys": [group, group] }));
}

fn one_member_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("JoinGroup") {
        let group = it.own(&format!("v{version}"));
        let mut member = json!("");
        if version >= 4 {
            member = it.quietly("JoinGroup", version, joining(&group, &member))["memberId"].clone();
            it.name("the member", &member);
        }
        it.send(0, "JoinGroup", version, joining(&group, &member));
        let joined = it.answer(0);
        let member = it.name("the member", &joined["memberId"]);
        let generation = joined["generationId"].clone();
        let sync = version.min(it.latest("SyncGroup"));
        it.ask(
            "SyncGroup",
            sync,
            syncing(&group, &generation, &member, json!([assigned(&member, "c0ffee")])),
        );
        it.ask("SyncGroup", sync, syncing(&group, &generation, &member, json!([])));
        it.ask("Heartbeat", version.min(4), beating(&group, &generation, &member));
        it.ask("JoinGroup", version, joining(&group, &member));
    }
    let group = it.own("needs-an-id");
    for version in it.versions("JoinGroup").into_iter().filter(|version| *version >= 4) {
        it.ask("JoinGroup", version, joining(&group, &json!("")));
    }
}

/// Two members, the first of them leader, stable in the second generation.
fn group_of_two(it: &mut Side<'_>, group: &str, other: WireId) -> (Value, Value, Value) {
    let (one, _) = group_of_one(it, group, "the first");
    let two = new_member(it, group, "the second");
    it.send(other, "JoinGroup", 5, joining(group, &two));
    until_rebalancing(it, group, &one);
    let first = it.quietly("JoinGroup", 5, joining(group, &one));
    let second = it.quiet_answer(other);
    it.note("both joined", format!("{} {}", first["errorCode"], second["errorCode"]));
    (one, two, first["generationId"].clone())
}

/// Waits until a member's heartbeat tells of a rebalance.
fn until_rebalancing(it: &mut Side<'_>, group: &str, member: &Value) {
    for generation in [1, 2, 3] {
        let beat = beating(group, &json!(generation), member);
        let answer = it.quietly("Heartbeat", 3, beat.clone());
        if answer["errorCode"] != 22 {
            it.until("Heartbeat", 3, &beat, |answer| answer["errorCode"] == 27);
            return;
        }
    }
}

fn two_members(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let (one, generation) = group_of_one(it, &group, "the first");
    let two = new_member(it, &group, "the second");
    it.ask("Heartbeat", 3, beating(&group, &generation, &one));
    it.send(other, "JoinGroup", 5, joining(&group, &two));
    until_rebalancing(it, &group, &one);
    it.ask("Heartbeat", 3, beating(&group, &generation, &one));
    it.ask("SyncGroup", 3, syncing(&group, &generation, &one, json!([])));
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    let joined = it.ask("JoinGroup", 5, joining(&group, &one));
    it.answer(other);
    let generation = joined["generationId"].clone();
    it.ask("Heartbeat", 3, beating(&group, &generation, &one));
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    let plan = json!([assigned(&one, "01"), assigned(&two, "02")]);
    it.ask("SyncGroup", 3, syncing(&group, &generation, &one, plan));
    it.ask("SyncGroup", 3, syncing(&group, &generation, &two, json!([])));
    it.ask("SyncGroup", 3, syncing(&group, &json!(1), &two, json!([])));
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    it.ask("LeaveGroup", 1, json!({ "groupId": group, "memberId": one }));
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    let joined = it.ask("JoinGroup", 5, joining(&group, &two));
    it.ask("SyncGroup", 3, syncing(&group, &joined["generationId"], &two, json!([assigned(&two, "03")])));
}

fn the_leader_alone_learns_of_members(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let (one, _) = group_of_one(it, &group, "the first");
    let two = new_member(it, &group, "the second");
    it.send(other, "JoinGroup", 9, joining(&group, &two));
    until_rebalancing(it, &group, &one);
    it.ask("JoinGroup", 9, joining(&group, &one));
    it.answer(other);
}

fn a_member_comes_while_another_syncs(it: &mut Side<'_>) {
    let group = it.own("group");
    let (other, third) = (it.connect(), it.connect());
    let (one, two, generation) = group_of_two(it, &group, other);
    it.send(other, "SyncGroup", 3, syncing(&group, &generation, &two, json!([])));
    let three = new_member(it, &group, "the third");
    it.send(third, "JoinGroup", 5, joining(&group, &three));
    until_rebalancing(it, &group, &one);
    it.answer(other);
    it.ask("SyncGroup", 3, syncing(&group, &generation, &one, json!([assigned(&one, "01")])));
    it.send(other, "JoinGroup", 5, joining(&group, &two));
    it.ask("JoinGroup", 5, joining(&group, &one));
    it.answer(other);
    it.answer(third);
}

fn a_member_leaves_while_another_waits_to_sync(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let (one, two, generation) = group_of_two(it, &group, other);
    it.send(other, "SyncGroup", 3, syncing(&group, &generation, &two, json!([])));
    // The heartbeat goes by the same coordinator: when it is answered, the sync has been taken.
    it.ask("Heartbeat", 3, beating(&group, &generation, &one));
    it.ask("LeaveGroup", 1, json!({ "groupId": group, "memberId": two }));
    // The sync of the member that left is not looked at: Kafka 4.3.1 never answers it, Creel does at once.
    it.ask("Heartbeat", 3, beating(&group, &generation, &one));
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    it.ask("JoinGroup", 5, joining(&group, &one));
}

fn a_member_that_says_nothing_more(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let (one, _) = group_of_one(it, &group, "the first");
    let two = new_member(it, &group, "the second");
    let mut brief = joining(&group, &two);
    brief["sessionTimeoutMs"] = 6_000.into();
    it.send(other, "JoinGroup", 5, brief);
    until_rebalancing(it, &group, &one);
    let generation = it.quietly("JoinGroup", 5, joining(&group, &one))["generationId"].clone();
    it.quiet_answer(other);
    it.ask(
        "SyncGroup",
        3,
        syncing(&group, &generation, &one, json!([assigned(&one, "01"), assigned(&two, "02")])),
    );
    it.ask("SyncGroup", 3, syncing(&group, &generation, &two, json!([])));
    it.until("Heartbeat", 3, &beating(&group, &generation, &one), |answer| answer["errorCode"] == 27);
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    it.ask("JoinGroup", 5, joining(&group, &one));
}

fn a_member_joins_again(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let (one, two, generation) = group_of_two(it, &group, other);
    // In the middle of a rebalance, with the same protocols: the same answer.
    it.ask("JoinGroup", 5, joining(&group, &two));
    it.ask("JoinGroup", 5, joining(&group, &one));
    let plan = json!([assigned(&one, "01"), assigned(&two, "02")]);
    it.ask("SyncGroup", 3, syncing(&group, &generation, &one, plan));
    // A follower of a stable group that changes nothing gets its generation back.
    it.ask("JoinGroup", 5, joining(&group, &two));
    it.ask("SyncGroup", 3, syncing(&group, &generation, &two, json!([])));
    // One that changes its metadata begins a rebalance.
    let mut changed = joining(&group, &two);
    changed["protocols"] = json!([{ "name": "range", "metadata": "0002" }]);
    it.send(other, "JoinGroup", 5, changed);
    until_rebalancing(it, &group, &one);
    it.ask("JoinGroup", 5, joining(&group, &one));
    it.answer(other);
}

fn protocols_are_chosen_by_votes(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let offering = |group: &str, member: &Value, names: &[&str]| {
        let mut body = joining(group, member);
        body["protocols"] = names.iter().map(|name| json!({ "name": name, "metadata": "00" })).collect();
        body
    };
    let one = new_member(it, &group, "the first");
    it.ask("JoinGroup", 5, offering(&group, &one, &["range", "roundrobin", "sticky"]));
    let two = new_member(it, &group, "the second");
    it.ask("JoinGroup", 5, offering(&group, &two, &["unheard"]));
    it.send(other, "JoinGroup", 5, offering(&group, &two, &["sticky", "roundrobin"]));
    until_rebalancing(it, &group, &one);
    it.ask("JoinGroup", 5, offering(&group, &one, &["range", "roundrobin", "sticky"]));
    it.answer(other);
}

fn a_follower_syncs_first(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let (one, two, generation) = group_of_two(it, &group, other);
    it.send(other, "SyncGroup", 3, syncing(&group, &generation, &two, json!([])));
    it.ask("Heartbeat", 3, beating(&group, &generation, &two));
    // A plan that leaves a member out gives it an empty assignment.
    it.ask(
        "SyncGroup",
        3,
        syncing(&group, &generation, &one, json!([assigned(&one, "01"), assigned(&json!("stranger"), "03")])),
    );
    it.answer(other);
}

fn leaving_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("LeaveGroup") {
        let group = it.own(&format!("v{version}"));
        let (member, _) = group_of_one(it, &group, "the member");
        let body = match version {
            0..3 => json!({ "groupId": group, "memberId": member }),
            _ => json!({ "groupId": group, "members": [{ "memberId": member }, { "memberId": "stranger" }] }),
        };
        it.ask("LeaveGroup", version, body.clone());
        it.ask("LeaveGroup", version, body);
    }
    let group = it.own("pending");
    let pending = new_member(it, &group, "one that never joined");
    it.ask("LeaveGroup", 4, json!({ "groupId": group, "members": [{ "memberId": pending }] }));
    it.ask("JoinGroup", 5, joining(&group, &pending));
    it.ask("LeaveGroup", 4, json!({ "groupId": group, "members": [] }));
    it.ask("LeaveGroup", 4, json!({ "groupId": it.own("absent"), "members": [] }));
    it.ask("LeaveGroup", 1, json!({ "groupId": it.own("absent"), "memberId": "stranger" }));
    it.ask("LeaveGroup", 4, json!({ "groupId": "", "members": [{ "memberId": "stranger" }] }));
}

fn descriptions_in_each_version(it: &mut Side<'_>) {
    let group = it.own("group");
    group_of_one(it, &group, "the member");
    for version in it.versions("DescribeGroups") {
        it.ask("DescribeGroups", version, json!({ "groups": [group, it.own("absent")] }));
        it.ask("DescribeGroups", version, json!({ "groups": [group], "includeAuthorizedOperations": true }));
    }
    it.ask("DescribeGroups", 5, json!({ "groups": [] }));
    it.ask("DescribeGroups", 5, json!({ "groups": [group, group] }));
}

fn descriptions_of_states(it: &mut Side<'_>) {
    let group = it.own("group");
    let other = it.connect();
    let describe = json!({ "groups": [group] });
    let pending = new_member(it, &group, "one that never joined");
    // While nobody has joined, Kafka says Dead or Empty, as it comes.
    it.quietly("LeaveGroup", 1, json!({ "groupId": group, "memberId": pending }));
    let (one, two, generation) = group_of_two(it, &group, other);
    it.ask("DescribeGroups", 5, describe.clone());
    it.quietly("SyncGroup", 3, syncing(&group, &generation, &one, json!([assigned(&two, "02")])));
    it.ask("DescribeGroups", 5, describe.clone());
    it.quietly("LeaveGroup", 1, json!({ "groupId": group, "memberId": one }));
    it.ask("DescribeGroups", 5, describe.clone());
    it.quietly("LeaveGroup", 1, json!({ "groupId": group, "memberId": two }));
    it.ask("DescribeGroups", 5, describe);
}

fn listings(it: &mut Side<'_>) {
    let (stable, empty) = (it.own("stable"), it.own("empty"));
    group_of_one(it, &stable, "the member");
    let (member, _) = group_of_one(it, &empty, "the other");
    it.quietly("LeaveGroup", 1, json!({ "groupId": empty, "memberId": member }));
    let mine = |answer: &Value| -> String {
        let all = answer["groups"].as_array().into_iter().flatten();
        let mut mine: Vec<_> = all
            .filter(|one| one["groupId"] == *stable || one["groupId"] == *empty)
            .map(Value::to_string)
            .collect();
        mine.sort();
        mine.join(" ")
    };
    for version in it.versions("ListGroups") {
        let bodies = [
            json!({}),
            json!({ "statesFilter": ["Stable"] }),
            json!({ "statesFilter": ["empty", "STABLE"] }),
            json!({ "statesFilter": ["NoSuchState"] }),
            json!({ "typesFilter": ["classic"] }),
            json!({ "typesFilter": ["Consumer"] }),
            json!({ "typesFilter": ["nonsense"] }),
        ];
        for body in bodies {
            let answer = it.quietly("ListGroups", version, body.clone());
            it.note(&format!("v{version} {body}"), format!("{} {}", answer["errorCode"], mine(&answer)));
        }
    }
}

fn deletions(it: &mut Side<'_>) {
    for version in it.versions("DeleteGroups") {
        let (stable, empty) = (it.own(&format!("stable-{version}")), it.own(&format!("empty-{version}")));
        group_of_one(it, &stable, "the member");
        let (member, _) = group_of_one(it, &empty, "the other");
        it.quietly("LeaveGroup", 1, json!({ "groupId": empty, "memberId": member }));
        // While the last member's leaving is being written down, Creel asks for patience (15).
        let forget = json!({ "groupsNames": [empty] });
        let code = |answer: &Value| answer["results"][0]["errorCode"].clone();
        let forgotten = it.until("DeleteGroups", version, &forget, |answer| code(answer) != 15);
        it.note("forgotten", code(&forgotten));
        it.ask("DeleteGroups", version, json!({ "groupsNames": [stable, empty, it.own("absent")] }));
        it.ask("DeleteGroups", version, json!({ "groupsNames": [] }));
        it.ask("DescribeGroups", 5, json!({ "groups": [empty, stable] }));
    }
}

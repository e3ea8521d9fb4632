//! Groups, and what is wrong with a request.

use serde_json::{Value, json};

use super::groups::{assigned, beating, group_of_one, joining, new_member, syncing};
use super::prepare::and;
use super::stories;
use crate::side::Side;

stories! { "groups-wrong":
    groups_without_a_name,
    members_nobody_knows,
    generations_that_are_not_now,
    session_timeouts,
    protocols_that_do_not_fit,
    syncs_with_other_protocols,
    a_full_group,
    a_pending_member_acts,
    groups_nobody_knows,
    after_the_last_member_left,
}

fn groups_without_a_name(it: &mut Side<'_>) {
    let member = json!("m");
    for version in it.versions("JoinGroup") {
        it.ask("JoinGroup", version, joining("", &member));
    }
    for version in it.versions("SyncGroup") {
        it.ask("SyncGroup", version, syncing("", &json!(1), &member, json!([])));
    }
    for version in it.versions("Heartbeat") {
        it.ask("Heartbeat", version, beating("", &json!(1), &member));
    }
    for version in it.versions("LeaveGroup") {
        it.ask("LeaveGroup", version, json!({ "groupId": "", "memberId": "m" }));
    }
}

fn members_nobody_knows(it: &mut Side<'_>) {
    let group = it.own("group");
    let (_, generation) = group_of_one(it, &group, "the member");
    let stranger = json!("stranger");
    for version in [0, 3, 5, 9] {
        it.ask("JoinGroup", version, joining(&group, &stranger));
    }
    for stranger in [json!("stranger"), json!("")] {
        for version in it.versions("SyncGroup") {
            it.ask("SyncGroup", version, syncing(&group, &generation, &stranger, json!([])));
        }
        for version in it.versions("Heartbeat") {
            it.ask("Heartbeat", version, beating(&group, &generation, &stranger));
        }
        for version in it.versions("LeaveGroup") {
            let body = match version {
                0..3 => json!({ "groupId": group, "memberId": stranger }),
                _ => json!({ "groupId": group, "members": [{ "memberId": stranger }] }),
            };
            it.ask("LeaveGroup", version, body);
        }
    }
}

fn generations_that_are_not_now(it: &mut Side<'_>) {
    let group = it.own("group");
    let (member, generation) = group_of_one(it, &group, "the member");
    for off in [-1, 1, -2] {
        let wrong = json!(generation.as_i64().unwrap_or(0) + off);
        it.ask("SyncGroup", 3, syncing(&group, &wrong, &member, json!([assigned(&member, "01")])));
        it.ask("Heartbeat", 3, beating(&group, &wrong, &member));
    }
    it.ask("Heartbeat", 3, beating(&group, &generation, &member));
}

fn session_timeouts(it: &mut Side<'_>) {
    let group = it.own("group");
    for timeout in [0, -1, 5_999, 6_000, 1_800_000, 1_800_001, i32::MAX] {
        for version in [0, 4, 9] {
            it.ask(
                "JoinGroup",
                version,
                and(
                    joining(&format!("{group}-{timeout}-{version}"), &json!("")),
                    "sessionTimeoutMs",
                    timeout,
                ),
            );
        }
    }
    for timeout in [0, -1] {
        let group = format!("{group}-rebalance-{timeout}");
        let member = new_member(it, &group, "the member");
        it.ask("JoinGroup", 5, and(joining(&group, &member), "rebalanceTimeoutMs", timeout));
    }
}

fn protocols_that_do_not_fit(it: &mut Side<'_>) {
    let group = it.own("group");
    let empty = it.own("empty");
    for version in [1, 5, 9] {
        let nothing = and(joining(&empty, &json!("")), "protocols", json!([]));
        it.ask("JoinGroup", version, nothing);
        it.ask("JoinGroup", version, and(joining(&empty, &json!("")), "protocolType", ""));
    }
    group_of_one(it, &group, "the member");
    let other = json!([{ "name": "other", "metadata": "00" }]);
    for version in [1, 5, 9] {
        it.ask("JoinGroup", version, and(joining(&group, &json!("")), "protocolType", "connect"));
        it.ask("JoinGroup", version, and(joining(&group, &json!("")), "protocols", other.clone()));
        it.ask("JoinGroup", version, and(joining(&group, &json!("")), "protocols", json!([])));
    }
}

fn syncs_with_other_protocols(it: &mut Side<'_>) {
    let group = it.own("group");
    let (member, generation) = group_of_one(it, &group, "the member");
    let right = syncing(&group, &generation, &member, json!([]));
    for version in [4, 5] {
        it.ask("SyncGroup", version, and(right.clone(), "protocolType", "connect"));
        it.ask("SyncGroup", version, and(right.clone(), "protocolName", "other"));
        it.ask("SyncGroup", version, and(right.clone(), "protocolType", Value::Null));
        it.ask("SyncGroup", version, and(right.clone(), "protocolName", Value::Null));
        it.ask(
            "SyncGroup",
            version,
            and(and(right.clone(), "protocolName", Value::Null), "protocolType", Value::Null),
        );
    }
}

/// Both brokers have `group.max.size=4`.
fn a_full_group(it: &mut Side<'_>) {
    let group = it.own("group");
    let (one, _) = group_of_one(it, &group, "the first");
    let others: Vec<_> =
        ["the second", "the third", "the fourth"].map(|name| new_member(it, &group, name)).into();
    for member in &others {
        let wire = it.connect();
        it.send(wire, "JoinGroup", 5, joining(&group, member));
        // By the time a second connection is answered, the join has been taken.
        it.until("DescribeGroups", 5, &json!({ "groups": [group] }), |answer| {
            let members = answer["groups"][0]["members"].as_array();
            members.is_some_and(|all| all.iter().any(|one| one["memberId"] == *member))
        });
    }
    it.ask("JoinGroup", 5, joining(&group, &one));
    for version in [3, 5, 9] {
        it.ask("JoinGroup", version, joining(&group, &json!("")));
    }
}

fn a_pending_member_acts(it: &mut Side<'_>) {
    let group = it.own("group");
    let (member, generation) = group_of_one(it, &group, "the member");
    let pending = new_member(it, &group, "one that never joined");
    it.ask("Heartbeat", 3, beating(&group, &generation, &pending));
    it.ask("SyncGroup", 3, syncing(&group, &generation, &pending, json!([])));
    it.ask("LeaveGroup", 1, json!({ "groupId": group, "memberId": pending }));
    it.ask("JoinGroup", 5, joining(&group, &pending));
    it.ask("Heartbeat", 3, beating(&group, &generation, &member));
}

fn groups_nobody_knows(it: &mut Side<'_>) {
    let group = it.own("group");
    for version in [0, 3, 4, 9] {
        it.ask("JoinGroup", version, joining(&group, &json!("stranger")));
    }
    it.ask("SyncGroup", 3, syncing(&group, &json!(1), &json!("stranger"), json!([])));
    it.ask("SyncGroup", 3, syncing(&group, &json!(0), &json!(""), json!([])));
    it.ask("Heartbeat", 3, beating(&group, &json!(1), &json!("stranger")));
    it.ask("LeaveGroup", 0, json!({ "groupId": group, "memberId": "stranger" }));
    it.ask("LeaveGroup", 4, json!({ "groupId": group, "members": [{ "memberId": "stranger" }] }));
}

fn after_the_last_member_left(it: &mut Side<'_>) {
    let group = it.own("group");
    let (member, generation) = group_of_one(it, &group, "the member");
    it.ask("LeaveGroup", 1, json!({ "groupId": group, "memberId": member }));
    it.ask("Heartbeat", 3, beating(&group, &generation, &member));
    it.ask("SyncGroup", 3, syncing(&group, &generation, &member, json!([])));
    it.ask("JoinGroup", 5, joining(&group, &member));
    let again = new_member(it, &group, "the member come back");
    it.ask("JoinGroup", 5, joining(&group, &again));
}

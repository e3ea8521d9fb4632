//! Members that keep their place under a name of their own (KIP-345).

use serde_json::{Value, json};

use super::groups::{assigned, beating, joining, syncing};
use super::prepare::and;
use super::stories;
use crate::side::Side;

stories! { "static-members":
    one_in_each_version,
    replaced_in_a_stable_group,
    the_old_one_is_fenced,
    leaving_by_instance,
    names_that_cannot_be,
    commits,
    changed_metadata_begins_a_rebalance,
}

fn as_instance(body: Value, instance: &str) -> Value {
    and(body, "groupInstanceId", instance)
}

/// A group of one static member: its id and generation.
fn group_of_one(it: &mut Side<'_>, group: &str, instance: &str, name: &str) -> (Value, Value) {
    let joined = it.quietly("JoinGroup", 5, as_instance(joining(group, &json!("")), instance));
    let member = it.name(name, &joined["memberId"]);
    let generation = joined["generationId"].clone();
    it.quietly(
        "SyncGroup",
        3,
        as_instance(syncing(group, &generation, &member, json!([assigned(&member, "01")])), instance),
    );
    (member, generation)
}

fn one_in_each_version(it: &mut Side<'_>) {
    for version in it.versions("JoinGroup").into_iter().filter(|version| *version >= 5) {
        let group = it.own(&format!("v{version}"));
        let joined = it.quietly("JoinGroup", version, as_instance(joining(&group, &json!("")), "i"));
        let member = it.name("the member", &joined["memberId"]);
        let generation = joined["generationId"].clone();
        it.ask("JoinGroup", version, as_instance(joining(&group, &member), "i"));
        let sync = version.min(it.latest("SyncGroup"));
        it.ask(
            "SyncGroup",
            sync,
            as_instance(syncing(&group, &generation, &member, json!([assigned(&member, "01")])), "i"),
        );
        it.ask("Heartbeat", 4, as_instance(beating(&group, &generation, &member), "i"));
        it.ask("DescribeGroups", 4, json!({ "groups": [group] }));
    }
}

fn replaced_in_a_stable_group(it: &mut Side<'_>) {
    for version in it.versions("JoinGroup").into_iter().filter(|version| *version >= 5) {
        let group = it.own(&format!("v{version}"));
        let (old, generation) = group_of_one(it, &group, "i", "the old");
        it.send(0, "JoinGroup", version, as_instance(joining(&group, &json!("")), "i"));
        let joined = it.quiet_answer(0);
        let new = it.name("the new", &joined["memberId"]);
        it.note("generation", format!("{} {}", generation, joined["generationId"]));
        it.note(
            "leader",
            if joined["leader"] == new {
                "the new"
            } else if joined["leader"] == old {
                "the old"
            } else {
                "none"
            },
        );
        it.note("skip", joined["skipAssignment"].clone());
        it.note("members", joined["members"].as_array().map_or(0, Vec::len));
        it.note("error", joined["errorCode"].clone());
        it.ask("SyncGroup", 5, as_instance(syncing(&group, &joined["generationId"], &new, json!([])), "i"));
        it.ask("Heartbeat", 4, as_instance(beating(&group, &generation, &old), "i"));
        it.ask("Heartbeat", 4, as_instance(beating(&group, &joined["generationId"], &new), "i"));
    }
}

fn the_old_one_is_fenced(it: &mut Side<'_>) {
    let group = it.own("group");
    let (old, generation) = group_of_one(it, &group, "i", "the old");
    let joined = it.quietly("JoinGroup", 5, as_instance(joining(&group, &json!("")), "i"));
    it.name("the new", &joined["memberId"]);
    it.ask("Heartbeat", 3, as_instance(beating(&group, &generation, &old), "i"));
    it.ask("Heartbeat", 3, beating(&group, &generation, &old));
    it.ask("SyncGroup", 3, as_instance(syncing(&group, &generation, &old, json!([])), "i"));
    it.ask("JoinGroup", 5, as_instance(joining(&group, &old), "i"));
    it.ask("JoinGroup", 5, as_instance(joining(&group, &json!("stranger")), "other"));
    it.ask(
        "LeaveGroup",
        3,
        json!({ "groupId": group, "members": [{ "memberId": old, "groupInstanceId": "i" }] }),
    );
    it.ask("Heartbeat", 3, as_instance(beating(&group, &generation, &old), "nobody"));
}

fn leaving_by_instance(it: &mut Side<'_>) {
    for version in [3, 4, 5] {
        let group = it.own(&format!("v{version}"));
        let (member, generation) = group_of_one(it, &group, "i", "the member");
        it.ask(
            "LeaveGroup",
            version,
            json!({ "groupId": group, "members": [
            { "memberId": "", "groupInstanceId": "nobody" },
            { "memberId": "stranger", "groupInstanceId": "i" },
            { "memberId": "", "groupInstanceId": "i" },
        ] }),
        );
        it.ask("Heartbeat", 3, as_instance(beating(&group, &generation, &member), "i"));
    }
}

fn names_that_cannot_be(it: &mut Side<'_>) {
    let group = it.own("group");
    let long = "x".repeat(250);
    for name in ["", ".", "..", "a b", "a/b", &long] {
        it.ask("JoinGroup", 5, as_instance(joining(&group, &json!("stranger")), name));
        it.ask("Heartbeat", 3, as_instance(beating(&group, &json!(1), &json!("stranger")), name));
    }
}

fn commits(it: &mut Side<'_>) {
    let group = it.own("group");
    let name = it.own("topic");
    super::prepare::topic(it, &name, 1);
    let (old, generation) = group_of_one(it, &group, "i", "the old");
    let body = |member: &Value| {
        let topics = json!([{ "name": name, "partitions": [{ "partitionIndex": 0, "committedOffset": 3 }] }]);
        json!({ "groupId": group, "generationIdOrMemberEpoch": generation, "memberId": member, "groupInstanceId": "i", "topics": topics })
    };
    it.ask("OffsetCommit", 7, body(&old));
    let joined = it.quietly("JoinGroup", 5, as_instance(joining(&group, &json!("")), "i"));
    let new = it.name("the new", &joined["memberId"]);
    it.ask("OffsetCommit", 7, body(&old));
    it.ask("OffsetCommit", 7, body(&new));
}

fn changed_metadata_begins_a_rebalance(it: &mut Side<'_>) {
    let group = it.own("group");
    group_of_one(it, &group, "i", "the old");
    let changed =
        and(joining(&group, &json!("")), "protocols", json!([{ "name": "range", "metadata": "0002" }]));
    let joined = it.quietly("JoinGroup", 9, as_instance(changed, "i"));
    it.name("the new", &joined["memberId"]);
    for field in ["errorCode", "generationId", "skipAssignment", "protocolName"] {
        it.note(field, joined[field].clone());
    }
}

//! OffsetCommit, OffsetFetch, OffsetDelete.

use serde_json::{Value, json};

use super::groups::{group_of_one, joining, new_member};
use super::prepare::{and, topic};
use super::stories;
use crate::side::Side;

stories! { "offsets":
    committed_in_each_version,
    fetched_in_each_version,
    by_a_member,
    by_strangers,
    of_partitions_that_do_not_exist,
    metadata_texts,
    nothing_committed,
    all_of_a_group,
    several_groups,
    while_a_rebalance_goes_on,
    deleted,
    of_a_topic_that_was_deleted,
}

fn offset(topic: &str, id: &Value, partition: i32, offset: i64) -> Value {
    let one =
        json!({ "partitionIndex": partition, "committedOffset": offset, "committedMetadata": "by hand" });
    json!([{ "name": topic, "topicId": id, "partitions": [one] }])
}

fn commit(group: &str, topics: Value) -> Value {
    json!({ "groupId": group, "generationIdOrMemberEpoch": -1, "memberId": "", "topics": topics })
}

fn wanted(group: &str, topic: &str, id: &Value, partitions: &[i32], version: i16) -> Value {
    let topics = json!([{ "name": topic, "topicId": id, "partitionIndexes": partitions }]);
    match version {
        0..8 => json!({ "groupId": group, "topics": [{ "name": topic, "partitionIndexes": partitions }] }),
        _ => json!({ "groups": [{ "groupId": group, "topics": topics }] }),
    }
}

fn committed_in_each_version(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 2);
    for version in it.versions("OffsetCommit") {
        it.ask("OffsetCommit", version, commit(&group, offset(&name, &id, 0, i64::from(version))));
        it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0, 1], 7));
    }
    it.ask("OffsetCommit", 8, commit(&group, json!([])));
    it.ask("OffsetCommit", 8, commit(&group, offset(&name, &id, 0, -1)));
    it.ask("OffsetCommit", 8, commit(&group, offset(&name, &id, 0, -7)));
    it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0, 1], 7));
}

fn fetched_in_each_version(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 3);
    let mut body = commit(&group, offset(&name, &id, 0, 42));
    body["topics"][0]["partitions"][0]["committedLeaderEpoch"] = 0.into();
    it.ask("OffsetCommit", 6, body);
    for version in it.versions("OffsetFetch") {
        it.ask("OffsetFetch", version, wanted(&group, &name, &id, &[0, 1, 9], version));
        it.ask("OffsetFetch", version, and(wanted(&group, &name, &id, &[0], version), "requireStable", true));
        if version < 10 {
            it.ask("OffsetFetch", version, wanted(&group, &it.own("absent"), &id, &[0], version));
        }
    }
}

fn by_a_member(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    let (member, generation) = group_of_one(it, &group, "the member");
    for version in it.versions("OffsetCommit") {
        for (member, generation) in [
            (member.clone(), generation.clone()),
            (member.clone(), json!(generation.as_i64().unwrap_or(0) + 1)),
            (member.clone(), json!(generation.as_i64().unwrap_or(0) - 1)),
            (member.clone(), json!(-1)),
            (json!("stranger"), generation.clone()),
            (json!(""), generation.clone()),
            (json!(""), json!(-1)),
        ] {
            let body = and(
                and(commit(&group, offset(&name, &id, 0, 5)), "memberId", member),
                "generationIdOrMemberEpoch",
                generation,
            );
            it.ask("OffsetCommit", version, body);
        }
    }
    it.quietly("LeaveGroup", 1, json!({ "groupId": group, "memberId": member }));
    it.ask("OffsetCommit", 7, commit(&group, offset(&name, &id, 0, 6)));
    it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0], 7));
}

fn by_strangers(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    for version in it.versions("OffsetCommit") {
        let body = commit(&group, offset(&name, &id, 0, 5));
        it.ask(
            "OffsetCommit",
            version,
            and(and(body.clone(), "memberId", "stranger"), "generationIdOrMemberEpoch", 1),
        );
        it.ask("OffsetCommit", version, and(body.clone(), "generationIdOrMemberEpoch", 0));
        it.ask("OffsetCommit", version, and(body.clone(), "memberId", "stranger"));
        it.ask("OffsetCommit", version, and(body, "groupId", ""));
    }
}

fn of_partitions_that_do_not_exist(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    let strange = json!("0123456789abcdef0123456789abcdef");
    it.name("an id nobody gave", &strange);
    for version in [2, 7, 9] {
        it.ask("OffsetCommit", version, commit(&group, offset(&name, &id, 9, 5)));
        it.ask("OffsetCommit", version, commit(&group, offset(&name, &id, -1, 5)));
        it.ask("OffsetCommit", version, commit(&group, offset(&it.own("absent"), &id, 0, 5)));
        it.ask("OffsetCommit", version, commit(&group, offset("a b", &id, 0, 5)));
    }
    it.ask("OffsetCommit", 10, commit(&group, offset(&name, &strange, 0, 5)));
    it.ask("OffsetCommit", 10, commit(&group, offset(&name, &id, 9, 5)));
    it.ask("OffsetFetch", 10, wanted(&group, &name, &strange, &[0], 10));
    it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0, 9], 7));
}

fn metadata_texts(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    for text in [
        json!(null),
        json!(""),
        json!("é"),
        json!("x".repeat(4096)),
        json!("x".repeat(4097)),
        json!("é".repeat(2049)),
    ] {
        let mut body = commit(&group, offset(&name, &id, 0, 5));
        body["topics"][0]["partitions"][0]["committedMetadata"] = text;
        it.ask("OffsetCommit", 7, body);
        it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0], 7));
    }
}

fn nothing_committed(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    for version in it.versions("OffsetFetch") {
        it.ask("OffsetFetch", version, wanted(&group, &name, &id, &[0, -1], version));
        it.ask("OffsetFetch", version, wanted("", &name, &id, &[0], version));
    }
}

fn all_of_a_group(it: &mut Side<'_>) {
    let (one, two, group) = (it.own("one"), it.own("two"), it.own("group"));
    let (id, other) = (topic(it, &one, 2), topic(it, &two, 1));
    it.ask("OffsetCommit", 7, commit(&group, offset(&one, &id, 1, 5)));
    it.ask("OffsetCommit", 7, commit(&group, offset(&two, &other, 0, 6)));
    for version in it.versions("OffsetFetch").into_iter().filter(|version| *version >= 2) {
        let asked = |group: &str, topics: Value| match version {
            0..8 => json!({ "groupId": group, "topics": topics }),
            _ => json!({ "groups": [{ "groupId": group, "topics": topics }] }),
        };
        it.ask("OffsetFetch", version, asked(&group, json!(null)));
        it.ask("OffsetFetch", version, asked(&group, json!([])));
        it.ask("OffsetFetch", version, asked(&it.own("absent"), json!(null)));
    }
}

fn several_groups(it: &mut Side<'_>) {
    let (name, one, two) = (it.own("topic"), it.own("one"), it.own("two"));
    let id = topic(it, &name, 1);
    it.ask("OffsetCommit", 7, commit(&one, offset(&name, &id, 0, 5)));
    it.ask("OffsetCommit", 7, commit(&two, offset(&name, &id, 0, 6)));
    let topics = json!([{ "name": name, "topicId": id, "partitionIndexes": [0] }]);
    for version in [8, 9, 10] {
        it.ask("OffsetFetch", version, json!({ "groups": [
            { "groupId": one, "topics": topics }, { "groupId": two, "topics": null }, { "groupId": it.own("absent"), "topics": topics },
        ] }));
        it.ask("OffsetFetch", version, json!({ "groups": [] }));
        it.ask(
            "OffsetFetch",
            version,
            json!({ "groups": [{ "groupId": one, "topics": topics }, { "groupId": one, "topics": null }] }),
        );
    }
    for epoch in [-1, 0, 5] {
        it.ask("OffsetFetch", 9, json!({ "groups": [{ "groupId": one, "topics": topics, "memberId": "stranger", "memberEpoch": epoch }] }));
    }
}

fn while_a_rebalance_goes_on(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    let member = new_member(it, &group, "the member");
    let joined = it.quietly("JoinGroup", 5, joining(&group, &member));
    let generation = joined["generationId"].clone();
    let body = and(
        and(commit(&group, offset(&name, &id, 0, 5)), "memberId", member.clone()),
        "generationIdOrMemberEpoch",
        generation.clone(),
    );
    // The leader has not brought its plan yet.
    it.ask("OffsetCommit", 7, body);
    it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0], 7));
    it.ask("Heartbeat", 3, super::groups::beating(&group, &generation, &member));
}

fn deleted(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 2);
    it.ask("OffsetCommit", 7, commit(&group, offset(&name, &id, 0, 5)));
    let delete = |group: &str, topic: &str, partitions: &[i32]| {
        let partitions: Vec<_> = partitions.iter().map(|index| json!({ "partitionIndex": index })).collect();
        json!({ "groupId": group, "topics": [{ "name": topic, "partitions": partitions }] })
    };
    it.ask("OffsetDelete", 0, delete(&group, &name, &[0, 1, 9]));
    it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0], 7));
    it.ask("OffsetDelete", 0, delete(&group, &it.own("absent"), &[0]));
    it.ask("OffsetDelete", 0, delete(&it.own("absent"), &name, &[0]));
    it.ask("OffsetDelete", 0, delete("", &name, &[0]));
    it.ask("OffsetDelete", 0, delete(&group, &name, &[]));
    it.ask("OffsetDelete", 0, json!({ "groupId": group, "topics": [] }));
    let busy = it.own("busy");
    let (member, generation) = group_of_one(it, &busy, "the member");
    let body = and(
        and(commit(&busy, offset(&name, &id, 0, 5)), "memberId", member),
        "generationIdOrMemberEpoch",
        generation,
    );
    it.ask("OffsetCommit", 7, body);
    it.ask("OffsetDelete", 0, delete(&busy, &name, &[0]));
}

fn of_a_topic_that_was_deleted(it: &mut Side<'_>) {
    let (name, group) = (it.own("topic"), it.own("group"));
    let id = topic(it, &name, 1);
    it.ask("OffsetCommit", 7, commit(&group, offset(&name, &id, 0, 5)));
    it.quietly("DeleteTopics", 5, json!({ "topicNames": [name], "timeoutMs": 60_000 }));
    let gone = json!({ "groupId": group, "topics": null });
    it.until("OffsetFetch", 7, &gone, |answer| answer["topics"].as_array().is_some_and(Vec::is_empty));
    it.ask("OffsetFetch", 7, gone);
    it.ask("OffsetFetch", 7, wanted(&group, &name, &id, &[0], 7));
}

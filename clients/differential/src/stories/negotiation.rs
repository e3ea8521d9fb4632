//! Versions, headers, and what is no request at all.

use serde_json::json;

use super::stories;
use crate::encode;
use crate::side::Side;

stories! { "negotiation":
    each_version_of_api_versions,
    names_of_clients,
    an_unknown_version_of_api_versions,
    unknown_versions_of_others,
    unknown_keys,
    bodies_that_end_too_early,
    bytes_after_the_body,
    frames_of_wrong_sizes,
    tags_nobody_knows,
    a_client_without_a_name,
    answers_come_in_order,
}

fn named(name: &str, version: &str) -> serde_json::Value {
    json!({ "clientSoftwareName": name, "clientSoftwareVersion": version })
}

fn each_version_of_api_versions(it: &mut Side<'_>) {
    for version in it.versions("ApiVersions") {
        it.ask("ApiVersions", version, named("story", "1.0"));
    }
}

fn names_of_clients(it: &mut Side<'_>) {
    for name in ["", "-a", "a.", "a b", "a_b", "é", "a--b", "a"] {
        it.ask("ApiVersions", 3, named(name, "1"));
        let answer = it.ask("ApiVersions", 4, named("a", name));
        it.note(name, answer["errorCode"].clone());
    }
}

fn an_unknown_version_of_api_versions(it: &mut Side<'_>) {
    for version in [5, 99, i16::MAX] {
        let mut frame = encode::header(18, version, 7777, true);
        frame.extend(b"whatever a later version brings");
        it.send_frame(0, "ApiVersions", 0, &frame);
        it.answer(0);
    }
    let frame = encode::header(18, -1, 7777, false);
    it.send_frame(0, "ApiVersions", 0, &frame);
    it.answer(0);
}

fn unknown_versions_of_others(it: &mut Side<'_>) {
    for (key, name, version) in [
        (0, "Produce", 2),
        (0, "Produce", 14),
        (1, "Fetch", 3),
        (1, "Fetch", 19),
        (3, "Metadata", 14),
        (2, "ListOffsets", 12),
    ] {
        let wire = it.connect();
        let mut frame = encode::header(key, version, 7777, version > 8);
        frame.extend([0; 40]);
        it.send_frame(wire, name, 4, &frame);
        it.answer(wire);
    }
}

fn unknown_keys(it: &mut Side<'_>) {
    for key in [-1, 1000, i16::MAX] {
        let wire = it.connect();
        it.send_frame(wire, "ApiVersions", 0, &encode::header(key, 0, 7777, false));
        it.answer(wire);
    }
}

fn bodies_that_end_too_early(it: &mut Side<'_>) {
    for (api, version) in [
        ("Metadata", 1),
        ("Metadata", 12),
        ("Produce", 3),
        ("Fetch", 12),
        ("ApiVersions", 3),
        ("JoinGroup", 0),
    ] {
        let wire = it.connect();
        let body = match api {
            "Metadata" => json!({ "topics": [{ "name": "x" }], "allowAutoTopicCreation": false }),
            _ => json!({}),
        };
        let mut frame = it.frame(api, version, &body);
        frame.truncate(frame.len() - 1);
        it.send_frame(wire, api, version, &frame);
        it.answer(wire);
    }
}

fn bytes_after_the_body(it: &mut Side<'_>) {
    for (api, version) in [("Metadata", 1), ("Metadata", 12), ("ApiVersions", 0)] {
        let wire = it.connect();
        let mut frame = it.frame(api, version, &json!({}));
        frame.extend([0; 3]);
        it.send_frame(wire, api, version, &frame);
        let answer = it.answer(wire);
        it.note("closed", answer.get("no answer").is_some());
    }
}

fn frames_of_wrong_sizes(it: &mut Side<'_>) {
    for size in [-1, i32::MIN, i32::MAX, 104_857_601, 0, 1, 4, 7] {
        let wire = it.connect();
        let mut bytes = size.to_be_bytes().to_vec();
        bytes.extend(vec![0; size.clamp(0, 7) as usize]);
        it.send_raw(wire, "ApiVersions", 0, &bytes);
        it.answer(wire);
    }
}

fn tags_nobody_knows(it: &mut Side<'_>) {
    for (api, version) in [("Metadata", 12), ("ApiVersions", 3), ("InitProducerId", 4)] {
        let body = match api {
            "Metadata" => json!({ "topics": [] }),
            "ApiVersions" => named("story", "1"),
            _ => json!({ "transactionalId": null, "transactionTimeoutMs": 1000 }),
        };
        let mut frame = it.frame(api, version, &body);
        let header = encode::header(0, 0, 0, true).len();
        // One tag in the header, two in the body: numbers 30 and 31, of two bytes and of none.
        frame.pop();
        frame.extend([2, 30, 2, 0xca, 0xfe, 31, 0]);
        frame.splice(header - 1..header, [1, 30, 2, 0xca, 0xfe]);
        it.send_frame(0, api, version, &frame);
        it.answer(0);
    }
}

fn a_client_without_a_name(it: &mut Side<'_>) {
    let mut frame = it.frame("Metadata", 1, &json!({ "topics": [] }));
    frame.splice(8..15, [0xff, 0xff]);
    it.send_frame(0, "Metadata", 1, &frame);
    it.answer(0);
}

fn answers_come_in_order(it: &mut Side<'_>) {
    for turn in 0..3 {
        it.send(0, "Metadata", 12, json!({ "topics": [] }));
        it.send(0, "ApiVersions", 4, named("story", "1"));
        it.send(0, "FindCoordinator", turn, json!({ "key": "group" }));
        it.send(0, "ListGroups", 3, json!({}));
    }
    (0..12).for_each(|_| {
        let answer = it.quiet_answer(0);
        it.note("error", answer["errorCode"].clone());
    });
}

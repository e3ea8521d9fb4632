//! What cannot be answered: old and new versions, unknown keys, garbage. Nobody else notices.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod support;

use creel_wire::api::api_versions::{self, ApiVersionsRequest};
use creel_wire::api::metadata::MetadataRequest;
use creel_wire::{ApiKey, ErrorCode, Request};
use support::story;

/// A frame with only a header: v1, no client id.
fn header_only(key: i16, version: i16) -> Vec<u8> {
    let mut frame = vec![0, 0, 0, 10];
    frame.extend_from_slice(&key.to_be_bytes());
    frame.extend_from_slice(&version.to_be_bytes());
    frame.extend_from_slice(&[0, 0, 0, 7, 0xff, 0xff]);
    frame
}

#[test]
fn every_api_listed_is_known_and_listed_once() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        let named = ApiVersionsRequest {
            client_software_name: "story".into(),
            client_software_version: "1.0".into(),
        };
        for version in ApiVersionsRequest::VERSIONS.each() {
            let response = client.call(version, &named).await;
            assert_eq!(response.error_code, ErrorCode::None);
            let keys: Vec<_> = response.api_keys.iter().map(|one| one.api_key).collect();
            assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
            let produce = &response.api_keys[0];
            assert_eq!((produce.min_version, produce.max_version), (0, 13), "old librdkafka asks for 0");
        }
        let unnamed = client.call(3, &ApiVersionsRequest::default()).await;
        assert_eq!(unnamed.error_code, ErrorCode::InvalidRequest);
    });
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    story(&[], |broker| async move {
        let mut client = broker.connect().await;
        client.send_raw(&header_only(ApiKey::ApiVersions.code(), 99)).await;
        let frame = client.receive_frame().await.unwrap();
        assert_eq!(frame[..4], [0, 0, 0, 7]);
        let response = api_versions::decode_response(frame, 0).unwrap();
        assert_eq!(response.error_code, ErrorCode::UnsupportedVersion);
        assert_eq!(response.api_keys.len(), 1);
        // The connection goes on.
        client.call(1, &MetadataRequest::default()).await;
    });
}

#[test]
fn what_cannot_be_answered_closes_its_own_connection_only() {
    let garbage: Vec<Vec<u8>> = vec![
        header_only(ApiKey::Metadata.code(), 99),
        header_only(ApiKey::Produce.code(), 2),
        header_only(999, 0),
        header_only(-1, 0),
        header_only(ApiKey::Metadata.code(), 1),
        vec![0x7f, 0xff, 0xff, 0xff],
        vec![0xff, 0xff, 0xff, 0xff, 1, 2, 3],
        vec![0, 0, 0, 0],
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3],
    ];
    story(&["socket.request.max.bytes=1000000"], move |broker| {
        let garbage = garbage.clone();
        async move {
            let mut bystander = broker.connect().await;
            for bytes in garbage {
                let mut client = broker.connect().await;
                client.send_raw(&bytes).await;
                assert_eq!(client.receive_frame().await, None, "{bytes:x?}");
                bystander.call(1, &MetadataRequest::default()).await;
            }
        }
    });
}

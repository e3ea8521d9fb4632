//! Documents that are made from the code: `docs/protocol.md` and `docs/configuration.md`.
//!
//! Each is written from the code's own tables and compared with the committed file. To write them anew:
//! `UPDATE_EXPECT=1 cargo test -p creel-server --test documents`.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod configuration;
mod protocol;
#[path = "../support/mod.rs"]
mod support;

use std::fmt::Write as _;

use expect_test::expect_file;

#[test]
fn the_protocol_is_as_its_document_says() {
    expect_file!["../../../docs/protocol.md"].assert_eq(&protocol::text());
}

#[test]
fn the_settings_are_as_their_document_says() {
    expect_file!["../../../docs/configuration.md"].assert_eq(&configuration::text());
}

/// A table in Markdown.
fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = row(&head.map(str::to_owned)) + &row(&head.map(|_| "---".to_owned()));
    for cells in rows {
        text += &row(&cells);
    }
    text
}

fn row(cells: &[String]) -> String {
    let mut text = String::from("|");
    for cell in cells {
        write!(text, " {} |", cell.replace('|', "\\|")).unwrap();
    }
    text + "\n"
}

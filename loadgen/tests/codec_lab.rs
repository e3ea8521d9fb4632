//! The codec lab: ratio and speed on the user's own records, without a broker.

#![allow(clippy::unwrap_used)] // helper functions of tests may, as tests do

mod support;

use serde_json::Value;
use std::fs;
use support::Loadgen;

const QUICK: &str = "--passes 2 --cell-time 1ms --sample 64k";

fn lines() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> =
        (0..500).map(|i| format!("line {i}: {}", "lorem ipsum ".repeat(i % 9))).collect();
    fs::write(file.path(), lines.join("\n")).unwrap();
    file
}

fn cells(json: &Value) -> &Vec<Value> {
    json["cells"].as_array().unwrap()
}

#[test]
fn ratio_and_speed_are_told_for_each_codec_and_batch_size() {
    let file = lines();
    let more = format!("--payload {} --codecs lz4,zstd:1,zstd:19 --batch-bytes 1k,8k", file.path().display());
    let ran = Loadgen::command("lab", &format!("{QUICK} {more}")).ran().expect(0);
    let cells = cells(ran.json());
    assert_eq!(cells.len(), 6);
    let ratio = |batch: u64, codec: &str| {
        let is_it = |cell: &&Value| cell["batch_bytes"] == batch && cell["codec"] == codec;
        cells.iter().find(is_it).unwrap()["ratio"].as_f64().unwrap()
    };
    assert!(ratio(8192, "zstd:19") > ratio(1024, "zstd:19"), "larger batches compress better: {cells:?}");
    assert!(ratio(8192, "zstd:19") > ratio(8192, "lz4"), "{cells:?}");
    for cell in cells {
        for direction in ["compress", "decompress"] {
            assert!(cell[direction]["mb_per_s"].as_f64().unwrap() > 0.0, "{cell}");
        }
    }
    assert!(ran.told().contains("zstd:19") && ran.told().contains("batches of 8192 B"), "{}", ran.stdout);
}

#[test]
fn a_file_too_small_for_a_batch_size_is_said_to_be() {
    let file = lines();
    let more = format!("--payload {} --codecs lz4 --batch-bytes 1k,1M", file.path().display());
    let ran = Loadgen::command("lab", &format!("{QUICK} {more}")).ran().expect(0);
    assert_eq!(cells(ran.json()).len(), 1);
    assert!(ran.told().contains("fill no batch of 1048576 B"), "{}", ran.stdout);
    let more = format!("--payload {} --batch-bytes 1M", file.path().display());
    let ran = Loadgen::command("lab", &more).ran().expect(2);
    assert!(ran.error().contains("fill no batch of 1048576 B"), "{}", ran.error());
}

#[test]
fn every_level_can_be_asked_for_and_none_that_is_not() {
    let ran = Loadgen::command("lab", &format!("{QUICK} --codecs all --batch-bytes 16k")).ran().expect(0);
    let names: Vec<&str> = cells(ran.json()).iter().filter_map(|cell| cell["codec"].as_str()).collect();
    assert_eq!(names.len(), 9 + 1 + 1 + 30);
    assert!(
        names.contains(&"gzip:9") && names.contains(&"snappy") && names.contains(&"zstd:-7"),
        "{names:?}"
    );
    for (arguments, words) in [
        ("--codecs brotli", "unknown codec 'brotli'"),
        ("--codecs zstd:23", "-7 to 22"),
        ("--payload /nowhere/at/all", "/nowhere/at/all"),
        ("--passes 0", "from 1 to 1000"),
    ] {
        let ran = Loadgen::command("lab", arguments).ran().expect(2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

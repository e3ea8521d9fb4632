//! Pools of generated values, and the entropy at which a codec makes them a given number of times smaller.

use super::error::PayloadError;
use super::options::{Batches, Randomness};
use super::template::{Entropy, Filler, Template, parse, write_random};
use super::{POOL_BYTES, Payload, files};
use crate::codec::Encoder;
use crate::error::EngineError;
use crate::payload::sample::Sample;
use loadgen_result::rng::Rng;
use std::path::Path;

/// After so many halvings of the range the ratio hardly moves.
const HALVINGS: usize = 12;
/// Each try compresses about so much, or four batches.
const TRY_BYTES: usize = 256 << 10;
const TRY_BATCHES: usize = 4;
/// A template may be short, or come out as nothing.
const VALUES_MAX: usize = 1 << 20;

const WORDS: &str = "the order payment customer account service request response error warning user session token \
    product price item basket delivery address invoice refund created updated deleted pending accepted rejected failed \
    retry timeout connection database server client network storage index query result message event topic partition \
    offset record batch key value status code region europe america asia north south mobile desktop browser version";

/// Values of `size` random bytes.
pub(super) fn random(size: usize, randomness: Randomness, seed: u64) -> Result<Payload, EngineError> {
    let make = |entropy, bytes_max: usize| {
        let (mut bytes, mut ends, mut rng) = (Vec::new(), Vec::new(), Rng::new(seed ^ 0x7261_6e64_6f6d));
        while (bytes.len() < bytes_max || ends.is_empty()) && ends.len() < VALUES_MAX {
            write_random(&mut bytes, size, entropy, &mut rng);
            ends.push(bytes.len());
        }
        Payload::new(bytes, ends)
    };
    made(make, randomness, &format!("values of {size} random bytes made from seed {seed}"))
}

/// Fillings of the template in `path`.
pub(super) fn filled(
    path: &Path,
    dictionary: Option<&Path>,
    randomness: Randomness,
    seed: u64,
) -> Result<Payload, EngineError> {
    let (template, words) = (template(path)?, words(dictionary)?);
    let make = |entropy, bytes_max: usize| {
        let (mut text, mut ends) = (String::new(), Vec::new());
        let mut filler = Filler::new(&template, &words, entropy, seed);
        while (text.len() < bytes_max || ends.is_empty()) && ends.len() < VALUES_MAX {
            filler.write_next(&mut text);
            ends.push(text.len());
        }
        Payload::new(text.into_bytes(), ends)
    };
    made(make, randomness, &format!("fillings of {} made from seed {seed}", path.display()))
}

fn template(path: &Path) -> Result<Template, PayloadError> {
    let text = files::text(path)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(PayloadError::Empty(path.to_owned()));
    }
    parse(text).map_err(|mistake| PayloadError::Template { path: path.to_owned(), mistake })
}

fn words(path: Option<&Path>) -> Result<Vec<String>, PayloadError> {
    let Some(path) = path else { return Ok(WORDS.split_whitespace().map(str::to_owned).collect()) };
    let text = files::text(path)?;
    let words: Vec<String> =
        text.lines().map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.is_empty() { Err(PayloadError::Empty(path.to_owned())) } else { Ok(words) }
}

fn made(
    make: impl Fn(Entropy, usize) -> Payload,
    randomness: Randomness,
    what: &str,
) -> Result<Payload, EngineError> {
    let (entropy, found) = match randomness {
        Randomness::Entropy(entropy) => (entropy, String::new()),
        Randomness::Ratio { ratio, batches } => calibrate(&make, ratio, batches, what)?,
    };
    let mut payload = make(entropy, POOL_BYTES);
    let (count, mean) = (payload.count(), payload.mean_bytes());
    payload.about = format!("{count} {what}, {mean:.0} B on average, entropy {:.3}{found}", entropy.share());
    Ok(payload)
}

/// More entropy, a lower ratio: halves the range in which the one asked for lies, and says what was measured at its end.
fn calibrate(
    make: &impl Fn(Entropy, usize) -> Payload,
    target: f64,
    batches: Batches,
    what: &str,
) -> Result<(Entropy, String), EngineError> {
    let bytes = TRY_BYTES.max((TRY_BATCHES + 1) * batches.bytes);
    let measure = |entropy| ratio(&make(entropy, bytes), batches);
    let (mut low, mut high) = (Entropy::NONE, Entropy::FULL);
    let (most, least) = (measure(low), measure(high));
    if !(least..=most).contains(&target) {
        return Err(EngineError::Options(format!(
            "--target-ratio {target} cannot be reached: {} makes {what} {least:.2} (entropy 1) to {most:.2} (entropy 0) times smaller",
            batches.codec
        )));
    }
    for _ in 0..HALVINGS {
        let middle = low.between(high);
        if measure(middle) > target { low = middle } else { high = middle }
    }
    let entropy = low.between(high);
    let (codec, is) = (batches.codec, measure(entropy));
    Ok((entropy, format!(": {codec} makes batches of {} B {is:.2} times smaller", batches.bytes)))
}

/// Of batches as a producer without headers writes them.
fn ratio(payload: &Payload, batches: Batches) -> f64 {
    let sample = Sample::cut(payload, batches.bytes, TRY_BYTES);
    let mut encoder = Encoder::new(batches.codec);
    let mut compressed = Vec::new();
    sample.batches().iter().for_each(|batch| encoder.compress(batch, &mut compressed));
    sample.bytes as f64 / compressed.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::PayloadSource;

    fn source(size: usize, ratio: f64, codec: &str) -> PayloadSource {
        let batches = Batches { codec: codec.parse().unwrap(), bytes: 16 << 10 };
        PayloadSource::Random { size, randomness: Randomness::Ratio { ratio, batches } }
    }

    #[test]
    fn the_ratio_asked_for_is_found_for_every_codec() {
        for codec in ["gzip:1", "snappy", "lz4", "zstd:1"] {
            let payload = Payload::load(&source(200, 3.0, codec), 1, false).unwrap();
            let batches = Batches { codec: codec.parse().unwrap(), bytes: 16 << 10 };
            let is = ratio(&payload, batches);
            assert!((2.8..3.2).contains(&is), "{codec}: {is}, {}", payload.about());
            assert!(payload.about().contains(codec), "{}", payload.about());
        }
    }

    #[test]
    fn a_ratio_out_of_reach_is_told_with_those_in_reach() {
        let error = Payload::load(&source(200, 9_999.0, "zstd:1"), 1, false).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "--target-ratio 9999 cannot be reached: zstd:1 makes values of 200 random bytes"
            ),
            "{error}"
        );
    }

    #[test]
    fn a_template_and_its_words_come_from_files() {
        let dir = tempfile::tempdir().unwrap();
        let (template, dictionary) = (dir.path().join("t.json"), dir.path().join("words"));
        std::fs::write(&template, "{\"at\":\"{{word}}\"}\n").unwrap();
        std::fs::write(&dictionary, "one word\n\n").unwrap();
        let source = PayloadSource::Template {
            template: template.clone(),
            dictionary: Some(dictionary.clone()),
            randomness: Randomness::default(),
        };
        let payload = Payload::load(&source, 1, false).unwrap();
        assert_eq!(payload.value(7), b"{\"at\":\"one word\"}");
        for (path, bytes, words) in [
            (&template, &b"\n"[..], "holds no value"),
            (&template, b"{{x}}", "t.json: line 1, column 1: no such placeholder 'x'"),
            (&template, b"\xff", "not UTF-8 text"),
            (&dictionary, b" \n", "words holds no value"),
        ] {
            std::fs::write(&template, "{{word}}").unwrap();
            std::fs::write(path, bytes).unwrap();
            let error = Payload::load(&source, 1, false).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}

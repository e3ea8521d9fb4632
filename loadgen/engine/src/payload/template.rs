//! Values made from a text with placeholders: everything outside of `{{` and `}}` stays as it is.
//!
//! | placeholder | what stands there |
//! |---|---|
//! | `{{int A B}}` | a whole number from A to B |
//! | `{{float A B}}` | a number from A to B with two decimals |
//! | `{{word}}` | a word of the dictionary, the first ones more often |
//! | `{{pick A B C}}` | one of these; `"New York"` in quotes may hold spaces, `{{pick "{{"}}` writes braces |
//! | `{{uuid}}` | a random UUID (version 4) |
//! | `{{hex N}}`, `{{text N}}` | N random characters: hexadecimal, or of base64's alphabet |
//! | `{{seq}}` | 0, 1, 2 and so on |
//! | `{{millis}}`, `{{timestamp}}` | a time that goes on from value to value: since 1970, or as 2026-01-01T00:00:00.000Z |
//!
//! With an entropy below 1 a placeholder often repeats what it gave for the value before, as events of one source do.
//! `hex` and `text` repeat in pieces of 8 characters. Counting numbers and times always go on.

mod parse;

use loadgen_result::rng::Rng;
use std::fmt::Write;
use std::str::FromStr;

pub use parse::{Mistake, parse};

const EPOCH_MS: u64 = 1_767_225_600_000; // 2026-01-01
const GAP_MS_MAX: u64 = 40;
const PIECE_BYTES: usize = 8;
const HEX: &[u8] = b"0123456789abcdef";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const INTO_STRING: &str = "writing into a string does not fail";

/// The share of placeholders that are drawn anew, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Entropy(f64);

impl Entropy {
    /// Everything repeats.
    pub const NONE: Entropy = Entropy(0.0);
    /// Nothing repeats but by chance.
    pub const FULL: Entropy = Entropy(1.0);

    /// In the middle of two.
    pub fn between(self, other: Entropy) -> Entropy {
        Entropy((self.0 + other.0) / 2.0)
    }

    /// As a number from 0 to 1.
    pub fn share(self) -> f64 {
        self.0
    }

    /// Whether this time something new comes.
    pub fn is_new(self, rng: &mut Rng) -> bool {
        (((rng.next_u64() >> 11) as f64) / (1u64 << 53) as f64) < self.0
    }
}

impl FromStr for Entropy {
    type Err = String;

    fn from_str(text: &str) -> Result<Entropy, String> {
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        share.map(Entropy).ok_or_else(|| "from 0 (everything repeats) to 1 (nothing repeats)".into())
    }
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    Draw(Draw),
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq)]
enum Draw {
    Int(i64, i64),
    Float(f64, f64),
    Word,
    Pick(Vec<String>),
    Uuid,
    Characters(&'static [u8], usize),
    Seq,
    Millis,
    Timestamp,
}

/// Fills a template, one value after the other; equal seeds fill alike.
#[derive(Debug)]
pub struct Filler<'a> {
    template: &'a Template,
    words: &'a [String],
    entropy: Entropy,
    rng: Rng,
    last: Vec<String>,
    count: u64,
    clock_ms: u64,
}

impl<'a> Filler<'a> {
    /// `words` is not empty.
    pub fn new(template: &'a Template, words: &'a [String], entropy: Entropy, seed: u64) -> Filler<'a> {
        let last = vec![String::new(); template.parts.len()];
        let rng = Rng::new(seed ^ 0x7465_6d70_6c61_7465);
        Filler { template, words, entropy, rng, last, count: 0, clock_ms: EPOCH_MS }
    }

    /// Appends the next value to `out`.
    pub fn write_next(&mut self, out: &mut String) {
        self.clock_ms += self.rng.below(GAP_MS_MAX);
        for (index, part) in self.template.parts.iter().enumerate() {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Draw(draw) => {
                    let mut last = std::mem::take(&mut self.last[index]);
                    self.draw(draw, &mut last);
                    out.push_str(&last);
                    self.last[index] = last;
                }
            }
        }
        self.count += 1;
    }

    /// Leaves in `last` what stands there now.
    fn draw(&mut self, draw: &Draw, last: &mut String) {
        match draw {
            Draw::Characters(alphabet, count) => self.characters(alphabet, *count, last),
            Draw::Seq | Draw::Millis | Draw::Timestamp => self.write_new(draw, last),
            _ if last.is_empty() || self.entropy.is_new(&mut self.rng) => self.write_new(draw, last),
            _ => {}
        }
    }

    fn write_new(&mut self, draw: &Draw, out: &mut String) {
        out.clear();
        let rng = &mut self.rng;
        match draw {
            Draw::Int(from, to) => {
                let number = from.wrapping_add_unsigned(rng.below((to.abs_diff(*from)).saturating_add(1)));
                write!(out, "{number}")
            }
            Draw::Float(from, to) => {
                let unit = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                write!(out, "{:.2}", from + (to - from) * unit)
            }
            Draw::Word => {
                out.push_str(&self.words[rng.skewed_below(self.words.len() as u64) as usize]);
                Ok(())
            }
            Draw::Pick(choices) => {
                out.push_str(&choices[rng.below(choices.len() as u64) as usize]);
                Ok(())
            }
            Draw::Uuid => write_uuid(out, rng),
            Draw::Characters(..) => unreachable!("drawn in pieces"),
            Draw::Seq => write!(out, "{}", self.count),
            Draw::Millis => write!(out, "{}", self.clock_ms),
            Draw::Timestamp => write_time(out, self.clock_ms),
        }
        .expect(INTO_STRING);
    }

    /// In pieces, each new or what stood there before; before the first one there was a piece that repeats.
    fn characters(&mut self, alphabet: &[u8], count: usize, last: &mut String) {
        let mut pieces = String::with_capacity(count);
        for start in (0..count).step_by(PIECE_BYTES) {
            let end = (start + PIECE_BYTES).min(count);
            if self.entropy.is_new(&mut self.rng) {
                let character = |_| char::from(alphabet[self.rng.below(alphabet.len() as u64) as usize]);
                pieces.extend((start..end).map(character));
            } else {
                match last.get(start..end) {
                    Some(before) => pieces.push_str(before),
                    None => pieces.extend((0..end - start).map(|at| char::from(alphabet[at]))),
                }
            }
        }
        *last = pieces;
    }
}

/// Appends `size` bytes to `out`: in pieces, each random or what stood there `size` bytes before.
pub fn write_random(out: &mut Vec<u8>, size: usize, entropy: Entropy, rng: &mut Rng) {
    let before = out.len().checked_sub(size);
    for start in (0..size).step_by(PIECE_BYTES) {
        let length = PIECE_BYTES.min(size - start);
        match before {
            _ if entropy.is_new(rng) => out.extend_from_slice(&rng.next_u64().to_le_bytes()[..length]),
            Some(before) => out.extend_from_within(before + start..before + start + length),
            None => out.extend_from_slice(&b"creelcre"[..length]),
        }
    }
}

fn write_uuid(out: &mut String, rng: &mut Rng) -> std::fmt::Result {
    let (high, low) = (rng.next_u64(), rng.next_u64());
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0x0fff);
    let (d, e) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
    write!(out, "{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}")
}

/// ISO 8601 in UTC; the date by Howard Hinnant's `civil_from_days`, for days since 1970.
fn write_time(out: &mut String, ms: u64) -> std::fmt::Result {
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    let since_march = days + 719_468;
    let (era, of_era) = (since_march / 146_097, since_march % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
    write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, entropy: Entropy, seed: u64, count: usize) -> Vec<String> {
        let template = parse(text).unwrap();
        let words = ["alpha".to_owned(), "beta".to_owned()];
        let mut filler = Filler::new(&template, &words, entropy, seed);
        let mut value = || {
            let mut out = String::new();
            filler.write_next(&mut out);
            out
        };
        (0..count).map(|_| value()).collect()
    }

    #[test]
    fn values_are_what_their_placeholders_say_and_repeat_with_the_seed() {
        let text = r#"{"n":{{int -5 5}},"f":{{float 1 2}},"w":"{{word}}","p":"{{pick a "b c"}}","i":{{seq}},
            "u":"{{uuid}}","h":"{{hex 5}}","t":"{{text 20}}","m":{{millis}},"at":"{{timestamp}}"}"#;
        let values = filled(text, Entropy::FULL, 3, 200);
        assert_eq!(values, filled(text, Entropy::FULL, 3, 200));
        assert_ne!(values, filled(text, Entropy::FULL, 4, 200));
        for (index, value) in values.iter().enumerate() {
            let json: serde_json::Value = serde_json::from_str(value).unwrap();
            assert!((-5..=5).contains(&json["n"].as_i64().unwrap()), "{value}");
            assert!((1.0..=2.0).contains(&json["f"].as_f64().unwrap()), "{value}");
            assert!(json["w"] == "alpha" || json["w"] == "beta", "{value}");
            assert!(json["p"] == "a" || json["p"] == "b c", "{value}");
            assert_eq!(json["i"], index);
            assert_eq!((json["u"].as_str().unwrap().len(), &json["u"].as_str().unwrap()[14..15]), (36, "4"));
            assert_eq!((json["h"].as_str().unwrap().len(), json["t"].as_str().unwrap().len()), (5, 20));
            assert!(json["at"].as_str().unwrap().starts_with("2026-01-01T00:00:"), "{value}");
        }
    }

    #[test]
    fn less_entropy_repeats_more() {
        let text = "{{uuid}} {{text 40}} {{int 1 1000000}}";
        let distinct = |entropy: &str| {
            let values = filled(text, entropy.parse().unwrap(), 1, 300);
            values.into_iter().collect::<std::collections::HashSet<_>>().len()
        };
        assert_eq!((distinct("0"), distinct("1")), (1, 300));
        assert!((100..300).contains(&distinct("0.1")), "{}", distinct("0.1"));
    }

    #[test]
    fn random_bytes_are_as_random_as_asked() {
        let (mut same, mut all) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            write_random(&mut same, 100, Entropy::NONE, &mut Rng::new(1));
        }
        let mut rng = Rng::new(1);
        (0..100).for_each(|_| write_random(&mut all, 100, Entropy::FULL, &mut rng));
        assert_eq!((same.len(), all.len()), (10_000, 10_000));
        assert!(same.chunks(100).all(|value| value == &same[..100]));
        assert!(zstd::bulk::compress(&all, 9).unwrap().len() >= all.len());
    }

    #[test]
    fn times_are_written_as_calendars_have_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (EPOCH_MS + 86_399_999, "2026-01-01T23:59:59.999Z"),
        ] {
            let mut out = String::new();
            write_time(&mut out, ms).unwrap();
            assert_eq!(out, text);
        }
    }
}

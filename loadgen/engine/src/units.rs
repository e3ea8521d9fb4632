//! Sizes, rates, times and shares as the options take them, each with the units that people write.

use std::time::Duration;

/// What a unit counts, and so what a thousand is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Powers of 1024, whether one writes `64k`, `64KB` or `64KiB`: clients and brokers count batches so.
    Bytes,
    /// Powers of 1000.
    Records,
}

/// The largest batch, record or sample.
const BYTES_MAX: usize = 256 << 20;

/// `100`, `16k`, `64KiB`, `1M`, `1G`: powers of 1024.
pub fn parse_bytes(text: &str) -> Result<usize, String> {
    let bytes = parse_size(text)?;
    if !(1.0..=BYTES_MAX as f64).contains(&bytes) {
        return Err("from 1 byte to 256M".into());
    }
    Ok(bytes as usize)
}

/// The same without bounds, for figures.
pub fn parse_size(text: &str) -> Result<f64, String> {
    parse_scaled(text, Counted::Bytes)
}

/// `50000`, `50k`, `2.5M`: powers of 1000; `/s` may follow.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = parse_count(text.trim().strip_suffix("/s").unwrap_or(text))?;
    if !(0.001..=1e9).contains(&rate) {
        return Err("from 0.001 to 1000M records per second".into());
    }
    Ok(rate)
}

/// `50000`, `50k`, `2.5M`, `1G`: powers of 1000, of anything.
pub fn parse_count(text: &str) -> Result<f64, String> {
    parse_scaled(text, Counted::Records)
}

fn parse_scaled(text: &str, counted: Counted) -> Result<f64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let is_of_number = |c: char| c.is_ascii_digit() || ".-+_".contains(c);
    let (digits, unit) = lower.split_at(lower.find(|c| !is_of_number(c)).unwrap_or(lower.len()));
    let value = number(digits).zip(scale(unit.trim(), counted)).map(|(value, scale)| value * scale);
    value.ok_or_else(|| match counted {
        Counted::Bytes => format!("'{text}' is not a size such as 100, 16k, 64KiB, 2M or 1G"),
        Counted::Records => format!("'{text}' is not a number such as 100, 16k, 2M or 1G"),
    })
}

/// `1_000` too, as TOML has it.
fn number(digits: &str) -> Option<f64> {
    digits.replace('_', "").parse::<f64>().ok().filter(|value| value.is_finite())
}

fn scale(unit: &str, counted: Counted) -> Option<f64> {
    let thousand = if counted == Counted::Bytes { 1024.0 } else { 1_000.0 };
    let prefix = match counted {
        Counted::Bytes => unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit),
        Counted::Records => unit,
    };
    match prefix {
        "" if unit == "ib" => None,
        "" => Some(1.0),
        "k" => Some(thousand),
        "m" => Some(thousand.powi(2)),
        "g" => Some(thousand.powi(3)),
        "t" => Some(thousand.powi(4)),
        _ => None,
    }
}

/// `5%` or `5` as 0.05.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>().ok();
    let percent = percent.filter(|percent| (0.0..=1_000.0).contains(percent));
    percent
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("'{text}' is not a share such as 5% or 2.5%"))
}

/// `10s`, `500ms`, `2m`, or a plain number of seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    seconds(text, "s").filter(|seconds| *seconds <= 1e9).map(Duration::from_secs_f64).ok_or_else(|| {
        format!("'{text}' is not a time such as 10s, 500ms, 2m or 1h (units: us, ms, s, m, h, d)")
    })
}

/// `5`, `5ms`, `0.5s` as milliseconds: a plain number is of them.
pub fn parse_ms(text: &str) -> Result<f64, String> {
    let ms = seconds(text, "ms").map(|seconds| seconds * 1e3);
    ms.ok_or_else(|| format!("'{text}' is not a number of milliseconds such as 5, 2.5, 5ms or 1s"))
}

/// A time; a plain number is of `plain`.
fn seconds(text: &str, plain: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, unit) = text.split_at(text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len()));
    let unit = if unit.is_empty() { plain } else { unit };
    let scale = match unit.to_lowercase().as_str() {
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    number(digits.trim()).filter(|amount| *amount >= 0.0).map(|amount| amount * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        for (text, bytes) in [
            ("100", 100),
            ("16k", 16_384),
            ("64KiB", 65_536),
            ("64 kb", 65_536),
            ("1_000B", 1_000),
            ("0.25G", 256 << 20),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for (text, rate) in
            [("2.5M", 2_500_000.0), ("50k", 50_000.0), ("1G", 1e9), ("5k/s", 5_000.0), ("1_000", 1_000.0)]
        {
            assert_eq!(parse_rate(text), Ok(rate), "{text}");
        }
        for (text, ms) in [
            ("1.5m", 90_000),
            ("250ms", 250),
            ("3", 3_000),
            ("2 s", 2_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(parse_duration("20us"), Ok(Duration::from_micros(20)));
        assert_eq!((parse_ms("5"), parse_ms("2.5ms"), parse_ms("1s")), (Ok(5.0), Ok(2.5), Ok(1_000.0)));
        assert_eq!((parse_share("5%"), parse_share("2.5")), (Ok(0.05), Ok(0.025)));
    }

    #[test]
    fn what_is_none_is_told_and_what_is_too_large_is_not_called_no_number() {
        for bad in ["", "x", "nan", "1x", "inf", "ib", "k", "1kk"] {
            assert!(parse_bytes(bad).unwrap_err().contains("not a size"), "{bad}");
            assert!(parse_rate(bad).unwrap_err().contains("not a number"), "{bad}");
            assert!(
                parse_duration(bad).is_err() && parse_share(bad).is_err() && parse_ms(bad).is_err(),
                "{bad}"
            );
        }
        assert!(parse_rate("1KiB").is_err(), "records are no bytes");
        for (text, bound) in [("1G", "256M"), ("1TiB", "256M"), ("0", "1 byte"), ("-1", "1 byte")] {
            let error = parse_bytes(text).unwrap_err();
            assert!(error.contains("from") && error.contains(bound), "{text}: {error}");
        }
        assert_eq!(parse_rate("2G").unwrap_err(), "from 0.001 to 1000M records per second");
        assert!(
            parse_duration("-1s").is_err() && parse_duration("1e12s").is_err() && parse_ms("-1").is_err()
        );
    }
}

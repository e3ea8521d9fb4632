//! Numbers and times as people read them.

/// `1234567.8` as `1,234,568`; small numbers keep a decimal.
pub fn thousands(value: f64) -> String {
    if value.abs() < 10.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What a line of text holds at most, so that it fits a terminal of 80 columns.
pub const COLUMNS: usize = 80;

/// `text` in lines of at most [`COLUMNS`] characters, broken between words. Lines after the first begin with `indent` spaces,
/// and the first one stands `indent` characters to the right already.
pub fn wrapped(text: &str, indent: usize) -> String {
    let (mut out, mut at) = (String::with_capacity(text.len()), indent);
    if indent + text.chars().count() <= COLUMNS {
        return text.to_owned();
    }
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        while let Some(unit) =
            words.next_if(|next| is_unit(next) && word.ends_with(|c: char| c.is_ascii_digit()))
        {
            word.extend([" ", unit]);
        }
        let length = word.chars().count();
        let space = usize::from(at > indent);
        if at > indent && at + space + length > COLUMNS {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            at = indent;
        } else if space > 0 {
            out.push(' ');
            at += space;
        }
        out.push_str(&word);
        at += length;
    }
    out
}

/// It stays beside its number.
fn is_unit(word: &str) -> bool {
    ["%", "ms", "s", "B", "MB"].contains(&word.trim_end_matches([',', '.', ';', ')', ':']))
}

/// `2026-11-21 15:04 UTC`.
pub fn date(unix_ms: u64) -> String {
    let (days, minutes) = ((unix_ms / 86_400_000) as i64, unix_ms / 60_000 % 1_440);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// Days since 1970 as a date of the Gregorian calendar (Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153; // months since March
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_broken_between_words() {
        let text = wrapped(&"some words ".repeat(40), 5);
        assert!(text.starts_with("some words") && text.lines().count() > 4, "{text}");
        for (index, line) in text.lines().enumerate() {
            let before = if index == 0 { 5 } else { 0 };
            assert!(line.len() + before <= COLUMNS, "{line}");
            assert!(index == 0 || line.starts_with("     some") || line.starts_with("     words"), "{line}");
        }
        assert_eq!(text.split_whitespace().filter(|word| *word == "words").count(), 40);
        assert_eq!(wrapped("a   b", 70), "a   b", "what fits stays as it is");
        let unit = wrapped(&format!("{} 100 %, more", "x".repeat(75)), 0);
        assert_eq!(unit.lines().nth(1), Some("100 %, more"), "a unit stays beside its number");
        let long = "x".repeat(200);
        assert_eq!(wrapped(&long, 3), long, "a word is never broken");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(1_709_208_000_000), "2024-02-29 12:00 UTC");
        assert_eq!(date(1_795_276_799_000), "2026-11-21 15:59 UTC");
    }
}

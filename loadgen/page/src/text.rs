//! Text on its way into a page: escaping, and numbers as people read them.

use std::fmt::Write;

/// As text or attribute of HTML and SVG.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'), // XML has no place for them
            c => out.push(c),
        }
    }
    out
}

/// JSON that may stand within `<script>`: without `<` nothing can end it.
pub(super) fn script_json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).expect("a view has only plain fields");
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// As a cell of a Markdown table, which may not break out of it.
pub(super) fn markdown_cell(text: &str) -> String {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut out = String::new();
    for c in flat.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Three significant digits, thousands apart: `1,234,000`, `12.3`, `0.0123`.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let magnitude = value.abs();
    let digits = match magnitude {
        m if m == 0.0 || m >= 100.0 => 0,
        m if m >= 10.0 => 1,
        m if m >= 1.0 => 2,
        m if m >= 0.1 => 3,
        _ => 4,
    };
    group(&format!("{value:.digits$}"))
}

/// Of things that have no halves: `7`, `12,345`.
pub(super) fn count(of: u64) -> String {
    group(&of.to_string())
}

/// `12.3 M`, `450 k`: for axes and headlines.
pub(super) fn short(value: f64) -> String {
    let (scaled, suffix) = match value.abs() {
        m if m >= 1e9 => (value / 1e9, " G"),
        m if m >= 1e6 => (value / 1e6, " M"),
        m if m >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let mut text = String::new();
    let _ = write!(text, "{scaled:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{suffix}")
}

/// Microseconds in the unit that fits: `850 µs`, `12.3 ms`, `1.20 s`.
pub(super) fn duration_us(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{} µs", number(us)),
        us if us < 1e6 => format!("{} ms", number(us / 1e3)),
        us => format!("{} s", number(us / 1e6)),
    }
}

/// Bytes in the unit that fits, powers of 1000.
pub(super) fn bytes(count: f64) -> String {
    match count {
        b if b < 1e3 => format!("{} B", number(b)),
        b if b < 1e6 => format!("{} kB", number(b / 1e3)),
        b if b < 1e9 => format!("{} MB", number(b / 1e6)),
        b => format!("{} GB", number(b / 1e9)),
    }
}

/// A command as it can be pasted into a shell.
pub(super) fn shell(command: &[String]) -> String {
    let plain = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c))
    };
    let quote = |word: &String| match plain(word) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    command.iter().map(quote).collect::<Vec<_>>().join(" ")
}

fn group(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        assert_eq!(escape("<b a='\"'>&\u{0}"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;\u{fffd}");
        assert_eq!(script_json(&"</script><!--"), "\"\\u003c/script\\u003e\\u003c!--\"");
        assert_eq!(markdown_cell("a|b\n<i>`x`"), "a\\|b &lt;i&gt;\\`x\\`");
        assert_eq!(shell(&["a".into(), "b c".into(), "it's".into()]), r"a 'b c' 'it'\''s'");
    }

    #[test]
    fn numbers_fit_their_size() {
        assert_eq!(
            [1_234_567.8, 12.34, 1.234, 0.01234, 0.0].map(number),
            ["1,234,568", "12.3", "1.23", "0.0123", "0"]
        );
        assert_eq!([1_500_000.0, 20_000.0, 7.5, 0.0].map(short), ["1.5 M", "20 k", "7.5", "0"]);
        assert_eq!([850.0, 12_300.0, 1.2e6].map(duration_us), ["850 µs", "12.3 ms", "1.20 s"]);
        assert_eq!(number(f64::NAN), "–");
        assert_eq!([7, 45, 1_234_567].map(count), ["7", "45", "1,234,567"]);
    }
}

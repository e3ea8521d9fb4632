//! The exceptions of the guards, each with its reason: `xtask/exceptions.toml`.

use serde::Deserialize;

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exceptions {
    #[serde(default)]
    pub(super) circle: Vec<Circle>,
    #[serde(default)]
    pub(super) scattered: Vec<Scattered>,
    #[serde(default)]
    pub(super) missing: Vec<Missing>,
}

/// A circle of imports: exactly these files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Circle {
    pub(super) files: Vec<String>,
    reason: String,
}

/// A type with inherent `impl` blocks in exactly so many files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scattered {
    /// Package and path of the module, as in `creel-engine::log::Log`.
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) files: usize,
    reason: String,
}

/// A name in a document that is no file of the tree.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Missing {
    /// One document; all of them where it is not given.
    pub(super) document: Option<String>,
    pub(super) name: String,
    reason: String,
}

impl Exceptions {
    /// Reads the file's text.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let read: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let circles = read.circle.iter().map(|it| &it.reason);
        let scattered = read.scattered.iter().map(|it| &it.reason);
        let missing = read.missing.iter().map(|it| &it.reason);
        if circles.chain(scattered).chain(missing).any(|reason| reason.trim().is_empty()) {
            return Err("an exception has an empty reason".to_owned());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_not_left_empty() {
        let text = "[[circle]]\nfiles = [\"a\"]\nreason = \" \"";
        assert!(Exceptions::read(text).is_err());
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        let text = "[[circles]]\nfiles = [\"a\"]\nreason = \"why\"";
        assert!(Exceptions::read(text).is_err());
    }
}

//! `#[wire(...)]`, parsed and checked: every mistake is reported where it stands.

use syn::{Attribute, Expr, LitInt, LitStr, Result, meta::ParseNestedMeta};

/// Kafka's way to write versions: `"3"`, `"3-12"`, `"3+"` or `"none"`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Versions {
    pub(crate) first: i16,
    pub(crate) last: i16,
}

impl Versions {
    pub(crate) const ALL: Self = Self { first: 0, last: i16::MAX };
    pub(crate) const NONE: Self = Self { first: i16::MAX, last: i16::MIN };

    fn parse(literal: &LitStr) -> Result<Self> {
        let text = literal.value();
        let wrong =
            || syn::Error::new(literal.span(), "versions are written \"3\", \"3-12\", \"3+\" or \"none\"");
        let number = |digits: &str| digits.parse::<i16>().ok().filter(|n| *n >= 0).ok_or_else(wrong);
        if text == "none" {
            return Ok(Self::NONE);
        }
        if let Some(first) = text.strip_suffix('+') {
            return Ok(Self { first: number(first)?, last: i16::MAX });
        }
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        let versions = Self { first: number(first)?, last: number(last)? };
        if versions.first > versions.last { Err(wrong()) } else { Ok(versions) }
    }
}

/// What stands on a struct.
#[derive(Default)]
pub(crate) struct StructAttributes {
    /// `Some` for a whole message: the versions in its flexible form.
    pub(crate) flexible: Option<Versions>,
}

impl StructAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        each_entry(attributes, |entry| {
            if !entry.path.is_ident("flexible") {
                return Err(entry.error("a struct takes only `flexible = \"..\"`"));
            }
            let literal: LitStr = entry.value()?.parse()?;
            let versions = Versions::parse(&literal)?;
            if versions != Versions::NONE && versions.last != i16::MAX {
                return Err(syn::Error::new(
                    literal.span(),
                    "flexible versions never end: \"9+\" or \"none\"",
                ));
            }
            parsed.flexible = Some(versions);
            Ok(())
        })?;
        Ok(parsed)
    }
}

/// What stands on a field.
pub(crate) struct FieldAttributes {
    pub(crate) versions: Versions,
    pub(crate) nullable: Versions,
    pub(crate) tag: Option<(u32, LitInt)>,
    pub(crate) default: Option<Expr>,
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self { versions: Versions::ALL, nullable: Versions::NONE, tag: None, default: None };
        each_entry(attributes, |entry| parsed.take(entry))?;
        Ok(parsed)
    }

    fn take(&mut self, entry: &ParseNestedMeta<'_>) -> Result<()> {
        if entry.path.is_ident("versions") {
            self.versions = Versions::parse(&entry.value()?.parse()?)?;
        } else if entry.path.is_ident("nullable") {
            self.nullable = Versions::parse(&entry.value()?.parse()?)?;
        } else if entry.path.is_ident("tag") {
            let literal: LitInt = entry.value()?.parse()?;
            self.tag = Some((literal.base10_parse()?, literal));
        } else if entry.path.is_ident("default") {
            self.default = Some(entry.value()?.parse()?);
        } else {
            return Err(entry.error("a field takes `versions`, `nullable`, `tag` and `default`"));
        }
        Ok(())
    }
}

fn each_entry(
    attributes: &[Attribute],
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("wire")) {
        attribute.parse_nested_meta(|entry| take(&entry))?;
    }
    Ok(())
}

//! What one file says: its modules, what it defines, imports and mentions, and its inherent `impl` blocks.
//!
//! Code that only tests see (`#[cfg(test)]`) is left out. This file knows nothing of other files.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Item, ItemImpl, ItemMod, ItemUse, Lit, Meta, Type, UseTree, Visibility};

/// The parts of a path; the first is empty where the path began with `::`.
pub(super) type Parts = Vec<String>;

/// What a module says, be it a file or a `mod x { ... }` within one.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) children: Vec<Child>,
    pub(super) defines: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    pub(super) mentions: Vec<Mention>,
    pub(super) impls: Vec<Mention>,
}

/// A module declared in another.
pub(super) struct Child {
    pub(super) name: String,
    /// What it says, where its text stands in the same file.
    pub(super) within: Option<Facts>,
    /// Its `#[path]`.
    pub(super) path: Option<String>,
}

/// One name of a `use`.
pub(super) struct Import {
    /// The name it has here; `*` for all names of a module.
    pub(super) name: String,
    pub(super) path: Parts,
    /// Whether others may take the name from here.
    pub(super) is_reexport: bool,
    pub(super) line: usize,
}

/// A path in the code.
pub(super) struct Mention {
    pub(super) path: Parts,
    pub(super) line: usize,
}

/// Reads one file.
pub(super) fn read(text: &str) -> syn::Result<Facts> {
    let file = syn::parse_file(text)?;
    Ok(read_items(&file.items))
}

fn read_items(items: &[Item]) -> Facts {
    let mut reader = Reader::default();
    for item in items {
        reader.visit_item(item);
    }
    reader.facts
}

#[derive(Default)]
struct Reader {
    facts: Facts,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        if let Some(name) = defined_name(item) {
            self.facts.defines.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes: &[Attribute] = match item {
            syn::ImplItem::Fn(function) => &function.attrs,
            syn::ImplItem::Const(constant) => &constant.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let within = module.content.as_ref().map(|(_, items)| read_items(items));
        let child = Child { name: module.ident.to_string(), within, path: path_attribute(&module.attrs) };
        self.facts.children.push(child);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
        let is_reexport = !matches!(item.vis, Visibility::Inherited);
        add_imports(&item.tree, start, is_reexport, &mut self.facts.imports);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if let (None, Type::Path(path)) = (&item.trait_, &*item.self_ty) {
            self.facts.impls.push(mention(&path.path));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.facts.mentions.push(mention(path));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        add_token_paths(call.tokens.clone(), &mut self.facts.mentions);
        visit::visit_macro(self, call);
    }

    /// Attributes name macros and lints, not code of ours.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// `pub(in path)` says who may look, and uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn mention(path: &syn::Path) -> Mention {
    let start = path.leading_colon.map(|_| String::new());
    let parts = start.into_iter().chain(path.segments.iter().map(|part| part.ident.to_string())).collect();
    Mention { path: parts, line: path.span().start().line }
}

fn add_imports(tree: &UseTree, mut path: Parts, is_reexport: bool, imports: &mut Vec<Import>) {
    let (name, last) = match tree {
        UseTree::Path(tree) => {
            path.push(tree.ident.to_string());
            return add_imports(&tree.tree, path, is_reexport, imports);
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                add_imports(tree, path.clone(), is_reexport, imports);
            }
            return;
        }
        UseTree::Glob(_) => ("*".to_owned(), None),
        UseTree::Name(name) => (name.ident.to_string(), Some(name.ident.to_string())),
        UseTree::Rename(renamed) => (renamed.rename.to_string(), Some(renamed.ident.to_string())),
    };
    // `use a::{self}` names `a` itself.
    let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name };
    path.extend(last.filter(|last| last != "self" || path.is_empty()));
    imports.push(Import { name, path, is_reexport, line: tree.span().start().line });
}

/// The paths in a macro's input, which is not parsed.
fn add_token_paths(tokens: TokenStream, mentions: &mut Vec<Mention>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => add_token_paths(group.stream(), mentions),
            TokenTree::Ident(first) if !(at > 0 && is_punct(&tokens[at - 1], '.')) => {
                let mut path = vec![first.to_string()];
                while let [a, b, TokenTree::Ident(next), ..] = &tokens[at + 1..]
                    && is_punct(a, ':')
                    && is_punct(b, ':')
                {
                    path.push(next.to_string());
                    at += 3;
                }
                mentions.push(Mention { path, line: first.span().start().line });
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn defined_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

/// True for `#[cfg(test)]` and `#[cfg(all(test, ...))]`: code that is built for tests only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => needs_test(list.tokens.clone()),
        Meta::Path(path) => path.is_ident("test"),
        _ => false,
    })
}

fn needs_test(condition: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = condition.into_iter().collect();
    match &tokens[..] {
        [TokenTree::Ident(test)] => test == "test",
        [TokenTree::Ident(all), TokenTree::Group(group)] if all == "all" => {
            let parts: Vec<TokenTree> = group.stream().into_iter().collect();
            parts.split(|part| is_punct(part, ',')).any(|part| needs_test(part.iter().cloned().collect()))
        }
        _ => false,
    }
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(mentions: &[Mention]) -> Vec<String> {
        mentions.iter().map(|mention| mention.path.join("::")).collect()
    }

    #[test]
    fn a_use_is_taken_apart_into_its_names() {
        let facts = read("use crate::a::{self, B, c::D as E}; pub(crate) use super::*;").unwrap();
        let told: Vec<_> = facts.imports.iter().map(|it| (it.name.as_str(), it.path.join("::"))).collect();
        let wanted = [("a", "crate::a"), ("B", "crate::a::B"), ("E", "crate::a::c::D"), ("*", "super")];
        assert_eq!(told, wanted.map(|(name, path)| (name, path.to_owned())));
        assert_eq!(
            facts.imports.iter().map(|it| it.is_reexport).collect::<Vec<_>>(),
            [false, false, false, true]
        );
    }

    #[test]
    fn a_macros_input_is_looked_through() {
        let facts = read("fn f() { assert!(x.y == crate::a::B::new(z), \"{}\", [c::d]); }").unwrap();
        let told = paths(&facts.mentions);
        assert!(told.contains(&"crate::a::B::new".to_owned()), "{told:?}");
        assert!(told.contains(&"c::d".to_owned()), "{told:?}");
        assert!(!told.contains(&"y".to_owned()), "{told:?}");
    }

    #[test]
    fn what_only_tests_see_is_left_out() {
        let text = "
            #[cfg(test)] mod tests { use crate::a::A; }
            #[cfg(test)] mod more;
            #[cfg(all(test, unix))] impl B { fn f() { crate::b(); } }
            struct B;
            impl B { #[cfg(test)] fn g() { crate::c(); } }
            #[cfg(any(test, debug_assertions))] fn both() { crate::d(); }
        ";
        let facts = read(text).unwrap();
        assert!(facts.children.is_empty());
        assert_eq!(facts.impls.len(), 1);
        let told = paths(&facts.mentions);
        assert!(told.contains(&"crate::d".to_owned()), "{told:?}");
        assert!(!told.iter().any(|path| ["crate::b", "crate::c"].contains(&path.as_str())), "{told:?}");
    }

    #[test]
    fn only_inherent_impls_count_as_such() {
        let facts = read("struct A<T>(T); impl<T> A<T> {} impl Clone for A<u8> {} impl super::B {}").unwrap();
        assert_eq!(paths(&facts.impls), ["A", "super::B"]);
    }
}

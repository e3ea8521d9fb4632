//! A crate's modules, and what a path in one of them leads to.
//!
//! A path leads to the module that defines its name. A name that is only handed on (`pub use`) is followed to its
//! definition, however often it is handed on.

use std::collections::BTreeMap;

use super::source::{self, Facts};
use super::tree::{Tree, folder_of, join};

/// A name handed on more often than this is not followed.
const MOST_STEPS: usize = 8;

/// A module, as its place in `Crate::modules`.
pub(super) type ModuleId = usize;

/// One library or program.
pub(super) struct Crate {
    /// Its package's name.
    pub(super) package: String,
    pub(super) modules: Vec<Module>,
}

/// A module and where it is.
pub(super) struct Module {
    /// The file that its text stands in.
    pub(super) file: String,
    /// From the crate's root: `log::segment`.
    path: String,
    parent: Option<ModuleId>,
    children: BTreeMap<String, ModuleId>,
    pub(super) facts: Facts,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A module itself.
    Module(ModuleId),
    /// A name that this module defines.
    Item(ModuleId, String),
}

impl Crate {
    /// Reads the crate that begins with the file `root`.
    pub(super) fn load(tree: &Tree, package: &str, root: &str) -> Result<Self, String> {
        let mut new = Self { package: package.to_owned(), modules: Vec::new() };
        let facts = read(tree, root)?;
        let module = Module {
            file: root.to_owned(),
            path: String::new(),
            parent: None,
            children: BTreeMap::new(),
            facts,
        };
        new.add(tree, module, folder_of(root).to_owned())?;
        Ok(new)
    }

    /// `folder`: where the files of the module's children are.
    fn add(&mut self, tree: &Tree, mut module: Module, folder: String) -> Result<ModuleId, String> {
        let declared = std::mem::take(&mut module.facts.children);
        let (file, path) = (module.file.clone(), module.path.clone());
        let id = self.modules.len();
        self.modules.push(module);
        for child in declared {
            let name = child.name;
            let (file, facts) = match child.within {
                Some(facts) => (file.clone(), facts),
                None => {
                    let places = match &child.path {
                        Some(given) => vec![join(folder_of(&file), given)],
                        None => {
                            vec![
                                join(&folder, &format!("{name}.rs")),
                                join(&folder, &format!("{name}/mod.rs")),
                            ]
                        }
                    };
                    // What is made by a build is in no tree.
                    let Some(file) = places.into_iter().flatten().find(|place| tree.has_file(place)) else {
                        continue;
                    };
                    let facts = read(tree, &file)?;
                    (file, facts)
                }
            };
            let folder =
                match file.ends_with("/mod.rs") && file != self.modules[id].file || child.path.is_some() {
                    true => folder_of(&file).to_owned(),
                    false => format!("{folder}/{name}"),
                };
            let path = if path.is_empty() { name.clone() } else { format!("{path}::{name}") };
            let module = Module { file, path, parent: Some(id), children: BTreeMap::new(), facts };
            let child = self.add(tree, module, folder)?;
            self.modules[id].children.insert(name, child);
        }
        Ok(id)
    }

    /// What `path`, written in the module `from`, leads to; `None` if it leads out of the crate.
    pub(super) fn resolve(&self, from: ModuleId, path: &[String]) -> Option<Target> {
        self.follow(from, path, MOST_STEPS)
    }

    fn follow(&self, from: ModuleId, path: &[String], steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "" | "Self" => return None,
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent?,
            name => match self.look_up(from, name, rest.is_empty(), steps)? {
                Target::Module(module) => module,
                item => return Some(item),
            },
        };
        while let Some((name, after)) = rest.split_first() {
            match name.as_str() {
                "super" => at = self.modules[at].parent?,
                "self" => {}
                name => match self.look_up(at, name, after.is_empty(), steps) {
                    Some(Target::Module(module)) => at = module,
                    Some(item) => return Some(item),
                    // Made by a macro, or of another crate: this is the module that was asked for it.
                    None => return Some(Target::Item(at, name.to_owned())),
                },
            }
            rest = after;
        }
        Some(Target::Module(at))
    }

    /// What a name means in a module. A module and a function may share a name: what goes on behind it is the module.
    fn look_up(&self, at: ModuleId, name: &str, is_last: bool, steps: usize) -> Option<Target> {
        let module = &self.modules[at];
        let child = module.children.get(name).map(|child| Target::Module(*child));
        let own = || module.facts.defines.contains(name).then(|| Target::Item(at, name.to_owned()));
        let imported = || {
            let named = module.facts.imports.iter().filter(|import| import.name == name);
            let found: Vec<Target> =
                named.filter_map(|import| self.follow(at, &import.path, steps)).collect();
            let fits = |target: &&Target| matches!(target, Target::Item(..)) == is_last;
            found.iter().find(fits).or(found.first()).cloned()
        };
        let found = match is_last {
            true => own().or_else(imported).or(child),
            false => child.or_else(own).or_else(imported),
        };
        found.or_else(|| self.look_up_in_globs(at, name, is_last, steps))
    }

    fn look_up_in_globs(&self, at: ModuleId, name: &str, is_last: bool, steps: usize) -> Option<Target> {
        let steps = steps.checked_sub(1)?;
        let globs = self.modules[at].facts.imports.iter().filter(|import| import.name == "*");
        globs.into_iter().find_map(|glob| match self.follow(at, &glob.path, steps)? {
            Target::Module(module) if module != at => self.look_up(module, name, is_last, steps),
            _ => None,
        })
    }

    /// True if one module is another one, or lies in it at any depth.
    pub(super) fn is_within(&self, module: ModuleId, outer: ModuleId) -> bool {
        std::iter::successors(Some(module), |at| self.modules[*at].parent).any(|at| at == outer)
    }

    /// `package::module::Name`.
    pub(super) fn full_name(&self, module: ModuleId, name: &str) -> String {
        match self.modules[module].path.as_str() {
            "" => format!("{}::{name}", self.package),
            path => format!("{}::{path}::{name}", self.package),
        }
    }
}

fn read(tree: &Tree, file: &str) -> Result<Facts, String> {
    source::read(tree.text(file).unwrap_or_default())
        .map_err(|error| format!("{file}:{}: {error}", error.span().start().line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(files: &[(&str, &str)]) -> Crate {
        Crate::load(&Tree::made_up(files), "a", "src/lib.rs").unwrap()
    }

    /// Where a path that is written in `file` leads to, as a file and a name.
    fn leads_to(krate: &Crate, file: &str, path: &str) -> Option<(String, Option<String>)> {
        let from = krate.modules.iter().position(|module| module.file == file).unwrap();
        let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
        krate.resolve(from, &parts).map(|target| match target {
            Target::Module(id) => (krate.modules[id].file.clone(), None),
            Target::Item(id, name) => (krate.modules[id].file.clone(), Some(name)),
        })
    }

    fn item(file: &str, name: &str) -> Option<(String, Option<String>)> {
        Some((file.to_owned(), Some(name.to_owned())))
    }

    #[test]
    fn a_name_is_followed_to_where_it_is_defined() {
        let krate = load(&[
            ("src/lib.rs", "mod a; mod b; pub use a::A;"),
            ("src/a/mod.rs", "mod deep; pub use deep::*;"),
            ("src/a/deep.rs", "pub struct A; pub enum E { One }"),
            ("src/b.rs", "use crate::A as Other; use std::io;"),
        ]);
        assert_eq!(leads_to(&krate, "src/b.rs", "crate::A"), item("src/a/deep.rs", "A"));
        assert_eq!(leads_to(&krate, "src/b.rs", "Other::new"), item("src/a/deep.rs", "A"));
        assert_eq!(leads_to(&krate, "src/b.rs", "super::a::E::One"), item("src/a/deep.rs", "E"));
        assert_eq!(leads_to(&krate, "src/b.rs", "io::Error"), None);
        assert_eq!(leads_to(&krate, "src/b.rs", "Vec"), None);
        assert_eq!(leads_to(&krate, "src/b.rs", "crate::a"), Some(("src/a/mod.rs".to_owned(), None)));
    }

    #[test]
    fn a_module_and_a_function_may_share_a_name() {
        let krate = load(&[
            ("src/lib.rs", "mod flush; use flush::flush; fn f() {}"),
            ("src/flush.rs", "pub fn flush() {} pub fn more() {}"),
        ]);
        assert_eq!(leads_to(&krate, "src/lib.rs", "flush"), item("src/flush.rs", "flush"));
        assert_eq!(leads_to(&krate, "src/lib.rs", "flush::more"), item("src/flush.rs", "more"));
    }

    #[test]
    fn files_are_found_as_the_compiler_finds_them() {
        let krate = load(&[
            ("src/lib.rs", "mod a; mod c { mod d; } #[path = \"odd/place.rs\"] mod e;"),
            ("src/a.rs", "mod b;"),
            ("src/a/b.rs", "pub struct B;"),
            ("src/c/d.rs", "pub struct D;"),
            ("src/odd/place.rs", "mod f;"),
            ("src/odd/f.rs", "pub struct F;"),
        ]);
        assert_eq!(leads_to(&krate, "src/lib.rs", "a::b::B"), item("src/a/b.rs", "B"));
        assert_eq!(leads_to(&krate, "src/lib.rs", "c::d::D"), item("src/c/d.rs", "D"));
        assert_eq!(leads_to(&krate, "src/lib.rs", "e::f::F"), item("src/odd/f.rs", "F"));
    }

    #[test]
    fn names_that_hand_each_other_on_end_somewhere() {
        let krate = load(&[
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "pub use crate::b::X;"),
            ("src/b.rs", "pub use crate::a::X; pub use crate::a::*;"),
        ]);
        assert_eq!(leads_to(&krate, "src/lib.rs", "a::Y"), item("src/a.rs", "Y"));
        assert!(leads_to(&krate, "src/lib.rs", "a::X").is_some());
    }
}

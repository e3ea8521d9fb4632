//! Imports between files of one crate must not form a circle.
//!
//! There is an arrow from file A to file B if A's code, apart from tests, names something that is defined in B: in a
//! `use`, in a path, or in a macro's input. Four things are no arrows:
//!
//! - the declaration `mod b;`;
//! - what a module's file names of the modules within it. It assembles its own room; they may use what it defines.
//!   (Two modules of a room that use each other are a circle all the same, and so is one through another room.);
//! - handing a name on (`pub use`, `pub(crate) use`), unless the file uses that name itself. Whoever takes the name
//!   there has an arrow to where it is defined, not to the file with the `pub use`;
//! - naming a module (`use crate::b;`). What is then taken out of it (`b::f()`) is an arrow to where that is defined.
//!
//! Methods are not looked at: a file that calls one has its type already. Files that reach each other along arrows
//! are a circle.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::exceptions::Circle;
use super::modules::{Crate, ModuleId, Target};
use super::toml_list;

/// An arrow's first place: the line, and the name that is used.
type Arrows = BTreeMap<(String, String), (usize, String)>;

/// Circles that no exception names, and exceptions that name no circle.
pub(super) fn faults(crates: &[Crate], allowed: &[Circle]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut seen = vec![false; allowed.len()];
    for krate in crates {
        let arrows = arrows(krate);
        for circle in circles(&arrows) {
            let exception = allowed.iter().position(|exception| same(&exception.files, &circle));
            match exception {
                Some(index) => seen[index] = true,
                None => faults.push(describe(krate, &arrows, &circle)),
            }
        }
    }
    let unseen = allowed.iter().zip(seen).filter(|(_, seen)| !seen);
    faults.extend(unseen.map(|(exception, _)| {
        let first = exception.files.first().map_or("nothing", String::as_str);
        format!("no circle of imports consists of exactly the {} files from {first} on: take the exception away, or correct it", exception.files.len())
    }));
    faults
}

fn same(listed: &[String], circle: &[String]) -> bool {
    let mut listed = listed.to_vec();
    listed.sort();
    listed == circle
}

fn arrows(krate: &Crate) -> Arrows {
    let mut arrows = Arrows::new();
    for (id, module) in krate.modules.iter().enumerate() {
        let imports = module.facts.imports.iter().filter(|import| !import.is_reexport && import.name != "*");
        for import in imports {
            add(krate, &mut arrows, id, &import.path, import.line);
        }
        for mention in &module.facts.mentions {
            add(krate, &mut arrows, id, &mention.path, mention.line);
        }
    }
    arrows
}

fn add(krate: &Crate, arrows: &mut Arrows, from: ModuleId, path: &[String], line: usize) {
    let Some(Target::Item(to, name)) = krate.resolve(from, path) else { return };
    if krate.is_within(to, from) {
        return;
    }
    let (from, to) = (&krate.modules[from].file, &krate.modules[to].file);
    if from != to {
        arrows.entry((from.clone(), to.clone())).or_insert((line, name));
    }
}

/// The files of each circle, by name.
fn circles(arrows: &Arrows) -> Vec<Vec<String>> {
    let graph: DiGraphMap<&str, ()> =
        DiGraphMap::from_edges(arrows.keys().map(|(from, to)| (from.as_str(), to.as_str())));
    let groups = tarjan_scc(&graph).into_iter().filter(|group| group.len() > 1);
    let mut circles: Vec<Vec<String>> = groups
        .map(|group| {
            let mut files: Vec<String> = group.into_iter().map(str::to_owned).collect();
            files.sort();
            files
        })
        .collect();
    circles.sort();
    circles
}

fn describe(krate: &Crate, arrows: &Arrows, circle: &[String]) -> String {
    let line_of = |arrow: &(String, String)| {
        let (line, name) = &arrows[arrow];
        format!("  {}:{line} uses {name} of {}", arrow.0, arrow.1)
    };
    let way: Vec<String> = shortest(arrows, circle).iter().map(line_of).collect();
    let all = arrows.keys().filter(|(from, to)| circle.contains(from) && circle.contains(to));
    let all: Vec<String> = all.map(line_of).collect();
    format!(
        "{}: the imports of {} files go round. The shortest way:\n{}\nAll {} arrows between them:\n{}\nIf it must be so: [[circle]] with files = {}",
        krate.package,
        circle.len(),
        way.join("\n"),
        all.len(),
        all.join("\n"),
        toml_list(circle)
    )
}

/// The shortest way from a file of the circle back to itself, as arrows.
fn shortest(arrows: &Arrows, circle: &[String]) -> Vec<(String, String)> {
    let ways = circle.iter().filter_map(|start| way_back(arrows, start));
    ways.min_by_key(Vec::len).unwrap_or_default()
}

fn way_back(arrows: &Arrows, start: &str) -> Option<Vec<(String, String)>> {
    let mut came: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(file) = next.pop_front() {
        let onward = arrows.keys().filter(|(from, _)| from == file).map(|(_, to)| to.as_str());
        for to in onward {
            if came.contains_key(to) {
                continue;
            }
            came.insert(to, file);
            if to != start {
                next.push_back(to);
                continue;
            }
            let mut way = Vec::new();
            let mut at = start;
            loop {
                let before = came[at];
                way.push((before.to_owned(), at.to_owned()));
                at = before;
                if at == start {
                    way.reverse();
                    return Some(way);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::crates::load_all;
    use super::super::tree::Tree;
    use super::faults;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let all = [&[("a/Cargo.toml", "[package]\nname = \"a\"")], files].concat();
        let (crates, unread) = load_all(&Tree::made_up(&all));
        assert!(unread.is_empty(), "{unread:?}");
        faults(&crates, &[])
    }

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let faults = found(&[
            ("a/src/lib.rs", "mod b;\nmod c;"),
            ("a/src/b.rs", "\nuse crate::c::C;\npub struct B(C);"),
            ("a/src/c.rs", "use super::b::B;\npub struct C(Box<B>);"),
        ]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("a/src/b.rs:2 uses C of a/src/c.rs"), "{}", faults[0]);
        assert!(faults[0].contains("a/src/c.rs:1 uses B of a/src/b.rs"), "{}", faults[0]);
    }

    #[test]
    fn a_circle_may_go_through_many_files_and_without_any_use() {
        let faults = found(&[
            ("a/src/lib.rs", "mod b; mod c; mod d;"),
            ("a/src/b.rs", "pub fn b() { crate::c::c() }"),
            ("a/src/c.rs", "use super::d; pub fn c() { vec![d::d()]; }"),
            ("a/src/d.rs", "pub fn d() { debug_assert!(crate::b::b() == ()); }"),
        ]);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("a: the imports of 3 files go round"), "{}", faults[0]);
    }

    #[test]
    fn a_door_is_no_arrow() {
        let faults = found(&[
            ("a/src/lib.rs", "mod room; pub use room::Shown;"),
            ("a/src/room/mod.rs", "mod b; mod c; pub(crate) use b::B; pub use c::*;"),
            ("a/src/room/b.rs", "use super::Shown; use crate::room; pub struct B(Shown, room::Shown);"),
            ("a/src/room/c.rs", "pub struct Shown;"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn a_door_that_uses_what_it_hands_on_is_an_arrow() {
        let faults = found(&[
            ("a/src/lib.rs", "mod b; mod c;"),
            ("a/src/b.rs", "pub(crate) use crate::c::C; pub struct B; pub fn make() -> C { C(B) }"),
            ("a/src/c.rs", "use crate::b::B; pub struct C(pub B);"),
        ]);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn a_rooms_head_assembles_it_but_its_members_are_no_circle() {
        let head = "mod b; mod c; pub struct Config; fn f() { b::f(Config); c::f() }";
        let faults = found(&[
            ("a/src/lib.rs", "mod room;"),
            ("a/src/room/mod.rs", head),
            ("a/src/room/b.rs", "use super::Config; pub fn f(_: Config) {}"),
            ("a/src/room/c.rs", "pub fn f() { super::b::f(super::Config) }"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
        let faults = found(&[
            ("a/src/lib.rs", "mod room;"),
            ("a/src/room/mod.rs", head),
            ("a/src/room/b.rs", "use super::Config; pub fn f(_: Config) { super::c::f() }"),
            ("a/src/room/c.rs", "pub fn f() { super::b::f(super::Config) }"),
        ]);
        assert!(faults[0].starts_with("a: the imports of 2 files go round"), "{faults:?}");
    }

    #[test]
    fn a_circle_through_another_room_is_one() {
        let faults = found(&[
            ("a/src/lib.rs", "mod room; mod other;"),
            ("a/src/room/mod.rs", "mod b; use crate::other::Other; pub struct Head(Other);"),
            ("a/src/room/b.rs", "pub struct B;"),
            ("a/src/other.rs", "use crate::room::Head; pub struct Other(Box<Head>);"),
        ]);
        assert_eq!(faults.len(), 1);
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let faults = found(&[
            ("a/src/lib.rs", "mod b; mod c;"),
            ("a/src/b.rs", "use crate::c::C; pub struct B(C);"),
            ("a/src/c.rs", "pub struct C; #[cfg(test)] mod tests { use crate::b::B; }"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn two_crates_are_no_circle_of_files() {
        let faults = found(&[
            ("a/src/lib.rs", "pub mod b; pub mod c;"),
            ("a/src/main.rs", "use a::b::B; fn main() { a::c::c() }"),
            ("a/src/b.rs", "pub struct B;"),
            ("a/src/c.rs", "use crate::b::B; pub fn c() -> B { B }"),
        ]);
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn an_exception_that_is_not_needed_any_more_is_a_fault() {
        let text = "[[circle]]\nreason = \"why\"\nfiles = [\"a/src/c.rs\", \"a/src/b.rs\"]";
        let allowed = super::super::exceptions::Exceptions::read(text).unwrap().circle;
        let round = Tree::made_up(&[
            ("a/Cargo.toml", "[package]\nname = \"a\""),
            ("a/src/lib.rs", "mod b; mod c;"),
            ("a/src/b.rs", "use crate::c::C; pub struct B(C);"),
            ("a/src/c.rs", "use crate::b::B; pub struct C(Box<B>);"),
        ]);
        assert_eq!(faults(&load_all(&round).0, &allowed), Vec::<String>::new());
        let faults = faults(&[], &allowed);
        assert!(faults[0].contains("take the exception away"), "{faults:?}");
    }
}

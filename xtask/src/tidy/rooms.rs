//! The order of modules.
//!
//! - `lib.rs` and each `mod.rs` is the face of its folder. It holds only docs, `mod` and `use` lines.
//! - The `mod` lines of a face are a ranking: a module imports only from modules listed below it.
//!   That holds between folders, by the list in `lib.rs`, and between files, by that in `mod.rs`.
//! - The files of a folder are private. Other folders import what the face re-exports. Files of the
//!   folder name each other, and never import through a face above them.
//! - A folder holds at most [`MOST_FILES`] files.
//!
//! An import is a path that starts with `crate`, `super` or `self`, in a `use` line, inline or in
//! the tokens of a macro. Code under `#[cfg(test)]` and generated files may import anything. A
//! method call is not an import, so that an `impl` block in an upper file can be used from a lower
//! one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::Result;
use syn::{Item, ItemType, Visibility, spanned::Spanned};

use super::{
    complaint::{Complaint, Rule},
    imports::{self, Import},
    modules::{self, Module, ModulePath, is_test_only},
    sources::Sources,
};

/// The most files that a folder may hold.
const MOST_FILES: usize = 14;

/// An import against the order that is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exception {
    /// The file that imports, from the root of the workspace.
    pub(super) from: &'static str,
    /// The file that it imports.
    pub(super) to: &'static str,
    /// Why the order cannot hold.
    pub(super) reason: &'static str,
}

/// Checks the crate in `folder`.
pub(super) fn check(
    folder: &Path,
    sources: &Sources,
    exceptions: &[Exception],
) -> Result<Vec<Complaint>> {
    let modules = modules::load(folder, sources)?;
    let mut check = Check { modules: &modules, exceptions, used: BTreeSet::new(), found: vec![] };
    for (path, module) in &modules {
        check.face(module);
        check.size(module);
        if !is_generated(&module.file) {
            for import in imports::collect(path, module) {
                check.import(path, module, &import);
            }
        }
    }
    check.stale_exceptions(folder);
    let mut found = check.found;
    found.sort();
    found.dedup();
    Ok(found)
}

fn is_generated(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "generated")
}

struct Check<'a> {
    modules: &'a BTreeMap<ModulePath, Module>,
    exceptions: &'a [Exception],
    /// Positions of the exceptions that were needed.
    used: BTreeSet<usize>,
    found: Vec<Complaint>,
}

impl Check<'_> {
    fn complain(&mut self, rule: Rule, file: &Path, line: usize, message: String) {
        self.found.push(Complaint { rule, file: file.to_owned(), line, message });
    }

    /// Checks that a face holds only docs, `mod` and `use` lines.
    fn face(&mut self, module: &Module) {
        if !module.is_face() {
            if let Some(child) = module.children.first()
                && !module.file.ends_with("main.rs")
            {
                let folder = module.file.with_extension("");
                let message = format!(
                    "has both content and modules; move the content to a file of {0}/ and the \
                     \"mod\" lines to {0}/mod.rs",
                    folder.display()
                );
                self.complain(Rule::Face, &module.file, child.line, message);
            }
            return;
        }
        for item in &module.syntax.items {
            let (line, what) = (
                item.span().start().line,
                match item {
                    Item::Use(_) => continue,
                    Item::Mod(item) if is_test_only(&item.attrs) => continue,
                    Item::Mod(item) if item.content.is_some() => "an inline module",
                    Item::Mod(item) if matches!(item.vis, Visibility::Restricted(_)) => {
                        let message = format!(
                            "\"mod {0}\" is visible outside of the folder; write \"mod {0};\" and \
                         re-export what others need",
                            item.ident
                        );
                        self.complain(Rule::Face, &module.file, item.span().start().line, message);
                        continue;
                    }
                    Item::Mod(_) => continue,
                    Item::Struct(item) if is_test_only(&item.attrs) => continue,
                    Item::Type(item) if module.file.ends_with("lib.rs") && is_foreign(item) => {
                        continue;
                    }
                    Item::Const(_) => "a constant",
                    Item::Enum(_) => "an enum",
                    Item::Fn(_) => "a function",
                    Item::Impl(_) => "an \"impl\" block",
                    Item::Macro(_) => "a macro",
                    Item::Struct(_) => "a struct",
                    Item::Trait(_) => "a trait",
                    Item::Type(_) => "a type alias",
                    _ => "an item",
                },
            );
            let folder = module.file.parent().unwrap_or(&module.file).display();
            let message = format!("holds {what}; move it to another file of {folder}/");
            self.complain(Rule::Face, &module.file, line, message);
        }
    }

    fn size(&mut self, module: &Module) {
        let folder = module.file.parent();
        let files = self.modules.values().filter(|each| each.file.parent() == folder).count();
        if files > MOST_FILES && (module.is_face() || module.file.ends_with("main.rs")) {
            let message = format!(
                "the folder holds {files} files, more than {MOST_FILES}; divide it into folders"
            );
            self.complain(Rule::Size, &module.file, 1, message);
        }
    }

    /// Checks one import of the module at `source`.
    fn import(&mut self, source: &ModulePath, module: &Module, import: &Import) {
        let target = self.resolve(source, &import.path);
        let item = import.path.get(target.len()).map(String::as_str);
        let common = source.iter().zip(&target).take_while(|(one, two)| one == two).count();
        if target == *source {
            return;
        }
        if common == target.len() {
            self.import_from_above(source, module, import, &target, item);
            return;
        }
        self.import_of_private(source, module, import, &target, common);
        if common < source.len() {
            self.import_order(source, module, import, &target, common);
        }
    }

    /// The longest beginning of a path that is a module. If a face re-exports an item with the
    /// name of a file, other folders mean the item, and files of the folder mean the file.
    fn resolve(&self, source: &[String], path: &[String]) -> ModulePath {
        let mut target = Vec::new();
        for (position, name) in path.iter().enumerate() {
            let Some(module) = self.modules.get(&target) else { break };
            let is_item = position + 1 == path.len()
                && module.reexports.contains_key(name)
                && !source.starts_with(&target);
            if is_item || module.rank(name).is_none() {
                break;
            }
            target.push(name.clone());
        }
        target
    }

    /// Handles a path to a module that contains the source: its face, or the root of the crate.
    fn import_from_above(
        &mut self,
        source: &ModulePath,
        module: &Module,
        import: &Import,
        target: &ModulePath,
        item: Option<&str>,
    ) {
        let Some(above) = self.modules.get(target) else { return };
        let item = item.unwrap_or("*");
        if above.file.ends_with("lib.rs") && above.defines(item) {
            return;
        }
        let name = display(target);
        if let Some(path) = above.reexports.get(item) {
            let message = format!(
                "\"{}\" imports \"{item}\" through the re-export in \"{name}\"; import it from the \
                 module that \"{path}\" names",
                display(source)
            );
            self.complain(Rule::Reexport, &module.file, import.line, message);
        } else if above.is_face() {
            let message = format!(
                "\"{}\" imports \"{item}\" from \"{name}\", which contains it; name the module that \
                 defines \"{item}\"",
                display(source)
            );
            self.complain(Rule::Reexport, &module.file, import.line, message);
        } else if !self.is_excepted(&module.file, &above.file) {
            let message = format!(
                "\"{}\" imports \"{item}\" from \"{name}\", which contains it; move \"{item}\" to a module \
                 listed below in {}",
                display(source),
                above.file.display()
            );
            self.complain(Rule::Order, &module.file, import.line, message);
        }
    }

    /// Complains of a path into a folder that does not contain the source.
    fn import_of_private(
        &mut self,
        source: &ModulePath,
        module: &Module,
        import: &Import,
        target: &ModulePath,
        common: usize,
    ) {
        let mut face = common + 1;
        while let Some(name) = target.get(face)
            && let Some(module) = target.get(..face).and_then(|path| self.modules.get(path))
            && module.children.iter().any(|child| child.name == *name && child.is_public)
        {
            face += 1;
        }
        if target.len() > face {
            let message = format!(
                "\"{}\" imports the private module \"{}\"; import through the folder's face, \"{}\", \
                 and re-export there what is missing",
                display(source),
                display(target),
                display(target.get(..face).unwrap_or(target))
            );
            self.complain(Rule::Private, &module.file, import.line, message);
        }
    }

    /// Complains if the target is listed above the source in the module that contains both.
    fn import_order(
        &mut self,
        source: &ModulePath,
        module: &Module,
        import: &Import,
        target: &ModulePath,
        common: usize,
    ) {
        let Some(parent) = source.get(..common).and_then(|path| self.modules.get(path)) else {
            return;
        };
        let (Some(importer), Some(imported)) = (source.get(common), target.get(common)) else {
            return;
        };
        if parent.rank(imported) > parent.rank(importer) {
            return;
        }
        let file = self.modules.get(target).map_or(&module.file, |target| &target.file).clone();
        if self.is_excepted(&module.file, &file) {
            return;
        }
        let name = display(target);
        let what = match import.path.get(target.len()) {
            Some(item) => format!("\"{item}\" from \"{name}\""),
            None => format!("\"{name}\""),
        };
        let message = format!(
            "\"{}\" imports {what}, but {} lists \"mod {imported}\" above \"mod {importer}\"; move what \
             is imported down, or its user up, or reorder the lines",
            display(source),
            parent.file.display()
        );
        self.complain(Rule::Order, &module.file, import.line, message);
    }

    fn is_excepted(&mut self, from: &Path, to: &Path) -> bool {
        let position = self.exceptions.iter().position(|exception| {
            Path::new(exception.from) == from && Path::new(exception.to) == to
        });
        self.used.extend(position);
        position.is_some()
    }

    fn stale_exceptions(&mut self, folder: &Path) {
        let stale: Vec<&Exception> = self
            .exceptions
            .iter()
            .enumerate()
            .filter(|(position, exception)| {
                Path::new(exception.from).starts_with(folder) && !self.used.contains(position)
            })
            .map(|(_, exception)| exception)
            .collect();
        for Exception { from, to, reason } in stale {
            let message = format!(
                "the exception for {to} (\"{reason}\") is not needed; remove it from EXCEPTIONS"
            );
            self.complain(Rule::Exception, &PathBuf::from(from), 1, message);
        }
    }
}

/// Returns true if an alias names no type of its own crate.
fn is_foreign(alias: &ItemType) -> bool {
    let ty = &alias.ty;
    let tokens = quote::quote!(#ty).to_string();
    tokens.contains("::")
        && !tokens.split(' ').any(|token| ["crate", "self", "super"].contains(&token))
}

fn display(module: &[String]) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of a crate `crates/a`, without their common beginning `crates/a/src/`.
    fn complaints(files: &[(&str, &str)], exceptions: &[Exception]) -> Vec<(Rule, String)> {
        let folder = Path::new("crates/a");
        let sources = files
            .iter()
            .map(|(name, text)| (folder.join("src").join(name), (*text).to_owned()))
            .collect();
        let found = check(folder, &sources, exceptions).unwrap();
        found.iter().map(|each| (each.rule, each.to_string())).collect()
    }

    fn rules(files: &[(&str, &str)]) -> Vec<Rule> {
        complaints(files, &[]).into_iter().map(|(rule, _)| rule).collect()
    }

    #[test]
    fn imports_of_modules_listed_below_are_in_order() {
        let files = [
            ("lib.rs", "mod top; mod error; pub use crate::{error::Error, top::Top};"),
            ("top/mod.rs", "mod high; mod low; pub use high::Top; pub(crate) use low::Low;"),
            ("top/high.rs", "use super::low::Low; use crate::error::Error; pub struct Top;"),
            ("top/low.rs", "fn f() -> crate::error::Error { todo!() }"),
            ("error.rs", "pub struct Error; use std::fmt; use self::inline::X; mod inline {}"),
        ];
        assert_eq!(complaints(&files, &[]), []);
    }

    #[test]
    fn an_import_of_a_folder_listed_above_is_a_complaint() {
        let files = [
            ("lib.rs", "mod top; mod error;"),
            ("top/mod.rs", "mod high; pub(crate) use high::Top;"),
            ("top/high.rs", ""),
            ("error.rs", "\nuse crate::top::Top;"),
        ];
        let message = "crates/a/src/error.rs:2: \"error\" imports \"Top\" from \"top\", but \
                       crates/a/src/lib.rs lists \"mod top\" above \"mod error\"; move what is \
                       imported down, or its user up, or reorder the lines";
        assert_eq!(complaints(&files, &[]), [(Rule::Order, message.to_owned())]);
    }

    #[test]
    fn an_import_of_a_file_listed_above_is_a_complaint() {
        for import in ["use super::high::Top;", "use crate::top::high;"] {
            let files = [
                ("lib.rs", "mod top;"),
                ("top/mod.rs", "mod high; mod low;"),
                ("top/high.rs", ""),
                ("top/low.rs", import),
            ];
            assert_eq!(rules(&files), [Rule::Order], "{import}");
        }
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        for text in [
            "use crate::{x, top::Top};",
            "use super::top::*;",
            "use super::top as other;",
            "fn f(top: crate::top::Top) {}",
            "fn f() { crate::top::f() }",
            "fn f() { if let crate::top::A = 1 {} }",
            "fn f() { println!(\"{}\", crate::top::A) }",
            "macro_rules! m { () => { $crate::top::A } }",
            "macro_rules! m { () => { use crate::{x, top::A}; } }",
            "mod inline { use super::super::top::A; }",
            "#[derive(D)] struct S { #[serde(with = \"crate::top\")] s: u8 }",
            "impl crate::top::Trait for Vec<u8> {}",
            "type T = Vec<crate::top::Top>;",
        ] {
            let files = [("lib.rs", "mod top; mod low; mod x;"), ("top.rs", ""), ("low.rs", text)];
            let files: Vec<_> = files.into_iter().chain([("x.rs", "")]).collect();
            assert_eq!(rules(&files), [Rule::Order], "{text}");
        }
    }

    #[test]
    fn tests_may_import_anything() {
        for text in [
            "#[cfg(test)] use crate::top::Top;",
            "#[cfg(test)] mod tests { use crate::top::Top; }",
            "#[cfg(all(test, unix))] fn f() { crate::top::f() }",
            "struct S; impl S { #[cfg(test)] fn f() { crate::top::f() } }",
            "#![cfg(test)] use crate::top::Top;",
            "/// [`crate::top::Top`]\npub(in crate::low) struct S;",
        ] {
            let files = [
                ("lib.rs", "mod top; mod low; #[cfg(test)] mod tests;"),
                ("top.rs", ""),
                ("low.rs", text),
                ("tests.rs", "use crate::top::Top;"),
            ];
            assert_eq!(complaints(&files, &[]), [], "{text}");
        }
    }

    #[test]
    fn an_import_of_a_private_file_of_another_folder_is_a_complaint() {
        let files = [
            ("lib.rs", "mod top; mod low;"),
            ("top.rs", "use crate::low::inner::A;"),
            ("low/mod.rs", "mod inner; pub(crate) use inner::A;"),
            ("low/inner.rs", ""),
        ];
        let message = "crates/a/src/top.rs:1: \"top\" imports the private module \"low::inner\"; \
                       import through the folder's face, \"low\", and re-export there what is missing";
        assert_eq!(complaints(&files, &[]), [(Rule::Private, message.to_owned())]);
        let files = files.map(|(name, text)| (name, text.replace("mod inner", "pub mod inner")));
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        assert_eq!(complaints(&files, &[]), []);
    }

    #[test]
    fn an_import_through_a_re_export_above_is_a_complaint() {
        for import in ["use crate::B;", "use crate::top::B;", "use super::B;", "use super::*;"] {
            let files = [
                ("lib.rs", "mod top; pub use crate::top::B;"),
                ("top/mod.rs", "mod a; mod b; pub use b::B;"),
                ("top/a.rs", import),
                ("top/b.rs", ""),
            ];
            assert_eq!(rules(&files), [Rule::Reexport], "{import}");
        }
    }

    #[test]
    fn a_function_with_the_name_of_its_file_is_imported_through_the_face() {
        let files = [
            ("lib.rs", "mod top; mod find;"),
            ("top.rs", "use crate::find::find;"),
            ("find/mod.rs", "mod all; mod find; pub(crate) use find::find;"),
            ("find/all.rs", "use super::find;"),
            ("find/find.rs", "pub(crate) fn find() {}"),
        ];
        assert_eq!(complaints(&files, &[]), []);
    }

    #[test]
    fn a_face_with_an_item_is_a_complaint() {
        for text in [
            "fn f() {}",
            "struct S;",
            "mod inline {}",
            "pub(crate) mod a;",
            "type A = crate::a::A;",
            "type A = A2;",
        ] {
            assert_eq!(rules(&[("lib.rs", text), ("a.rs", "")]), [Rule::Face], "{text}");
        }
        let module = [("lib.rs", "mod a;"), ("a/mod.rs", "type A = std::fmt::Error;")];
        assert_eq!(rules(&module), [Rule::Face]);
    }

    #[test]
    fn a_face_may_hold_modules_re_exports_a_doctest_and_an_alias() {
        let lib = "mod a; pub mod b; pub use a::A; /// Hidden.\n#[cfg(doctest)] struct Readme; \
                   pub type Object = std::collections::BTreeMap<String, u8>;";
        let files = [("lib.rs", lib), ("a.rs", "use crate::Object;"), ("b.rs", "")];
        assert_eq!(complaints(&files, &[]), []);
    }

    #[test]
    fn a_file_with_content_and_modules_is_a_complaint() {
        let files = [("lib.rs", "mod a;"), ("a.rs", "mod b;"), ("a/b.rs", "")];
        assert_eq!(rules(&files), [Rule::Face]);
    }

    #[test]
    fn a_program_may_hold_items_that_no_module_imports() {
        let files = [("main.rs", "mod a; fn main() {} struct S;"), ("a.rs", "")];
        assert_eq!(complaints(&files, &[]), []);
        let files = [("main.rs", "mod a; fn main() {} struct S;"), ("a.rs", "use crate::S;")];
        assert_eq!(rules(&files), [Rule::Order]);
    }

    #[test]
    fn a_folder_with_too_many_files_is_a_complaint() {
        let names: Vec<String> = (1..=MOST_FILES).map(|number| format!("m{number}")).collect();
        let lib: String = names.iter().map(|name| format!("mod {name};")).collect();
        let paths: Vec<String> = names.iter().map(|name| format!("{name}.rs")).collect();
        let mut files = vec![("lib.rs", lib.as_str())];
        files.extend(paths.iter().map(|path| (path.as_str(), "")));
        assert_eq!(rules(&files), [Rule::Size]);
    }

    #[test]
    fn generated_files_import_freely_but_have_a_rank() {
        let files = [
            ("lib.rs", "mod high; mod generated; mod low; pub use high::A;"),
            ("high.rs", "use crate::generated::v1::B;"),
            ("generated/mod.rs", "pub mod v1;"),
            ("generated/v1.rs", "use crate::{A, high::C};"),
            ("low.rs", ""),
        ];
        assert_eq!(complaints(&files, &[]), []);
        let files = files.map(|(name, text)| {
            (name, if name == "low.rs" { "use crate::generated::v1;" } else { text })
        });
        assert_eq!(rules(&files), [Rule::Order]);
    }

    #[test]
    fn an_exception_allows_one_pair_of_files_and_must_be_needed() {
        let from = "crates/a/src/low.rs";
        let needed = Exception { from, to: "crates/a/src/top.rs", reason: "they are one" };
        let stale = Exception { from, to: "crates/a/src/other.rs", reason: "they were one" };
        let other_crate = Exception { from: "crates/b/src/low.rs", ..needed };
        let files =
            [("lib.rs", "mod top; mod low;"), ("top.rs", ""), ("low.rs", "use crate::top::A;")];
        assert_eq!(complaints(&files, &[needed, other_crate]), []);
        let message = "crates/a/src/low.rs:1: the exception for crates/a/src/other.rs (\"they were \
                       one\") is not needed; remove it from EXCEPTIONS";
        let expected = [(Rule::Exception, message.to_owned())];
        assert_eq!(complaints(&files, &[needed, stale]), expected);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let folder = Path::new("crates/a");
        let sources = Sources::from([(folder.join("src/lib.rs"), "mod a;".to_owned())]);
        let error = check(folder, &sources, &[]).unwrap_err().to_string();
        assert_eq!(error, "crates/a/src/lib.rs: there is no file for \"mod a;\"");
    }
}
